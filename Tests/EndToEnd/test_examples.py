"""Every file in examples/ is one that the gateway would start with."""

import pytest

from harness.gateway import ROOT, command

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_example(path):
    result = command("check", "--config", path, env={"MOBILE_KEY": "x"})
    assert result.returncode == 0, result.stderr
