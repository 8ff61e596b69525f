"""WebSocket peers: the server of `websockets` in a thread, and frames by hand."""

from __future__ import annotations

import base64
import os
import socket
import struct
import threading
import time

from websockets.sync.client import connect as _connect
from websockets.sync.server import serve

from .configuration import api, route, upstream as named_upstream
from .ports import free_port
from .raw import Connection
from .waiting import limit
from .wire import Wire

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
#: What RFC 6455 1.3 says belongs to that key.
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class EchoServer:
    """Sends every message back. `/close` closes with 4001; `/flood` sends without end; other paths by `rules`."""

    def __init__(self, **settings):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.rules: dict = {}
        self.paths: list[str] = []
        self.headers: list = []
        self.closed: list[tuple] = []
        self._server = serve(self._handle, "127.0.0.1", self.port, max_size=None, **settings)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _handle(self, socket):
        self.paths.append(socket.request.path)
        self.headers.append(socket.request.headers)
        try:
            self.rules.get(socket.request.path, self._echo)(socket)
        finally:
            try:
                socket.close()
            except OSError:
                pass
            self.closed.append((socket.request.path, socket.protocol.close_code))

    @staticmethod
    def _echo(socket):
        for message in socket:
            socket.send(message)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()


def connect(gateway, path: str = "/", **settings):
    """A client of `websockets` through the gateway."""
    settings.setdefault("max_size", None)
    settings.setdefault("open_timeout", 10)
    return _connect(f"ws://127.0.0.1:{gateway.port}{path}", **settings)


def frame(opcode: int, payload: bytes = b"", final: bool = True, mask: bool = True, bits: int = 0) -> bytes:
    """One frame, of a client's when `mask`."""
    head = bytes([(0x80 if final else 0) | bits | opcode])
    flag = 0x80 if mask else 0
    if len(payload) < 126:
        head += bytes([flag | len(payload)])
    elif len(payload) < 65536:
        head += bytes([flag | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([flag | 127]) + struct.pack("!Q", len(payload))
    if not mask:
        return head + payload
    key = os.urandom(4)
    stream = key * (len(payload) // 4 + 1)
    return head + key + bytes(a ^ b for a, b in zip(payload, stream))


def exactly(wire: Wire, count: int, seconds: float = 10) -> bytes:
    """So many bytes; fails when the peer ends before."""
    deadline = time.monotonic() + limit(seconds)
    while len(wire.buffer) < count:
        assert wire.fill(deadline), f"{wire.how} after {bytes(wire.buffer)!r}"
    return wire.take(count)


def read_frame(wire: Wire, masked: bool = False) -> tuple[int, bytes]:
    """The opcode and payload of the next frame."""
    first, second = exactly(wire, 2)
    length = second & 0x7F
    if length == 126:
        length, = struct.unpack("!H", exactly(wire, 2))
    elif length == 127:
        length, = struct.unpack("!Q", exactly(wire, 8))
    assert bool(second & 0x80) == masked, "clients mask, servers do not"
    key = exactly(wire, 4) if masked else bytes(4)
    payload = exactly(wire, length)
    return first & 0x0F, bytes(a ^ key[i % 4] for i, a in enumerate(payload)) if masked else payload


def upgrade(connection: Connection, path: str = "/", protocol: str = "websocket", behind: bytes = b"", headers=(), key: str = KEY, version: str = "13"):
    """Asks to switch; the head of the answer."""
    lines = [f"GET {path} HTTP/1.1", "Host: example.test", "Connection: Upgrade", f"Upgrade: {protocol}"]
    if protocol == "websocket":
        lines += [f"Sec-WebSocket-Key: {key}", f"Sec-WebSocket-Version: {version}"]
    lines += [f"{name}: {value}" for name, value in headers]
    connection.send(("\r\n".join(lines) + "\r\n\r\n").encode() + behind)
    return connection.read_head()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def one_route(to, **settings) -> dict:
    """One event loop, one route with these settings."""
    return {"runtime": {"threads": 1}, "upstreams": [named_upstream("up", to)], "apis": [api("all", route("all", "/*", "up", **settings))]}


def tunnel(exchange, work, protocol: str = "websocket"):
    """A rule that switches and then works with the bare connection."""
    accept = f"Sec-WebSocket-Accept: {ACCEPT}\r\n" if protocol == "websocket" else ""
    exchange.ends = True
    exchange.send(f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n{accept}\r\n")
    work(exchange)


def raw_echo(exchange):
    """Sends back what comes, and its own FIN after the client's."""
    wire = exchange.wire
    while wire.buffer or wire.fill(time.monotonic() + limit(20)):
        exchange.send(wire.take(len(wire.buffer)))
    exchange.close()


class Acceptor:
    """Switches every connection and says no more, in one thread for all."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = f"127.0.0.1:{self.sock.getsockname()[1]}"
        self.open = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            while True:
                connection, _ = self.sock.accept()
                self.open.append(connection)
                connection.recv(65536)
                connection.sendall(f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n".encode())
        except OSError:
            pass

    def close(self):
        self.sock.close()
        for connection in self.open:
            connection.close()
