"""How many bytes pass in a second: measured by clients, both ways, over both versions of HTTP, and through tunnels."""

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.configuration import api, route, upstream as named_upstream
from harness.h2upstream import H2Upstream
from harness.http2 import Client
from harness.raw import format_request
from harness.upstream import Upstream
from harness.waiting import until
from harness.websocket import EchoServer, connect

RATE = 2_000_000
SECONDS = 2.5
SHORT = "300ms"
#: What passes in a twentieth of a second is not told apart from what passes at once.
PLAY = 0.05


def configuration(upstream, *settings, listener=None, **more):
    policies = [{"bandwidth-limit": each, "name": f"limit{i}"} for i, each in enumerate(settings)]
    return {
        "runtime": {"threads": 2},
        **({"listeners": [listener]} if listener else {}),
        "upstreams": [named_upstream("up", upstream, **more)],
        "apis": [api("all", route("all", "/*", "up", policies=policies))],
    }


def send_much(upstream, count=int(RATE * SECONDS), chunked=False):
    @upstream.on("/file")
    def file(exchange):
        if chunked:
            exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for at in range(0, count, 50_000):
                piece = b"x" * min(50_000, count - at)
                exchange.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            exchange.send("0\r\n\r\n")
        else:
            exchange.reply(body=b"x" * count)

    return count


def check_rate(count, seconds, rate=RATE):
    measured = count / seconds
    assert abs(measured - rate) <= rate * PLAY, f"{measured:.0f} bytes a second in place of {rate}"


@pytest.mark.parametrize("chunked", [False, True])
def test_downloads(start, upstream, chunked):
    """The rate is kept, evenly, and no time-out takes it for a slow upstream or a slow client."""
    count = send_much(upstream, chunked=chunked)
    times = {"response": SHORT, "idle": SHORT}
    gateway = start(configuration(upstream, {"response": f"{RATE}B"}, timeouts=times, listener={"timeouts": {"progress": SHORT}}))
    before = gateway.memory()
    with gateway.connect() as connection:
        began = time.monotonic()
        connection.send(format_request("GET", "/file"))
        seen = [(time.monotonic(), 0)]
        total, tail = 0, b""
        while total < count:
            piece = connection.sock.recv(1 << 16)
            assert piece, f"cut after {total} bytes"
            total += len(piece)
            tail = (tail + piece)[-16:]
            seen.append((time.monotonic(), total))
        check_rate(count, time.monotonic() - began)
    # In no half second did more than a tenth too much pass.
    for i, (at, bytes_then) in enumerate(seen):
        later = next(((t, b) for t, b in seen[i:] if t >= at + 0.5), None)
        if later:
            assert later[1] - bytes_then <= RATE * (later[0] - at + 0.15), "not smooth"
    assert gateway.memory() - before < 4 << 20


def test_uploads(start, upstream):
    count = int(RATE * SECONDS)
    gateway = start(configuration(upstream, {"request": f"{RATE}B"}, timeouts={"response": SHORT, "idle": SHORT}, listener={"timeouts": {"progress": SHORT}}))
    began = time.monotonic()
    response = gateway.fetch("POST", "/up", body=b"y" * count, timeout=20)
    check_rate(count, time.monotonic() - began)
    assert response.status == 200
    record, = upstream.seen("/up")
    assert record.body.complete and record.body.length == count and record.body.sha256 == hashlib.sha256(b"y" * count).hexdigest()


def test_http2_streams_have_rates_of_their_own(start, upstream):
    count = send_much(upstream)
    gateway = start(configuration(upstream, {"response": f"{RATE}B"}))
    with Client(gateway.address) as client:
        began = time.monotonic()
        streams = [client.request(path="/file") for _ in range(2)]
        client.wait(*streams)
        check_rate(count, time.monotonic() - began)
        assert all(len(client.streams[stream].body) == count for stream in streams)


def test_upstreams_of_http2(start):
    """Both ways; a stream that is slowed down leaves the others of its connection alone."""
    with H2Upstream() as h2:
        count = RATE

        @h2.on("/file")
        def file(stream):
            stream.head(200)
            stream.data(b"x" * count, end=True)

        each = {"bandwidth-limit": {"response": f"{RATE // 2}B", "request": f"{RATE // 2}B"}}
        gateway = start({
            "runtime": {"threads": 1},
            "upstreams": [named_upstream("up", h2, protocol="h2c", timeouts={"response": SHORT, "idle": SHORT})],
            "apis": [api("all", route("slow", "/file", "up", policies=[each]), route("all", "/*", "up"), route("put", "/put", "up", policies=[each]))],
        })
        with ThreadPoolExecutor(2) as pool:
            began = time.monotonic()
            download = pool.submit(lambda: (gateway.get("/file", timeout=20), time.monotonic()))
            upload = pool.submit(lambda: (gateway.fetch("POST", "/put", body=b"y" * count, timeout=20), time.monotonic()))
            while not download.done():
                asked = time.monotonic()
                assert gateway.get("/other").status == 200
                assert time.monotonic() - asked < 0.5
                time.sleep(0.05)
            for response, ended in (download.result(), upload.result()):
                assert response.complete and response.status == 200
                check_rate(count, ended - began, RATE // 2)
        assert download.result()[0].content.length == count


def test_a_connection_shares_a_rate(start, upstream):
    count = send_much(upstream, count=RATE)
    gateway = start(configuration(upstream, {"response": f"{RATE}B", "by": "connection"}))
    with Client(gateway.address) as client:
        began = time.monotonic()
        client.wait(*[client.request(path="/file") for _ in range(2)])
        check_rate(2 * count, time.monotonic() - began)


def test_clients_of_a_key_share_a_rate_and_others_have_their_own(start, upstream):
    """Eight downloads on two event loops: four for each tenant, and each tenant gets its rate, evenly divided."""
    count = send_much(upstream, count=RATE // 2)
    gateway = start(configuration(upstream, {"response": f"{RATE}B", "by": 'request.headers["x-tenant"]'}))

    def download(tenant):
        began = time.monotonic()
        response = gateway.get("/file", {"x-tenant": tenant}, timeout=20)
        assert response.complete and len(response.body) == count
        return time.monotonic() - began

    with ThreadPoolExecutor(8) as pool:
        seconds = list(pool.map(download, ["a", "b"] * 4))
    for tenant in (seconds[0::2], seconds[1::2]):
        check_rate(4 * count, max(tenant))
        assert min(tenant) > 0.75 * max(tenant), tenant


def test_the_slowest_of_several_limits_counts(start, upstream):
    count = send_much(upstream, count=RATE // 2)
    gateway = start(configuration(upstream, {"response": f"{RATE * 10}B"}, {"response": f"{RATE // 4}B", "by": "ip"}))
    began = time.monotonic()
    assert len(gateway.get("/file", timeout=20).body) == count
    check_rate(count, time.monotonic() - began, RATE // 4)
    assert gateway.metrics().total("sluice_bandwidth_limit_waits_total", policy="limit1") > 10


def test_a_client_that_leaves_is_let_go(start, upstream):
    """In the middle, and when the upstream has long sent everything."""
    ended = threading.Event()

    @upstream.on("/file")
    def file(exchange):
        exchange.reply(body=b"x" * 100_000)
        ended.set()

    gateway = start(configuration(upstream, {"response": "20KB"}))
    for _ in range(3):
        with gateway.connect() as connection:
            connection.send(format_request("GET", "/file"))
            connection.read_head()
            assert ended.wait(5)
            connection.reset()
    until(lambda: gateway.client_connections() == 0)
    assert len(gateway.wait_log("client_closed", count=3)) == 3
    assert gateway.get("/other").status == 200


@pytest.mark.parametrize("collects", [False, True])
def test_another_try_sends_the_whole_body(start, upstream, collects):
    """One endpoint resets whoever comes, before it has read anything; with a policy that collects the body, and without."""
    with Upstream() as broken:
        broken.on("/*", lambda exchange: exchange.reset())
        collector = [{"token-limit": {"limit": 1000000, "window": "1h"}}] if collects else []
        limit = {"bandwidth-limit": {"request": "400KB", "response": "400KB"}}
        gateway = start({
            "upstreams": [named_upstream("up", broken, upstream, retries={"attempts": 3, "on": ["reset", "connect-failure"]})],
            "apis": [api("all", route("all", "/*", "up", policies=[limit, *collector]))],
        })
        answers = [gateway.fetch("PUT", "/", body=b"z" * 60_000, timeout=20) for _ in range(4)]
    # Without the body at hand, nothing can be sent again once it has begun to pass.
    assert {answer.status for answer in answers} <= ({200} if collects else {200, 502})
    assert all(record.body.length == 60_000 for record in upstream.seen("/"))


def test_what_is_short_does_not_wait(start, upstream):
    gateway = start(configuration(upstream, {"response": "100KB", "request": "100KB"}))
    began = time.monotonic()
    with gateway.connect() as connection:
        for _ in range(50):
            assert connection.request("POST", "/", body=b"hello").status == 200
    assert time.monotonic() - began < 2


def test_tunnels(start):
    with EchoServer() as echo:
        gateway = start(configuration(echo, {"response": "1MB"}))
        with connect(gateway, "/", max_size=None, compression=None) as client:
            message = b"z" * 1_500_000
            began = time.monotonic()
            client.send(message)
            assert client.recv(timeout=10) == message
            check_rate(len(message), time.monotonic() - began, 1_000_000)
