"""HTTP/2 frame by frame (RFC 9113, RFC 7541): what the gateway does with each frame of a client, well-formed or not.

`SLUICE_STAND_IN=nginx` or `nghttpx` sends the cases to one of these instead, which tells whether a case is at fault.
"""

import subprocess

import pytest

from harness.cases import check_record
from harness.configuration import proxy
from harness.gateway import Gateway
from harness.http2_cases import check_stream, load
from harness.http2_peer import PREFACE, Peer
from harness.http2_steps import Script
from harness.process import SANITIZED
from harness.standin import STAND_IN, StandIn
from harness.upstream import Upstream, answer, script

CASES = load("server")


class Servers:
    """One gateway with one event loop in front of one recording upstream. A case that ends it fails, and the next one gets a new one."""

    def __init__(self, folder, recorder: Upstream):
        self.folder, self.recorder, self.starts = folder, recorder, 0
        self.start()

    def start(self):
        configuration = proxy(self.recorder, timeouts={"response": "5s", "idle": "60s"})
        configuration["runtime"] = {"threads": 1}
        folder = self.folder / f"start{self.starts}"
        folder.mkdir()
        self.starts += 1
        self.server = (StandIn(folder, self.recorder) if STAND_IN else Gateway(folder, configuration)).start()


@pytest.fixture(scope="module")
def _servers(tmp_path_factory):
    with Upstream() as recorder:
        servers = Servers(tmp_path_factory.mktemp("http2"), recorder)
        yield servers
        servers.server.stop()


@pytest.fixture
def servers(_servers):
    yield _servers
    server = _servers.server
    try:
        # A crash shows on the client's side before the process is gone.
        server.process.wait(0.002)
    except subprocess.TimeoutExpired:
        return
    _servers.start()
    server.assert_no_crash()
    pytest.fail(f"the gateway ended with {server.process.returncode}")


def settled(peer: Peer, alternatives: list[dict]) -> bool:
    """Whether one of the outcomes is there to be judged."""
    if peer.failed:
        return True
    return any(outcome["is"] != "connection_error" and all(peer.streams[s].settled for s in outcome["streams"]) for outcome in alternatives)


def judge(outcome: dict, peer: Peer, records: list) -> list[str]:
    kind, codes, stream = outcome["is"], outcome["codes"], peer.streams[outcome["stream"]]
    wrong = []
    if kind == "connection_error":
        if not peer.failed:
            wrong.append(f"no connection error; {stream}")
        elif peer.goaway not in (None, "NO_ERROR", *codes):
            wrong.append(f"GOAWAY with {peer.goaway}, expected {codes}")
    elif kind in ("stream_error", "malformed"):
        # RFC 9113 5.4: every stream error may be treated as an error of the connection. 8.1.1: a response may come first.
        refused = kind == "malformed" and stream.status in (400, 431)
        if peer.goaway and peer.goaway not in ("NO_ERROR", *codes):
            wrong.append(f"GOAWAY with {peer.goaway}, expected {codes}")
        elif not peer.failed and not refused and stream.reset not in codes:
            wrong.append(f"RST_STREAM with {stream.reset}, expected {codes}; {stream}")
    else:
        for number, want in outcome["streams"].items():
            wrong += check_stream(number, peer.streams[number], want)
        if peer.failed and (peer.goaway not in (None, "NO_ERROR") or outcome.get("alive", True)):
            wrong.append(f"the connection ended: GOAWAY {peer.goaway}, {peer.ended}")
    seen = outcome.get("upstream")
    if seen == "none":
        wrong += [f"the upstream saw {r}" for r in records if r.body.complete]
    elif seen is not None:
        if len(records) != 1:
            wrong.append(f"the upstream saw {len(records)} requests: {records}")
        wrong += [w for r in records[:1] for w in check_record(r, seen) if not STAND_IN or w.startswith(("the upstream's", "body"))]
    return wrong


def rule_of(case):
    """The part of the upstream."""
    spec = case.spec
    if "reply" in spec:
        return script(*case.reply, end=spec.get("end", "keep"), read=not spec.get("early"))
    if spec.get("continue"):
        return lambda exchange: (exchange.send("HTTP/1.1 100 Continue\r\n\r\n"), answer(exchange))
    if spec.get("stall"):
        return lambda exchange: exchange.wait_left()
    return None


def still_works(peer: Peer, script: Script, kind: bool | str) -> list[str]:
    """Whether PING and, unless `kind` is `ping`, one more request are answered."""
    script.do_sync(None)
    if kind == "ping":
        return []
    number = script.highest + 2 if script.highest else 1
    peer.send(script.bytes_of("headers", {"stream": number, "set": {":path": "/probe"}}))
    stream = peer.streams[number]
    peer.wait(lambda: stream.settled or peer.failed)
    return [] if stream.status == 200 and stream.ended else [f"the connection is of no use any more: {stream}, GOAWAY {peer.goaway}, {peer.ended}"]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.label)
def test_frames(servers, case):
    gateway, recorder = servers.server, servers.recorder
    path, spec = case.path, case.spec
    malformed = [p for p in recorder.connections if p.malformed]
    if rule := rule_of(case):
        recorder.on(path, rule)
    with Peer.connect(gateway.address) as peer:
        steps = Script(peer, path)
        if spec.get("preface", True):
            peer.send(PREFACE + steps.bytes_of("settings", spec.get("settings")))
        steps.run(spec["send"])
        if not all(outcome["streams"] for outcome in case.alternatives):
            steps.do_sync(None)
        peer.wait(lambda: settled(peer, case.alternatives))
        records = [r for r in recorder.seen(path) if r.target.split("?")[0] == path]
        attempts = [judge(one, peer, records) for one in case.alternatives]
        wrong = min(attempts, key=len)
        if peer.failed and not peer.wait(lambda: peer.ended):
            wrong.append("the connection is not closed after GOAWAY")
        if spec.get("alive", True) and not peer.failed and not wrong:
            wrong += still_works(peer, steps, spec.get("alive", True))
    wrong += peer.wrong
    wrong += [f"the upstream got bytes that are no HTTP: {p.malformed} in {bytes(p.received[-400:])!r}" for p in recorder.connections if p.malformed and p not in malformed and "inside a head" not in p.malformed]
    assert not wrong, f"RFC {case.rfc}: " + "; ".join(wrong)


@pytest.mark.skipif(bool(STAND_IN), reason="looks into the gateway")
def test_floods_are_bounded_and_counted(servers):
    gateway = servers.server
    floods = [case for case in CASES if case.file == "floods" and case.spec["is"] == "connection_error"]
    counted, memory = gateway.metrics().total("sluice_http2_floods_total"), gateway.memory()
    for case in floods * 3:
        with Peer.connect(gateway.address) as peer:
            peer.send(PREFACE + Script(peer, "/flood").bytes_of("settings", None))
            Script(peer, "/flood").run(case.spec["send"])
            assert peer.wait(lambda: peer.failed), case.label
    assert gateway.metrics().total("sluice_http2_floods_total") == counted + 3 * len(floods), "each connection counts once"
    if not SANITIZED:
        assert gateway.memory() < memory + (32 << 20)


def test_nothing_was_smuggled(servers):
    """Runs after the table."""
    assert not servers.recorder.seen("/smuggled")
