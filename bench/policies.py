#!/usr/bin/env python3
"""What policies cost: CPU time per request of one gateway with different chains, in interleaved rounds, and instructions per
request under callgrind.

usage: policies.py --binary PATH [--rounds 5] [--seconds 3] [--chains none,headers,...] [--instructions] [--json FILE]

The binary is chain-bench (`swift build -c release --static-swift-stdlib --product chain-bench`): the gateway with two more policies,
`pass` and `pass-later`, that do nothing. Requests are those of the scenario `plain` of compare.py.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import load
from peers import UPSTREAM_PORT, Peers, find

CHAINS = {
    "none": "",
    "ten": "[" + ", ".join(["pass: {}"] * 10) + "]",
    "async": "[pass-later: {}]",
    "headers": '[headers: { request: { set: { x-gateway: bench } }, response: { remove: [server], set: { x-served-by: sluice } } }]',
    "rate-limit": "[rate-limit: { limit: 100000000, window: 1m, by: ip }]",
    "both": '[headers: { request: { set: { x-gateway: bench } }, response: { remove: [server] } }, rate-limit: { limit: 100000000, window: 1m, by: ip }]',
    "when": """[{ pass: {}, when: 'request.headers["x-user"] == "alice" && request.path.startsWith("/a")' }]""",
}
#: What must hold: microseconds per request over `none`, or a share of it.
BARS = {"ten": ("us", 0.6), "async": ("us", 1.5), "both": ("share", 0.08)}
BASE_PORT = 18300


def configuration(peers, name, port):
    policies = f"    policies: {CHAINS[name]}\n" if CHAINS[name] else ""
    return peers.write(f"chain-{name}.yaml", f"""runtime: {{ threads: 1 }}
telemetry: {{ accessLog: none }}
listeners: [{{ name: web, address: "127.0.0.1:{port}", timeouts: {{ idle: 10m }} }}]
upstreams: [{{ name: u, endpoints: [{{ address: "127.0.0.1:{UPSTREAM_PORT}" }}], limits: {{ connections: 4096, requests: 16000 }} }}]
apis:
  - name: bench
{policies}    routes: [{{ name: all, match: {{ path: "/*" }}, upstream: u }}]
""")


def cpu_per_request(process, port, seconds):
    before = load.cpu_microseconds(process)
    result = load.wrk(f"http://127.0.0.1:{port}/", 64, seconds)
    return (load.cpu_microseconds(process) - before) / result["n"], result["bad"]


def rounds(names, running, count, seconds):
    samples = {name: [] for name in names}
    for _ in range(count):
        for name in names:
            cost, bad = cpu_per_request(*running[name], seconds)
            if bad:
                raise SystemExit(f"{name}: {bad} bad answers")
            samples[name].append(cost)
    return samples


def instructions(binary, peers, name, requests=2000):
    """Instructions of one request: the difference of two runs of callgrind, so that starting does not count."""
    # Not every valgrind reads the debug information of every compiler.
    stripped = os.path.join(peers.work, "stripped")
    subprocess.run(["strip", "-g", "-o", stripped, binary], check=True)

    def run(count):
        port = BASE_PORT + 90
        out = os.path.join(peers.work, "callgrind.out")
        process = subprocess.Popen(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", stripped, configuration(peers, name, port)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        url = f"http://127.0.0.1:{port}/"
        for _ in range(600):
            try:
                urllib.request.urlopen(url, timeout=5).read()
                break
            except OSError:
                time.sleep(0.1)
        subprocess.run([find("h2load"), "--h1", "-n", str(count), "-c", "1", "-t", "1", url], check=True, stdout=subprocess.DEVNULL)
        process.terminate()
        text = process.communicate(timeout=120)[1]
        return int(re.search(r"Collected : (\d+)", text)[1])
    return (run(2 * requests) - run(requests)) / requests


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--chains", default=",".join(CHAINS))
    parser.add_argument("--instructions", action="store_true", help="under callgrind too; takes a minute a chain")
    parser.add_argument("--json")
    given = parser.parse_args()
    binary = os.path.abspath(given.binary)
    names = ["none"] + [name for name in given.chains.split(",") if name != "none"]
    work = tempfile.mkdtemp(prefix="sluice-policies-")
    peers, processes = Peers(work, None), load.Processes(work)
    try:
        processes.start("upstream", peers.upstream(), load.LOAD_CPU, UPSTREAM_PORT)
        running = {}
        for i, name in enumerate(names):
            port = BASE_PORT + i
            running[name] = processes.start(name, [binary, configuration(peers, name, port)], load.PROXY_CPU, port), port
        samples = rounds(names, running, given.rounds, given.seconds)
        result = {}
        print(f"{'':12}{'CPU us/req':>12}{'over none':>12}{'share':>8}{'instructions':>14}{'over none':>12}")
        base_instructions = instructions(binary, peers, "none") if given.instructions else None
        for name in names:
            over = statistics.median(a - b for a, b in zip(samples[name], samples["none"]))
            share = statistics.median(a / b for a, b in zip(samples[name], samples["none"])) - 1
            row = dict(cpu_us=statistics.median(samples[name]), over_us=over, share=share)
            counts = ""
            if given.instructions:
                row["instructions"] = base_instructions if name == "none" else instructions(binary, peers, name)
                counts = f"{row['instructions']:14.0f}{row['instructions'] - base_instructions:12.0f}"
            result[name] = row
            print(f"{name:12}{row['cpu_us']:12.2f}{over:12.2f}{share:8.1%}{counts}")
        if given.json:
            with open(given.json, "w") as file:
                json.dump(result, file, indent=2)
        short = [f"{name}: {result[name]['over_us' if kind == 'us' else 'share']:.3f}, the bar is {bar} ({kind})"
                 for name, (kind, bar) in BARS.items() if name in result and result[name]["over_us" if kind == "us" else "share"] > bar]
        print("\n".join(short), file=sys.stderr)
        return 1 if short else 0
    finally:
        processes.stop_all()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
