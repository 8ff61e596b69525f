"""Cases from `cases/http2/**.yaml`, and checks of what arrived on a stream. README.md describes the format."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from .cases import FOLDER, data, value_matches
from .http2_peer import Stream

#: What each list of a file expects unless a case says otherwise.
DEFAULTS = {
    "server": {
        "good": {"is": "good"},
        "connection_errors": {"is": "connection_error", "codes": ["PROTOCOL_ERROR"]},
        "stream_errors": {"is": "stream_error", "codes": ["PROTOCOL_ERROR"]},
        "malformed": {"is": "malformed", "codes": ["PROTOCOL_ERROR"], "upstream": "none"},
    },
    "client": {
        "good": {"status": 200, "body": "ok"},
        "bad": {"status": 502, "reason": "upstream_bad_response"},
        "cut": {"cut": True},
        "again": {"status": 200, "body": "again"},
    },
}


@dataclass
class Case:
    file: str
    id: str
    rfc: str
    spec: dict

    @property
    def label(self) -> str:
        return f"{self.file}/{self.id}"

    @property
    def path(self) -> str:
        return f"/{self.file}-{self.id}"

    @property
    def reply(self) -> list[bytes]:
        """What a scripted HTTP/1.1 upstream sends, in pieces."""
        reply = self.spec["reply"]
        return [data(piece) for piece in (reply if isinstance(reply, list) else [reply])]

    @property
    def alternatives(self) -> list[dict]:
        """What may happen; usually one thing."""
        shared = {key: value for key, value in self.spec.items() if key != "oneOf"}
        return [_complete({**shared, **one}) for one in self.spec.get("oneOf", [{}])]


def _complete(outcome: dict) -> dict:
    """`streams` with what is said of the case's own stream in it. None at all if it is said to be empty."""
    number = outcome.get("stream", 1)
    of_stream = {key: outcome[key] for key in ("status", "headers", "body", "body_length", "trailers", "interim", "reset") if key in outcome}
    streams = {number: of_stream, **outcome.get("streams", {})} if outcome.get("streams", True) else {}
    return {"codes": [], **outcome, "stream": number, "streams": streams}


def load(kind: str) -> list[Case]:
    cases, seen = [], set()
    for path in sorted((FOLDER / "http2" / kind).glob("*.yaml")):
        for section, entries in yaml.safe_load(path.read_text()).items():
            for entry in entries:
                case = Case(path.stem, entry["id"], str(entry["rfc"]), {**DEFAULTS[kind][section], **entry})
                assert case.label not in seen, f"{case.label} stands there twice"
                seen.add(case.label)
                cases.append(case)
    return cases


def check_stream(number: int, stream: Stream, want: dict) -> list[str]:
    """What is wrong with a response."""
    name = f"stream {number}"
    if "reset" in want:
        return [] if stream.reset in want["reset"] else [f"{name}: reset {stream.reset}, expected {want['reset']}"]
    wanted = want.get("status", 200)
    if stream.status not in (wanted if isinstance(wanted, list) else [wanted]):
        return [f"{name}: status {stream.status}, reset {stream.reset}, expected {wanted}; {stream}"]
    wrong = [] if stream.ended else [f"{name}: no END_STREAM; reset {stream.reset}"]
    for field, value in want.get("headers", {}).items():
        values = [v for n, v in stream.final if n == field]
        if not value_matches(values, value):
            wrong.append(f"{name}: {field}: {values}, expected {value}")
    for field, value in want.get("trailers", {}).items():
        values = [v for n, v in stream.trailers if n == field]
        if not value_matches(values, value):
            wrong.append(f"{name}: trailer {field}: {values}, expected {value}")
    if "body" in want and bytes(stream.data) != data(want["body"]):
        wrong.append(f"{name}: body {bytes(stream.data[:100])!r}, expected {want['body']!r}")
    if "body_length" in want and len(stream.data) != want["body_length"]:
        wrong.append(f"{name}: body of {len(stream.data)} bytes, expected {want['body_length']}")
    if "interim" in want and stream.interim != want["interim"]:
        wrong.append(f"{name}: interim {stream.interim}, expected {want['interim']}")
    return wrong
