"""The requests of the tables again, in pieces: byte by byte, and in two fragments cut at every place. Nothing may change."""

import re

from harness.cases import load
from harness.lockstep import Plan, byte_by_byte, cut_at, run

CASES = [c for c in load("requests") if c.spec.get("splits", True) and c.spec.get("end", "none") in ("none", "fin")]
ACCEPTED = [c for c in CASES if c.section == "accepted" and len(c.send) <= 1000]
REFUSED = [c for c in CASES if c.section != "accepted" and len(c.send) <= 700]
SHORT = 400


def shape(transcript, recorder):
    """What a client and the upstream can tell about an exchange, without what differs from one to the next."""
    result = []
    for response in transcript.responses:
        number = response["x-record"]
        seen = None
        if number is not None:
            record = recorder.record(number)
            fields = tuple((n, v) for n, v in record.head.fields if n.lower() not in ("x-request-id", "x-forwarded-port", "forwarded"))
            chunks = bytes(record.body.data)
            seen = (record.line, fields, chunks, tuple(record.body.trailers), record.body.complete)
        reason = response.error if response.problem else None
        result.append((response.status, reason, response.complete, seen))
    return tuple(result), transcript.ending if not transcript.responses or transcript.ending == "late" else None


def plans(cases, fragments_of):
    return [Plan(fragments, case.methods, case.spec.get("end", "none")) for case in cases for fragments in fragments_of(case.send)]


def whole(table, cases):
    transcripts = run(table.gateway.address, plans(cases, lambda data: [[data]]))
    return {case.label: shape(t, table.recorder) for case, t in zip(cases, transcripts)}


def compare(table, cases, fragments_of):
    expected = whole(table, cases)
    owners = [(case, index) for case in cases for index, _ in enumerate(fragments_of(case.send))]
    transcripts = run(table.gateway.address, plans(cases, fragments_of))
    different = {}
    for (case, index), transcript in zip(owners, transcripts):
        got = shape(transcript, table.recorder)
        if got != expected[case.label]:
            different.setdefault(case.label, []).append((index, got))
    assert not different, "\n".join(
        f"{label} at {[i for i, _ in places][:20]}: {places[0][1]}, whole: {expected[label]}" for label, places in list(different.items())[:10])


def test_accepted_byte_by_byte(table):
    compare(table, ACCEPTED, lambda data: [byte_by_byte(data)])


def test_refused_byte_by_byte(table):
    """A refusal may come before the last byte, and for another of several flaws; its status class may not change."""
    expected = whole(table, REFUSED)
    transcripts = run(table.gateway.address, plans(REFUSED, lambda data: [byte_by_byte(data)]))
    wrong = []
    for case, transcript in zip(REFUSED, transcripts):
        statuses = [r.status for r in transcript.responses]
        was = [one[0] for one in expected[case.label][0]]
        allowed = set()
        for alternative in case.alternatives:
            status = alternative.get("status", 200)
            allowed |= set(status) if isinstance(status, list) else {status}
        if not (statuses == was or (len(statuses) == 1 and statuses[0] in allowed) or (not statuses and "closed" in allowed)):
            wrong.append(f"{case.label}: {statuses or transcript.ending}, whole: {was}")
    assert not wrong, "\n".join(wrong)


def test_two_fragments_at_every_place(table):
    cases = [c for c in ACCEPTED if len(c.send) <= SHORT]
    assert len(cases) > 100
    compare(table, cases, lambda data: [cut_at(data, at) for at in range(1, len(data))])


def test_nothing_smuggled(table):
    assert not table.recorder.seen("/smuggled")
    assert not [p.malformed for p in table.recorder.connections if p.malformed and not re.search("inside a head", p.malformed)]
