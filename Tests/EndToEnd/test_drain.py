"""How the gateway ends: what is under way is completed, nothing new begins, the exit code is 0."""

import signal
import socket
import threading
import time

import pytest

from harness.configuration import proxy
from harness.load import Load
from harness.raw import Connection, Ended, format_request
from harness.waiting import limit, until


def held(upstream, path="/slow"):
    go_on = threading.Event()

    @upstream.on(path)
    def slow(exchange):
        exchange.read_body()
        exchange.wait(go_on)
        exchange.reply(body="complete")

    return go_on


def refuses(gateway):
    try:
        with Connection(gateway.address, 1) as connection:
            return connection.wire.ending(0.2) != "open"
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_exchanges_in_flight_are_completed(start, upstream, number):
    gateway = start(proxy(upstream) | {"runtime": {"drain": "20s"}})
    go_on = held(upstream)
    clients = [gateway.connect() for _ in range(5)]
    for client in clients:
        client.send(format_request("GET", "/slow"))
    upstream.wait_seen("/slow", 5)
    gateway.signal(number)
    until(lambda: refuses(gateway), 5, "no new connections")
    assert gateway.admin("/readyz").status == 503 and gateway.admin("/healthz").status == 200
    assert gateway.process.poll() is None
    go_on.set()
    for client in clients:
        response = client.read_response()
        assert (response.status, response.text) == (200, "complete")
        assert response["connection"] == "close"
        assert client.ending(5) == "fin"
    assert gateway.wait_exit() == 0


def test_idle_connections_are_closed_at_once(start, upstream):
    gateway = start(proxy(upstream) | {"runtime": {"drain": "20s"}})
    kept = [gateway.connect() for _ in range(5)]
    assert all(c.get("/a").status == 200 for c in kept)
    silent = gateway.connect()
    since = time.monotonic()
    gateway.terminate()
    assert [c.ending(10) for c in kept] == ["fin"] * 5
    assert silent.ending(10) in ("fin", "reset")
    assert gateway.wait_exit() == 0
    assert time.monotonic() - since < limit(8), "nothing is waited for when nothing is under way"


def test_bodies_in_flight_are_completed(start, upstream):
    gateway = start(proxy(upstream) | {"runtime": {"drain": "20s"}})
    go_on = threading.Event()

    @upstream.on("/down")
    def down(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        exchange.wait(go_on)
        exchange.send("5\r\nother\r\n0\r\n\r\n")

    with gateway.connect() as download, gateway.connect() as upload:
        download.send(format_request("GET", "/down"))
        upload.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
        upstream.wait_seen("/down")
        upstream.wait_seen("/up")
        gateway.terminate()
        until(lambda: refuses(gateway), 5)
        upload.send("other")
        assert upload.read_response("POST").status == 200
        go_on.set()
        response = download.read_response()
        assert response.complete and response.body == b"firstother"
    assert gateway.wait_exit() == 0
    assert bytes(upstream.seen("/up")[0].body.data) == b"firstother"


def test_the_wait_is_bounded(start, upstream):
    gateway = start(proxy(upstream) | {"runtime": {"drain": "500ms"}})
    go_on = held(upstream)
    with gateway.connect() as client:
        client.send(format_request("GET", "/slow"))
        upstream.wait_seen("/slow")
        since = time.monotonic()
        gateway.terminate()
        assert gateway.wait_exit() in (0, 1)
        assert 0.4 <= time.monotonic() - since < limit(5)
        with pytest.raises((Ended, OSError)):
            response = client.read_response()
            assert response.status == 503
            raise Ended("answered honestly")
    go_on.set()


def test_the_access_log_is_complete(start, upstream):
    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        for index in range(500):
            assert connection.get(f"/n{index}").status == 200
    gateway.stop()
    assert {entry["path"] for entry in gateway.log()} == {f"/n{index}" for index in range(500)}


@pytest.mark.slow
@pytest.mark.parametrize("keep_alive", [True, False], ids=["kept", "fresh"])
def test_under_load(start, nginx, keep_alive):
    """Every request is answered whole, or was never taken."""
    for _ in range(3):
        gateway = start(proxy(nginx) | {"runtime": {"drain": "10s"}, "telemetry": {"accessLog": "none"}})
        with Load(gateway.address, "/x", threads=6, keep_alive=keep_alive, check=lambda r: r.body == b"ok\n") as load:
            until(lambda: load.answered > 300, 20)
            load.stopping.set()
            gateway.terminate()
            assert gateway.wait_exit() == 0
            tally = load.finish()
        assert not tally.failed, (len(tally.failed), tally.failed[:5])
        assert tally.answered >= 300


def test_a_second_signal_ends_at_once(start, upstream):
    gateway = start(proxy(upstream) | {"runtime": {"drain": "60s"}})
    go_on = held(upstream)
    with gateway.connect() as client:
        client.send(format_request("GET", "/slow"))
        upstream.wait_seen("/slow")
        gateway.terminate()
        until(lambda: refuses(gateway), 5)
        gateway.terminate()
        gateway.process.wait(limit(5))
    go_on.set()


def test_connections_in_the_queue_are_not_lost(start, upstream):
    """Connections that were made before the signal get their answer."""
    gateway = start({"runtime": {"threads": 1, "drain": "10s"}, **proxy(upstream)})
    clients = []
    for _ in range(50):
        client = Connection(gateway.address, 10)
        client.send(format_request("GET", "/q"))
        clients.append(client)
    gateway.terminate()
    answered = 0
    for client in clients:
        try:
            answered += client.read_response().status == 200
        except (Ended, OSError):
            pass
        client.close()
    assert answered == 50
    assert gateway.wait_exit() == 0


def test_a_port_is_free_again_at_once(start, upstream):
    gateway = start(proxy(upstream))
    gateway.get("/a")
    gateway.stop()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(gateway.address)
