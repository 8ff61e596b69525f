# On a fresh Debian or Ubuntu with Swift 6.3 two commands are enough: `make run` and `make test`.
# Each installs what is missing, builds, and goes. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A target may import only what Package.swift says that it depends on.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
DEBUG := .build/debug/sluice
RELEASE := .build/release/sluice
PYTHON := .venv/bin/python

# make run ARGS="run --config examples/minimal.yaml"
ARGS ?= run
# make test ONLY="-k reload", for the end-to-end tests
ONLY ?=
# make bench SCENARIOS=plain ROUNDS=3 SECONDS=2 PEERS=nginx
SCENARIOS ?= plain,routes,stream,idle
PEERS ?= floor,nginx,haproxy,envoy,caddy
ROUNDS ?= 5
SECONDS_EACH ?= 4
# make fuzz FUZZ="600 Chunked"
FUZZ ?= 60

.PHONY: help run test unit end-to-end check build docs bench format fuzz sanitize clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{ printf "make %-12s %s\n", $$1, $$2 }'

# A debug build: it takes a fraction of the time of an optimised one, and the tests need the same one.
run: ## start the gateway; without a configuration it serves a demo API on port 8080 (ARGS="run --config FILE")
	@scripts/setup build
	swift build $(SWIFT_FLAGS) --product sluice
	@exec $(DEBUG) $(ARGS)

# The end-to-end tests come last, so that the run ends with how many tests there were.
test: ## everything: build, check, unit tests, end-to-end tests
	@scripts/setup build test
	swift build $(SWIFT_FLAGS)
	@scripts/check
	$(MAKE) unit
	$(MAKE) end-to-end

unit: ## the unit tests alone
	swift test $(SWIFT_FLAGS) --disable-xctest

end-to-end: ## the end-to-end tests alone, on the debug build (ONLY="-k reload")
	@scripts/setup test
	SLUICE_BIN="$${SLUICE_BIN:-$(CURDIR)/$(DEBUG)}" $(PYTHON) -m pytest Tests/EndToEnd $(ONLY)

check: ## rules that no compiler checks: traps, module graph, file sizes, examples, generated files
	@scripts/check

build: ## an optimised executable with Swift inside it: .build/release/sluice
	@scripts/setup build
	swift build $(SWIFT_FLAGS) -c release --static-swift-stdlib --product sluice
	@ls -l $(RELEASE)

docs: ## write what is generated in docs/: schema, reference, pages of the policies, tables
	@scripts/setup build
	swift build $(SWIFT_FLAGS) --product sluice
	@scripts/docs $(DEBUG)

bench: build ## the comparison with other proxies, in one run (SCENARIOS, PEERS, ROUNDS, SECONDS_EACH)
	@scripts/setup bench
	PEERS_BIN=.build/venv-bench/bin .build/venv-bench/bin/python bench/compare.py --sluice $(RELEASE) --scenario $(SCENARIOS) --peers $(PEERS) \
		--rounds $(ROUNDS) --seconds $(SECONDS_EACH) --json .build/bench.json

format: ## format all Swift sources
	swift format --in-place --parallel --recursive Package.swift Sources Tests Fuzz/Package.swift Fuzz/Support Fuzz/Targets

fuzz: ## the parsers under libFuzzer, 60 s each (FUZZ="600 Chunked")
	@scripts/setup build
	scripts/fuzz $(FUZZ)

# Separate build folders: a sanitizer changes every object file.
sanitize: ## the unit tests under the address sanitizer, then under the thread sanitizer
	@scripts/setup build
	SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 \
		swift test $(SWIFT_FLAGS) --disable-xctest --sanitize address --scratch-path .build-asan
	mkdir -p .build-tsan
	clang -O1 -fPIC -shared -o .build-tsan/tsan-mutex.so scripts/tsan-mutex.c
	LD_PRELOAD=$(CURDIR)/.build-tsan/tsan-mutex.so SWIFT_BACKTRACE=enable=no TSAN_OPTIONS=halt_on_error=1 \
		swift test $(SWIFT_FLAGS) --disable-xctest --sanitize thread --scratch-path .build-tsan

clean: ## remove everything that these targets made
	rm -rf .build .build-asan .build-tsan .build-fuzz .venv .pytest_cache
