"""Rate limits are exact: 64 connections over all event loops are allowed together what one would have been allowed alone.

What "exact" means differs by algorithm (docs/guides/rate-limiting.md), and so does how it can be seen from outside:

fixed    Each window hands out each of its `limit` units exactly once. An allowed response says with `r` which unit it took.
gcra     Over a time x in which the bucket is never full, exactly `burst` + x * `limit` / `window` units, whole ones.
sliding  No window, wherever it begins, has more than `limit`, and none that is a 31st longer has less while there are always takers.

A decision is made somewhere between the sending of a request and the arrival of its answer, by a clock that a loop reads once a
turn. `LAG` is how far that may be apart; counts are never given any play.
"""

import os
import select
import socket
import time
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

import pytest

from harness.configuration import api, route
from harness.waiting import limit as scaled

CONNECTIONS = 64
SECONDS = 10 if os.environ.get("SLUICE_LONG") == "1" else 3
LAG = scaled(0.05)
LIMIT = 300
REQUEST = b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n"


@dataclass
class Answer:
    sent: float
    received: float
    status: int
    remaining: int
    policy: str


def parse(data: bytes, sent: float, received: float) -> Answer | None:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return None
    start, *lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    if len(body) < int(fields["content-length"]):
        return None
    name, remaining, _ = fields["ratelimit"].split(";")
    return Answer(sent, received, int(start.split(" ")[1]), int(remaining.removeprefix("r=")), fields["ratelimit-policy"])


def flood(address, seconds: float) -> list[Answer]:
    """Asks on all connections, as fast as answers come, and says what came back, in order."""
    poll = select.epoll()
    sockets, sent, partial = {}, {}, {}
    for _ in range(CONNECTIONS):
        sock = socket.create_connection(address, scaled(10))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(sock, select.EPOLLIN)
        sockets[sock.fileno()], partial[sock.fileno()] = sock, b""
    answers = []
    end = time.monotonic() + seconds
    for handle, sock in sockets.items():
        sent[handle] = time.monotonic()
        sock.sendall(REQUEST)
    deadline = end + scaled(10)
    while sent:
        assert time.monotonic() < deadline, f"{len(sent)} requests without an answer"
        for handle, _ in poll.poll(1):
            data = sockets[handle].recv(65536)
            now = time.monotonic()
            assert data, "a connection was closed"
            partial[handle] += data
            answer = parse(partial[handle], sent[handle], now)
            if not answer:
                continue
            answers.append(answer)
            partial[handle] = b""
            del sent[handle]
            if now < end:
                sent[handle] = time.monotonic()
                sockets[handle].sendall(REQUEST)
    for sock in sockets.values():
        sock.close()
    poll.close()
    return answers


def flooded(start, **settings) -> tuple[list[Answer], list[Answer]]:
    """Allowed and refused answers of a gateway with two loops, one limit and one key."""
    guard = {"rate-limit": {"limit": LIMIT, "window": "1s", "by": "route", **settings}}
    gateway = start({
        "runtime": {"threads": 2},
        "apis": [api("all", route("all", "/*", respond={"body": "hello"}, policies=[guard]))],
    })
    answers = flood(gateway.address, SECONDS)
    assert {a.status for a in answers} == {200, 429} and {a.policy for a in answers} == {f'"rate-limit";q={LIMIT};w=1'}
    allowed, refused = [a for a in answers if a.status == 200], [a for a in answers if a.status == 429]
    # Without more takers than units in every part of the test, nothing is proved.
    assert len(refused) > len(allowed), f"only {len(answers)} requests in {SECONDS} s"
    return allowed, refused


def test_fixed(start):
    began = time.time()
    allowed, _ = flooded(start, algorithm="fixed")
    units = Counter(a.remaining for a in allowed)
    assert set(units) == set(range(LIMIT)), f"units that nobody got: {sorted(set(range(LIMIT)) - set(units))[:10]}"
    # Every window that the test touched was emptied, but for the last, which may only have begun: its first units are those that
    # remain last.
    windows = max(units.values())
    assert SECONDS <= windows <= int(time.time()) - int(began) + 1
    last = len(allowed) - (windows - 1) * LIMIT
    assert 0 < last <= LIMIT
    expected = {unit: windows if unit >= LIMIT - last else windows - 1 for unit in range(LIMIT)}
    assert dict(units) == expected


@pytest.mark.parametrize("burst", [LIMIT, 1, 50])
def test_gcra(start, burst):
    allowed, refused = flooded(start, algorithm="gcra", burst=burst)
    first, last = min(allowed, key=lambda a: a.received), max(allowed, key=lambda a: a.received)
    most = burst + (last.received - min(a.sent for a in allowed)) * LIMIT
    assert len(allowed) <= most, f"{len(allowed)} allowed, at most {most:.1f}"
    if burst == 1:
        return  # the line is full between a unit's coming and its taking, so some of the time is lost
    # Whoever was refused has found less than one unit.
    witness = max(refused, key=lambda a: a.sent)
    before = sum(a.sent <= witness.received for a in allowed)
    least = burst - 1 + (witness.sent - LAG - first.received) * LIMIT
    assert before > least, f"{before} allowed, at least {least:.1f}"


def test_sliding(start):
    allowed, _ = flooded(start, algorithm="sliding")
    sent, received = sorted(a.sent for a in allowed), sorted(a.received for a in allowed)
    for begin in sent:
        # Certainly inside of a window that begins here.
        inside = sum(a.sent >= begin and a.received <= begin + 1 - LAG for a in allowed)
        assert inside <= LIMIT, f"{inside} allowed in the window from {begin - sent[0]:.3f} s on"
    begin, end, length = received[0], received[-1], 1 + 1 / 31 + 2 * LAG
    while begin + length <= end:
        inside = bisect_right(received, begin + length) - bisect_right(received, begin)
        assert inside >= LIMIT, f"{inside} allowed in the window from {begin - received[0]:.3f} s on"
        begin += 0.01
