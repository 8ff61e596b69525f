"""Bodies that are too long: refused before they are read, or cut where they become so."""

import threading

import pytest

from harness.configuration import api, route, upstream as named_upstream
from harness.raw import Ended, format_request
from harness.upstream import script
from harness.waiting import until
from harness.wire import response_framing

MOST = 1000


@pytest.fixture
def gateway(start, upstream):
    guard = {"size-limit": {"request": f"{MOST}B", "response": f"{MOST}B"}}
    return start({"upstreams": [named_upstream("up", upstream)], "apis": [api("all", route("all", "/*", "up", policies=[guard]))]})


def test_nobody_is_told_to_send_what_is_refused(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {MOST + 1}\r\nExpect: 100-continue\r\n\r\n")
        response = connection.read_response()
        assert (response.status, response.error, response.interim) == (413, "request_too_large", [])
    assert not upstream.requests


def test_a_body_that_becomes_too_long_never_arrives_whole(gateway, upstream):
    with gateway.connect() as connection:
        connection.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", f"{MOST:x}\r\n{'x' * MOST}\r\n")
        until(lambda: upstream.connections and MOST * b"x" in upstream.connections[0].received, 5, "the first chunk arrives")
        connection.send("1\r\nx\r\n0\r\n\r\n")
        response = connection.read_response()
        assert (response.status, response.error) == (413, "request_too_large")
        assert connection.ending() in ("fin", "reset")
    upstream.connections[0].wait_ended()
    assert not any(record.body.complete for record in upstream.requests)


def test_a_response_that_becomes_too_long_is_cut(gateway, upstream):
    begun = threading.Event()

    @upstream.on("/a")
    def answer(exchange):
        exchange.send(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{MOST:x}\r\n{'x' * MOST}\r\n")
        exchange.wait(begun)
        exchange.send("1\r\nx\r\n0\r\n\r\n")

    with gateway.connect() as connection:
        connection.send(format_request("GET", "/a"))
        response = connection.read_head()
        begun.set()
        body = connection.wire.body(*response_framing(response.head, 200, "GET"), 5)
        assert response.status == 200 and not body.complete and bytes(body.data) == b"x" * MOST
        assert connection.ending() in ("fin", "reset")
    assert gateway.get("/b").status == 200


def test_nobody_takes_a_response_that_came_at_once_for_a_whole_one(gateway, upstream):
    upstream.on("/a", script(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MOST + 1), end="fin"))
    with gateway.connect() as connection:
        try:
            response = connection.get("/a")
        except Ended:
            return
        assert response.status == 200 and not response.complete and len(response.body) <= MOST
