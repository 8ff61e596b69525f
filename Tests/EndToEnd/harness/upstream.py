"""A scripted upstream over raw sockets: it records everything that arrives and misbehaves exactly as told.

A rule is a function of an `Exchange`, registered for a path (`/a`) or a prefix (`/a/*`); the longest one wins.
Without a rule the upstream reads the whole request and answers 200 with the record's number.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

from .ports import free_port
from .waiting import limit, until
from .wire import Body, Ended, Head, Late, Malformed, Wire, request_framing

TAP = 1 << 18  # raw bytes kept per connection


@dataclass
class Record:
    """One request as it arrived."""

    number: int
    connection: "Peer"
    head: Head
    body: Body
    at: float = field(default_factory=time.monotonic)

    @property
    def line(self) -> str:
        return self.head.start

    @property
    def method(self) -> str:
        return self.line.split(" ")[0]

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def __getitem__(self, name: str) -> str | None:
        return self.head.get(name)

    def all(self, name: str) -> list[str]:
        return self.head.all(name)

    def __repr__(self):
        return f"<#{self.number} {self.line!r} {self.head.fields} body={bytes(self.body.data[:200])!r} complete={self.body.complete}>"


@dataclass
class Peer:
    """One connection that the gateway opened."""

    number: int
    sock: socket.socket
    received: bytearray = field(default_factory=bytearray)
    records: list[Record] = field(default_factory=list)
    malformed: str | None = None
    ended: str | None = None  # fin | reset | closed here

    def wait_ended(self, seconds: float = 5) -> str:
        """How the gateway ended the connection."""
        until(lambda: self.ended, seconds, f"the gateway ends upstream connection {self.number}")
        return self.ended


class Exchange:
    """What a rule works with."""

    def __init__(self, upstream: "Upstream", peer: Peer, wire: Wire, record: Record, framing: tuple[str, int]):
        self.upstream, self.peer, self.wire, self.record = upstream, peer, wire, record
        self._framing, self._read = framing, framing[0] == "none"
        self.ends = False
        if self._read:
            record.body.complete = True

    @property
    def head(self) -> Head:
        return self.record.head

    def read_body(self, progress: float = 20) -> Body:
        if not self._read:
            self._read = True
            self.wire.body(*self._framing, progress=progress, into=self.record.body)
        return self.record.body

    def read_some(self, count: int):
        """At least `count` raw bytes of the body, framing and all, into the buffer."""
        while len(self.wire.buffer) < count and self.wire.fill(time.monotonic() + limit(20)):
            pass

    def send(self, *pieces: bytes | str):
        for piece in pieces:
            self.peer.sock.sendall(piece.encode("latin-1") if isinstance(piece, str) else piece)

    def reply(self, status: int = 200, headers=(), body: bytes | str = b"", reason: str = "OK"):
        body = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} {reason}", f"X-Record: {self.record.number}"]
        items = list(headers.items() if isinstance(headers, dict) else headers)
        if not any(n.lower() in ("content-length", "transfer-encoding") for n, _ in items) and status not in (204, 304):
            items.append(("Content-Length", str(len(body))))
        lines += [f"{n}: {v}" for n, v in items]
        self.send("\r\n".join(lines) + "\r\n\r\n", *([body] if body and self.record.method != "HEAD" else []))

    def wait(self, event: threading.Event, seconds: float = 20) -> bool:
        return event.wait(limit(seconds))

    def wait_left(self, seconds: float = 10) -> str:
        """Until the gateway ends this connection."""
        how = self.wire.ending(seconds)
        if how != "open":
            self.peer.ended = how
        return how

    def close(self):
        """Ends the connection with FIN. Unread input is read first, so that it is not a reset."""
        self.ends = True
        try:
            self.peer.sock.setblocking(False)
            while self.peer.sock.recv(1 << 20):
                pass
        except OSError:
            pass
        self.peer.sock.setblocking(True)
        self._shut()

    def _shut(self):
        self.peer.ended = self.peer.ended or "closed here"
        try:
            self.peer.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.peer.sock.close()

    def reset(self):
        """Ends the connection with RST."""
        self.ends = True
        self.peer.ended = "closed here"
        self.peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.sock.close()


def answer(exchange: Exchange):
    """Reads the request and answers 200."""
    if exchange.read_body().complete:
        exchange.reply(200, [("Content-Type", "text/plain")], "ok\n")


def script(*pieces: bytes | str, end: str = "keep", read: bool = True, before: threading.Event | None = None):
    """A rule that sends fixed bytes. `end`: keep | fin | reset. `read`: take the request's body first. `before`: wait for it between pieces."""

    def rule(exchange: Exchange):
        if read and not exchange.read_body().complete:
            return
        for index, piece in enumerate(pieces):
            if index and before:
                exchange.wait(before)
            exchange.send(piece)
        if end == "fin":
            exchange.close()
        elif end == "reset":
            exchange.reset()

    return rule


class Upstream:
    """The server. Use as a context manager."""

    def __init__(self, port: int | None = None, unix: str | None = None, host: str = "127.0.0.1", backlog: int = 512, receive_buffer: int | None = None):
        self.rules: dict = {}
        self.requests: list[Record] = []
        self.connections: list[Peer] = []
        self.paused = threading.Event()  # while set, nothing is read from new connections
        self._lock = threading.Lock()
        self._closing = False
        if unix:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.bind(unix)
            self.address, self.port = f"unix:{unix}", None
        else:
            self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if receive_buffer:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self.port = port or free_port()
            self.sock.bind((host, self.port))
            self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.unix = unix
        self.sock.listen(backlog)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Stops listening and resets every connection."""
        self._closing = True
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        if self.unix and os.path.exists(self.unix):
            os.unlink(self.unix)
        for peer in list(self.connections):
            try:
                peer.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._thread.join(2)

    def on(self, path: str, rule=None):
        """Registers a rule; also a decorator."""
        if rule is None:
            return lambda function: self.on(path, function)
        self.rules[path] = rule
        return rule

    def seen(self, path: str) -> list[Record]:
        """Requests whose target starts with `path`."""
        with self._lock:
            return [r for r in self.requests if r.target.startswith(path)]

    def wait_seen(self, path: str, count: int = 1, seconds: float = 10) -> list[Record]:
        until(lambda: len(self.seen(path)) >= count, seconds, f"{count} requests for {path}; so far {len(self.seen(path))}")
        return self.seen(path)

    def record(self, number: int | str) -> Record:
        return self.requests[int(number)]

    def open_connections(self) -> list[Peer]:
        with self._lock:
            return [c for c in self.connections if not c.ended]

    def _accept(self):
        while not self._closing:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                peer = Peer(len(self.connections), sock)
                self.connections.append(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _rule(self, target: str):
        path = target.split("?")[0]
        if path in self.rules:
            return self.rules[path]
        best = max((p for p in list(self.rules) if p.endswith("/*") and path.startswith(p[:-1])), key=len, default=None)
        return self.rules[best] if best else self.rules.get("*", answer)

    def _serve(self, peer: Peer):
        def tap(piece):
            if len(peer.received) < TAP:
                peer.received += piece

        wire = Wire(peer.sock, tap)
        try:
            while not self._closing:
                head = wire.head(None)
                body = Body()
                with self._lock:
                    record = Record(len(self.requests), peer, head, body)
                    self.requests.append(record)
                    peer.records.append(record)
                parts = head.start.split(" ")
                if len(parts) != 3:
                    raise Malformed(f"request line {head.start!r}")
                exchange = Exchange(self, peer, wire, record, request_framing(head))
                self._rule(parts[1])(exchange)
                if exchange.ends:
                    return
                exchange.read_body()
                if not body.complete:
                    break
        except Malformed as error:
            peer.malformed = str(error)
        except Ended:
            if wire.buffer:
                peer.malformed = f"connection ended inside a head: {bytes(wire.buffer)!r}"
        except (Late, OSError):
            pass
        finally:
            peer.ended = peer.ended or wire.how or "closed here"
            try:
                peer.sock.close()
            except OSError:
                pass
