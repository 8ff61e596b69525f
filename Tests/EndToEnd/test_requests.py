"""Malformed, ambiguous and smuggling requests, one case at a time: the answer, the connection, and what the upstream saw."""

import pytest

from harness.cases import Case, check_record, check_response, load
from harness.raw import Connection, Ended, Late, format_request
from harness.waiting import until

CASES = load("requests")
PROBE = format_request("GET", "/probe")


@pytest.fixture(scope="module", autouse=True)
def count_from_here(_table):
    _table.accounted.update(range(_table.seen))


def exchange(connection: Connection, case: Case):
    """Sends the case. The responses; None stands for an end without one."""
    sent = connection.try_send(case.send)
    end = case.spec.get("end", "none")
    if end == "reset" and sent:
        connection.reset()
        return [None]
    if end == "fin":
        connection.finish_sending()
    responses = []
    for method in case.methods:
        try:
            responses.append(connection.read_response(method, 8))
        except (Ended, OSError):
            responses.append(None)
            break
    return responses


def fate(connection: Connection, case: Case, table) -> str:
    """Whether the connection takes another request."""
    if case.spec.get("end", "none") != "none":
        return "closed" if case.spec["end"] == "reset" or connection.ending(8) != "open" else "kept"
    before = table.seen
    if not connection.try_send(PROBE):
        return "closed"
    try:
        response = connection.read_response(timeout=8)
    except (Ended, OSError):
        return "closed"
    except Late:
        return "silent"
    if response.status == 200:
        table.accounted.update(range(before, table.seen))
        return "kept"
    return f"answers {response.status}"


def judge(alternative: dict, case: Case, responses, connection_fate: str, records) -> list[str]:
    wrong = []
    expected = alternative.get("responses") or [alternative]
    for response, spec, method in zip(responses, expected, case.methods):
        status = spec.get("status", 200)
        refused = response is not None and response.status >= 400 and not (isinstance(status, int) and status < 400) and not response["x-record"]
        wrong += check_response(response, spec, method, refused)
    if len(responses) != len(expected):
        wrong.append(f"{len(responses)} responses, expected {len(expected)}")
    if alternative["connection"] != "any" and connection_fate != alternative["connection"]:
        wrong.append(f"the connection is {connection_fate}, expected {alternative['connection']}")

    seen = alternative["upstream"]
    if seen == "none":
        if records:
            wrong.append(f"the upstream saw {records}")
    elif seen == "aborted":
        wrong += [f"the upstream saw a complete request: {r}" for r in records if r.body.complete]
    elif seen != "any":
        specs = seen if isinstance(seen, list) else [seen]
        if len(records) != len(specs):
            wrong.append(f"the upstream saw {len(records)} requests, expected {len(specs)}: {records}")
        for record, spec in zip(records, specs):
            wrong += check_record(record, spec)
    return wrong


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.label)
def test_request(table, case):
    first = table.seen
    malformed = [p for p in table.recorder.connections if p.malformed]
    with table.gateway.connect() as connection:
        responses = exchange(connection, case)
        records = table.recorder.requests[first:]
        table.accounted.update(r.number for r in records)
        connection_fate = fate(connection, case, table)
    # An aborted request must end its upstream connection, so that the upstream can't wait for the rest.
    for record in records:
        if not record.body.complete:
            record.connection.wait_ended()
    if case.spec.get("end") == "reset":
        until(lambda: table.gateway.process.poll() is None)
    attempts = [judge(one, case, responses, connection_fate, records) for one in case.alternatives]
    wrong = min(attempts, key=len)
    wrong += [f"the upstream got bytes that are no HTTP: {p.malformed}" for p in table.recorder.connections if p.malformed and p not in malformed and "inside a head" not in p.malformed]
    assert not wrong, f"RFC {case.rfc}: " + "; ".join(wrong)


def test_nothing_else_reached_the_upstream(table):
    """Runs after the table: every complete request that the upstream has seen belongs to a case, however late it came."""
    assert table.gateway.get("/last").status == 200
    strays = [r for r in table.recorder.requests if r.number not in table.accounted and r.body.complete and r.target != "/last"]
    assert not strays
    assert not table.recorder.seen("/smuggled")
