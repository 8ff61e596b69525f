"""Server-sent events and long downloads: nothing is held back, and nothing is cut while there is progress."""

import threading
import time

from harness.configuration import proxy
from harness.raw import format_request
from harness.waiting import limit

SHORT = "500ms"


def test_events_pass_one_by_one(start, upstream):
    """Each event arrives before the upstream sends the next."""
    seen = threading.Semaphore(0)

    @upstream.on("/events")
    def events(exchange):
        exchange.ends = True
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\r\n")
        for i in range(30):
            exchange.send(f"id: {i}\ndata: event {i}\n\n")
            assert seen.acquire(timeout=limit(10))
        exchange.close()

    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        connection.send(format_request("GET", "/events", {"Accept": "text/event-stream"}))
        head = connection.read_head()
        assert head["content-type"] == "text/event-stream" and head["transfer-encoding"] == "chunked"
        deadline = time.monotonic() + limit(20)
        for i in range(30):
            connection.wire.through(f"data: event {i}\n\n\r\n".encode(), deadline)
            seen.release()
        assert connection.wire.through(b"0\r\n\r\n", deadline)


def test_a_stream_outlives_every_timeout_while_it_makes_progress(start, upstream):
    @upstream.on("/events")
    def events(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for i in range(12):
            exchange.send("3\r\n:\n\n\r\n")
            time.sleep(0.15)
        exchange.send("0\r\n\r\n")

    gateway = start(proxy(upstream, timeouts={"response": SHORT, "idle": SHORT}, listener={"timeouts": {"header": SHORT, "idle": SHORT, "progress": SHORT}}))
    response = gateway.get("/events")
    assert response.complete and response.body == b":\n\n" * 12


def test_a_slow_download_with_a_reader_that_keeps_up(start, upstream):
    """A known length that takes longer than every time-out."""

    @upstream.on("/file")
    def file(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n")
        for _ in range(12):
            exchange.send(bytes(75_000))
            time.sleep(0.15)

    gateway = start(proxy(upstream, timeouts={"response": SHORT, "idle": SHORT}, listener={"timeouts": {"progress": SHORT}}))
    before = gateway.memory()
    response = gateway.get("/file")
    assert response.complete and len(response.body) == 900_000
    assert gateway.memory() - before < 4 << 20
