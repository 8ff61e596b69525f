"""Gateways that find each other by gossip, and share limits without a server."""

import os
import signal
import socket
import threading
import time
from contextlib import ExitStack

import pytest

from harness.acme import served
from harness.cluster import Cluster
from harness.configuration import api, route
from harness.gateway import Gateway, command
from harness.ports import free_port
from harness.redis import Redis, needs_redis
from harness.secrets import fresh
from harness.waiting import limit as scaled, until
from test_acme import HELLO, Replica, names, pebble  # noqa: F401 - a fixture

LIMIT = 300
WINDOW = 3
REQUEST = b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n"


def limited(**settings) -> dict:
    policy = {"rate-limit": {"limit": LIMIT, "window": f"{WINDOW}s", "by": "route", "store": "local-sync", **settings}}
    return {"runtime": {"threads": 1}, "apis": [api("all", route("all", "/*", respond={"body": "hello"}), policies=[policy])]}


def flood(gateways, rate: float, seconds: float) -> list[float]:
    """Asks each gateway `rate` times a second; when (on the wall clock) requests passed."""
    passed, lock = [], threading.Lock()

    def ask(gateway):
        times, next_at, end = [], time.time(), time.time() + seconds
        with socket.create_connection(gateway.address, scaled(10)) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while time.time() < end:
                sock.sendall(REQUEST)
                head = b""
                while b"\r\n\r\n" not in head:
                    head += sock.recv(65536)
                if head.startswith(b"HTTP/1.1 200"):
                    times.append(time.time())
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                body = head.split(b"\r\n\r\n", 1)[1]
                while len(body) < length:
                    body += sock.recv(65536)
                next_at = max(next_at + 1 / rate, time.time() - 0.1)
                time.sleep(max(0, next_at - time.time()))
        with lock:
            passed.extend(times)

    threads = [threading.Thread(target=ask, args=(gateway,)) for gateway in gateways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(passed)


def windows(passed: list[float], window: float = WINDOW) -> list[int]:
    """How many passed in each whole window of a fixed limit, but the first: what was spent at the end of one that was not full counts in the next."""
    first, last = int(passed[0] // window) + 2, int(passed[-1] // window)
    return [sum(1 for t in passed if number * window <= t < (number + 1) * window) for number in range(first, last)]


def test_everybody_knows_everybody(tmp_path):
    with Cluster(tmp_path, limited(), 4, missing="1h") as cluster:
        for gateway in cluster.gateways:
            metrics = gateway.metrics()
            assert metrics.total("sluice_gossip_members", status="alive") == 3
            assert metrics.total("sluice_local_sync_gateways", status="present") == 4
            assert metrics.total("sluice_gossip_datagrams_refused_total") == 0
        # One leaves, and is not missed.
        cluster.gateways[3].stop()
        cluster.wait([0, 1, 2])
        assert cluster.gateways[0].status()["localSync"]["missing"] == 0
        # One is killed: it is counted until it is back.
        cluster.gateways[2].signal(signal.SIGKILL)
        cluster.gateways[2].process.wait()
        for gateway in cluster.gateways[:2]:
            until(lambda gateway=gateway: gateway.status()["localSync"] == {"present": 2, "missing": 1, "keys": 0}, 60, "one is missing")
        cluster.gateways[2].start()
        cluster.wait([0, 1, 2])
        until(lambda: cluster.gateways[0].status()["localSync"]["missing"] == 0, 10)


def test_garbage_is_counted_and_ignored(tmp_path):
    with Cluster(tmp_path, limited(), 2) as cluster:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for length in (0, 1, 12, 13, 40, 500, 1200, 1400, 9000):
                sock.sendto(b"\x01" + os.urandom(length) if length else b"", ("127.0.0.1", cluster.ports[0]))
        until(lambda: cluster.gateways[0].metrics().total("sluice_gossip_datagrams_refused_total") == 9, 10)
        cluster.wait([0, 1])
        assert cluster.members(0) == [(f"127.0.0.1:{cluster.ports[1]}", "alive")]


def test_the_key_changes_one_by_one(tmp_path):
    with Cluster(tmp_path, limited(), 3) as cluster:
        new = fresh() + fresh()
        for changed in ({"key": new, "previousKey": cluster.key}, {"key": new}):
            for index, gateway in enumerate(cluster.gateways):
                gateway.reload(cluster.settings(index, **changed))
                cluster.wait(range(3))
        time.sleep(scaled(2))
        cluster.wait(range(3))
        for gateway in cluster.gateways:
            assert gateway.metrics().total("sluice_gossip_datagrams_refused_total") == 0
        # Who has another key is nobody.
        with Gateway(tmp_path / "stranger", {**limited(), "state": {"gossip": {
                "address": f"127.0.0.1:{free_port()}", "key": fresh() + fresh(), "seeds": [f"127.0.0.1:{cluster.ports[0]}"]}}}):
            until(lambda: cluster.gateways[0].metrics().total("sluice_gossip_datagrams_refused_total", reason="unknown-key") > 0, 10)
            cluster.wait(range(3))


def test_an_address_in_use_is_told(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        taken = sock.getsockname()[1]
        with Gateway(tmp_path, limited(store="memory")) as gateway:
            settings = {"gossip": {"address": f"127.0.0.1:{taken}", "key": fresh() + fresh()}}
            error = gateway.reload_refused({**limited(), "state": settings})
            assert "state.gossip.address" in error and "Address already in use" in error


def test_local_sync_needs_gossip(tmp_path):
    gateway = Gateway(tmp_path, limited())
    result = command("check", "--config", gateway.file)
    assert result.returncode == 1 and "the configuration has no such store" in result.stdout + result.stderr


@pytest.mark.parametrize("algorithm", ["fixed", "sliding"])
def test_a_limit_is_shared(tmp_path, algorithm):
    """No window has more than the limit and one request for each other gateway; each has all of the limit."""
    with Cluster(tmp_path, limited(algorithm=algorithm), 4) as cluster:
        passed = flood(cluster.gateways, rate=100, seconds=3 * WINDOW + 1)
        if algorithm == "fixed":
            counts = windows(passed)
            assert counts and all(LIMIT - 5 <= count <= LIMIT + 3 + 5 for count in counts), counts
        else:
            most = max(sum(1 for t in passed if start <= t < start + WINDOW - scaled(0.05)) for start in passed)
            assert most <= LIMIT + 3, most
            assert len(passed) >= 2.9 * LIMIT


@needs_redis
def test_a_limit_is_shared_by_way_of_redis(tmp_path):
    """Gateways without gossip tell each other by way of the server; no request waits for it, and none fails while it is frozen."""
    with Redis(tmp_path / "redis") as redis, ExitStack() as stack:
        configuration = {**limited(algorithm="fixed"), "state": {"redis": redis.url}}
        gateways = [stack.enter_context(Gateway(tmp_path / f"gateway-{index}", configuration)) for index in range(4)]
        for gateway in gateways:
            until(lambda gateway=gateway: gateway.status()["localSync"]["present"] == 4, 10, "four gateways")
        counts = windows(flood(gateways, rate=100, seconds=3 * WINDOW + 1))
        assert counts and all(LIMIT - 5 <= count <= LIMIT + 3 + 5 for count in counts), counts
        # Frozen, it is not missed: each gateway has its share at least, and together they have the limit at most.
        redis.freeze()
        counts = windows(flood(gateways, rate=100, seconds=4 * WINDOW + 1))
        assert counts and all(LIMIT * 0.2 <= count <= LIMIT + 3 + 5 for count in counts), counts
        redis.thaw()


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("SLUICE_LONG") != "1", reason="SLUICE_LONG=1 measures twenty gateways")
@pytest.mark.parametrize("limit, rate", [(1000, 10), (1000, 4), (60, 4)])
def test_twenty_gateways(tmp_path, limit, rate):
    """The error of a limit that is shared by twenty processes; the figures are in docs/guides/gateways-together.md."""
    window, gateways = 10, 20
    with Cluster(tmp_path, limited(algorithm="fixed", limit=limit, window=f"{window}s"), gateways) as cluster:
        counts = windows(flood(cluster.gateways, rate, 4 * window + 2), window)
        demand = gateways * rate * window
        print(f"limit {limit}, {gateways} gateways, {demand} requests in a window: {counts}")
        assert len(counts) >= 2
        for count in counts:
            # A request that was decided at the end of a window is seen in the next: two for each gateway at most.
            assert min(limit, demand) * 0.97 - gateways <= count <= limit + (gateways - 1) + 2 * gateways, counts


def test_one_gateway_may_have_all_of_a_limit(tmp_path):
    with Cluster(tmp_path, limited(algorithm="fixed"), 4) as cluster:
        counts = windows(flood(cluster.gateways[1:2], rate=200, seconds=3 * WINDOW + 1))
        assert counts and all(LIMIT * 0.97 <= count <= LIMIT + 3 for count in counts), counts
        assert cluster.gateways[1].metrics().total("sluice_local_sync_keys") == 1


def test_challenges_are_answered_by_any_gateway(tmp_path, pebble):
    """The authority comes to a gateway that shares nothing with the one that asks for the certificate but the gossip."""
    key, ports = fresh() + fresh(), [free_port(), free_port()]

    def replica(index: int, issuer: dict, *where) -> Replica:
        one = Replica(tmp_path / f"gateway-{index}", tmp_path / f"store-{index}", issuer, *where, **names("gossip.example.test"))
        configuration = one.configuration(**names("gossip.example.test"))
        configuration["state"] = {"gossip": {"address": f"127.0.0.1:{ports[index]}", "key": key, "seeds": [f"127.0.0.1:{ports[1 - index]}"]}}
        one.gateway.write(configuration)
        return one

    # Where the authority looks stands one that can't reach any authority.
    nowhere = {**pebble.issuer, "directory": f"https://localhost:{free_port()}/dir"}
    with replica(0, nowhere, pebble.http_port, pebble.tls_port) as front:
        with replica(1, pebble.issuer) as back:
            certificate = served(pebble.context(), back.tls_port, "gossip.example.test")
            assert ("DNS", "gossip.example.test") in certificate["subjectAltName"]
            assert front.only()["serial"] == "" or front.only()["failures"] > 0
