"""Cases from `cases/**.yaml`: loading them, and checking what happened against what they expect. README.md describes the format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from .raw import Response
from .upstream import Record

FOLDER = Path(__file__).resolve().parents[1] / "cases"

#: What each list of a file expects unless a case says otherwise.
DEFAULTS = {
    "requests": {
        "refused": {"status": 400, "connection": "closed", "upstream": "none"},
        "broken": {"status": [400, "closed"], "connection": "closed", "upstream": "aborted"},
        "accepted": {"status": 200, "connection": "kept", "upstream": {}},
    },
    "responses": {
        "bad": {"status": 502, "reason": "upstream_bad_response", "connection": "any", "reused": False},
        "broken": {"status": 502, "reason": ["upstream_reset", "upstream_incomplete", "upstream_bad_response"], "connection": "any", "reused": False},
        "cut": {"cut": True, "connection": "any", "reused": False},
        "good": {"status": 200, "connection": "kept"},
    },
}
CHUNKED_REQUEST = b"POST /a HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED_RESPONSE = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def data(parts) -> bytes:
    """The bytes of a text, of `{hex: …}`, of `{repeat: …, times: N}`, or of a list of these."""
    if isinstance(parts, str):
        return parts.encode("latin-1")
    if isinstance(parts, list):
        return b"".join(map(data, parts))
    if "hex" in parts:
        return bytes.fromhex(parts["hex"])
    return data(parts["repeat"]) * parts["times"]


@dataclass
class Case:
    file: str
    section: str
    id: str
    rfc: str
    spec: dict

    @property
    def label(self) -> str:
        return f"{self.file}/{self.id}"

    @property
    def send(self) -> bytes:
        return CHUNKED_REQUEST + data(self.spec["chunks"]) if "chunks" in self.spec else data(self.spec["send"])

    @property
    def alternatives(self) -> list[dict]:
        """What may happen; usually one thing."""
        if "oneOf" in self.spec:
            shared = {key: value for key, value in self.spec.items() if key != "oneOf"}
            return [{**shared, **one} for one in self.spec["oneOf"]]
        return [self.spec]

    @property
    def methods(self) -> list[str]:
        """The request methods that the expected responses answer."""
        first = self.send.lstrip(b"\r\n").split(b" ")[0].decode("latin-1")
        count = len(self.spec.get("responses", [None]))
        return self.spec.get("methods") or [first] + ["GET"] * (count - 1)


def load(kind: str) -> list[Case]:
    cases, seen = [], set()
    for path in sorted((FOLDER / kind).glob("*.yaml")):
        content = yaml.safe_load(path.read_text())
        for section, entries in content.items():
            defaults = DEFAULTS[kind][section]
            for entry in entries:
                label = f"{path.stem}/{entry['id']}"
                assert label not in seen, f"{label} stands there twice"
                seen.add(label)
                cases.append(Case(path.stem, section, entry["id"], str(entry["rfc"]), {**defaults, **entry}))
    return cases


# ---- checks: each returns what is wrong ----------------------------------------------------------------------------


def value_matches(values: list[str], want) -> bool:
    """`values` are those of the field lines with one name, in order."""
    if want is None:
        return not values
    if isinstance(want, str):
        return values == [want]
    if isinstance(want, list):
        return values == want
    (kind, argument), = want.items()
    joined = ", ".join(values)
    if kind == "any":
        return len(values) == 1
    if kind == "oneOf":
        return any(value_matches(values, one) for one in argument)
    if kind == "joinedOneOf":
        return joined in argument
    if kind == "matches":
        return len(values) == 1 and re.fullmatch(argument, values[0]) is not None
    if kind == "endsWith":
        return bool(values) and values[-1].endswith(argument)
    if kind == "without":
        return argument not in joined
    raise ValueError(f"unknown check {kind}")


def _fields(where: str, fields: list[tuple[str, str]], spec: dict) -> list[str]:
    wrong = []
    for name, want in spec.get("headers", {}).items():
        values = [v for n, v in fields if n.lower() == name]
        if not value_matches(values, want):
            wrong.append(f"{where} has {name}: {values}, expected {want}")
    if "names" in spec:
        lowered = [n.lower() for n in spec["names"]]
        have = [n for n, _ in fields if n.lower() in lowered]
        if have != spec["names"]:
            wrong.append(f"{where} has the names {have}, expected {spec['names']}")
    for name, count in spec.get("count", {}).items():
        have = sum(n.lower() == name for n, _ in fields)
        if have != count:
            wrong.append(f"{where} has {have} times {name}, expected {count}")
    return wrong


HOP_BY_HOP = ("keep-alive", "proxy-connection", "upgrade", "http2-settings")


def forwarded_soundly(record: Record) -> list[str]:
    """What must hold for every request that reaches an upstream."""
    wrong = []
    if not re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ (/[^\s#\\]*|\*) HTTP/1\.1", record.line):
        wrong.append(f"request line {record.line!r}")
    # The gateway asks to switch for a WebSocket, which a route without settings allows, and for nothing else.
    switches = record.all("upgrade") == ["websocket"] and record["connection"] == "upgrade"
    for name in HOP_BY_HOP:
        if record.all(name) and not (switches and name == "upgrade"):
            wrong.append(f"hop-by-hop field {name}: {record.all(name)}")
    if record["connection"] not in (None, "keep-alive", "close") and not switches:
        wrong.append(f"connection: {record['connection']}")
    if record["te"] not in (None, "trailers"):
        wrong.append(f"te: {record['te']}")
    for name in ("host", "x-request-id"):
        if len(record.all(name)) != 1:
            wrong.append(f"{name}: {record.all(name)}")
    if not (record["via"] or "").endswith(" sluice"):
        wrong.append(f"via: {record['via']}")
    return wrong


def check_record(record: Record, spec: dict) -> list[str]:
    wrong = forwarded_soundly(record) + _fields("the upstream's request", record.head.fields, spec)
    lines = spec.get("line")
    if lines and record.line not in ([lines] if isinstance(lines, str) else lines):
        wrong.append(f"request line {record.line!r}, expected {lines!r}")
    if "target_length" in spec and len(record.target) != spec["target_length"]:
        wrong.append(f"target of {len(record.target)} bytes")
    body = record.body
    if not body.complete:
        wrong.append(f"the upstream's request body is not complete: {body.error}")
    if "body" in spec and bytes(body.data) != data(spec["body"]):
        wrong.append(f"body {bytes(body.data[:300])!r}, expected {spec['body']!r}")
    if "body_length" in spec and body.length != spec["body_length"]:
        wrong.append(f"body of {body.length} bytes, expected {spec['body_length']}")
    if "trailers" in spec:
        extra = {n.lower() for n, _ in body.trailers} - set(spec["trailers"]["allowed"])
        if extra:
            wrong.append(f"trailers {sorted(extra)} reached the upstream")
    return wrong


def error_shape(response: Response) -> list[str]:
    """What must hold for every error that the gateway makes (RFC 9457, RFC 9209)."""
    problem, wrong = response.problem, []
    if not problem:
        return [f"not application/problem+json: {response}"]
    reason = problem.get("reason")
    if problem.get("type") != f"urn:sluice:error:{reason}":
        wrong.append(f"type {problem.get('type')!r}")
    if problem.get("status") != response.status:
        wrong.append(f"status member {problem.get('status')}")
    for member in ("title", "detail"):
        if not isinstance(problem.get(member), str) or not problem[member]:
            wrong.append(f"{member} {problem.get(member)!r}")
    if not problem.get("requestId") or problem["requestId"] != response["x-request-id"]:
        wrong.append(f"requestId {problem.get('requestId')!r}, x-request-id {response['x-request-id']!r}")
    status = response["proxy-status"] or ""
    if not re.match(r"sluice; ?error=[a-z_]+", status) or f'details="{reason}"' not in status:
        wrong.append(f"proxy-status {status!r}")
    if len(response.all("content-length")) != 1:
        wrong.append(f"content-length {response.all('content-length')}")
    return wrong


def one_of(value, want) -> bool:
    return value in want if isinstance(want, list) else value == want


def check_response(response: Response | None, spec: dict, method: str, from_gateway: bool) -> list[str]:
    """`response` is None when the connection ended without one."""
    status = "closed" if response is None else response.status
    if not one_of(status, spec.get("status", 200)):
        return [f"status {status}, expected {spec.get('status', 200)}: {response}"]
    if response is None:
        return []
    wrong = _fields("the response", response.head.fields, spec)
    if not response.complete:
        wrong.append(f"the response is not complete: {response.content.error}")
    if from_gateway and method != "HEAD":
        wrong += error_shape(response)
        reason = spec.get("reason")
        if reason and not one_of(response.error, reason):
            wrong.append(f"reason {response.error!r}, expected {reason!r}")
    if "body" in spec and response.body != data(spec["body"]):
        wrong.append(f"body {response.body[:300]!r}, expected {spec['body']!r}")
    if "body_length" in spec and response.content.length != spec["body_length"]:
        wrong.append(f"body of {response.content.length} bytes, expected {spec['body_length']}")
    if "framing" in spec and response.content.framing != spec["framing"]:
        wrong.append(f"framing {response.content.framing}, expected {spec['framing']}")
    interim = [i.status for i in response.interim]
    if "interim" in spec:
        want = spec["interim"]
        if not (interim in want["oneOf"] if isinstance(want, dict) else interim == want):
            wrong.append(f"interim responses {interim}, expected {want}")
    for one in response.interim:
        if "interim_headers" in spec:
            wrong += _fields("the interim response", one.head.fields, {"headers": spec["interim_headers"]})
    for name, want in spec.get("trailers", {}).items():
        values = [v for n, v in response.content.trailers if n.lower() == name]
        if not value_matches(values, want):
            wrong.append(f"trailer {name}: {values}, expected {want}")
    return wrong
