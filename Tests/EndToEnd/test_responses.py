"""What upstreams answer, well and badly, one case at a time: what the client gets, and whether the connection is used again."""

import threading

import pytest

from harness.cases import CHUNKED_RESPONSE, Case, check_response, data, load
from harness.process import unread_between
from harness.raw import Ended, Late
from harness.waiting import until

CASES = load("responses")


def pieces_of(case: Case) -> list[bytes]:
    spec = case.spec
    parts = spec["chunks"] if "chunks" in spec else spec["reply"]
    pieces = [data(p) for p in parts] if spec.get("pieces") else [data(parts)]
    return [CHUNKED_RESPONSE + pieces[0], *pieces[1:]] if "chunks" in spec else pieces


def rule(case: Case, client_has_it: threading.Event):
    """The upstream's part. With `pieces`, the next piece leaves only when the one before has been read."""
    spec = case.spec

    def act(exchange):
        if not spec.get("early"):
            exchange.read_body()
        for piece in pieces_of(case):
            if piece:
                try:
                    exchange.send(piece)
                except OSError:
                    break
                if spec.get("pieces"):
                    until(lambda: unsent(exchange.peer.sock) == 0)
        if "later" in spec:
            exchange.wait(client_has_it)
            try:
                exchange.send(data(spec["later"]))
            except OSError:
                pass
        end = spec.get("end", "keep")
        if end == "fin":
            exchange.close()
        elif end == "reset":
            exchange.reset()

    return act


def unsent(sock) -> int:
    """Bytes that the peer has not read: sent ones that wait in its socket."""
    try:
        return unread_between(sock.getpeername()[1], sock.getsockname()[1])
    except OSError:
        return 0  # the peer has left


def judge(spec: dict, response, method: str, ending, connection_fate: str, records, reused) -> list[str]:
    wrong = []
    if spec.get("cut"):
        if response is not None and response.complete and response.status != 502:
            wrong.append(f"the client takes a cut response for complete: {response}")
        if response is not None and not response.complete and response.content.error.startswith("Late"):
            wrong.append("the client still waits")
    elif response is None:
        wrong.append(f"no response; the connection ended by {ending}")
    else:
        from_gateway = response.status in (400, 501, 502, 503, 504) and "reason" in spec and spec["reason"] is not None
        wrong += check_response(response, spec, method, from_gateway)
    if spec["connection"] != "any" and connection_fate != spec["connection"]:
        wrong.append(f"the client's connection is {connection_fate}, expected {spec['connection']}")
    if spec.get("tries") and len(records) != spec["tries"]:
        wrong.append(f"the upstream got {len(records)} requests, expected {spec['tries']}")
    if spec.get("reused") is True and reused is False:
        wrong.append("the upstream connection was not used again")
    if spec.get("reused") is False and reused is not False:
        wrong.append("the upstream connection is still in use")
    return wrong


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.label)
def test_response(table, case):
    path = f"/case/{case.label}"
    client_has_it = threading.Event()
    table.recorder.on(path, rule(case, client_has_it))
    request = case.spec.get("request", "GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n").replace("{path}", path)
    method = request.split(" ")[0]
    response, ending = None, None
    with table.gateway.connect() as connection:
        connection.send(request)
        try:
            response = connection.read_response(method, 8)
        except (Ended, OSError):
            ending = connection.wire.how
        client_has_it.set()
        records = table.recorder.seen(path)
        assert records, "the upstream never got the request"
        peer = records[-1].connection

        # The gateway must give the connection up by itself, not only when it is next needed.
        if all(one.get("reused") is False for one in case.alternatives):
            peer.wait_ended()

        # Whatever happened: the next exchange is sound, on the same client connection or on a new one.
        connection_fate = "closed"
        probe = None
        if response is not None and response.complete and connection.try_send("GET /probe HTTP/1.1\r\nHost: a.test\r\n\r\n"):
            try:
                probe = connection.read_response(timeout=8)
                connection_fate = "kept"
            except (Ended, OSError):
                pass
            except Late:
                connection_fate = "silent"
    if probe is None:
        probe = table.gateway.get("/probe")
    assert (probe.status, probe.body) == (200, b"ok\n"), f"the next exchange is poisoned: {probe}"
    reused = table.recorder.record(probe["x-record"]).connection is peer
    attempts = [judge(one, response, method, ending, connection_fate, records, reused) for one in case.alternatives]
    wrong = min(attempts, key=len)
    assert not wrong, f"RFC {case.rfc}: " + "; ".join(wrong)
