"""Every file in examples/ is one that the gateway would start with."""

import re

import pytest

from harness.gateway import ROOT, command

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_example(path):
    variables = re.findall(r"\$\{env:(\w+)\}", path.read_text())
    values = {name: "s" * 40 if name.endswith("_SECRET") else "127.0.0.1:9000" for name in variables}
    result = command("check", "--config", path, env=values)
    assert result.returncode == 0, result.stderr
