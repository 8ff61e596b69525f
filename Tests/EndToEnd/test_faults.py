"""Upstreams that fail, and what is tried again. Malformed answers are in cases/responses."""

import threading

import pytest

from harness.cases import error_shape
from harness.configuration import proxy
from harness.ports import free_port
from harness.raw import Ended, format_request
from harness.upstream import Upstream, script
from harness.waiting import until


@pytest.fixture
def gateway(start, upstream):
    return start({"runtime": {"threads": 1}, **proxy(upstream, timeouts={"response": "5s"})})


def dies_when_reused(exchange):
    """Answers the first request of a connection, and ends the connection at the second."""
    exchange.read_body()
    if len(exchange.peer.records) > 1:
        exchange.close()
    else:
        exchange.reply(body=exchange.record.method)


def is_problem(response, status, *reasons):
    assert response.status == status, response
    assert not error_shape(response)
    assert response.error in reasons, response.error


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_idempotent_requests_are_repeated_when_a_used_connection_dies(gateway, upstream, method):
    upstream.on("/once", dies_when_reused)
    with gateway.connect() as connection:
        assert connection.get("/once").status == 200
        response = connection.request(method, "/once")
    assert response.status == 200, response
    attempts = [r for r in upstream.seen("/once") if r.method == method][-2:]
    assert attempts[0].connection is not attempts[1].connection


@pytest.mark.parametrize("method, body", [("POST", b"hi"), ("PATCH", b"hi"), ("POST", None), ("BREW", None)])
def test_other_requests_are_never_repeated(gateway, upstream, method, body):
    upstream.on("/once", dies_when_reused)
    with gateway.connect() as connection:
        assert connection.get("/once").status == 200
        response = connection.request(method, "/once", body=body)
        is_problem(response, 502, "upstream_reset")
        assert len([r for r in upstream.seen("/once") if r.method == method]) == 1
        # The client's connection has served and serves on.
        assert connection.get("/again").status == 200


def test_an_idempotent_request_with_a_touched_body_is_not_repeated(gateway, upstream):
    """Once part of a body has gone upstream it can't be sent again."""
    died = threading.Event()

    @upstream.on("/put")
    def put(exchange):
        if len(exchange.peer.records) > 1:
            exchange.read_some(4)
            exchange.reset()
            died.set()
        else:
            exchange.read_body()
            exchange.reply()

    with gateway.connect() as connection:
        assert connection.request("PUT", "/put", body=b"x").status == 200
        connection.send("PUT /put HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nsome")
        assert died.wait(10)
        connection.try_send("others")
        is_problem(connection.read_response("PUT"), 502, "upstream_reset")
    assert len(upstream.seen("/put")) == 2


def test_a_connection_that_the_upstream_closed_while_idle_is_not_used(gateway, upstream):
    with gateway.connect() as connection:
        record = upstream.record(connection.get("/a")["x-record"])
        record.connection.sock.shutdown(1)
        record.connection.wait_ended()
        response = connection.request("POST", "/b", body=b"x")
    assert response.status == 200
    assert upstream.record(response["x-record"]).connection is not record.connection


def test_nothing_listens(start):
    gateway = start(proxy(f"127.0.0.1:{free_port()}"))
    for method in ("GET", "POST"):
        is_problem(gateway.fetch(method, "/refused", body=b"x" if method == "POST" else None), 502, "upstream_connect_failed")
    lines = gateway.wait_log("/refused", "upstream_connect_failed", count=2)
    assert all("502" in line for line in lines)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_endpoint_is_tried_when_one_refuses_connections(start, upstream, method):
    """Nothing was sent, so this is safe for every method."""
    gateway = start({"runtime": {"threads": 1}, **proxy(f"127.0.0.1:{free_port()}", upstream)})
    with gateway.connect() as connection:
        statuses = [connection.request(method, "/a", body=b"x" if method == "POST" else None).status for _ in range(20)]
    assert statuses == [200] * 20


def test_attempts_are_bounded(start):
    with Upstream() as one, Upstream() as two, Upstream() as three:
        for server in (one, two, three):
            server.on("/die", lambda exchange: exchange.reset())
        gateway = start({"runtime": {"threads": 1}, **proxy(one, two, three, retries={"attempts": 2, "on": ["reset"]})})
        is_problem(gateway.get("/die"), 502, "upstream_reset")
        assert sum(len(s.seen("/die")) for s in (one, two, three)) == 2
        is_problem(gateway.fetch("POST", "/die", body=b"x"), 502, "upstream_reset")
        assert sum(len(s.seen("/die")) for s in (one, two, three)) == 3


def test_one_attempt_means_no_retry(start, upstream):
    upstream.on("/die", lambda exchange: exchange.reset())
    gateway = start(proxy(upstream, retries={"attempts": 1}))
    is_problem(gateway.get("/die"), 502, "upstream_reset")
    assert len(upstream.seen("/die")) == 1


def test_an_answer_that_has_begun_is_never_repeated(gateway, upstream):
    upstream.on("/cut", script("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "half", end="fin"))
    with gateway.connect() as connection:
        connection.send(format_request("GET", "/cut"))
        try:
            response = connection.read_response()
            assert not response.complete or response.status == 502
        except Ended:
            pass
    assert len(upstream.seen("/cut")) == 1
    gateway.wait_log("/cut", "upstream_incomplete")


def test_a_failing_exchange_does_not_disturb_its_neighbours(gateway, upstream):
    go_on = threading.Event()
    upstream.on("/die", lambda exchange: exchange.reset())
    upstream.on("/garbage", script("nonsense\r\n\r\n", end="fin"))

    @upstream.on("/slow")
    def slow(exchange):
        exchange.wait(go_on)
        exchange.reply(body="slow")

    with gateway.connect() as patient:
        patient.send(format_request("GET", "/slow"))
        upstream.wait_seen("/slow")
        for path in ("/die", "/garbage") * 10:
            assert gateway.get(path).status == 502
        go_on.set()
        assert patient.read_response().text == "slow"


def test_an_upstream_that_comes_back_is_used_again(start):
    port = free_port()
    gateway = start({"runtime": {"threads": 1}, **proxy(f"127.0.0.1:{port}")})
    for _ in range(2):
        assert gateway.get("/a").status == 502
        with Upstream(port=port) as server:
            until(lambda: gateway.get("/a").status == 200, 5)
            assert server.seen("/a")
        until(lambda: gateway.get("/a").status == 502, 5)


def test_errors_are_rendered_for_those_who_accept_no_json(gateway, upstream):
    upstream.on("/die", lambda exchange: exchange.reset())
    html = gateway.get("/die", {"Accept": "text/html"})
    assert html.status == 502 and html["content-type"].startswith("text/html") and "upstream_reset" in html.text
    anything = gateway.get("/die", {"Accept": "*/*"})
    assert not error_shape(anything)
