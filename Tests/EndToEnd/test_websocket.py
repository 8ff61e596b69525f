"""WebSockets and other upgrades over HTTP/1: handshake, what passes, and every way in which they end."""

import hashlib
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from harness.configuration import proxy
from harness.gateway import command
from harness.secrets import secret
from harness.waiting import limit, until
from harness.websocket import ACCEPT, KEY, EchoServer, basic, connect, exactly, frame, one_route, raw_echo, read_frame, tunnel, upgrade

PASSWORD = secret("lucky-gecko-5518")
SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {}\r\n\r\n"


@pytest.fixture
def echo():
    with EchoServer() as server:
        yield server


# ---- what passes ---------------------------------------------------------------------------------------------------


def test_messages(start, echo):
    gateway = start(proxy(echo))
    with connect(gateway, "/chat?room=1") as client:
        for message in ["hello", "", "ü" * 70000, b"\0\xff" * 100, b"x" * (1 << 20)]:
            client.send(message)
            assert client.recv(timeout=10) == message
        client.send(["frag", "men", "ted"])
        assert client.recv(timeout=10) == "fragmented"
        assert client.ping(b"p").wait(limit(5))
        assert gateway.metrics().total("sluice_tunnels") == 1
    assert echo.paths == ["/chat?room=1"]
    assert echo.headers[0]["x-forwarded-for"] == "127.0.0.1"
    line, = gateway.wait_log("/chat")
    assert '"status":101' in line.replace(" ", "")
    until(lambda: gateway.metrics().total("sluice_tunnels") == 0)


def test_the_log_counts_bytes_both_ways(start, upstream):
    upstream.on("/t", lambda e: tunnel(e, raw_echo))
    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        upgrade(connection, "/t")
        connection.send(frame(2, bytes(1000)))
        exactly(connection.wire, 1008)
        connection.finish_sending()
        assert connection.ending(5) == "fin"
    gateway.wait_log("/t")
    record, = [r for r in gateway.log() if r.get("path", r.get("target")) == "/t"] or gateway.log()
    assert record["status"] == 101
    sizes = [v for k, v in record.items() if "ytes" in k]
    assert sizes and all(size == 1008 for size in sizes), record


def test_the_client_sees_the_upstreams_answer(start, upstream):
    upstream.on("/t", lambda e: tunnel(e, raw_echo))
    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        head = upgrade(connection, "/t", headers=[("Sec-WebSocket-Protocol", "a, b"), ("Cookie", "x=1")])
        assert (head.status, head["upgrade"], head["connection"]) == (101, "websocket", "upgrade")
        assert head["sec-websocket-accept"] == ACCEPT
        assert head["content-length"] is None and head["transfer-encoding"] is None
    seen, = upstream.seen("/t")
    assert (seen["upgrade"], seen["connection"], seen["sec-websocket-key"]) == ("websocket", "upgrade", KEY)
    assert seen["sec-websocket-protocol"] == "a, b" and seen["x-forwarded-proto"] == "http"


def test_subprotocol_and_compression(start):
    with EchoServer(subprotocols=["chat.v2"], compression="deflate") as echo:
        gateway = start(one_route(echo, websocket={"maxMessage": "1MiB"}))
        with connect(gateway, subprotocols=["chat.v1", "chat.v2"], compression="deflate") as client:
            assert client.subprotocol == "chat.v2"
            assert [type(e).__name__ for e in client.protocol.extensions] == ["PerMessageDeflate"]
            client.send("z" * 100_000)
            assert client.recv(timeout=10) == "z" * 100_000


def test_bytes_right_behind_both_heads(start, upstream):
    """The client sends before it is answered, the upstream with its answer."""

    def rule(exchange):
        exchange.ends = True
        exchange.send(f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n".encode()
                      + frame(1, b"welcome", mask=False))
        assert read_frame(exchange.wire, masked=True) == (1, b"early")
        exchange.send(frame(1, b"seen", mask=False))
        exchange.wait_left()

    upstream.on("/t", rule)
    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        assert upgrade(connection, "/t", behind=frame(1, b"early")).status == 101
        assert read_frame(connection.wire) == (1, b"welcome")
        assert read_frame(connection.wire) == (1, b"seen")


# ---- handshake -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes, status", [
    ({"version": "8"}, 426), ({"version": "x"}, 426), ({"key": "c2hvcnQ="}, 400), ({"key": "*" * 24}, 400), ({"key": ""}, 400),
    ({"headers": [("Sec-WebSocket-Key", KEY)]}, 400),
], ids=str)
def test_malformed_handshake(start, upstream, changes, status):
    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        head = upgrade(connection, "/t", **changes)
        assert head.status == status
        assert head["sec-websocket-version"] == ("13" if status == 426 else None)
    gateway.wait_log("bad_websocket_handshake")
    assert not upstream.requests


@pytest.mark.parametrize("status", [200, 400, 403, 426])
def test_refused_by_the_upstream(start, upstream, status):
    upstream.on("/t", lambda e: e.reply(status, body="no"))
    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        upgrade_head = upgrade(connection, "/t")
        assert upgrade_head.status == status and upgrade_head["content-length"] == "2"
        assert exactly(connection.wire, 2) == b"no"
        assert connection.get("/a").status == 200, "both connections go on"
    assert len({r.connection.number for r in upstream.requests}) == 1


@pytest.mark.parametrize("answer", [
    SWITCH.format("other"), "HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc",
], ids=["other", "none", "length"])
def test_a_switch_that_was_not_asked_for(start, upstream, answer):
    def rule(exchange):
        exchange.ends = True
        exchange.send(answer)
        exchange.wait_left()

    upstream.on("/t", rule)
    gateway = start(proxy(upstream, retries={"attempts": 1}))
    with gateway.connect() as connection:
        assert upgrade(connection, "/t").status == 502
    gateway.wait_log("upstream_bad_response")


def test_policies_come_first(start, echo):
    hashed = command("hash-password", input=f"{PASSWORD}\n").stdout.strip()
    configuration = one_route(echo, policies=[{"basic-auth": {}}, {"rate-limit": {"limit": 1, "window": "1h"}}])
    configuration["consumers"] = [{"name": "mobile", "credentials": [{"basic": {"username": "mobile", "passwordHash": hashed}}]}]
    gateway = start(configuration)
    with pytest.raises(InvalidStatus) as refused:
        connect(gateway)
    assert refused.value.response.status_code == 401
    with connect(gateway, additional_headers={"Authorization": basic("mobile", PASSWORD)}) as client:
        client.send("in")
        assert client.recv(timeout=10) == "in"
    with pytest.raises(InvalidStatus) as refused:
        connect(gateway, additional_headers={"Authorization": basic("mobile", PASSWORD)})
    assert refused.value.response.status_code == 429
    assert len(echo.paths) == 1


def test_response_policies_see_the_switch_and_size_limits_do_not_apply(start, echo):
    gateway = start(one_route(echo, policies=[
        {"headers": {"response": {"set": {"x-seen": "{= string(response.status) =}"}}}}, {"size-limit": {"request": "10B", "response": "10B"}}]))
    with connect(gateway) as client:
        assert client.response.headers["x-seen"] == "101"
        client.send("m" * 1000)
        assert client.recv(timeout=10) == "m" * 1000


@pytest.mark.parametrize("upgrades, allowed", [(None, False), (["spdy/3"], False), (["websocket", "Other/1"], True)], ids=str)
def test_other_protocols_by_allow_list(start, upstream, upgrades, allowed):
    def rule(exchange):
        if exchange.record["upgrade"]:
            return tunnel(exchange, raw_echo, "other/1")
        exchange.reply(body="plain")

    upstream.on("/t", rule)
    gateway = start(one_route(upstream, **({"upgrade": upgrades} if upgrades else {})))
    with gateway.connect() as connection:
        head = upgrade(connection, "/t", "other/1")
        if not allowed:
            assert head.status == 200 and exactly(connection.wire, 5) == b"plain"
            return
        assert (head.status, head["upgrade"]) == (101, "other/1")
        connection.send(b"\0any bytes at all")
        assert exactly(connection.wire, 17) == b"\0any bytes at all"
        connection.finish_sending()
        assert connection.ending(5) == "fin"


def test_websockets_can_be_forbidden_for_an_api(start, upstream):
    configuration = one_route(upstream)
    configuration["apis"][0]["upgrade"] = []
    gateway = start(configuration)
    with gateway.connect() as connection:
        assert upgrade(connection, "/a").status == 200
    assert upstream.requests[0]["upgrade"] is None


# ---- ends ----------------------------------------------------------------------------------------------------------


def test_close_codes_pass_both_ways(start, echo):
    echo.rules["/server"] = lambda client: client.close(4001, "enough")
    gateway = start(proxy(echo))
    with connect(gateway, "/server") as client:
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "enough")
    client = connect(gateway, "/client")
    client.close(4002, "bye")
    until(lambda: ("/client", 4002) in echo.closed)
    until(lambda: gateway.client_connections() == 0)


def test_half_close_of_the_client(start, upstream):
    """The client has sent all; the upstream answers after that."""

    def work(exchange):
        wire = exchange.wire
        while wire.fill(time.monotonic() + limit(20)):
            pass
        assert wire.how == "fin"
        exchange.send(hashlib.sha256(bytes(wire.buffer)).hexdigest())
        exchange.close()

    upstream.on("/t", lambda e: tunnel(e, work, "raw"))
    gateway = start(one_route(upstream, upgrade=["raw"]))
    with gateway.connect() as connection:
        upgrade(connection, "/t", "raw")
        body = bytes(range(256)) * 8000
        connection.send(body)
        connection.finish_sending()
        assert exactly(connection.wire, 64).decode() == hashlib.sha256(body).hexdigest()
        assert connection.ending(5) == "fin"


def test_half_close_of_the_upstream(start, upstream):
    got = []

    def work(exchange):
        exchange.peer.sock.shutdown(1)
        while exchange.wire.fill(time.monotonic() + limit(20)):
            pass
        got.append((bytes(exchange.wire.buffer), exchange.wire.how))

    upstream.on("/t", lambda e: tunnel(e, work, "raw"))
    gateway = start(one_route(upstream, upgrade=["raw"]))
    with gateway.connect() as connection:
        upgrade(connection, "/t", "raw")
        assert connection.ending(5) == "fin"
        connection.send("still heard")
        connection.finish_sending()
        until(lambda: got)
    assert got == [(b"still heard", "fin")]
    until(lambda: gateway.client_connections() == 0)


def test_the_client_is_killed(start, upstream):
    upstream.on("/t", lambda e: tunnel(e, lambda e: e.wait_left()))
    gateway = start(proxy(upstream))
    connection = gateway.connect()
    upgrade(connection, "/t")
    connection.reset()
    upstream.seen("/t")[0].connection.wait_ended()
    until(lambda: gateway.client_connections() == 0 and gateway.metrics().total("sluice_tunnels") == 0)


def test_the_upstream_is_killed(start, upstream):
    upstream.on("/t", lambda e: tunnel(e, lambda e: e.reset()))
    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        upgrade(connection, "/t")
        assert connection.ending(5) in ("reset", "fin")
    gateway.wait_log("upstream_incomplete")
    until(lambda: gateway.metrics().total("sluice_tunnels") == 0)
