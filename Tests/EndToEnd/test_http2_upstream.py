"""HTTP/2 towards upstreams: one connection for many exchanges, and what becomes of streams that break."""

import hashlib
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from h2.errors import ErrorCodes

from harness.configuration import proxy
from harness.h2upstream import H2Upstream
from harness.ports import free_port
from harness.process import end
from harness.raw import fetch, format_request
from harness.waiting import limit, until


@pytest.fixture
def h2():
    with H2Upstream() as server:
        yield server


def gateway_for(start, *servers, **settings):
    return start({"runtime": {"threads": 1}, **proxy(*servers, protocol="h2c", **settings)})


def same(response, body: bytes) -> bool:
    """The harness keeps the beginning of a long body, and the digest of all of it."""
    return response.complete and response.content.length == len(body) and response.content.sha256 == hashlib.sha256(body).hexdigest()


def test_get(start, h2):
    gateway = gateway_for(start, h2)
    response = gateway.get("/a?b=c", [("X-Upper", "Kept"), ("Connection", "x-mine"), ("X-Mine", "1"), ("TE", "trailers")])
    assert (response.status, response.body, response["via"]) == (200, b"ok", "2 sluice")
    (stream,) = h2.requests
    pseudo = [h for h in stream.headers if h[0].startswith(":")]
    assert pseudo == [(":method", "GET"), (":scheme", "http"), (":authority", "example.test"), (":path", "/a?b=c")]
    assert stream.headers[:4] == pseudo
    assert stream["x-upper"] == "Kept" and stream["te"] == "trailers"
    for name in ("host", "connection", "x-mine", "transfer-encoding", "content-length"):
        assert stream[name] is None, name


def test_methods_and_lengths(start, h2):
    @h2.on("/length")
    def _(stream):
        stream.head(200, ("content-length", "5"), end=stream[":method"] == "HEAD")
        if stream[":method"] != "HEAD":
            stream.data(b"12345", end=True)

    @h2.on("/empty")
    def _(stream):
        stream.head(204, end=True)

    gateway = gateway_for(start, h2)
    with gateway.connect() as client:
        for _ in range(3):
            client.send(format_request("HEAD", "/length"))
            head = client.read_response("HEAD")
            assert (head.status, head["content-length"], head.body) == (200, "5", b"")
            client.send(format_request("GET", "/length"))
            assert client.read_response().body == b"12345"
            client.send(format_request("DELETE", "/empty"))
            assert client.read_response("DELETE").status == 204
    assert len(h2.connections) == 1


def test_post_with_and_without_length(start, h2):
    @h2.on("/echo")
    def _(stream):
        assert stream.ended.wait(limit(20))
        stream.reply(bytes(stream.body), 200, ("x-length", stream["content-length"] or "none"))

    gateway = gateway_for(start, h2)
    body = bytes(range(256)) * 8192  # 2 MiB: far beyond the first window
    response = gateway.fetch("POST", "/echo", [], body, timeout=30)
    assert (response.status, response["x-length"]) == (200, str(len(body))) and same(response, body) and h2.seen("/echo")[0].body == body
    with gateway.connect() as client:
        client.send(b"POST /echo HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        until(lambda: len(h2.seen("/echo")) == 2 and h2.seen("/echo")[1].body == b"abc", 5, "the first chunk goes on at once")
        client.send(b"2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n")
        response = client.read_response("POST")
        assert (response["x-length"], response.body) == ("none", b"abcde")
    assert h2.seen("/echo")[1].trailers == [("x-sum", "5")]


def test_upload_waits_for_window(start, h2):
    """What the upstream does not take, the gateway does not read."""
    h2.takes_bodies = False
    gateway = gateway_for(start, h2)
    with gateway.connect() as client:
        client.send(b"POST /stuck HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000000\r\n\r\n")
        sent = 0
        client.sock.settimeout(1)
        with pytest.raises(TimeoutError):
            while sent < 100_000_000:
                sent += client.sock.send(bytes(65536))
        assert sent < 30_000_000 and len(h2.seen("/stuck")[0].body) == 65535


def test_response_trailers(start, h2):
    @h2.on("/trailers")
    def _(stream):
        stream.head(200)
        stream.data(b"body")
        stream.end_with(("grpc-status", "0"), ("x-more", "yes"))

    response = gateway_for(start, h2).get("/trailers", [("TE", "trailers")])
    assert response.body == b"body" and ("grpc-status", "0") in response.content.trailers


def test_interim_responses(start, h2):
    @h2.on("/hints")
    def _(stream):
        stream.head(103, ("link", "</a.css>"))
        stream.reply(b"done")

    @h2.on("/many")
    def _(stream):
        for _ in range(40):
            stream.head(103)
        stream.reply(b"done")

    gateway = gateway_for(start, h2)
    response = gateway.get("/hints")
    assert (response.status, response.body) == (200, b"done")
    assert [(i.status, i["link"]) for i in response.interim] == [(103, "</a.css>")]
    assert gateway.get("/many").error == "upstream_bad_response"


def test_many_streams_share_a_connection(start, h2):
    release = threading.Event()

    @h2.on("/held")
    def _(stream):
        release.wait(limit(20))
        stream.reply(str(stream.id).encode())

    gateway = gateway_for(start, h2)
    with ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(gateway.get, "/held", timeout=20) for _ in range(50)]
        until(lambda: len(h2.seen("/held")) == 50, 10, "50 streams at a time")
        release.set()
        bodies = [a.result().body for a in answers]
    assert len(set(bodies)) == 50 and len(h2.connections) == 1


def test_streams_share_before_the_connection_is_there(start, h2):
    """A burst on a cold gateway opens one connection, not one each."""
    gateway = gateway_for(start, h2)
    with ThreadPoolExecutor(20) as pool:
        assert [r.status for r in pool.map(lambda _: gateway.get("/a"), range(20))] == [200] * 20
    assert len(h2.connections) == 1


def test_most_streams_of_the_upstream(start):
    with H2Upstream(max_concurrent_streams=1) as server:
        @server.on("/slow")
        def _(stream):
            stream.ended.wait(limit(5))
            time.sleep(0.02)
            stream.reply(b"ok")

        gateway = gateway_for(start, server, limits={"connections": 1, "queue": 100})
        assert gateway.get("/warm").status == 200
        with ThreadPoolExecutor(12) as pool:
            assert [r.status for r in pool.map(lambda _: gateway.get("/slow", timeout=20), range(24))] == [200] * 24
        assert server.most == 1 and len(server.connections) == 1 and not server.errors


def test_reset_inside_the_body(start, h2):
    begun = threading.Event()

    @h2.on("/cut")
    def _(stream):
        stream.head(200)
        stream.data(b"some")
        assert begun.wait(limit(5))
        stream.abort()

    @h2.on("/cut/early")
    def _(stream):
        stream.abort(ErrorCodes.CANCEL)

    gateway = gateway_for(start, h2)
    assert gateway.get("/warm").status == 200
    with gateway.connect() as client:
        client.send(format_request("GET", "/cut"))
        assert client.read_head().status == 200
        begun.set()
        assert not client.wire.body("chunked", 0, 5).complete
    early = gateway.get("/cut/early")
    assert (early.status, early.error) == (502, "upstream_reset") and "cancel" in early.problem["detail"]
    assert gateway.get("/after").body == b"ok" and len(h2.connections) == 1


def test_refused_stream_is_tried_again(start, h2):
    @h2.on("/refused")
    def _(stream):
        if len(h2.seen("/refused")) == 1:
            return stream.abort(ErrorCodes.REFUSED_STREAM)
        stream.reply(b"second")

    @h2.on("/never")
    def _(stream):
        stream.abort(ErrorCodes.REFUSED_STREAM)

    gateway = gateway_for(start, h2)
    assert gateway.fetch("POST", "/refused").body == b"second"
    assert gateway.get("/never").error == "upstream_reset" and len(h2.seen("/never")) == 2


def test_go_away(start, h2):
    """Streams that the upstream has taken go on; those beyond and new ones go to another connection."""
    release = threading.Event()

    @h2.on("/long")
    def _(stream):
        stream.head(200)
        stream.data(b"first ")
        release.wait(limit(20))
        stream.data(b"last", end=True)

    @h2.on("/beyond")
    def _(stream):
        if stream.connection.number == 0:
            return stream.connection.go_away(1)
        stream.reply(b"elsewhere")

    gateway = gateway_for(start, h2)
    with gateway.connect() as client:
        client.send(format_request("GET", "/long"))
        until(lambda: h2.seen("/long"), 5)
        assert gateway.get("/beyond").body == b"elsewhere"
        assert gateway.get("/new").body == b"ok" and h2.seen("/new")[0].connection.number == 1
        release.set()
        response = client.read_response()
        assert response.complete and response.body == b"first last"
    assert h2.connections[0].closed.wait(limit(5)), "the old connection is closed behind its last stream"


def test_connection_lost(start, h2):
    @h2.on("/lost")
    def _(stream):
        if len(h2.seen("/lost")) == 1:
            return stream.connection.close()
        stream.reply(b"again")

    @h2.on("/cut")
    def _(stream):
        stream.head(200)
        stream.data(b"some")
        stream.connection.close()

    gateway = gateway_for(start, h2)
    assert gateway.get("/warm").status == 200
    assert gateway.get("/lost").body == b"again"
    response = gateway.get("/cut")
    assert response.status == 200 and not response.complete
    assert gateway.get("/after").body == b"ok"


def test_malformed_responses(start, h2):
    @h2.on("/length")
    def _(stream):
        stream.head(200, ("content-length", "10"))
        stream.data(b"short", end=True)

    @h2.on("/field")
    def _(stream):
        stream.head(200, ("connection", "close"), end=True)

    @h2.on("/case")
    def _(stream):
        stream.head(200, ("X-Upper", "a"), end=True)

    @h2.on("/large")
    def _(stream):
        stream.head(200, *((f"x-{i}", "v" * 1000) for i in range(50)), end=True)

    @h2.on("/frame")
    def _(stream):
        stream.connection.raw(b"\x00\x00\x01\x08\x00\x00\x00\x00\x00\x00")

    gateway = gateway_for(start, h2)
    assert gateway.get("/field").error == "upstream_bad_response"
    assert gateway.get("/case").error == "upstream_bad_response"
    assert gateway.get("/large").error == "upstream_headers_too_large"
    assert not gateway.get("/length").complete
    assert len(h2.connections) == 1
    assert gateway.get("/frame").error == "upstream_bad_response"
    assert gateway.get("/after").body == b"ok"


def test_timeouts(start, h2):
    release = threading.Event()

    @h2.on("/silent")
    def _(stream):
        release.wait(limit(20))

    @h2.on("/stalls")
    def _(stream):
        stream.head(200)
        stream.data(b"some")
        release.wait(limit(20))

    gateway = gateway_for(start, h2, timeouts={"response": "300ms", "idle": "400ms"})
    assert gateway.get("/silent").error == "upstream_timeout"
    assert until(lambda: h2.seen("/silent")[0].reset, 5) == ErrorCodes.CANCEL
    response = gateway.get("/stalls")
    assert response.status == 200 and not response.complete
    release.set()
    # Without streams the connection is closed.
    assert h2.connections[0].closed.wait(limit(5))
    assert gateway.get("/after").status == 200 and len(h2.connections) == 2


def test_client_leaves(start, h2):
    @h2.on("/held")
    def _(stream):
        stream.ended.wait(limit(5))

    gateway = gateway_for(start, h2)
    with gateway.connect() as client:
        client.send(b"POST /held HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nabc")
        until(lambda: h2.seen("/held"), 5)
    assert until(lambda: h2.seen("/held")[0].reset, 5) == ErrorCodes.CANCEL
    assert gateway.get("/after").body == b"ok" and len(h2.connections) == 1


def test_slow_client_costs_no_memory(start, h2):
    size = 64 << 20

    @h2.on("/big")
    def _(stream):
        stream.head(200, ("content-length", str(size)))
        for _ in range(64):
            stream.data(bytes(1 << 20))
        stream.data(b"", end=True)

    gateway = gateway_for(start, h2)

    def resident():
        with open(f"/proc/{gateway.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    assert gateway.get("/warm").status == 200
    before = resident()
    slow = [gateway.connect(receive_buffer=4096) for _ in range(8)]
    for client in slow:
        client.send(format_request("GET", "/big"))
    until(lambda: len(h2.seen("/big")) == 8, 5)
    # Slow clients hold nobody else up.
    for _ in range(20):
        assert gateway.get("/quick").body == b"ok"
    assert gateway.get("/big", timeout=60).content.length == size
    assert resident() - before < 24 << 10, "KiB more"
    for client in slow:
        client.close()


@pytest.mark.skipif(not shutil.which("nghttpd"), reason="needs nghttpd")
def test_nghttpd(start, tmp_path):
    """Another implementation: up and down with large bodies, at the same time."""
    port = free_port()
    content = bytes(range(256)) * 16384  # 4 MiB
    (tmp_path / "big").write_bytes(content)
    server = subprocess.Popen(["nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", str(tmp_path), "--echo-upload", str(port)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        gateway = gateway_for(start, f"127.0.0.1:{port}")
        until(lambda: gateway.get("/big").status == 200, 10)
        with ThreadPoolExecutor(8) as pool:
            down = [pool.submit(gateway.get, "/big", timeout=30) for _ in range(8)]
            up = [pool.submit(gateway.fetch, "POST", "/echo", [], content, timeout=30) for _ in range(8)]
            assert all(same(f.result(), content) for f in down + up)
    finally:
        end(server)
