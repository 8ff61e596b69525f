"""Bodies of every size and framing: streamed, whole, at the speed of the slower side, in flat memory."""

import hashlib
import os
import threading
import time

import pytest

from harness.configuration import proxy
from harness.process import SANITIZED, Peak
from harness.raw import Ended, format_request
from harness.waiting import limit, until

MIB = 1 << 20
SIZE = int(os.environ.get("SLUICE_BODY_MIB", "100")) * MIB
FLAT = 24 * MIB  # most that the process may grow by, whatever a body's size
BLOCK = hashlib.sha256(b"block").digest() * (MIB // 32)


def blocks(size):
    """`size` bytes that differ from block to block."""
    for index in range(size // MIB):
        yield index.to_bytes(8, "big") + BLOCK[8:]
    if size % MIB:
        yield BLOCK[: size % MIB]


def digest(size):
    sha = hashlib.sha256()
    for block in blocks(size):
        sha.update(block)
    return sha.hexdigest()


class Flat:
    """Asserts that the gateway's memory stays flat in the block."""

    def __init__(self, gateway):
        self.peak = Peak(gateway.pid)

    def __enter__(self):
        self.peak.__enter__()

    def __exit__(self, kind, *rest):
        self.peak.__exit__(kind, *rest)
        if kind is None and not SANITIZED:
            assert self.peak.growth < FLAT, f"grew by {self.peak.growth >> 20} MiB"


@pytest.fixture
def gateway(start, upstream):
    return start(proxy(upstream))


@pytest.mark.slow
def test_large_download_from_nginx(start, nginx):
    with open(os.path.join(nginx.root, "large"), "wb") as file:
        for block in blocks(SIZE):
            file.write(block)
    gateway = start(proxy(nginx))
    assert gateway.get("/files/large?warm", {"Range": "bytes=0-1000000"}).status == 206
    with Flat(gateway):
        response = gateway.get("/files/large", timeout=60)
    assert (response.status, response.content.length, response.content.complete) == (200, SIZE, True)
    assert response.content.sha256 == digest(SIZE)


@pytest.mark.slow
def test_large_upload_to_nginx(start, nginx):
    gateway = start(proxy(nginx))
    with gateway.connect(timeout=60) as connection, Flat(gateway):
        connection.send(f"PUT /files/up HTTP/1.1\r\nHost: a\r\nContent-Length: {SIZE}\r\n\r\n", *blocks(SIZE))
        assert connection.read_response("PUT").status in (201, 204)
    sha = hashlib.sha256()
    with open(os.path.join(nginx.root, "up"), "rb") as file:
        while piece := file.read(MIB):
            sha.update(piece)
    assert sha.hexdigest() == digest(SIZE)


@pytest.mark.slow
def test_large_chunked_upload(gateway, upstream):
    with gateway.connect(timeout=60) as connection, Flat(gateway):
        connection.send("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for block in blocks(SIZE):
            connection.send(b"%x\r\n" % len(block), block, b"\r\n")
        connection.send("0\r\n\r\n")
        response = connection.read_response("POST")
    record = upstream.record(response["x-record"])
    assert record.body.framing == "chunked" and record.body.sha256 == digest(SIZE)


@pytest.mark.slow
def test_large_chunked_download(gateway, upstream):
    @upstream.on("/down")
    def down(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for block in blocks(SIZE):
            exchange.send(b"%x\r\n" % len(block), block, b"\r\n")
        exchange.send("0\r\nX-Sum: 7\r\n\r\n")

    with Flat(gateway):
        response = gateway.get("/down", timeout=60)
    assert response.complete and response.content.sha256 == digest(SIZE)
    assert response.content.trailers == [("X-Sum", "7")]


def test_close_delimited_download(gateway, upstream):
    size = 20 * MIB

    @upstream.on("/down")
    def down(exchange):
        exchange.send("HTTP/1.1 200 OK\r\n\r\n", *blocks(size))
        exchange.close()

    response = gateway.get("/down", timeout=60)
    assert response.content.framing == "chunked" and response.complete and response.content.sha256 == digest(size)


def test_both_directions_at_once(gateway, upstream):
    """The upstream answers while it reads."""
    size = 8 * MIB

    @upstream.on("/echo")
    def echo(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        left = size
        while left:
            while not exchange.wire.buffer and exchange.wire.fill(time.monotonic() + limit(20)):
                pass
            piece = exchange.wire.take(min(left, len(exchange.wire.buffer)))
            left -= len(piece)
            exchange.send(b"%x\r\n" % len(piece), piece, b"\r\n")
        exchange.send("0\r\n\r\n")
        exchange._read, exchange.record.body.complete = True, True

    with gateway.connect(timeout=60) as connection:
        sender = threading.Thread(target=connection.try_send, args=(f"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n", *blocks(size)), daemon=True)
        sender.start()
        response = connection.read_response("POST")
        sender.join()
    assert response.complete and response.content.sha256 == digest(size)


def test_trailers_of_requests(gateway, upstream):
    with gateway.connect() as connection:
        connection.send("POST /t HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: v\r\n\r\n")
        assert connection.read_response().status == 200
    body = upstream.seen("/t")[0].body
    assert bytes(body.data) == b"hello" and body.complete
    assert body.trailers in ([("X-T", "v")], [])  # RFC 9110 6.5.1 lets a gateway drop them


def test_a_body_arrives_before_it_is_complete(gateway, upstream):
    """Streaming, not storing: the upstream has the first part while the client still holds the rest."""
    got = threading.Event()

    @upstream.on("/stream")
    def stream(exchange):
        exchange.read_some(5)
        got.set()
        exchange.read_body()
        exchange.reply()

    with gateway.connect() as connection:
        connection.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
        assert got.wait(limit(10)), "the first part reaches the upstream at once"
        connection.send("other")
        assert connection.read_response().status == 200


def test_a_response_arrives_before_it_is_complete(gateway, upstream):
    go_on = threading.Event()

    @upstream.on("/stream")
    def stream(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        exchange.wait(go_on)
        exchange.send("5\r\nother\r\n0\r\n\r\n")

    with gateway.connect() as connection:
        connection.send(format_request("GET", "/stream"))
        connection.read_head()
        assert connection.wire.through(b"first", time.monotonic() + limit(10)).endswith(b"first")
        go_on.set()
        connection.wire.through(b"0\r\n\r\n", time.monotonic() + limit(10))


# ---- Expect --------------------------------------------------------------------------------------------------------


def test_expect_continue(gateway, upstream):
    """The body is sent only after 100, which comes from the gateway or the upstream."""

    @upstream.on("/expect")
    def expect(exchange):
        if exchange.head.get("expect"):
            exchange.send("HTTP/1.1 100 Continue\r\n\r\n")
        exchange.read_body()
        exchange.reply()

    with gateway.connect() as connection:
        connection.send("POST /expect HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert connection.read_head().status == 100
        connection.send("hello")
        assert connection.read_response().status == 200
    assert bytes(upstream.seen("/expect")[0].body.data) == b"hello"


def test_expect_continue_refused_by_the_upstream(gateway, upstream):
    @upstream.on("/expect")
    def expect(exchange):
        exchange.reply(403, {"Connection": "close"}, "no", "Forbidden")
        exchange.close()

    with gateway.connect() as connection:
        connection.send("POST /expect HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        response = connection.read_response()
        assert (response.status, response.body) == (403, b"no")
        if connection.try_send("hello"):
            # What follows is the body or nothing: never taken for a request.
            try:
                assert connection.read_response(timeout=2).status == 400
            except Ended:
                pass


def test_early_answer_ends_a_large_upload(gateway, upstream):
    @upstream.on("/early")
    def early(exchange):
        exchange.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlong")
        exchange.wait_left(20)
        exchange.ends = True

    with gateway.connect(timeout=20) as connection:
        sender = threading.Thread(target=connection.try_send, args=(f"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: {50 * MIB}\r\n\r\n", *blocks(50 * MIB)), daemon=True)
        sender.start()
        response = connection.read_response("POST")
        assert (response.status, response.body) == (413, b"long")
        connection.close()
        sender.join(10)


# ---- back-pressure -------------------------------------------------------------------------------------------------


def settled(value, quiet: float = 0.4):
    """The value once it has not changed for a while."""
    state = {"value": None, "since": time.monotonic()}

    def still():
        now = value()
        if now != state["value"]:
            state.update(value=now, since=time.monotonic())
        return now is not None and time.monotonic() - state["since"] > quiet

    until(still, 30, "a stalled transfer comes to rest")
    return value()


@pytest.mark.slow
def test_a_slow_client_slows_the_upstream(gateway, upstream):
    sent = [0]

    @upstream.on("/down")
    def down(exchange):
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n")
        for block in blocks(SIZE):
            exchange.send(block)
            sent[0] += len(block)

    with gateway.connect(timeout=60, receive_buffer=256 * 1024) as connection, Flat(gateway):
        connection.send(format_request("GET", "/down"))
        head = connection.read_head()
        assert head.status == 200
        assert settled(lambda: sent[0] or None) < min(SIZE, 40 * MIB), "more than the kernel's buffers hold was taken from the upstream"
        body = connection.wire.body("length", SIZE, 60)
    assert body.complete and body.sha256 == digest(SIZE)


@pytest.mark.slow
def test_a_slow_upstream_slows_the_client(gateway, upstream):
    go_on, sent = threading.Event(), [0]

    @upstream.on("/up")
    def up(exchange):
        exchange.wait(go_on, 60)
        exchange.read_body(60)
        exchange.reply()

    def send(connection):
        for block in blocks(SIZE):
            connection.send(block)
            sent[0] += len(block)

    with gateway.connect(timeout=60) as connection, Flat(gateway):
        connection.send(f"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: {SIZE}\r\n\r\n")
        sender = threading.Thread(target=send, args=(connection,), daemon=True)
        sender.start()
        assert settled(lambda: sent[0] or None) < min(SIZE, 40 * MIB), "more than the kernel's buffers hold was taken from the client"
        go_on.set()
        response = connection.read_response("POST", 60)
        sender.join()
    assert upstream.record(response["x-record"]).body.sha256 == digest(SIZE)


def test_a_stalled_exchange_does_not_hold_up_others(start, upstream):
    """One event loop: what waits for one client must not wait in another's way."""
    configuration = {"runtime": {"threads": 1}, **proxy(upstream)}
    gateway = start(configuration)

    @upstream.on("/down")
    def down(exchange):
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {50 * MIB}\r\n\r\n")
        try:
            for block in blocks(50 * MIB):
                exchange.send(block)
        except OSError:
            pass

    with gateway.connect(receive_buffer=64 * 1024) as stalled:
        stalled.send(format_request("GET", "/down"))
        stalled.read_head()
        with gateway.connect() as other:
            assert all(other.get("/a").status == 200 for _ in range(50))


def test_many_bodies_at_once(gateway, upstream):
    """Different sizes and framings side by side on kept connections: none gets another's bytes."""
    failures = []

    def client(number):
        with gateway.connect(timeout=30) as connection:
            for index in range(20):
                size = (number * 7919 + index * 104729) % 300_000
                body = bytes([number]) * size
                if index % 2:
                    connection.send(f"POST /n{number} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", *((b"%x\r\n" % size, body, b"\r\n") if size else ()), "0\r\n\r\n")
                else:
                    connection.send(f"POST /n{number} HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n", body)
                record = upstream.record(connection.read_response("POST")["x-record"])
                if record.target != f"/n{number}" or record.body.sha256 != hashlib.sha256(body).hexdigest():
                    failures.append((number, index, record))

    threads = [threading.Thread(target=client, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
