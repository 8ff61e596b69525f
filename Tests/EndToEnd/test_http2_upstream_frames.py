"""HTTP/2 upstreams frame by frame (RFC 9113, RFC 7541): what the client gets for what an upstream sends, well-formed or not."""

import pytest

from harness.cases import check_response
from harness.configuration import api, route, upstream
from harness.gateway import Gateway
from harness.http2_cases import load
from harness.http2_upstream import ScriptedUpstream
from harness.raw import Ended
from harness.waiting import until

CASES = load("client")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One gateway with an upstream for each case."""
    servers = {case.path: ScriptedUpstream(case.spec) for case in CASES}
    configuration = {
        "runtime": {"threads": 1},
        "upstreams": [upstream(path[1:], server, protocol="h2c", timeouts={"response": "2s", "idle": "2s"}) for path, server in servers.items()],
        "apis": [api("all", *(route(path[1:], path, path[1:]) for path in servers))],
    }
    with Gateway(tmp_path_factory.mktemp("http2"), configuration) as gateway:
        yield gateway, servers
    for server in servers.values():
        server.close()


def ask(gateway, path: str, spec: dict):
    """One request over HTTP/1.1. None: the connection ended before a head."""
    body = spec["send"].encode() * spec.get("times", 1) if "send" in spec else None
    with gateway.connect() as connection:
        try:
            return connection.request(spec.get("method", "POST" if body else "GET"), path, spec.get("with", []), body, timeout=8)
        except (Ended, OSError):
            return None


def judge(outcome: dict, response, server: ScriptedUpstream) -> list[str]:
    if outcome.get("cut"):
        whole = response is not None and response.complete and response.status != 502
        return [f"the client takes a cut response for complete: {response}"] if whole else []
    outcome = {key: value for key, value in outcome.items() if value is not None}
    wrong = check_response(response, outcome, outcome.get("method", "GET"), "reason" in outcome)
    for name, value in outcome.get("request", {}).items():
        values = [v for n, v in server.requests[0][2] if n == name]
        if values != ([value] if isinstance(value, str) else value or []):
            wrong.append(f"the request has {name}: {values}, expected {value}")
    if "requests" in outcome and len(server.requests) != outcome["requests"]:
        wrong.append(f"{len(server.requests)} requests, expected {outcome['requests']}")
    return wrong


def reactions(peer) -> list[str]:
    """The codes of GOAWAY and RST_STREAM that the gateway sent."""
    resets = [s.reset for s in list(peer.streams.values()) if s.reset]
    return [code for code in (peer.goaway, *resets) if code not in (None, "NO_ERROR")]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.label)
def test_upstream(world, case):
    gateway, servers = world
    server, spec = servers[case.path], case.spec
    if spec.get("warm"):
        assert ask(gateway, case.path, {}).body == b"again"
    response = ask(gateway, case.path, spec)
    attempts = [judge(one, response, server) for one in case.alternatives]
    wrong = min(attempts, key=len) + server.problems
    if "codes" in spec:
        # The connection may be closed at once, or the stream or the connection ended with a code.
        until(lambda: server.peers[0].ended or reactions(server.peers[0]), 5, "the gateway gives up the stream or the connection")
        if set(reactions(server.peers[0])) - set(spec["codes"]):
            wrong.append(f"the gateway sent {reactions(server.peers[0])}, expected {spec['codes']}")
    before = len(server.requests)
    again = ask(gateway, case.path, {})
    if again is None or again.status != 200 or again.body != b"again":
        wrong.append(f"the next request fails: {again}")
    elif "reused" in spec:
        reused = server.requests[before][0] == server.requests[0][0]
        if reused != spec["reused"]:
            wrong.append(f"the upstream connection is {'' if reused else 'not '}used again")
    wrong += server.verdict()
    assert gateway.process.poll() is None, gateway.stderr()[-2000:]
    assert not wrong, f"RFC {case.rfc}: " + "; ".join(wrong)
