"""A raw-socket HTTP/1 client: sends exactly the bytes it is given and reports exactly what came back."""

from __future__ import annotations

import json
import re
import socket
import struct
import time
from dataclasses import dataclass, field

from . import secrets
from .waiting import limit
from .wire import Body, Ended, Head, Late, Malformed, Wire, response_framing  # noqa: F401 - part of this module's face

STATUS_LINE = re.compile(r"HTTP/(1\.[01]) ([1-9][0-9]{2}) (.*)\Z")


@dataclass
class Response:
    version: str
    status: int
    reason: str
    head: Head
    content: Body
    interim: list["Response"] = field(default_factory=list)

    def __getitem__(self, name: str) -> str | None:
        return self.head.get(name)

    def all(self, name: str) -> list[str]:
        return self.head.all(name)

    @property
    def body(self) -> bytes:
        return bytes(self.content.data)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def complete(self) -> bool:
        return self.content.complete

    @property
    def problem(self) -> dict:
        """The problem+json body of an error that the gateway made; empty for every other response."""
        if (self["content-type"] or "").split(";")[0] != "application/problem+json":
            return {}
        return json.loads(self.body)

    @property
    def error(self) -> str | None:
        return self.problem.get("reason")

    def __repr__(self):
        return f"<{self.status} {self.reason!r} {self.head.fields} {self.content.framing} {self.body[:200]!r} complete={self.complete}>"


class Connection:
    """One client connection. Use as a context manager."""

    def __init__(self, address, timeout: float = 10, source: str | None = None, receive_buffer: int | None = None):
        self.timeout = timeout
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        if family != socket.AF_UNIX:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.sock.bind((source, 0))
        self.sock.settimeout(limit(timeout))
        self.sock.connect(address)
        self.wire = Wire(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def port(self) -> int:
        return self.sock.getsockname()[1]

    def send(self, *pieces: bytes | str):
        """Each piece in its own system call. Raises OSError when the peer has already ended the connection."""
        for piece in pieces:
            self.sock.sendall(piece.encode("latin-1") if isinstance(piece, str) else piece)

    def try_send(self, *pieces) -> bool:
        try:
            self.send(*pieces)
            return True
        except OSError:
            return False

    def read_head(self, timeout: float | None = None) -> Response:
        """One head, interim or final; its body is not read."""
        head = self.wire.head(time.monotonic() + limit(timeout or self.timeout))
        match = STATUS_LINE.match(head.start)
        if not match:
            raise Malformed(f"status line {head.start!r}")
        return Response(match[1], int(match[2]), match[3], head, Body())

    def read_response(self, method: str = "GET", timeout: float | None = None) -> Response:
        """One final response with the interim ones before it. A cut body comes back with `complete` false."""
        interim = []
        while True:
            response = self.read_head(timeout)
            if response.status >= 200:
                break
            interim.append(response)
        response.interim = interim
        framing, length = response_framing(response.head, response.status, method)
        response.content = self.wire.body(framing, length, timeout or self.timeout)
        if (response["content-type"] or "").startswith("application/problem+json"):
            # Made by the gateway: head and body must not tell any secret.
            secrets.wrote("an error", repr(response.head.fields).encode() + response.body)
        return response

    def request(self, method: str, target: str, headers=(), body: bytes | None = None, host: str = "example.test", timeout=None) -> Response:
        self.send(format_request(method, target, headers, body, host))
        return self.read_response(method, timeout)

    def get(self, target: str, headers=(), **more) -> Response:
        return self.request("GET", target, headers, **more)

    def ending(self, timeout: float | None = None) -> str:
        """`fin`, `reset`, or `open` if the peer leaves the connection open for the whole time."""
        return self.wire.ending(timeout if timeout is not None else self.timeout)

    def finish_sending(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()


def format_request(method: str, target: str, headers=(), body: bytes | None = None, host: str | None = "example.test") -> bytes:
    lines = [f"{method} {target} HTTP/1.1"]
    if host is not None:
        lines.append(f"Host: {host}")
    items = list(headers.items() if isinstance(headers, dict) else headers)
    lines += [f"{name}: {value}" for name, value in items]
    for name, value in items:
        secrets.sent(name, str(value))
    if body is not None and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in items):
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def fetch(address, method: str = "GET", target: str = "/", headers=(), body: bytes | None = None, host: str = "example.test", timeout: float = 10) -> Response:
    """One request on a connection of its own."""
    with Connection(address, timeout) as connection:
        return connection.request(method, target, headers, body, host)
