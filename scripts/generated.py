"""Which files are generated, and from what: `scripts/docs` writes them, `scripts/check generated` compares them."""
import re
import subprocess
from pathlib import Path

import policytable

ROOT = Path(__file__).resolve().parent.parent
PAGES = "docs/policies"
LAYOUT = "docs/layout.md"
#: The part of docs/layout.md that is generated.
MARKS = re.compile(rb"(?<=<!-- scripts/policy-table -->\n).*?(?=<!-- end -->)", re.S)


class Failed(Exception):
    """A file could not be generated."""


def files(binary):
    """Path below the root -> content, of every generated file."""

    def sluice(*arguments):
        run = subprocess.run([binary, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        if run.returncode:
            raise Failed(f"sluice {' '.join(arguments)} ended with {run.returncode}: {run.stderr.decode()[-300:]}")
        return run.stdout

    wanted = {
        "docs/sluice.schema.json": sluice("schema"),
        "docs/configuration.md": sluice("schema", "--markdown"),
        f"{PAGES}/README.md": sluice("policies", "--markdown"),
        LAYOUT: MARKS.sub(lambda _: policytable.table().encode(), (ROOT / LAYOUT).read_bytes()),
    }
    for line in sluice("policies").decode().splitlines():
        name = line.split()[0]
        wanted[f"{PAGES}/{name}.md"] = sluice("policies", name, "--markdown")
    return wanted


def stale(wanted):
    """Pages of policies that there are no longer."""
    return sorted(name for path in (ROOT / PAGES).glob("*.md") if (name := str(path.relative_to(ROOT))) not in wanted)
