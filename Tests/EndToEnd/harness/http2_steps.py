"""What the steps of `cases/http2/*.yaml` mean: frames as bytes, and conditions to wait for. README.md describes the format."""

from __future__ import annotations

from .cases import data
from .http2_peer import ERRORS, PREFACE, Peer

TYPES = {"data": 0, "headers": 1, "priority": 2, "rst_stream": 3, "settings": 4, "push_promise": 5, "ping": 6, "goaway": 7, "window_update": 8, "continuation": 9}
FLAGS = {"END_STREAM": 1, "ACK": 1, "END_HEADERS": 4, "PADDED": 8, "PRIORITY": 32}
SETTINGS = {"HEADER_TABLE_SIZE": 1, "ENABLE_PUSH": 2, "MAX_CONCURRENT_STREAMS": 3, "INITIAL_WINDOW_SIZE": 4, "MAX_FRAME_SIZE": 5, "MAX_HEADER_LIST_SIZE": 6, "ENABLE_CONNECT_PROTOCOL": 8}


def frame(kind: int, flags: int, stream: int, payload: bytes, length: int | None = None, reserved: bool = False) -> bytes:
    """`length`: what the header claims, if not the truth."""
    length = len(payload) if length is None else length
    return length.to_bytes(3, "big") + bytes([kind, flags]) + (stream | reserved << 31).to_bytes(4, "big") + payload


# ---- header blocks -----------------------------------------------------------------------------------------------------


def _string(text: bytes) -> bytes:
    if len(text) < 127:
        return bytes([len(text)]) + text
    rest, encoded = len(text) - 127, bytearray([127])
    while rest >= 128:
        encoded.append(rest % 128 + 128)
        rest //= 128
    return bytes(encoded + bytes([rest])) + text


def literal(name: str, value) -> bytes:
    """A literal without indexing (RFC 7541 6.2.2): needs no state, and can say everything."""
    return b"\0" + _string(name.encode("latin-1")) + _string(data(value))


def _split(line) -> tuple:
    """`name: value`, the value with all its white space; or a list of both."""
    if isinstance(line, list):
        return tuple(line)
    name, _, value = line[1:].partition(": ")
    return line[:1] + name, value


class Script:
    """The steps of one case. `path`: what requests ask for unless they say otherwise."""

    def __init__(self, peer: Peer, path: str, response: bool = False):
        self.peer, self.path, self.response = peer, path, response
        self.own = 1  # the stream that steps mean when they name none
        self.highest, self.pings = 0, 0

    def run(self, steps):
        """Sends steps up to the next wait in one piece."""
        pending = bytearray()
        for step in steps:
            (name, value), = step.items() if isinstance(step, dict) else [(step, None)]
            act = getattr(self, f"do_{name}", None)
            if act is None:
                pending += self.bytes_of(name, value)
                continue
            self.peer.send(bytes(pending))
            pending.clear()
            act(value)
        self.peer.send(bytes(pending))

    # ---- steps that are no frames ----------------------------------------------------------------------------------

    def do_sync(self, _):
        """Everything sent so far has been taken in."""
        self.pings += 1
        payload = b"sync" + self.pings.to_bytes(4, "big")
        self.peer.send(frame(6, 0, 0, payload))
        assert self.peer.wait(lambda: self.peer.acknowledged(payload) or self.peer.failed), "no answer to PING"

    def do_split(self, _):
        """What is before leaves by itself."""

    def do_fin(self, _):
        self.peer.finish_sending()

    def do_close(self, _):
        self.peer.sock.close()
        self.peer.ended = "closed here"

    def do_wait(self, want: dict):
        stream = self.peer.streams[want.get("stream", self.own)]
        for key, value in want.items():
            condition = {
                "stream": lambda: True,
                "data": lambda: stream.flowed >= value,
                "status": lambda: stream.status == value,
                "interim": lambda: bool(stream.interim),
                "head": lambda: len(stream.heads) >= value,
                "ended": lambda: stream.ended,
                "settled": lambda: stream.settled,
                "settings_acks": lambda: self.peer.settings_acknowledged >= value,
            }[key]
            assert self.peer.wait(lambda: condition() or self.peer.failed), f"still waiting for {key}: {value}; {stream}"

    def do_exactly(self, want: dict):
        """So much DATA has come, and not more."""
        self.do_sync(None)
        flowed = self.peer.streams[want.get("stream", self.own)].flowed
        assert flowed == want["data"], f"{flowed} bytes of DATA, expected {want['data']}"

    # ---- frames ------------------------------------------------------------------------------------------------------

    def bytes_of(self, name: str, value) -> bytes:
        if name == "preface":
            return PREFACE
        if name == "raw":
            return bytes.fromhex(value)
        if name == "text":
            return data(value)
        if name == "repeat":
            return self._repeat(value)
        if name == "frame":
            return frame(value["type"], value.get("flags", 0), value.get("stream", 0), _payload(value.get("payload", "")), value.get("length"), value.get("reserved", False))
        value = value or {}
        kind = TYPES[name]
        flags, payload = getattr(self, f"_{name}")(value)
        names = value.get("flags")
        if names is not None:
            flags = sum(FLAGS[f] if isinstance(f, str) else f for f in names)
        elif value.get("end") is False:
            flags &= ~FLAGS["END_STREAM"]
        elif value.get("end"):
            flags |= FLAGS["END_STREAM"]
        if "pad" in value:
            flags |= FLAGS["PADDED"]
            payload = bytes([value.get("pad_length", value["pad"])]) + payload + bytes(value["pad"])
        if "payload" in value:
            payload = _payload(value["payload"])
        stream = value.get("stream", self.own if name in ("data", "headers", "priority", "rst_stream", "continuation", "push_promise") else 0)
        stream = self.own if stream == "own" else stream
        if stream % 2:
            self.highest = max(self.highest, stream)
        return frame(kind, flags, stream, payload, value.get("length"), value.get("reserved", False))

    def _repeat(self, value: dict) -> bytes:
        """`times` the `steps`; `stream: each` becomes 1, 3, 5 and so on."""
        result = bytearray()
        for index in range(value["times"]):
            for step in value["steps"]:
                (name, inner), = step.items() if isinstance(step, dict) else [(step, None)]
                if isinstance(inner, dict) and inner.get("stream") == "each":
                    inner = {**inner, "stream": value.get("first", 1) + 2 * index}
                result += self.bytes_of(name, inner)
        return bytes(result)

    def fields(self, value: dict) -> list[tuple]:
        """`fields`, or those of a usual message, with changes: `set`, `without`, `with`."""
        if "fields" in value:
            chosen = [_split(line) for line in value["fields"]]
        elif self.response:
            chosen = [(":status", "200")]
        else:
            chosen = [(":method", value.get("method", "GET")), (":scheme", "http"), (":authority", "a.test"), (":path", self.path)]
        changes = value.get("set", {})
        chosen = [(n, changes.get(n, v)) for n, v in chosen if n not in value.get("without", [])]
        return chosen + [_split(line) for line in value.get("with", [])]

    def block(self, value: dict) -> bytes:
        """The header block of a step: `block` (hex, or a list of hex and objects with fields), or its fields as literals."""
        if "block" not in value:
            return b"".join(literal(n, v) for n, v in self.fields(value))
        parts = value["block"] if isinstance(value["block"], list) else [value["block"]]
        return b"".join(bytes.fromhex(p) if isinstance(p, str) else data(p["bytes"]) if "bytes" in p else self.block(p) for p in parts)

    def _headers(self, value):
        flags, payload = FLAGS["END_HEADERS"] | (0 if self.response else FLAGS["END_STREAM"]), self.block(value)
        if "cut" in value:
            payload = payload[: value["cut"]]
        if "skip" in value:
            payload = payload[value["skip"]:]
        if "priority" in value:
            flags |= FLAGS["PRIORITY"]
            payload = _priority(value["priority"]) + payload
        return flags, payload

    def _continuation(self, value):
        _, payload = self._headers(value)
        return FLAGS["END_HEADERS"], payload

    def _push_promise(self, value):
        return FLAGS["END_HEADERS"], value.get("promised", 2).to_bytes(4, "big") + self.block(value)

    def _data(self, value):
        return FLAGS["END_STREAM"], bytes(value["size"]) if "size" in value else data(value.get("text", ""))

    def _priority(self, value):
        return 0, _priority(value)

    def _rst_stream(self, value):
        return 0, _code(value.get("code", "CANCEL"))

    def _settings(self, value):
        settings = [(SETTINGS.get(k, k), v) for k, v in value.items() if k in SETTINGS or isinstance(k, int)]
        return (FLAGS["ACK"] if value.get("ack") else 0), b"".join(k.to_bytes(2, "big") + v.to_bytes(4, "big") for k, v in settings)

    def _ping(self, value):
        return (FLAGS["ACK"] if value.get("ack") else 0), b"12345678"

    def _goaway(self, value):
        return 0, value.get("last", 0).to_bytes(4, "big") + _code(value.get("code", "NO_ERROR")) + data(value.get("debug", ""))

    def _window_update(self, value):
        return 0, (value.get("increment", 1) | value.get("high_bit", False) << 31).to_bytes(4, "big")


def _payload(value) -> bytes:
    return bytes.fromhex(value) if isinstance(value, str) else bytes(value["size"])


def _code(value) -> bytes:
    return (ERRORS.index(value) if isinstance(value, str) else value).to_bytes(4, "big")


def _priority(value: dict) -> bytes:
    return (value.get("depends", 0) | value.get("exclusive", False) << 31).to_bytes(4, "big") + bytes([value.get("weight", 15)])
