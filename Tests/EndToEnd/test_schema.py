"""The JSON Schemas: what editors accept is what the gateway accepts, for every example and every case of the policies."""

import copy
import json
import re

import jsonschema
import pytest
import yaml

from harness.gateway import ROOT, command

DIALECT = jsonschema.Draft202012Validator
SCHEMA = json.loads((ROOT / "docs/sluice.schema.json").read_text())
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
CASES = sorted((ROOT / "Tests/PoliciesTests/Cases").glob("*/*.yaml"))
# Plans are no policy that anybody writes into a list.
POLICIES = sorted({path.parent.name for path in CASES} - {"plans"})


class Loader(yaml.SafeLoader):
    """YAML 1.2, as editors read it: `on` and `1:30` are text."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("bool", r"^(true|false)$", "tf"), ("null", r"^(null|~|)$", ["n", "~", ""]), ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]+\.[0-9]+$", "-+0123456789"),
]:
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


def load(text):
    return yaml.load(text, Loader)


def problems(document, schema=SCHEMA):
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in DIALECT(schema).iter_errors(document)]


def whole(config):
    """The configuration that a case stands for, as the runner lays it out."""
    route = {"name": "r", "match": {"path": "/*"}}
    if not any(action in config.get("route", {}) for action in ("upstream", "split", "redirect", "respond")):
        route["upstream"] = "up"
    if "policies" in config:
        route["policies"] = config["policies"]
    gateway = copy.deepcopy(config.get("gateway", {}))
    up = {"name": "up", "endpoints": [{"address": "127.0.0.1:1"}], **config.get("upstream", {})}
    return {
        "listeners": [{"name": "web", "address": "127.0.0.1:1", **config.get("listener", {})}],
        "apis": [{"name": "api", "routes": [{**route, **config.get("route", {})}], **config.get("api", {})}],
        **gateway, "upstreams": [up, *gateway.get("upstreams", [])],
    }


def configurations(case):
    yield case["config"]
    yield from (step["reload"] for step in case.get("steps", []) if "reload" in step)


def test_the_schema_is_one():
    DIALECT.check_schema(SCHEMA)
    assert command("schema").stdout == (ROOT / "docs/sluice.schema.json").read_text()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples(path):
    assert problems(load(path.read_text())) == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_cases(path):
    """What loads is what an editor accepts. What is refused may be refused for reasons beyond a schema."""
    case = load(path.read_text())
    for config in [] if "refused" in case else configurations(case):
        assert problems(whole(config)) == []


def entry(policies):
    return whole({"policies": policies})


@pytest.mark.parametrize("policies", [
    ["basic-auth"], [{"basic-auth": None}], [{"basic-auth": {}, "when": "true", "name": "x", "enabled": False}],
    [{"rate-limit": {"limit": "${env:LIMIT}", "window": "1m"}}], [{"headers": {"response": {"set": {"x-a": 1}}}}],
])
def test_short_and_long_forms(policies):
    assert problems(entry(policies)) == []


@pytest.mark.parametrize("policies", [
    ["no-such-policy"], [{"no-such-policy": {}}], [{"headers": {}, "query": {}}], [{"headers": {"requset": {}}}], [{}], [{"when": "true"}],
    [{"query": {"remove": "utm_*"}}], [{"headers": {}, "wehn": "true"}], [{"rewrite": {"method": "get it"}}], [{"ip-filter": {"status": 200}}],
    [{"fault": {"abort": {"status": "often"}}}], {"headers": {}}, [["headers"]], [7],
])
def test_what_is_wrong_is_marked(policies):
    assert problems(entry(policies)) != []


@pytest.mark.parametrize("name", POLICIES)
def test_the_schema_of_a_policy(name):
    schema = json.loads(command("policies", name, "--schema").stdout)
    DIALECT.check_schema(schema)
    assert schema["title"] == name and schema["description"]
    (example,) = schema["examples"]
    assert problems(example, schema) == []
    assert problems({**example, "no-such-setting": 1}, schema) != []
    shown = load((ROOT / f"Tests/PoliciesTests/Cases/{name}/example.yaml").read_text())["config"]["policies"]
    # A policy without settings may stand there as its name alone.
    assert problems(next({} if each == name else each[name] or {} for each in shown if name in each), schema) == []
