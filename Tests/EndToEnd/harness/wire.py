"""HTTP/1 bytes, read strictly: the same reader serves the raw client and the scripted upstream."""

from __future__ import annotations

import hashlib
import re
import select
import socket
import time
from dataclasses import dataclass, field

from .waiting import limit

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
KEEP = 1 << 20  # bytes of a body that are kept; longer ones are only counted and hashed


class Malformed(Exception):
    """What arrived is not HTTP/1 in strict form."""


class Ended(Exception):
    """The peer ended the connection before what was asked for was complete."""


class Late(Exception):
    """Nothing arrived in time."""


@dataclass
class Head:
    start: str
    fields: list[tuple[str, str]]
    raw: bytes

    def all(self, name: str) -> list[str]:
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """The combined value (RFC 9110 5.3), or None without such a field."""
        values = self.all(name)
        return ", ".join(values) if values else None

    @property
    def names(self) -> list[str]:
        return [n for n, _ in self.fields]


@dataclass
class Body:
    """A body as it arrived, without its framing."""

    framing: str = "none"  # none | length | chunked | close
    length: int = 0
    data: bytearray = field(default_factory=bytearray)
    complete: bool = False
    trailers: list[tuple[str, str]] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    error: str | None = None
    _sha: object = field(default_factory=hashlib.sha256, repr=False)

    def add(self, piece: bytes):
        self.length += len(piece)
        self._sha.update(piece)
        if len(self.data) < KEEP:
            self.data += piece[: KEEP - len(self.data)]

    @property
    def sha256(self) -> str:
        return self._sha.hexdigest()


def parse_head(raw: bytes) -> Head:
    """Parses a head that ends in an empty line. Refuses everything that RFC 9112 does not let a sender generate."""
    lines = raw.split(b"\r\n")
    if lines[-2:] != [b"", b""]:
        raise Malformed(f"head without an end: {raw!r}")
    fields = []
    for line in lines[1:-2]:
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.match(name):
            raise Malformed(f"field line {line!r}")
        if any(byte in value for byte in b"\r\n\0"):
            raise Malformed(f"field value {line!r}")
        fields.append((name.decode("ascii"), value.strip(b" \t").decode("latin-1")))
    if any(byte in lines[0] for byte in b"\r\n\0"):
        raise Malformed(f"start line {lines[0]!r}")
    return Head(lines[0].decode("latin-1"), fields, raw)


class Wire:
    """A socket with a read buffer. `how` tells how the peer ended the connection: None while it is open."""

    def __init__(self, sock: socket.socket, tap=None):
        self.sock = sock
        self.buffer = bytearray()
        self.how: str | None = None
        self.received = 0
        self.tap = tap
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def fill(self, deadline: float | None) -> bool:
        """Reads once. False when the connection has ended; raises Late at the deadline."""
        if self.how:
            return False
        wait = None if deadline is None else max(0, (deadline - time.monotonic()) * 1000)
        if not self._poll.poll(wait):
            raise Late(f"nothing within the time limit; so far {bytes(self.buffer[:300])!r}")
        try:
            piece = self.sock.recv(262144)
        except (ConnectionResetError, BrokenPipeError):
            self.how = "reset"
            return False
        except OSError:
            self.how = "closed here"
            return False
        if not piece:
            self.how = "fin"
            return False
        self.received += len(piece)
        if self.tap:
            self.tap(piece)
        self.buffer += piece
        return True

    def take(self, count: int) -> bytes:
        piece = bytes(self.buffer[:count])
        del self.buffer[:count]
        return piece

    def through(self, mark: bytes, deadline, most: int = 1 << 20) -> bytes:
        """Everything up to and with `mark`."""
        start = 0
        while True:
            at = self.buffer.find(mark, start)
            if at >= 0:
                return self.take(at + len(mark))
            if len(self.buffer) > most:
                raise Malformed(f"no {mark!r} in {most} bytes")
            start = max(0, len(self.buffer) - len(mark) + 1)
            if not self.fill(deadline):
                raise Ended(self.how)

    def head(self, deadline) -> Head:
        return parse_head(self.through(b"\r\n\r\n", deadline))

    def line(self, deadline) -> bytes:
        line = self.through(b"\r\n", deadline)[:-2]
        if b"\n" in line or b"\r" in line:
            raise Malformed(f"bare CR or LF in {line!r}")
        return line

    def _exactly(self, count: int, body: Body, deadline_of):
        while count:
            if not self.buffer and not self.fill(deadline_of()):
                raise Ended(self.how)
            piece = self.take(min(count, len(self.buffer)))
            body.add(piece)
            count -= len(piece)

    def body(self, framing: str, length: int = 0, progress: float = 10, into: Body | None = None) -> Body:
        """Reads a body. `progress` limits the wait for each piece. A cut or malformed body comes back with `complete` false."""
        body = into if into is not None else Body()
        body.framing = framing

        def deadline():
            return time.monotonic() + limit(progress)

        try:
            if framing == "length":
                self._exactly(length, body, deadline)
            elif framing == "chunked":
                self._chunked(body, deadline)
            elif framing == "close":
                while self.buffer or self.fill(deadline()):
                    body.add(self.take(len(self.buffer)))
                if self.how != "fin":
                    raise Ended(self.how)
            body.complete = True
        except (Ended, Malformed, Late) as error:
            body.error = f"{type(error).__name__}: {error}"
        return body

    def _chunked(self, body: Body, deadline):
        while True:
            line = self.line(deadline())
            size, _, _ = line.partition(b";")
            if not re.match(rb"[0-9A-Fa-f]{1,16}\Z", size):
                raise Malformed(f"chunk size line {line!r}")
            count = int(size, 16)
            if count == 0:
                break
            body.chunks.append(count)
            self._exactly(count, body, deadline)
            if self.through(b"\n", deadline()) != b"\r\n":
                raise Malformed("no CRLF after the chunk's data")
        while line := self.line(deadline()):
            name, colon, value = line.partition(b":")
            if not colon or not TOKEN.match(name):
                raise Malformed(f"trailer {line!r}")
            body.trailers.append((name.decode(), value.strip(b" \t").decode("latin-1")))

    def ending(self, seconds: float) -> str:
        """How the peer ended the connection within the time: `fin`, `reset`, or `open` when it did not.
        Bytes that arrive meanwhile stay in the buffer."""
        deadline = time.monotonic() + limit(seconds)
        try:
            while self.fill(deadline):
                pass
        except Late:
            return "open"
        return self.how or "open"


def request_framing(head: Head) -> tuple[str, int]:
    codings, lengths = head.all("transfer-encoding"), head.all("content-length")
    if codings:
        if lengths or codings != ["chunked"]:
            raise Malformed(f"ambiguous framing: {codings} {lengths}")
        return "chunked", 0
    if lengths:
        if len(lengths) != 1 or not re.match(r"[0-9]+\Z", lengths[0]):
            raise Malformed(f"ambiguous framing: {lengths}")
        return "length", int(lengths[0])
    return "none", 0


def response_framing(head: Head, status: int, method: str) -> tuple[str, int]:
    if method == "HEAD" or status < 200 or status in (204, 304):
        return "none", 0
    framing, length = request_framing(head)
    return (framing, length) if framing != "none" else ("close", 0)
