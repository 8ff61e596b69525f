"""Limits that gateways share: exact on one server, on a cluster, over a failover; what becomes of requests while the server is away.

Each gateway has its own event loops and connections; all ask as fast as answers come. What "exact" means by algorithm is said in
test_rate_limit.py, whose reading of answers this shares. `SLUICE_LONG=1` lets the floods last for ten seconds, with 64 connections each.
"""

import json
import os
import select
import socket
import time
from collections import Counter

import pytest

from harness.configuration import api, route
from harness.gateway import command
from harness.redis import Cluster, Redis, Sentinels, needs_redis
from harness.waiting import limit as scaled
from harness.waiting import until
from test_rate_limit import LAG, LIMIT, Answer, parse

pytestmark = needs_redis

GATEWAYS = 4
LONG = os.environ.get("SLUICE_LONG") == "1"
SECONDS, CONNECTIONS = (10, 64) if LONG else (2.5, 16)


def flood(gateways, seconds: float, headers=lambda number: "") -> list[Answer]:
    """Asks all gateways on `CONNECTIONS` connections each, as fast as answers come."""
    poll = select.epoll()
    sockets, sent, partial, requests = {}, {}, {}, {}
    for gateway in gateways:
        for number in range(CONNECTIONS):
            sock = socket.create_connection(gateway.address, scaled(10))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            poll.register(sock, select.EPOLLIN)
            sockets[sock.fileno()], partial[sock.fileno()] = sock, b""
            requests[sock.fileno()] = f"GET / HTTP/1.1\r\nHost: example.test\r\n{headers(number)}\r\n".encode()
    answers, end = [], time.monotonic() + seconds
    for handle, sock in sockets.items():
        sent[handle] = time.monotonic()
        sock.sendall(requests[handle])
    deadline = end + scaled(15)
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
            answer.key = requests[handle]
            answers.append(answer)
            partial[handle] = b""
            del sent[handle]
            if now < end:
                sent[handle] = time.monotonic()
                sockets[handle].sendall(requests[handle])
    for sock in sockets.values():
        sock.close()
    poll.close()
    return answers


def gateways(start, state, count=GATEWAYS, **settings):
    guard = {"rate-limit": {"limit": LIMIT, "window": "1s", "by": "route", **settings}}
    return [start({
        "runtime": {"threads": 1},
        "state": {"redis": state},
        "apis": [api("all", route("all", "/*", respond={"body": "hello"}, policies=[guard]))],
    }) for _ in range(count)]


@pytest.fixture
def redis(tmp_path):
    with Redis(tmp_path / "redis") as server:
        yield server


def patient(server) -> dict:
    """A busy test machine is not a server that is away."""
    return {"url": server.url, "timeout": "5s"}


def test_fixed_windows_are_exact(start, redis):
    answers = flood(gateways(start, patient(redis), algorithm="fixed"), SECONDS)
    allowed = [a for a in answers if a.status == 200]
    assert {a.status for a in answers} == {200, 429}
    # Every window that was touched but for the last hands out each of its units once: those that remain last are its first.
    units = Counter(a.remaining for a in allowed)
    windows = max(units.values())
    last = len(allowed) - (windows - 1) * LIMIT
    assert 0 < last <= LIMIT and SECONDS - 1 <= windows <= SECONDS + 2
    assert dict(units) == {unit: windows if unit >= LIMIT - last else windows - 1 for unit in range(LIMIT) if unit >= LIMIT - last or windows > 1}


def test_gcra_is_exact(start, redis):
    answers = flood(gateways(start, patient(redis), algorithm="gcra", burst=50), SECONDS)
    allowed, refused = [a for a in answers if a.status == 200], [a for a in answers if a.status == 429]
    first, last = min(allowed, key=lambda a: a.received), max(allowed, key=lambda a: a.received)
    most = 50 + (last.received - min(a.sent for a in allowed)) * LIMIT
    assert len(allowed) <= most, f"{len(allowed)} allowed, at most {most:.1f}"
    witness = max(refused, key=lambda a: a.sent)
    before = sum(a.sent <= witness.received for a in allowed)
    assert before > 49 + (witness.sent - LAG - first.received) * LIMIT


def test_sliding_windows_are_exact(start, redis):
    answers = flood(gateways(start, patient(redis), algorithm="sliding"), SECONDS)
    allowed = [a for a in answers if a.status == 200]
    assert len(allowed) < len(answers)
    for begin in sorted(a.sent for a in allowed):
        inside = sum(a.sent >= begin and a.received <= begin + 1 - LAG for a in allowed)
        assert inside <= LIMIT, f"{inside} allowed in one window"
    assert len(allowed) > LIMIT


def test_a_cluster_is_exact(start, tmp_path):
    with Cluster(tmp_path / "cluster") as cluster:
        state = {"cluster": cluster.servers, "timeout": "5s"}
        several = gateways(start, state, algorithm="fixed", window="1h", limit=100, by='request.headers["x-key"]')
        answers = flood(several, SECONDS, headers=lambda number: f"X-Key: k{number % 8}\r\n")
        allowed = Counter(a.key for a in answers if a.status == 200)
        assert len(allowed) == 8 and set(allowed.values()) == {100}
        assert all(node.cli("DBSIZE") > 0 for node in cluster.nodes)


def test_a_failover_loses_only_what_was_not_replicated(start, tmp_path):
    with Sentinels(tmp_path / "sentinels") as sentinels:
        state = {"sentinel": {"master": sentinels.name, "servers": sentinels.servers}, "timeout": "200ms"}
        several = gateways(start, state, count=2, algorithm="fixed", window="1h", limit=100000, by="route", onStoreFailure="deny", headers="none")

        def ask(count):
            return Counter(several[i % 2].get("/").status for i in range(count))

        def spent(server):
            key = next(key for key in server.cli("KEYS", "*") if "limit:fixed:route/all/all/rate-limit" in key)
            return int(server.cli("GET", key).split()[-1])

        assert ask(300) == {200: 300}
        until(lambda: spent(sentinels.replica) == 300, 10, "the replica has the counter")
        sentinels.fail_over()
        until(lambda: ask(1)[200] == 1, 30, "the gateways have found the new master")
        # What was replicated when the master died still counts.
        assert 301 <= spent(sentinels.server(sentinels.master_port)) <= 310


def test_nobody_fails_while_the_server_is_away(start, redis):
    [gateway] = gateways(start, {"url": redis.url, "timeout": "50ms"}, count=1, limit=1000000, headers="none")

    def ask():
        begun = time.monotonic()
        assert gateway.get("/").status == 200
        return time.monotonic() - begun

    def counted():
        before = int(redis.info()["total_commands_processed"])
        for _ in range(5):
            ask()
        return int(redis.info()["total_commands_processed"]) - before >= 5 + 1

    assert counted()
    redis.freeze()
    waits = sorted(ask() for _ in range(300))
    # The first waits for the time-out; then the breaker is open, and a request waits for nothing.
    assert waits[-5] < scaled(0.04), f"{waits[-5] * 1000:.1f} ms"
    redis.thaw()
    until(counted, 10, "the breaker has closed")
    redis.kill()
    for _ in range(50):
        ask()
    redis.start()
    until(counted, 10, "the connection is back")
    metrics = gateway.admin("/metrics").body.decode()
    assert "sluice_limit_store_failures" in metrics


def test_sluice_limits(start, redis):
    guard = {"rate-limit": {"limit": 3, "window": "1h", "by": 'request.headers["x-key"]', "algorithm": "fixed"}}
    for state in ({}, {"redis": patient(redis)}):
        gateway = start({
            "state": state,
            "apis": [api("all", route("all", "/*", respond={"body": "hello"}, policies=[guard]))],
        })
        admin = f"127.0.0.1:{gateway.admin_port}"
        name = "route/all/all/rate-limit"
        listed = command("limits", "--admin", admin)
        assert name in listed.stdout and ("redis" if state else "memory") in listed.stdout, listed.stderr
        for _ in range(2):
            assert gateway.get("/", [("x-key", "a b")]).status == 200

        def left():
            shown = command("limits", "show", name, "a b", "--admin", admin, "--format", "json")
            return json.loads(shown.stdout)["windows"][0]["remaining"]

        assert left() == 1
        assert command("limits", "reset", name, "a b", "--admin", admin).returncode == 0
        assert left() == 3
        wrong = command("limits", "show", "route/none", "x", "--admin", admin)
        assert wrong.returncode == 1 and "no limit called" in wrong.stderr
        assert command("limits", "counters", "--admin", admin).returncode == 0
