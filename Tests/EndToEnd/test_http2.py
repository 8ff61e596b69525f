"""HTTP/2 without TLS from clients: `h2`, curl and h2load."""

import shutil
import subprocess
import threading

import h2.errors
import pytest

from harness.configuration import proxy
from harness.http2 import Client
from harness.waiting import until


@pytest.fixture
def gateway(start, upstream):
    return start(proxy(upstream))


@pytest.fixture
def client(gateway):
    with Client(gateway.address) as client:
        yield client


def test_a_request_as_the_upstream_sees_it(gateway, upstream, client):
    stream = client.wait(client.request("GET", "/a?b", [("cookie", "x=1"), ("cookie", "y=2"), ("te", "trailers")]))
    assert stream.status == 200 and stream.ended
    assert {"connection", "keep-alive", "transfer-encoding"} & set(stream.headers) == set()
    head = upstream.wait_seen("/a")[0]
    assert head.target == "/a?b" and head["cookie"] == "x=1; y=2" and head["host"] == "example.test" and head["via"] == "2 sluice"
    assert gateway.wait_log('"protocol":"HTTP/2.0"')


def test_many_streams_and_bodies_at_once(upstream, client):
    @upstream.on("/echo")
    def echo(exchange):
        exchange.reply(body=bytes(exchange.read_body().data))

    bodies = {}
    for i in range(50):
        stream = client.request("POST", "/echo", ends=False)
        bodies[stream] = bytes([65 + i % 26]) * (1000 * i + 1)
    for stream, body in bodies.items():
        client.send(stream, body)
    client.wait(*bodies)
    assert all(client.streams[s].body == body for s, body in bodies.items())


def test_large_bodies_both_ways(upstream, client):
    body = bytes(range(256)) * 4_000

    @upstream.on("/echo")
    def echo(exchange):
        exchange.reply(body=bytes(exchange.read_body().data))

    stream = client.request("POST", "/echo", [("content-length", str(len(body)))], ends=False)
    client.send(stream, body)
    assert client.wait(stream).body == body


def test_trailers_from_the_upstream(upstream, client):
    @upstream.on("/trailers")
    def trailers(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n")

    stream = client.wait(client.request(path="/trailers"))
    assert stream.body == b"ok" and stream.trailers == {"x-sum": "1"}


def test_head_has_no_body(client):
    stream = client.wait(client.request("HEAD", "/x"))
    assert stream.status == 200 and stream.body == b"" and "content-length" in stream.headers


def test_a_cancelled_request_reaches_the_upstream(gateway, upstream, client):
    left = threading.Event()

    @upstream.on("/slow")
    def slow(exchange):
        if exchange.wait_left(10) != "open":
            left.set()

    stream = client.request(path="/slow")
    upstream.wait_seen("/slow")
    client.h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
    client.flush()
    assert left.wait(10)
    assert gateway.wait_log("client_closed")
    assert client.wait(client.request()).status == 200


def test_a_client_that_takes_nothing_costs_little_memory(gateway, upstream):
    @upstream.on("/big")
    def big(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(50):
            exchange.send(b"x" * 1_000_000)

    with Client(gateway.address, takes=False) as client:
        before = gateway.memory()
        streams = [client.request(path="/big") for _ in range(4)]
        while sum(len(client.streams[s].body) for s in streams) < 65_535:
            assert client.read()
        assert client.wait(client.request("HEAD", "/x")).status == 200, "the others are not held up"
        assert gateway.memory() - before < 40_000_000


def test_goaway_when_draining(start, upstream):
    gateway = start(proxy(upstream) | {"runtime": {"drain": "20s"}})
    go_on = threading.Event()

    @upstream.on("/slow")
    def slow(exchange):
        exchange.wait(go_on)
        exchange.reply(body="complete")

    with Client(gateway.address) as client, Client(gateway.address) as idle:
        assert idle.wait(idle.request()).status == 200
        stream = client.request(path="/slow")
        upstream.wait_seen("/slow")
        gateway.terminate()
        until(lambda: client.read() and client.goaway, 10, "GOAWAY")
        go_on.set()
        assert client.wait(stream).body == b"complete"
        client.wait_closed()
        idle.wait_closed()
        assert {code for _, code in client.goaway + idle.goaway} == {0}
    assert gateway.wait_exit() == 0


@pytest.mark.parametrize("kind", ["reset", "ping"])
def test_floods_end_the_connection(gateway, client, kind):
    try:
        for _ in range(500):
            if kind == "ping":
                client.h2.ping(b"12345678")
            else:
                client.h2.reset_stream(client.request(), h2.errors.ErrorCodes.CANCEL)
            client.flush()
        client.wait_closed()
    except OSError:
        pass
    until(lambda: gateway.metrics().total("sluice_http2_floods_total", listener="web") == 1, 5, "the flood is counted")
    assert gateway.wait_log("too_many_frames")
    assert gateway.get("/").status == 200


@pytest.mark.parametrize("protocols, answers", [(["http1"], (True, False)), (["h2c"], (False, True)), (["http1", "h2c"], (True, True))])
def test_only_what_the_listener_allows(start, upstream, protocols, answers):
    gateway = start(proxy(upstream, listener={"protocols": protocols}))
    for arguments, answer in zip((["--http1.1"], ["--http2-prior-knowledge"]), answers):
        result = subprocess.run(["curl", "-sS", "-m", "5", *arguments, f"http://{gateway.address_text}/"], capture_output=True)
        assert (result.returncode == 0) is answer, (arguments, result)


@pytest.mark.skipif(not shutil.which("h2load"), reason="h2load is not installed")
def test_h2load(gateway):
    result = subprocess.run(["h2load", "-c", "8", "-m", "16", "-n", "2000", f"http://{gateway.address_text}/"], capture_output=True, text=True, timeout=60)
    assert "2000 succeeded, 0 failed, 0 errored" in result.stdout, result.stdout
