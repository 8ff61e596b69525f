"""The policy `opa` with a server that answers as OPA's data API is documented to; it decides by the rule

    package httpapi.authz
    default allow := false
    allow if { input.attributes.request.http.method == "GET"; input.parsed_path == ["finance", "salary", input.consumer.name] }
"""

import json

import pytest

from harness.configuration import api, route, upstream as named_upstream
from harness.gateway import command
from harness.upstream import Upstream

#: Answers in the form of OPA's data API.
DECISIONS = {True: b'{"decision_id":"cfe8a1b4-9d2f-4f0e-9f1f-0c9d6c1a5a9e","result":true}', False: b'{"decision_id":"1f3a","result":false}'}
UNDEFINED = b'{"decision_id":"77f6a1c0"}'
ERROR = b'{\n  "code": "internal_error",\n  "message": "object insert conflict",\n  "errors": []\n}\n'


class Agent(Upstream):
    """Decides by the rule above."""

    def __init__(self):
        super().__init__()
        self.inputs = []
        self.on("/v1/data/httpapi/authz/allow", self.decide)
        self.on("/v1/data/undefined", lambda e: (e.read_body(), e.reply(200, {"Content-Type": "application/json"}, UNDEFINED)))
        self.on("/v1/data/broken", lambda e: (e.read_body(), e.reply(500, {"Content-Type": "application/json"}, ERROR)))

    def decide(self, exchange):
        document = json.loads(bytes(exchange.read_body().data))["input"]
        self.inputs.append(document)
        allowed = document["attributes"]["request"]["http"]["method"] == "GET" and document["parsed_path"] == [
            "finance", "salary", document.get("consumer", {}).get("name")]
        exchange.reply(200, {"Content-Type": "application/json"}, DECISIONS[allowed])


@pytest.fixture
def agent():
    with Agent() as server:
        yield server


@pytest.fixture(scope="module")
def hashed():
    result = command("hash-password", "--algorithm", "bcrypt", input="secret\n")
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def configuration(upstream, agent, hashed, rule="httpapi/authz/allow", **settings):
    policies = [{"basic-auth": {}}, {"opa": {"url": f"http://{agent.address}/v1/data/{rule}", **settings}}]
    return {
        "runtime": {"threads": 1}, "upstreams": [named_upstream("up", upstream)], "apis": [api("all", route("all", "/*", "up", policies=policies))],
        "consumers": [{"name": n, "groups": ["staff"], "credentials": [{"basic": {"username": n, "passwordHash": hashed}}]} for n in ("alice", "bob")],
    }


ALICE = {"Authorization": "Basic YWxpY2U6c2VjcmV0"}


def test_decisions(start, upstream, agent, hashed):
    gateway = start(configuration(upstream, agent, hashed))
    assert gateway.get("/finance/salary/alice?a=1&a=2&b=%C3%A4", ALICE).status == 200
    refused = gateway.get("/finance/salary/bob", ALICE)
    assert (refused.status, refused.error) == (403, "access_denied") and len(upstream.requests) == 1
    seen = agent.inputs[0]
    assert seen["consumer"] == {"name": "alice", "groups": ["staff"], "attributes": {}}
    assert seen["parsed_query"] == {"a": ["1", "2"], "b": ["ä"]}
    assert seen["attributes"]["source"]["address"]["socketAddress"]["address"] == "127.0.0.1"
    assert gateway.fetch("POST", "/finance/salary/alice", ALICE, body=b"x").status == 403


def test_undefined_and_broken(start, upstream, agent, hashed):
    gateway = start(configuration(upstream, agent, hashed, rule="undefined"))
    assert gateway.get("/", ALICE).status == 403
    gateway.reload(configuration(upstream, agent, hashed, rule="broken"))
    assert gateway.get("/broken", ALICE).error == "authorization_unavailable"
    assert json.loads(gateway.wait_log('"/broken"')[0])["authorization"] == "OPA answered 500."
    gateway.reload(configuration(upstream, agent, hashed, rule="broken", onFailure="allow"))
    assert gateway.get("/", ALICE).status == 200


def test_decisions_are_remembered(start, upstream, agent, hashed):
    gateway = start(configuration(upstream, agent, hashed, cache="1m", requestHeaders=[]))
    for _ in range(5):
        assert gateway.get("/finance/salary/alice", ALICE).status == 200
        assert gateway.get("/finance/salary/bob", ALICE).status == 403
    assert len(agent.inputs) == 2
    # What it depends on is the input, of which the port of the client is no part.
    with gateway.connect() as client:
        assert client.get("/finance/salary/alice", ALICE).status == 200
    assert len(agent.inputs) == 2
