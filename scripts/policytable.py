"""What a policy costs: lines of code, files, tests. Counted from the sources."""
import re
import statistics
from pathlib import Path

from swiftsource import code_of

ROOT = Path(__file__).resolve().parent.parent
POLICIES = ROOT / "Sources/Policies"
TESTS = ROOT / "Tests/PoliciesTests"
#: The policies stay small, or they are several.
MOST = 150


class Count:
    """One policy."""

    def __init__(self, folder):
        self.name = folder.name
        texts = {path: path.read_text() for path in sorted(folder.rglob("*.swift"))}
        #: None: a folder of what several policies share.
        self.id = next(iter(re.findall(r'static let id = "([^"]+)"', "\n".join(texts.values()))), None)
        self.files = len(texts)
        # Identity, callouts and shared stores are protocols with states, keys and failures of their own; what their policies share
        # is in Support.
        self.speaks = any(re.search(r"^(package |internal )?import (Identity|SharedState)$|\.callouts\b", text, re.M) for text in texts.values())
        self.lines = sum(text.count("\n") for text in texts.values())
        # Code without comments and empty lines.
        self.code = sum(sum(1 for line in code_of(text).splitlines() if line.strip()) for text in texts.values())
        cases = sorted((TESTS / "Cases" / str(self.id)).glob("*.yaml"))
        self.cases = len(cases)
        self.tests = sum(path.read_text().count("@Test") for path in TESTS.glob(f"{self.name}*Tests.swift"))
        # Its folder, its line in the registry; cases and tests beside it.
        self.touched = self.files + 1 + self.cases + len(list(TESTS.glob(f"{self.name}*Tests.swift")))


def counts():
    found = (Count(folder) for folder in POLICIES.iterdir() if folder.is_dir())
    return sorted((count for count in found if count.id), key=lambda count: count.id)


def median(policies):
    """Of those that speak no protocol."""
    return statistics.median(policy.lines for policy in policies if not policy.speaks)


def table():
    policies = counts()
    rows = ["| policy | lines | of code | files | cases | unit tests | files to add it |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for policy in policies:
        rows.append(f"| `{policy.id}` | {policy.lines} | {policy.code} | {policy.files} | {policy.cases} | {policy.tests} | {policy.touched} |")
    rows.append(f"\nMedian of those that neither verify credentials, nor call out, nor ask a store: {median(policies):g} lines, comments included.\n")
    return "\n".join(rows)
