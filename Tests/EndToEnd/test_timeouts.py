"""Every time limit, with its answer and its line in the access log."""

import threading
import time

import pytest

from harness.blackhole import Blackhole
from harness.cases import error_shape
from harness.configuration import proxy
from harness.raw import Ended, format_request
from harness.upstream import script
from harness.waiting import limit, until

SHORT = "400ms"


def begin(start, *endpoints, listener=None, **settings):
    return start({"runtime": {"threads": 1}, **proxy(*endpoints, listener=listener, **settings)})


def took(since, least=0.3, most=5.0):
    passed = time.monotonic() - since
    assert least <= passed <= limit(most), f"took {passed:.2f} s"


def is_problem(response, status, reason):
    assert (response.status, response.error) == (status, reason), response
    assert not error_shape(response)


# ---- towards the upstream ------------------------------------------------------------------------------------------


def test_connect(start):
    with Blackhole() as blackhole:
        gateway = begin(start, blackhole, timeouts={"connect": SHORT}, retries={"attempts": 1})
        since = time.monotonic()
        response = gateway.get("/blackhole")
        took(since)
        is_problem(response, 504, "upstream_connect_timeout")
        assert "connection_timeout" in response["proxy-status"]
        gateway.wait_log("/blackhole", "upstream_connect_timeout", "504")


def test_connect_falls_over_to_another_endpoint(start, upstream):
    with Blackhole() as blackhole:
        gateway = begin(start, blackhole, upstream, timeouts={"connect": SHORT})
        assert [gateway.get("/a").status for _ in range(4)] == [200] * 4


def test_response(start, upstream):
    upstream.on("/slow", lambda exchange: (exchange.wait_left(20), setattr(exchange, "ends", True)))
    gateway = begin(start, upstream, timeouts={"response": SHORT})
    with gateway.connect() as connection:
        since = time.monotonic()
        response = connection.get("/slow")
        took(since)
        is_problem(response, 504, "upstream_timeout")
        assert connection.get("/a").status == 200
    assert len(upstream.seen("/slow")) == 1, "a request that may be under way is not repeated"
    upstream.seen("/slow")[0].connection.wait_ended()
    gateway.wait_log("/slow", "upstream_timeout", "504")


def test_response_counts_from_the_end_of_the_request(start, upstream):
    gateway = begin(start, upstream, timeouts={"response": SHORT})
    with gateway.connect() as connection:
        connection.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
        for piece in (b"12", b"34", b"56", b"78", b"90"):
            threading.Event().wait(0.2)  # slower in all than the limit
            connection.send(piece)
        assert connection.read_response("POST").status == 200


def test_idle_inside_a_response(start, upstream):
    upstream.on("/stall", lambda exchange: (exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), exchange.wait_left(20), setattr(exchange, "ends", True)))
    gateway = begin(start, upstream, timeouts={"idle": SHORT})
    with gateway.connect() as connection:
        since = time.monotonic()
        connection.send(format_request("GET", "/stall"))
        response = connection.read_response()
        took(since)
        assert response.status == 200 and not response.complete and response.body == b"half"
    upstream.seen("/stall")[0].connection.wait_ended()
    gateway.wait_log("/stall", "upstream_idle_timeout")


def test_a_slow_response_that_makes_progress_is_not_cut(start, upstream):
    @upstream.on("/drip")
    def drip(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            threading.Event().wait(0.15)
            exchange.send("x")

    gateway = begin(start, upstream, timeouts={"idle": SHORT, "response": SHORT})
    assert gateway.get("/drip").body == b"x" * 8


def test_total(start, upstream):
    @upstream.on("/drip")
    def drip(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            while not exchange.peer.ended:
                threading.Event().wait(0.05)
                exchange.send("x")
        except OSError:
            exchange.ends = True

    gateway = begin(start, upstream, timeouts={"total": "600ms"})
    with gateway.connect() as connection:
        since = time.monotonic()
        connection.send(format_request("GET", "/drip"))
        response = connection.read_response()
        took(since, 0.5)
        assert not response.complete
    gateway.wait_log("/drip", "upstream_total_timeout")


def test_total_before_the_response(start, upstream):
    upstream.on("/slow", lambda exchange: (exchange.wait_left(20), setattr(exchange, "ends", True)))
    gateway = begin(start, upstream, timeouts={"total": SHORT, "response": "10s"})
    is_problem(gateway.get("/slow"), 504, "upstream_total_timeout")


def test_unused_upstream_connections_are_closed(start, upstream):
    gateway = begin(start, upstream, timeouts={"idle": SHORT})
    with gateway.connect() as connection:
        record = upstream.record(connection.get("/a")["x-record"])
        assert record.connection.wait_ended() == "fin"
        assert connection.get("/a").status == 200


# ---- towards the client --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", ["GET /late HT", "GET /late HTTP/1.1\r\nHost: a\r\n", "GET /late HTTP/1.1\r\nHost: a\r\nX-Long: "])
def test_header(start, upstream, sent):
    gateway = begin(start, upstream, listener={"timeouts": {"header": SHORT}})
    with gateway.connect() as connection:
        since = time.monotonic()
        connection.send(sent)
        response = connection.read_response()
        took(since)
        is_problem(response, 408, "header_timeout")
        assert connection.ending(5) == "fin"
    gateway.wait_log("header_timeout")
    assert not upstream.requests


def test_header_that_drips_in(start, upstream):
    """Slow loris: progress does not extend the limit of a head."""
    gateway = begin(start, upstream, listener={"timeouts": {"header": SHORT}})
    with gateway.connect() as connection:
        since = time.monotonic()
        connection.send("GET / HTTP/1.1\r\nHost: a\r\n")
        while connection.try_send("X: y\r\n") and not connection.wire._poll.poll(50):
            assert time.monotonic() - since < limit(5)
        is_problem(connection.read_response(), 408, "header_timeout")


def test_header_of_the_second_request(start, upstream):
    gateway = begin(start, upstream, listener={"timeouts": {"header": SHORT}})
    with gateway.connect() as connection:
        assert connection.get("/a").status == 200
        connection.send("GET /b HTT")
        is_problem(connection.read_response(), 408, "header_timeout")


def test_a_connection_that_says_nothing(start, upstream):
    gateway = begin(start, upstream, listener={"timeouts": {"header": SHORT, "idle": SHORT}})
    with gateway.connect() as connection:
        since = time.monotonic()
        assert connection.ending(5) == "fin"
        took(since)


def test_idle_between_requests(start, upstream):
    gateway = begin(start, upstream, listener={"timeouts": {"idle": SHORT}})
    with gateway.connect() as connection:
        for _ in range(3):
            assert connection.get("/a").status == 200
        since = time.monotonic()
        assert connection.ending(5) == "fin"
        took(since)
        assert not connection.wire.buffer, "an idle connection is closed without a word"


def test_a_waiting_client_is_not_idle(start, upstream):
    go_on = threading.Event()

    @upstream.on("/slow")
    def slow(exchange):
        exchange.wait(go_on)
        exchange.reply()

    gateway = begin(start, upstream, listener={"timeouts": {"idle": SHORT, "header": SHORT, "progress": SHORT}})
    with gateway.connect() as connection:
        connection.send(format_request("GET", "/slow"))
        assert connection.ending(1) == "open"
        go_on.set()
        assert connection.read_response().status == 200


def test_progress_of_a_request_body(start, upstream):
    gateway = begin(start, upstream, listener={"timeouts": {"progress": SHORT}})
    with gateway.connect() as connection:
        since = time.monotonic()
        connection.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        response = connection.read_response("POST")
        took(since)
        is_problem(response, 408, "body_timeout")
        assert connection.ending(5) == "fin"
    record, = upstream.seen("/up")
    record.connection.wait_ended()
    assert not record.body.complete
    gateway.wait_log("/up", "body_timeout")


def test_a_slow_body_that_makes_progress_is_not_cut(start, upstream):
    gateway = begin(start, upstream, listener={"timeouts": {"progress": SHORT, "header": SHORT}})
    with gateway.connect() as connection:
        connection.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            threading.Event().wait(0.15)
            connection.send("x")
        assert connection.read_response("POST").status == 200


def test_progress_of_a_client_that_does_not_read(start, upstream):
    @upstream.on("/endless")
    def endless(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                exchange.send(b"10000\r\n" + bytes(65536) + b"\r\n")
        except OSError:
            exchange.ends = True

    gateway = begin(start, upstream, listener={"timeouts": {"progress": SHORT}})
    with gateway.connect(receive_buffer=16 * 1024) as connection:
        connection.send(format_request("GET", "/endless"))
        assert upstream.wait_seen("/endless")[0].connection.wait_ended(10)
        gateway.wait_log("/endless", "client_write_timeout")
        response = None
        try:
            response = connection.read_response()
        except Ended:
            pass
        assert response is None or not response.complete


def test_an_upstream_that_never_reads_the_body(start, upstream):
    """The client can't make progress, but it is the upstream's fault; it ends within the limits either way."""
    upstream.on("/never", lambda exchange: (exchange.wait(threading.Event(), 8), setattr(exchange, "ends", True)))
    gateway = begin(start, upstream, listener={"timeouts": {"progress": "1s"}}, timeouts={"idle": "1s", "response": "1s", "total": "3s"})
    with gateway.connect(timeout=20) as connection:
        sender = threading.Thread(target=connection.try_send, args=("POST /never HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n", *[bytes(1 << 20)] * 95), daemon=True)
        sender.start()
        try:
            response = connection.read_response("POST", 8)
            assert response.status in (408, 504), response
        except (Ended, OSError):
            pass
        connection.close()
        sender.join(5)
    gateway.wait_log("/never")
    assert gateway.get("/a").status == 200


def test_interim_responses_do_not_extend_the_limit(start, upstream):
    @upstream.on("/hints")
    def hints(exchange):
        try:
            while not exchange.peer.ended:
                exchange.send("HTTP/1.1 102 Processing\r\n\r\n")
                threading.Event().wait(0.1)
        except OSError:
            exchange.ends = True

    gateway = begin(start, upstream, timeouts={"response": SHORT, "total": "2s"})
    with gateway.connect() as connection:
        since = time.monotonic()
        connection.send(format_request("GET", "/hints"))
        try:
            assert connection.read_response().status in (502, 504)
        except Ended:
            pass
        took(since, 0.2)


def test_refused_requests_leave_nothing_behind(start, upstream):
    gateway = begin(start, upstream, listener={"timeouts": {"header": SHORT}})
    before = gateway.descriptors()
    connections = [gateway.connect() for _ in range(50)]
    for connection in connections:
        connection.send("GET / HTTP/1.1\r\n")
    for connection in connections:
        assert connection.read_response().status == 408
        assert connection.ending(5) == "fin"
        connection.close()
    until(lambda: gateway.descriptors() <= before + 1)


def test_short_limits_do_not_touch_quick_exchanges(start, upstream):
    upstream.on("/plain", script("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    gateway = begin(start, upstream, timeouts={"response": SHORT, "idle": SHORT, "total": "1s"})
    with gateway.connect() as connection:
        assert [connection.get("/plain").body for _ in range(3)] == [b"ok"] * 3
