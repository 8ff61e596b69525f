"""`sluice policies`: the list, one policy, its schema and page."""

import json
import os
import pty
import subprocess

import pytest

from harness.gateway import BINARY, ROOT, clean_environment, command

NAMES = sorted(path.stem for path in (ROOT / "docs/policies").glob("*.md") if path.stem != "README")


def test_list():
    result = command("policies")
    assert result.returncode == 0 and result.stderr == ""
    rows = [line.split("  ", 1) for line in result.stdout.splitlines()]
    assert [row[0].strip() for row in rows] == NAMES
    assert all(row[1].rstrip().endswith(".") for row in rows)
    assert command("policies").stdout == result.stdout


def test_one():
    text = command("policies", "rate-limit").stdout
    assert text.startswith("rate-limit: ") and "\x1b" not in text
    for part in ("acts on: request", "guard: ", "example\n  - rate-limit: {", "settings\n", "429 rate_limited: "):
        assert part in text
    assert "needs" not in text
    assert "finds out: the consumer" in command("policies", "basic-auth").stdout


@pytest.mark.parametrize("name", NAMES)
def test_pages_and_schemas(name):
    assert command("policies", name, "--markdown").stdout == (ROOT / f"docs/policies/{name}.md").read_text()
    assert json.loads(command("policies", name, "--schema").stdout)["title"] == name
    lines = command("policies", name).stdout.splitlines()
    assert all(len(line) <= 100 for line in lines if line.startswith("      "))


def test_index():
    assert command("policies", "--markdown").stdout == (ROOT / "docs/policies/README.md").read_text()


@pytest.mark.parametrize("name, words", [("rate-limits", "Did you mean rate-limit?"), ("cache", "does not have it yet"), ("zzzzzz", "`sluice policies` lists them")])
def test_unknown(name, words):
    for flags in ([], ["--schema"], ["--markdown"]):
        result = command("policies", name, *flags)
        assert result.returncode == 1 and result.stdout == "" and words in result.stderr


@pytest.mark.parametrize("arguments", [["--schema"], ["headers", "--schema", "--markdown"], ["headers", "query"]])
def test_wrong_use(arguments):
    assert command("policies", *arguments).returncode == 2


def on_a_terminal(**environment):
    """What `sluice policies` writes to a terminal."""
    master, terminal = pty.openpty()
    with subprocess.Popen([BINARY, "policies"], stdin=subprocess.DEVNULL, stdout=terminal, env={**clean_environment(), **environment}) as process:
        os.close(terminal)
        text = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # Linux says so when the other end is closed.
                piece = b""
            if not piece:
                break
            text += piece
    os.close(master)
    assert process.returncode == 0
    return text.decode().replace("\r\n", "\n")


def test_colours_only_on_a_terminal():
    plain = command("policies").stdout
    coloured = on_a_terminal(TERM="xterm", NO_COLOR="")
    assert "\x1b[1mheaders\x1b[0m" in coloured
    assert on_a_terminal(TERM="xterm", NO_COLOR="1") == plain
    assert on_a_terminal(TERM="dumb", NO_COLOR="") == plain
