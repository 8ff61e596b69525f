"""Upstreams that die, hang, stumble or crawl, with real processes: what clients notice of it, and what operators see."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime

import pytest

from harness.configuration import proxy
from harness.gateway import command
from harness.h2upstream import H2Upstream
from harness.nginx import Nginx
from harness.raw import fetch
from harness.upstream import Upstream
from harness.waiting import until

PASSIVE = {"failures": 3, "window": "10s", "ejectFor": "30s", "maxEjected": "50%"}
RETRIES = {"attempts": 3, "on": ["connect-failure", "reset", "502-504"]}

needs_nginx = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
needs_h2load = pytest.mark.skipif(not shutil.which("h2load"), reason="h2load is not installed")


@contextlib.contextmanager
def several(folder, count):
    with contextlib.ExitStack() as stack:
        servers = []
        for number in range(count):
            place = folder / f"nginx{number}"
            place.mkdir()
            servers.append(stack.enter_context(Nginx(place)))
        yield servers


def total(gateway, name, **labels):
    return sum(gateway.metrics().values(name, **labels))


def load(gateway, seconds, rate, clients=40):
    """Requests at an even pace; the process, to be waited for."""
    return subprocess.Popen(["h2load", "--h1", "-c", str(clients), "-t", "1", f"--rps={rate // clients}", f"-D{seconds}", f"http://{gateway.address_text}/"],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def outcome(process):
    """Requests that were answered, and how many of them badly or not at all."""
    text, _ = process.communicate(timeout=120)
    done, failed = int(re.search(r"(\d+) done", text)[1]), int(re.search(r"(\d+) failed", text)[1])
    codes = {int(code[0]): int(count) for count, code in re.findall(r"(\d+) ([2345]xx)", text)}
    return done, failed + codes[4] + codes[5] + codes[3], text


@needs_nginx
@needs_h2load
def test_two_of_four_endpoints_are_killed_under_load(start, tmp_path):
    """At most one request of a thousand fails, and none once two seconds have passed."""
    with several(tmp_path, 4) as servers:
        gateway = start({"runtime": {"threads": 2}, **proxy(*servers, health={"passive": PASSIVE}, retries=RETRIES)})
        running = load(gateway, 8, 2000)
        until(lambda: total(gateway, "sluice_upstream_requests_total") > 1000, 10, "the load has begun")
        for server in servers[:2]:
            server.process.send_signal(signal.SIGKILL)
        killed = time.time()
        done, bad, text = outcome(running)
        assert done > 4000, text
        assert bad <= done / 1000, text
        late = [line for line in gateway.log() if line.get("status", 0) >= 500 and seconds(line["time"]) > killed + 2]
        assert not late, late[:3]
        assert total(gateway, "sluice_upstream_ejections_total") == 2
        # How many tries fail before both are left out is chance; every one of them is counted.
        retried = sum(line["attempts"] - 1 for line in gateway.log() if line.get("attempts", 1) > 1)
        assert total(gateway, "sluice_upstream_retries_total") == retried > 0


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@needs_nginx
def test_an_endpoint_that_hangs(start, tmp_path):
    """A stopped process takes connections and answers nothing: each try has its time, and soon nobody is sent there."""
    with several(tmp_path, 3) as servers:
        gateway = start({"runtime": {"threads": 1}, **proxy(
            *servers, health={"passive": PASSIVE}, retries={**RETRIES, "perTry": "300ms"}, timeouts={"response": "10s"})})
        with gateway.connect() as connection:
            assert connection.get("/").status == 200
            servers[0].process.send_signal(signal.SIGSTOP)
            try:
                statuses, slow = [], 0
                for _ in range(40):
                    began = time.monotonic()
                    statuses.append(connection.get("/").status)
                    slow += time.monotonic() - began > 0.25
            finally:
                servers[0].process.send_signal(signal.SIGCONT)
        assert statuses == [200] * 40
        assert slow == 3, "as many as it takes to find out"
        assert total(gateway, "sluice_upstream_retries_total", cause="timeout") == 3


def test_an_upstream_that_sends_its_head_byte_by_byte(start):
    with Upstream() as slow, Upstream() as good:
        @slow.on("/*")
        def crawl(exchange):
            exchange.read_body()
            for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200:
                try:
                    exchange.send(bytes([byte]))
                except OSError:
                    return
                time.sleep(0.02)

        gateway = start({"runtime": {"threads": 1}, **proxy(slow, good, retries={"attempts": 2, "perTry": "300ms"}, health={"passive": PASSIVE})})
        with gateway.connect() as connection:
            began = time.monotonic()
            assert [connection.get("/a").status for _ in range(12)] == [200] * 12
            assert time.monotonic() - began < 5
        assert len(slow.seen("/a")) == 3


def test_what_is_found_out_is_shown_and_kept(start):
    """An ejected endpoint stands in status, metrics and log, and a reload does not bring it back."""
    with Upstream() as bad, Upstream() as good:
        bad.on("/*", lambda exchange: (exchange.read_body(), exchange.reply(503)))
        settings = dict(health={"passive": {**PASSIVE, "ejectFor": "2s"}}, retries={"attempts": 1})
        gateway = start({"runtime": {"threads": 2}, **proxy(bad, good, **settings)})
        statuses = [gateway.get("/").status for _ in range(30)]
        assert statuses.count(503) == 3 and statuses[-10:] == [200] * 10
        metrics = gateway.metrics()
        assert metrics.values("sluice_endpoint_ejected", endpoint=bad.address) == [1] and metrics.values("sluice_endpoint_ejected", endpoint=good.address) == [0]
        assert metrics.values("sluice_endpoint_healthy", endpoint=bad.address) == [0]
        shown = {e["endpoint"]: e for e in gateway.status()["upstreams"][0]["endpoints"]}
        assert shown[bad.address]["ejected"] and not shown[bad.address]["healthy"] and shown[bad.address]["ejections"] == 1 and not shown[good.address]["ejected"]
        until(lambda: "endpoint ejected" in gateway.stderr(), 5, "the log tells")
        gateway.reload({"runtime": {"threads": 2}, **proxy(bad, good, timeouts={"response": "9s"}, **settings)})
        assert gateway.metrics().values("sluice_endpoint_ejected", endpoint=bad.address) == [1]
        until(lambda: gateway.metrics().values("sluice_endpoint_healthy", endpoint=bad.address) == [1], 5, "it is asked again")
        until(lambda: "takes requests again" in gateway.stderr(), 5, "the log tells that too")


def test_a_breaker_opens_and_closes(start):
    broken = threading.Event()
    broken.set()
    with Upstream() as server:
        server.on("/*", lambda exchange: (exchange.read_body(), exchange.reply(500 if broken.is_set() else 200)))
        gateway = start({"runtime": {"threads": 2}, **proxy(
            server, retries={"attempts": 1},
            breaker={"when": 'errorRatio > 0.5 || p95 > duration("2s")', "minimumRequests": 10, "openFor": "1s", "halfOpen": 2})})

        def refused():
            response = gateway.get("/")
            return response.error == "breaker_open" and response
        response = until(refused, 10, "the breaker opens")
        assert response.status == 503 and response["retry-after"] == "1"
        asked = len(server.seen("/"))
        assert gateway.get("/").error == "breaker_open" and len(server.seen("/")) == asked
        assert total(gateway, "sluice_breaker_state") == 2 and total(gateway, "sluice_breaker_opened_total") == 1
        assert gateway.status()["upstreams"][0]["breaker"] == "open"
        broken.clear()
        until(lambda: gateway.get("/").status == 200, 5, "it tries again")
        until(lambda: gateway.get("/").status == 200 and total(gateway, "sluice_breaker_state") == 0, 5, "it closes")
        assert [gateway.get("/").status for _ in range(10)] == [200] * 10
        until(lambda: "breaker open" in gateway.stderr() and "breaker closed" in gateway.stderr(), 5, "the log tells")


def test_the_condition_of_a_breaker_is_checked(start, tmp_path):
    file = tmp_path / "sluice.yaml"
    file.write_text("""
listeners: [{ name: web, address: 127.0.0.1:8080 }]
upstreams:
  - name: up
    endpoints: [{ address: 127.0.0.1:1 }]
    breaker: { when: "errorRatoi > 0.5" }
apis: [{ name: a, routes: [{ match: { path: / }, upstream: up }] }]
""")
    result = command("check", "--config", file)
    assert result.returncode == 1
    assert re.search(r"sluice\.yaml:6:\d+: error: .*errorRatoi", result.stdout + result.stderr), result.stdout + result.stderr


def test_a_slow_endpoint_is_overtaken(start):
    with Upstream() as slow, Upstream() as good:
        slow.on("/*", lambda exchange: (exchange.read_body(), exchange.wait(threading.Event(), 1.5), exchange.reply()))
        gateway = start({"runtime": {"threads": 1}, **proxy(slow, good, hedging={"after": "50ms", "budget": "100%"})})
        longest = 0
        with gateway.connect() as connection:
            for _ in range(10):
                began = time.monotonic()
                assert connection.get("/").status == 200
                longest = max(longest, time.monotonic() - began)
        assert longest < 1.2
        assert total(gateway, "sluice_upstream_hedges_won_total") == total(gateway, "sluice_upstream_hedges_total") == 5


def test_all_of_it_over_http2(start):
    """Streams are given up one by one; what they share a connection with goes on."""
    with H2Upstream() as one, H2Upstream() as two:
        for server in (one, two):
            server.on("/ok")(lambda stream: (stream.head(200), stream.data(b"ok", end=True)))
        one.on("/silent")(lambda stream: None)
        two.on("/silent")(lambda stream: (stream.head(200), stream.data(b"two", end=True)))
        one.on("/busy")(lambda stream: stream.head(503, end=True))
        two.on("/busy")(lambda stream: (stream.head(200), stream.data(b"two", end=True)))
        settings = dict(protocol="h2c", retries={"attempts": 2, "on": [503], "perTry": "300ms"})
        gateway = start({"runtime": {"threads": 1}, **proxy(one, two, **settings)})
        with gateway.connect() as connection:
            for path in ("/silent", "/busy"):
                assert {(r.status, r.body) for r in (connection.get(path) for _ in range(4))} == {(200, b"two")}, path
            put = connection.request("PUT", "/busy", body=b"x" * 5000)
            assert put.status == 200
        assert all(len(stream.body) == 5000 for server in (one, two) for stream in server.requests if stream[":method"] == "PUT")
        gateway.reload({"runtime": {"threads": 1}, **proxy(one, two, protocol="h2c", hedging={"after": "50ms", "budget": "100%"})})
        with gateway.connect() as connection:
            assert {connection.get("/silent").body for _ in range(4)} == {b"two"}
            assert connection.get("/ok").status == 200
        assert total(gateway, "sluice_upstream_hedges_won_total") == 2


@contextlib.contextmanager
def elsewhere(folder):
    """A server in a network namespace of its own: its address, and what cuts the line to it without a word."""
    name, one, two = f"sluice{os.getpid()}", f"sl{os.getpid()}a", f"sl{os.getpid()}b"
    network = f"10.213.{os.getpid() % 250}"

    def run(*words):
        subprocess.run(words, check=True, capture_output=True, timeout=20)

    run("ip", "netns", "add", name)
    server = None
    try:
        run("ip", "link", "add", one, "type", "veth", "peer", "name", two, "netns", name)
        run("ip", "addr", "add", f"{network}.1/30", "dev", one)
        run("ip", "link", "set", one, "up")
        run("ip", "-n", name, "addr", "add", f"{network}.2/30", "dev", two)
        run("ip", "-n", name, "link", "set", two, "up")
        server = subprocess.Popen(["ip", "netns", "exec", name, sys.executable, "-m", "http.server", "8000", "--protocol", "HTTP/1.1"],
                                  cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield f"{network}.2:8000", lambda: run("ip", "-n", name, "link", "set", two, "down")
    finally:
        if server:
            server.kill()
            server.wait()
        subprocess.run(["ip", "netns", "del", name], capture_output=True)


def has_namespaces() -> bool:
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    made = subprocess.run(["ip", "netns", "add", "sluiceprobe"], capture_output=True).returncode == 0
    return made and subprocess.run(["ip", "netns", "del", "sluiceprobe"], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_namespaces(), reason="needs root and network namespaces")
def test_connections_whose_other_end_is_gone(start, upstream, tmp_path):
    """The line is cut while connections are open: nobody is told, and nothing that is sent arrives."""
    with elsewhere(tmp_path) as (address, cut):
        host, port = address.split(":")
        until(lambda: fetch((host, int(port))).status == 200, 10, "the server answers")
        gateway = start({"runtime": {"threads": 1}, **proxy(
            address, upstream, health={"passive": PASSIVE}, retries={**RETRIES, "perTry": "300ms"}, timeouts={"connect": "300ms"})})
        with gateway.connect() as connection:
            assert [connection.get("/").status for _ in range(6)] == [200] * 6
            assert total(gateway, "sluice_upstream_idle_connections", address=address) == 1
            cut()
            slow, statuses = 0, []
            for _ in range(20):
                began = time.monotonic()
                statuses.append(connection.get("/").status)
                slow += time.monotonic() - began > 0.25
        assert statuses == [200] * 20
        assert slow == 3
