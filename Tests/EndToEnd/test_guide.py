"""docs/guides/write-a-policy.md, followed to the letter in a copy of the tree: its commands run, its files compile, its cases pass."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.gateway import ROOT
from harness.waiting import limit

GUIDE = ROOT / "docs/guides/write-a-policy.md"
BLOCK = re.compile(r"^```(?P<language>\w+)(?: file=(?P<file>\S+))?\n(?P<text>.*?)^```$", re.M | re.S)
#: Made anew, or too large to copy.
LEFT_OUT = shutil.ignore_patterns(".git", ".build*", ".venv", "*.pyc", "__pycache__")
#: What SwiftPM has fetched, so that the copy needs no network.
FETCHED = ["repositories", "checkouts", "workspace-state.json"]

BLOCKS = [match.groupdict() for match in BLOCK.finditer(GUIDE.read_text())]
FILES = {block["file"]: block["text"] for block in BLOCKS if block["file"]}


def test_the_guide_names_its_files():
    assert "Sources/Policies/Trial/Trial.swift" in FILES and "Tests/PoliciesTests/Cases/trial/example.yaml" in FILES
    assert {block["language"] for block in BLOCKS} == {"sh", "swift", "yaml"}


@pytest.mark.parametrize("block", [b for b in BLOCKS if b["language"] == "swift" and not b["file"]], ids=lambda block: block["text"].split("\n")[0].strip()[:40])
def test_excerpts_stand_in_the_files(block):
    assert any(block["text"] in text for text in FILES.values())


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guide") / "sluice"
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT, symlinks=True)
    for name in FETCHED:
        source, target = ROOT / ".build" / name, folder / ".build" / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        elif source.exists():
            shutil.copy(source, target)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.last
@pytest.mark.timeout(1800)
@pytest.mark.skipif(shutil.which("swift") is None, reason="no Swift")
def test_follow_the_guide(tree):
    # The policy as it begins has to compile and to pass its cases too.
    run(tree, "scripts/new-policy as-it-begins")
    for block in BLOCKS:
        if block["file"]:
            path = tree / block["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["text"])
        elif block["language"] == "sh":
            for line in block["text"].splitlines():
                output = run(tree, line)
    assert output.startswith("trial: Lets a number of requests through")
    assert "100" in output and "trial_over" in output
    assert (tree / "docs/policies/trial.md").exists() and (tree / "docs/policies/as-it-begins.md").exists()
    assert "`trial`" in (tree / "docs/layout.md").read_text()
    run(tree, "scripts/check")


def run(tree: Path, line: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    result = subprocess.run(line, shell=True, cwd=tree, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit(1200))
    if result.returncode:
        told = re.findall(r"^.*(?:error:|✘|recorded an issue|↳|breaches|\[[a-z]+\]$).*$", result.stdout + result.stderr, re.M)
        pytest.fail("\n".join([line, *told[:40], result.stderr[-1000:]]), pytrace=False)
    if line.startswith("swift test"):
        counted = re.search(r"Test run with (\d+) tests?", result.stdout + result.stderr)
        assert counted and int(counted[1]) > 10, "no tests ran"
        assert "requestsRunOut" in result.stdout + result.stderr, "the guide's own tests did not run"
    return result.stdout
