"""One end of an HTTP/2 connection that sends exactly the frames it is given, and keeps all that arrives.

hyperframe parses what arrives and hpack decodes it, so that a frame or block that breaks the rules is an error of the gateway.
What is sent is put together by hand (`frames`): most of it must break rules.
"""

from __future__ import annotations

import select
import socket
import time
from collections import defaultdict
from dataclasses import dataclass, field

import hpack
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame

from .waiting import limit

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
ERRORS = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM",
          "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"]


def error_name(code: int) -> str:
    return ERRORS[code] if code < len(ERRORS) else hex(code)


@dataclass
class Stream:
    """What has arrived on one stream."""

    heads: list[list[tuple[str, str]]] = field(default_factory=list)  # interim ones, the final one, trailers
    data: bytearray = field(default_factory=bytearray)
    flowed: int = 0  # bytes of DATA that count for flow control, padding included
    ended: bool = False
    reset: str | None = None

    @property
    def settled(self) -> bool:
        return self.ended or self.reset is not None

    @property
    def statuses(self) -> list[int]:
        return [int(dict(head).get(":status", 0)) for head in self.heads]

    @property
    def final(self) -> list[tuple[str, str]] | None:
        """The head of the response."""
        return next((head for head, status in zip(self.heads, self.statuses) if status >= 200), None)

    @property
    def status(self) -> int | None:
        return next((status for status in self.statuses if status >= 200), None)

    @property
    def interim(self) -> list[int]:
        return [status for status in self.statuses if 100 <= status < 200]

    @property
    def trailers(self) -> list[tuple[str, str]]:
        return [f for head, status in zip(self.heads, self.statuses) if status == 0 for f in head]


class Peer:
    """Acknowledges SETTINGS and PING by itself. Use as a context manager."""

    def __init__(self, sock: socket.socket, serves: bool = False):
        self.sock = sock
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.streams: dict[int, Stream] = defaultdict(Stream)
        self.frames: list[Frame] = []
        self.settings: dict[int, int] = {}
        self.received = bytearray()  # everything, for other judges
        self.ended: str | None = None  # fin | reset
        self.wrong: list[str] = []  # rules that the gateway broke
        self._await_preface = serves
        self._buffer, self._block, self._answers = bytearray(), bytearray(), bytearray()
        self._decoder = hpack.Decoder()
        self._poll = select.poll()

    @classmethod
    def connect(cls, address) -> "Peer":
        return cls(socket.create_connection(address, limit(5)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    # ---- sending ---------------------------------------------------------------------------------------------------

    def send(self, data: bytes, seconds: float = 10):
        """Reads while it writes, so that a flood can't block both ends. What an ended connection does not take is dropped."""
        view, deadline = memoryview(data), time.monotonic() + limit(seconds)
        while view and self.ended != "reset":
            try:
                view = view[self.sock.send(view[: 1 << 16]):]
                self._read()
                continue
            except BlockingIOError:
                pass
            except OSError:
                self._read()
                self.ended = self.ended or "reset"
                return
            self._turn(deadline, select.POLLIN | select.POLLOUT)
            if time.monotonic() > deadline:
                raise AssertionError(f"the gateway takes no more bytes; {len(view)} are left")

    def finish_sending(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    # ---- receiving -------------------------------------------------------------------------------------------------

    def wait(self, condition, seconds: float = 5) -> bool:
        """Reads until the condition holds, the connection has ended or the time is up."""
        deadline = time.monotonic() + limit(seconds)
        while not condition():
            if self.ended or time.monotonic() > deadline:
                return bool(condition())
            self._answer()
            self._turn(deadline, select.POLLIN)
        self._answer()
        return True

    def of(self, kind) -> list[Frame]:
        return [frame for frame in self.frames if isinstance(frame, kind)]

    @property
    def goaway(self) -> str | None:
        """The code of the last GOAWAY."""
        found = self.of(GoAwayFrame)
        return error_name(found[-1].error_code) if found else None

    @property
    def failed(self) -> bool:
        return self.ended is not None or self.goaway not in (None, "NO_ERROR")

    def acknowledged(self, payload: bytes) -> bool:
        return any("ACK" in f.flags and f.opaque_data == payload for f in self.of(PingFrame))

    @property
    def settings_acknowledged(self) -> int:
        return sum("ACK" in f.flags for f in self.of(SettingsFrame))

    def _turn(self, deadline: float, events: int):
        self._poll.register(self.sock, events)
        self._poll.poll(max(1, min(1000, (deadline - time.monotonic()) * 1000)))
        self._read()

    def _read(self):
        while not self.ended:
            try:
                piece = self.sock.recv(1 << 16)
            except BlockingIOError:
                break
            except OSError:
                self.ended = "reset"
                break
            if not piece:
                self.ended = "fin"
                break
            self.received += piece
            self._buffer += piece
        self._parse()

    def _parse(self):
        if self._await_preface:
            if len(self._buffer) < len(PREFACE):
                return
            if self._buffer[: len(PREFACE)] != PREFACE:
                self.wrong.append(f"no preface: {bytes(self._buffer[:40])!r}")
            del self._buffer[: len(PREFACE)]
            self._await_preface = False
        if self.received.startswith(b"HTTP/1."):
            return  # a refusal in the other version's words
        while len(self._buffer) >= 9:
            length = int.from_bytes(self._buffer[:3], "big")
            if length > 16384:
                self.wrong.append(f"a frame of {length} bytes, or no frame: {bytes(self._buffer[:40])!r}")
                self._buffer.clear()
                return
            if len(self._buffer) < 9 + length:
                return
            head, body = bytes(self._buffer[:9]), bytes(self._buffer[9 : 9 + length])
            del self._buffer[: 9 + length]
            try:
                frame, _ = Frame.parse_frame_header(memoryview(head))
                frame.parse_body(memoryview(body))
                self._take(frame, length)
            except Exception as error:  # noqa: BLE001 - whatever the libraries refuse is reported with the frame
                self.wrong.append(f"frame {head.hex()} {body[:60].hex()}: {error!r}")

    def _take(self, frame: Frame, length: int):
        self.frames.append(frame)
        stream = self.streams[frame.stream_id] if frame.stream_id else None
        if stream and stream.ended and isinstance(frame, (DataFrame, HeadersFrame)):
            self.wrong.append(f"{frame!r} after END_STREAM")
        if stream and stream.reset and isinstance(frame, (DataFrame, HeadersFrame)):
            self.wrong.append(f"{frame!r} after RST_STREAM")
        match frame:
            case SettingsFrame() if "ACK" not in frame.flags:
                self.settings.update(frame.settings)
                self._answers += SettingsFrame(0, flags=["ACK"]).serialize()
            case PingFrame() if "ACK" not in frame.flags:
                self._answers += PingFrame(0, frame.opaque_data, flags=["ACK"]).serialize()
            case DataFrame():
                stream.data += frame.data
                stream.flowed += length
            case RstStreamFrame():
                stream.reset = error_name(frame.error_code)
            case WindowUpdateFrame() if frame.window_increment == 0:
                self.wrong.append("WINDOW_UPDATE of zero")
        if isinstance(frame, (HeadersFrame, ContinuationFrame)):
            self._block += frame.data
            if "END_HEADERS" in frame.flags:
                fields = [(_text(n), _text(v)) for n, v in self._decoder.decode(bytes(self._block), raw=True)]
                self._block.clear()
                stream.heads.append(fields)
                self.wrong += _unsound(fields)
        if "END_STREAM" in frame.flags:
            stream.ended = True

    def _answer(self):
        """Sends acknowledgements, while waiting only: they must not get between the pieces of a frame."""
        try:
            while self._answers:
                del self._answers[: self.sock.send(self._answers)]
        except OSError:
            pass


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _unsound(fields: list[tuple[str, str]]) -> list[str]:
    """What RFC 9113 8.2 allows no sender."""
    wrong, regular = [], False
    for name, value in fields:
        if name != name.lower() or not name or any(c <= " " or c >= "\x7f" for c in name):
            wrong.append(f"field name {name!r}")
        if value != value.strip(" \t") or any(c in value for c in "\r\n\0"):
            wrong.append(f"field value {name}: {value!r}")
        if name in ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade") or (name == "te" and value != "trailers"):
            wrong.append(f"connection-specific field {name}: {value}")
        if name.startswith(":") and regular:
            wrong.append(f"{name} behind regular fields")
        regular = regular or not name.startswith(":")
    return wrong
