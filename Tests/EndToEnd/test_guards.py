"""Guards against floods: by address, behind proxies, in lists, and in a flood from a thousand addresses."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.configuration import api, route
from harness.gateway import BINARY
from harness.raw import Ended
from harness.waiting import until

FLOOD = Path(__file__).resolve().parents[2] / "bench" / "flood.py"


def guarded(**guards):
    """Clients of any address, by the PROXY protocol."""
    return {
        "runtime": {"threads": 2},
        "guards": guards,
        "listeners": [{"proxyProtocol": True, "trustedProxies": ["127.0.0.0/8"]}],
        "apis": [api("all", route("all", "/*", respond={"body": "hello"}))],
    }


def ask(gateway, source, text="GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"):
    """The status of a client's only request; None when its connection was reset."""
    with gateway.connect() as connection:
        try:
            connection.send(f"PROXY TCP4 {source} 127.0.0.1 4000 80\r\n{text}".encode())
            return connection.read_response().status
        except (OSError, Ended):
            return None


def test_a_ban_is_listed_logged_and_ended(start):
    gateway = start(guarded(offences=10, prefix={"factor": 0}))
    assert ask(gateway, "198.51.100.7") == 200
    until(lambda: ask(gateway, "198.51.100.7", "nonsense\r\n\r\n") is None, 10, "the address is banned")
    assert ask(gateway, "198.51.100.7") is None and ask(gateway, "198.51.100.8") == 200
    listed = json.loads(gateway.admin("/api/v1/guards").text)
    ban, = listed["bans"]
    assert ban["network"] == "198.51.100.7" and ban["cause"] == "malformed" and 0 < ban["secondsLeft"] <= 10
    assert gateway.status()["guards"]["banned"] == 1
    metrics = gateway.metrics()
    assert metrics.total("sluice_guard_banned") == 1 and metrics.total("sluice_guard_bans_total") == 1
    assert metrics.total("sluice_guard_refused_banned_total") >= 1
    until(lambda: "198.51.100.7" in gateway.stderr(), 5, "the ban is logged")
    assert gateway.admin("/api/v1/guards/bans/198.51.100.9", "DELETE").status == 404
    assert gateway.admin("/api/v1/guards/bans/198.51.100.7", "GET").status == 405
    assert gateway.admin("/api/v1/guards/bans/198.51.100.7", "DELETE").status == 204
    assert ask(gateway, "198.51.100.7") == 200


def test_requests_are_counted_over_all_connections_and_loops(start):
    gateway = start(guarded(requests=10, prefix={"factor": 0}))
    statuses = [ask(gateway, "198.51.100.7") for _ in range(60)]
    assert statuses[:20] == [200] * 20 and 429 in statuses
    assert ask(gateway, "198.51.100.8") == 200
    assert gateway.metrics().total("sluice_guard_refused_total", limit="requests") == statuses.count(429)


def test_loopback_is_exempt(start):
    gateway = start({**guarded(requests=1, newConnections=1, offences=1), "listeners": [{}]})
    assert {gateway.get("/").status for _ in range(30)} == {200}


@pytest.mark.parametrize("kind, settings", [("requests", {"requests": 20, "offences": 20}), ("heads", {"connections": 5, "newConnections": 5, "offences": 20})])
def test_a_flood_from_a_thousand_addresses(kind, settings):
    """Nobody honest is refused; how long they wait is measured by bench/flood.py with a release build, on a quiet machine."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "ip", "cc", "taskset", "openssl"))) or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs root, namespaces, a compiler and two processors")
    if subprocess.run(["unshare", "--net", "ip", "link", "add", "flood0", "type", "veth", "peer", "name", "flood1"], capture_output=True).returncode:
        pytest.skip("network namespaces can't be made here")
    result = subprocess.run([sys.executable, str(FLOOD), "--sluice", BINARY, "--kinds", kind, "--guards", "on", "--seconds", "4", "--quiet", "1",
                             "--settings", json.dumps(settings), "--json"], capture_output=True, text=True, timeout=90)
    assert result.returncode == 0, result.stderr
    row, = json.loads(result.stdout)
    print(f"{kind}: p99 {row['quiet']['p99']:.1f} ms, then {row['under']['p99']:.1f} ms; {row['report']['bansBegun']} bans; attackers {row['attack']}")
    assert row["under"]["refused"] == 0, row["under"]
    assert row["under"]["requests"] > 500 and row["report"]["bansBegun"] > 0 and row["attack"]["resets"] > 1000
    assert "10.77.1" not in json.dumps(row["report"]["bans"]), "an honest client is banned"
