"""Client connections: kept, pipelined, left, counted."""

import threading
import time

import pytest

from harness.configuration import proxy
from harness.raw import Ended, Late, format_request
from harness.upstream import script
from harness.waiting import limit, until


@pytest.fixture
def gateway(start, upstream):
    return start({"runtime": {"threads": 1}, **proxy(upstream)})


def test_a_hundred_pipelined_requests_are_answered_in_order(gateway, upstream):
    upstream.on("/p/*", lambda exchange: exchange.reply(body=exchange.record.target))
    with gateway.connect() as connection:
        connection.send(b"".join(format_request("GET", f"/p/{i}") for i in range(100)))
        answers = [connection.read_response().text for _ in range(100)]
    assert answers == [f"/p/{i}" for i in range(100)]


def test_pipelined_requests_wait_for_a_slow_first_one(gateway, upstream):
    go_on = threading.Event()

    @upstream.on("/slow")
    def slow(exchange):
        exchange.wait(go_on)
        exchange.reply(body="slow")

    upstream.on("/fast", lambda exchange: exchange.reply(body="fast"))
    with gateway.connect() as connection:
        connection.send(format_request("GET", "/slow") + format_request("GET", "/fast"))
        upstream.wait_seen("/slow")
        assert connection.ending(0.2) == "open" and not connection.wire.buffer
        go_on.set()
        assert [connection.read_response().text for _ in range(2)] == ["slow", "fast"]


def test_a_flood_of_pipelined_requests_is_bounded(gateway, upstream):
    """A client that never reads its answers is not read from without end."""
    request = format_request("GET", "/p")
    with gateway.connect(receive_buffer=16 * 1024) as connection:
        connection.sock.setblocking(False)
        sent, deadline, last = 0, time.monotonic() + limit(20), time.monotonic()
        while time.monotonic() < deadline and time.monotonic() - last < 0.5:
            try:
                sent += connection.sock.send(request * 100)
                last = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        assert sent < 60 << 20
        assert gateway.get("/other").status == 200


def test_two_thousand_requests_on_one_connection(gateway, upstream):
    with gateway.connect() as connection:
        assert all(connection.get("/a").status == 200 for _ in range(2000))
    assert len({r.connection.number for r in upstream.seen("/a")}) == 1, "one upstream connection serves a sequence"


def test_keep_alive_request_limit(start, upstream):
    gateway = start(proxy(upstream, listener={"limits": {"keepAliveRequests": 3}}))
    with gateway.connect() as connection:
        responses = [connection.get("/a") for _ in range(3)]
        assert [r.status for r in responses] == [200] * 3
        assert responses[-1]["connection"] == "close"
        assert connection.ending(5) == "fin"


def test_connection_limit(start, upstream):
    """Beyond the limit connections wait, or are told so; below it again they are served."""
    gateway = start({"runtime": {"threads": 1}, **proxy(upstream, listener={"limits": {"connections": 3}})})
    held = [gateway.connect() for _ in range(3)]
    assert all(c.get("/a").status == 200 for c in held)
    fourth = gateway.connect()
    fourth.try_send(format_request("GET", "/fourth"))
    try:
        refusal = fourth.read_response(timeout=0.3)
    except Late:
        refusal = None  # it waits
    if refusal:
        assert refusal.status == 503 and refusal["connection"] == "close" and refusal["retry-after"]
        assert refusal.error == "too_many_connections"
    for connection in held:
        connection.close()
    if not refusal:
        assert fourth.read_response().status == 200
    fourth.close()
    until(lambda: gateway.get("/again").status == 200)


@pytest.mark.parametrize("leave", ["fin", "reset"])
def test_a_client_that_leaves_ends_its_upstream_exchange(gateway, upstream, leave):
    begun = threading.Event()

    @upstream.on("/slow")
    def slow(exchange):
        begun.set()
        exchange.wait_left(20)
        exchange.ends = True

    connection = gateway.connect()
    connection.send(format_request("GET", "/slow"))
    assert begun.wait(limit(10))
    connection.close() if leave == "fin" else connection.reset()
    assert upstream.seen("/slow")[0].connection.wait_ended() in ("fin", "reset")
    gateway.wait_log("/slow")


def test_a_client_that_leaves_inside_a_response(gateway, upstream):
    @upstream.on("/endless")
    def endless(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                exchange.send(b"10000\r\n" + bytes(65536) + b"\r\n")
        except OSError:
            exchange.ends = True

    connection = gateway.connect()
    connection.send(format_request("GET", "/endless"))
    connection.read_head()
    connection.reset()
    assert upstream.seen("/endless")[0].connection.wait_ended()
    gateway.wait_log("/endless")


def test_a_client_that_leaves_inside_its_body(gateway, upstream):
    connection = gateway.connect()
    connection.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome")
    upstream.wait_seen("/up")
    connection.reset()
    record = upstream.seen("/up")[0]
    record.connection.wait_ended()
    assert not record.body.complete


def test_half_closed_client_gets_an_answer_or_an_end(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(format_request("GET", "/a"))
        connection.finish_sending()
        try:
            assert connection.read_response().status == 200
        except Ended:
            pass
        assert connection.ending(5) != "open"


def test_connections_are_counted(gateway, upstream):
    connections = [gateway.connect() for _ in range(7)]
    for connection in connections:
        connection.get("/a")
    until(lambda: gateway.client_connections() == 7, what="7 connections counted")
    for connection in connections:
        connection.close()
    until(lambda: gateway.client_connections() == 0, what="no connection counted")


def test_descriptors_are_given_back(gateway, upstream):
    gateway.get("/a")
    before = gateway.descriptors()
    for ending in ("fin", "reset"):
        connections = [gateway.connect() for _ in range(100)]
        for connection in connections:
            connection.send(format_request("GET", "/a"))
        for connection in connections:
            connection.read_response()
            connection.close() if ending == "fin" else connection.reset()
    for peer in upstream.open_connections():
        peer.sock.shutdown(2)
    until(lambda: gateway.descriptors() <= before + 2, 10, "descriptors are given back")


def test_connections_that_say_nothing_cost_nothing_when_they_leave(gateway, upstream):
    before = gateway.descriptors()
    connections = [gateway.connect() for _ in range(200)]
    until(lambda: gateway.client_connections() == 200, 10, "they are accepted")
    for connection in connections:
        connection.close()
    until(lambda: gateway.client_connections() == 0 and gateway.descriptors() <= before + 2, 10, "they are given back")


def test_a_response_in_many_pieces_is_not_reordered(gateway, upstream):
    upstream.on("/pieces", script("HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n", *[chr(97 + i) for i in range(26)]))
    assert gateway.get("/pieces").text == "abcdefghijklmnopqrstuvwxyz"
