"""scripts/new-policy: what it makes, what it refuses. That it compiles is part of test_guide.py."""

import re
import shutil
import subprocess

import pytest
import yaml

from harness.gateway import ROOT

REGISTRY = "Sources/Policies/Registry.swift"


@pytest.fixture
def tree(tmp_path):
    for part in ("scripts", "Sources", "Tests/PoliciesTests/Cases"):
        shutil.copytree(ROOT / part, tmp_path / part)
    return tmp_path


def new_policy(tree, *arguments):
    return subprocess.run([tree / "scripts/new-policy", *arguments], capture_output=True, text=True, timeout=30)


def registered(tree):
    return re.findall(r"^ {8}(\w+)\.self,$", (tree / REGISTRY).read_text(), re.M)


def test_it_makes_a_policy_with_its_cases(tree):
    before = registered(tree)
    result = new_policy(tree, "geo-fence")
    assert result.returncode == 0, result.stderr
    source = (tree / "Sources/Policies/GeoFence/GeoFence.swift").read_text()
    assert 'static let id = "geo-fence"' in source and "{" in source and "{{" not in source
    example = yaml.safe_load((tree / "Tests/PoliciesTests/Cases/geo-fence/example.yaml").read_text())
    assert list(example["config"]["policies"][0]) == ["geo-fence"] and example["steps"]
    assert yaml.safe_load((tree / "Tests/PoliciesTests/Cases/geo-fence/refused.yaml").read_text())["refused"]
    assert sorted([*before, "GeoFence"]) == sorted(registered(tree))


@pytest.mark.parametrize("name", ["aa", "geo-fence", "rate-limit2", "zz-top"])
def test_its_line_is_in_alphabetical_place(tree, name):
    before = registered(tree)
    assert new_policy(tree, name).returncode == 0
    after = registered(tree)
    (added,) = set(after) - set(before)
    assert [each for each in after if each != added] == before

    def id_of(type_name):
        text = "".join(path.read_text() for path in (tree / "Sources/Policies" / type_name).glob("*.swift"))
        return re.search(r'static let id = "([^"]+)"', text)[1]

    ids = [id_of(each) for each in after]
    assert ids == sorted(ids) and name in ids


@pytest.mark.parametrize("name, words", [
    ("Upper", "lower-case words"), ("two__words", "lower-case words"), ("-x", ""), ("x-", "lower-case words"), ("1st", "lower-case words"), ("", "lower-case words"),
    ("../../etc", "lower-case words"), ("a" * 41, "lower-case words"), ("when", "beside policies"), ("headers", "there is a policy called headers"),
    ("cache", "reserved"), ("policy", "a type called Policy"), ("exchange", "a type called Exchange"), ("string", "a type called String"),
])
def test_bad_and_taken_names(tree, name, words):
    registry = (tree / REGISTRY).read_text()
    folders = sorted(path.name for path in (tree / "Sources/Policies").iterdir())
    result = new_policy(tree, name)
    assert result.returncode in (1, 2) and words in result.stderr and result.stdout == ""
    assert (tree / REGISTRY).read_text() == registry
    assert sorted(path.name for path in (tree / "Sources/Policies").iterdir()) == folders


def test_twice(tree):
    assert new_policy(tree, "geo-fence").returncode == 0
    assert new_policy(tree, "geo-fence").returncode == 1
