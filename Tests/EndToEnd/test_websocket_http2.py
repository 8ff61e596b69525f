"""WebSockets between versions of HTTP: extended CONNECT (RFC 8441) on either side of the gateway, and Upgrade on the other."""

import socket
import time

import h2.config
import h2.events
import h2.settings
import pytest

from harness.configuration import proxy
from harness.h2upstream import H2Upstream
from harness.http2 import Connection
from harness.waiting import limit, until
from harness.websocket import ACCEPT, KEY, EchoServer, exactly, frame, read_frame, upgrade

CONNECT = h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL


class Client:
    """An HTTP/2 client with one tunnel."""

    def __init__(self, gateway, path: str, **pseudo):
        self.sock = socket.create_connection(gateway.address, timeout=limit(10))
        self.h2 = Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8", validate_outbound_headers=False))
        self.h2.initiate_connection()
        self.data, self.headers, self.ended, self.reset = bytearray(), None, False, None
        self.flush()
        self.until(lambda: self.h2.remote_settings.get(CONNECT) == 1, "the gateway offers extended CONNECT")
        fields = {":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":path": path, ":authority": "example.test", **pseudo}
        self.h2.send_headers(1, [*fields.items(), ("sec-websocket-version", "13"), ("origin", "http://example.test")])
        self.flush()

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def until(self, condition, what: str):
        deadline = time.monotonic() + limit(10)
        while not condition():
            assert time.monotonic() < deadline, what
            received = self.sock.recv(65536)
            assert received, f"the connection ended before: {what}"
            for event in self.h2.receive_data(received):
                if isinstance(event, h2.events.ResponseReceived):
                    self.headers = dict(event.headers)
                elif isinstance(event, h2.events.DataReceived):
                    self.data += event.data
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self.ended = True
                elif isinstance(event, h2.events.StreamReset):
                    self.reset = event.error_code
            self.flush()

    def status(self) -> str:
        self.until(lambda: self.headers, "a response")
        return self.headers[":status"]

    def send(self, data: bytes, end: bool = False):
        while len(data) > 16384:
            self.h2.send_data(1, data[:16384])
            data = data[16384:]
        self.h2.send_data(1, data, end_stream=end)
        self.flush()

    def expect(self, data: bytes):
        self.until(lambda: len(self.data) >= len(data), f"{data[:40]!r}; so far {bytes(self.data[:40])!r}")
        assert bytes(self.data[: len(data)]) == data
        del self.data[: len(data)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


@pytest.fixture
def tunnels():
    """An upstream of HTTP/2 that sends back what comes through a tunnel."""
    with H2Upstream(enable_connect_protocol=1) as server:
        yield server


def echo_stream(stream):
    """Answers 200, then sends back what comes, until the other side ends."""
    stream.head(200)
    sent = 0
    while not (stream.ended.is_set() and sent == len(stream.body)):
        until(lambda: len(stream.body) > sent or stream.ended.is_set(), 20)
        piece = bytes(stream.body[sent:])
        sent += len(piece)
        stream.data(piece)
    stream.data(b"", end=True)


def test_from_http2_to_http1(start):
    with EchoServer(compression=None) as echo:
        gateway = start(proxy(echo))
        with Client(gateway, "/chat") as client:
            assert client.status() == "200"
            assert not {"upgrade", "connection", "sec-websocket-accept", "content-length"} & set(client.headers)
            client.send(frame(1, b"hello"))
            client.expect(frame(1, b"hello", mask=False))
            client.send(frame(2, bytes(30000)))
            client.expect(frame(2, bytes(30000), mask=False))
            client.send(frame(8, b"\x03\xe8"), end=True)
            client.expect(frame(8, b"\x03\xe8", mask=False))
            client.until(lambda: client.ended or client.reset is not None, "the end of the stream")
        until(lambda: echo.closed == [("/chat", 1000)])
    gateway.wait_log("/chat", "101")


def test_from_http1_to_http2(start, tunnels):
    tunnels.on("/chat")(echo_stream)
    gateway = start(proxy(tunnels, protocol="h2c"))
    with gateway.connect() as connection:
        head = upgrade(connection, "/chat", behind=frame(1, b"early"))
        assert (head.status, head["upgrade"], head["sec-websocket-accept"]) == (101, "websocket", ACCEPT)
        # The upstream sends back what it got: masked frames.
        first = exactly(connection.wire, 11)
        assert first[:2] == b"\x81\x85" and bytes(a ^ first[2 + i % 4] for i, a in enumerate(first[6:])) == b"early"
        connection.finish_sending()
        assert connection.ending(10) == "fin"
    stream, = tunnels.requests
    assert (stream[":method"], stream[":protocol"], stream.path) == ("CONNECT", "websocket", "/chat")
    assert stream["sec-websocket-version"] == "13"
    assert stream["sec-websocket-key"] is None and stream["upgrade"] is None and stream["connection"] is None


def test_from_http2_to_http2(start, tunnels):
    tunnels.on("/chat")(echo_stream)
    gateway = start(proxy(tunnels, protocol="h2c"))
    with Client(gateway, "/chat") as client:
        assert client.status() == "200"
        client.send(b"any bytes")
        client.expect(b"any bytes")
        client.send(b"", end=True)
        client.until(lambda: client.ended, "the end of the stream")


def test_drain_says_going_away(start):
    """A tunnel inside an HTTP/2 connection ends in its own protocol's words, and the connection with it."""
    with EchoServer(compression=None) as echo:
        gateway = start(proxy(echo))
        with Client(gateway, "/chat") as client:
            assert client.status() == "200"
            client.send(frame(1, b"hello"))
            client.expect(frame(1, b"hello", mask=False))
            gateway.terminate()
            client.expect(frame(8, b"\x03\xe9", mask=False))
            client.send(frame(8, b"\x03\xe9"), end=True)
            client.until(lambda: client.ended or client.reset is not None, "the end of the stream")
        assert gateway.wait_exit() == 0
        until(lambda: echo.closed == [("/chat", 1001)])


def test_an_answer_to_another_key(start, upstream):
    """The gateway has made the key, so the gateway checks the answer."""

    def rule(exchange):
        exchange.ends = True
        exchange.send(f"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n")
        exchange.wait_left()

    upstream.on("/chat", rule)
    gateway = start(proxy(upstream, retries={"attempts": 1}))
    with Client(gateway, "/chat") as client:
        assert client.status() == "502"
    seen, = upstream.seen("/chat")
    assert seen["sec-websocket-key"] not in (None, KEY) and len(seen["sec-websocket-key"]) == 24


def test_a_protocol_that_is_not_allowed(start, upstream):
    gateway = start(proxy(upstream))
    with Client(gateway, "/a", **{":protocol": "other"}) as client:
        assert client.status() == "501"
    assert not upstream.requests


def test_refused_by_the_upstream(start, upstream):
    upstream.on("/chat", lambda e: e.reply(403, body="no"))
    gateway = start(proxy(upstream))
    with Client(gateway, "/chat") as client:
        assert client.status() == "403"
        client.expect(b"no")
