"""WebSockets and other upgrades over HTTP/1: handshake, what passes, limits, and every way in which they end."""

import hashlib
import resource
import socket
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from harness.configuration import api, proxy, route, upstream as named_upstream
from harness.gateway import command
from harness.waiting import limit, until
from harness.websocket import ACCEPT, KEY, EchoServer, basic, connect, exactly, frame, read_frame, upgrade

SHORT = "600ms"
SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {}\r\n\r\n"


@pytest.fixture
def echo():
    with EchoServer() as server:
        yield server


def one_route(to, **settings) -> dict:
    """One event loop, one route with these settings."""
    return {"runtime": {"threads": 1}, "upstreams": [named_upstream("up", to)], "apis": [api("all", route("all", "/*", "up", **settings))]}


def tunnel(exchange, work, protocol: str = "websocket"):
    """A rule that switches and then works with the bare connection."""
    accept = f"Sec-WebSocket-Accept: {ACCEPT}\r\n" if protocol == "websocket" else ""
    exchange.ends = True
    exchange.send(f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n{accept}\r\n")
    work(exchange)


def raw_echo(exchange):
    """Sends back what comes, and its own FIN after the client's."""
    wire = exchange.wire
    while wire.buffer or wire.fill(time.monotonic() + limit(20)):
        exchange.send(wire.take(len(wire.buffer)))
    exchange.close()


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
    hashed = command("hash-password", input="secret\n").stdout.strip()
    configuration = one_route(echo, policies=[{"basic-auth": {}}, {"rate-limit": {"limit": 1, "window": "1h"}}])
    configuration["consumers"] = [{"name": "mobile", "credentials": [{"basic": {"username": "mobile", "passwordHash": hashed}}]}]
    gateway = start(configuration)
    with pytest.raises(InvalidStatus) as refused:
        connect(gateway)
    assert refused.value.response.status_code == 401
    with connect(gateway, additional_headers={"Authorization": basic("mobile", "secret")}) as client:
        client.send("in")
        assert client.recv(timeout=10) == "in"
    with pytest.raises(InvalidStatus) as refused:
        connect(gateway, additional_headers={"Authorization": basic("mobile", "secret")})
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


# ---- time ----------------------------------------------------------------------------------------------------------


def test_idle(start, echo):
    gateway = start(one_route(echo, websocket={"idle": SHORT}))
    with connect(gateway, ping_interval=None) as client:
        for _ in range(4):
            time.sleep(0.25)
            client.send("x")
            assert client.recv(timeout=10) == "x"
        since = time.monotonic()
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        assert closed.value.rcvd.code == 1001
        assert time.monotonic() - since >= 0.5
    gateway.wait_log("tunnel_idle")
    until(lambda: echo.closed)
    until(lambda: gateway.client_connections() == 0)


def test_lifetime(start, echo):
    gateway = start(one_route(echo, websocket={"lifetime": "1s"}))
    with connect(gateway) as client:
        since = time.monotonic()
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                client.send("x")
                client.recv(timeout=10)
        assert closed.value.rcvd.code == 1001 and 0.9 <= time.monotonic() - since < limit(4)
    gateway.wait_log("tunnel_lifetime")


def test_the_upstreams_timeouts_do_not_cut_tunnels(start, echo):
    gateway = start(proxy(echo, timeouts={"idle": "300ms", "total": "500ms", "response": "300ms"}, listener={"timeouts": {"idle": "300ms", "header": "300ms", "progress": "300ms"}}))
    with connect(gateway, ping_interval=None) as client:
        time.sleep(1.2)
        client.send("still here")
        assert client.recv(timeout=10) == "still here"


def test_the_response_timeout_holds_until_the_head(start, upstream):
    upstream.on("/t", lambda e: (e.wait_left(20), setattr(e, "ends", True)))
    gateway = start(proxy(upstream, timeouts={"response": SHORT}))
    with gateway.connect() as connection:
        assert upgrade(connection, "/t").status == 504


# ---- limits --------------------------------------------------------------------------------------------------------


def test_message_size(start, echo):
    gateway = start(one_route(echo, websocket={"maxMessage": "10KiB"}))
    with connect(gateway, compression=None) as client:
        client.send("x" * 10240)
        assert len(client.recv(timeout=10)) == 10240
        with pytest.raises(ConnectionClosed) as closed:
            client.send(["x" * 6000, "x" * 6000])
            client.recv(timeout=10)
        assert closed.value.rcvd.code == 1009
    until(lambda: echo.closed)
    assert echo.closed[0][1] == 1009
    gateway.wait_log("websocket_message_too_large")


def test_message_size_from_the_upstream(start, echo):
    echo.rules["/big"] = lambda client: (client.send("x" * 20000), client.recv(timeout=10))
    gateway = start(one_route(echo, websocket={"maxMessage": "10KiB"}))
    with connect(gateway, "/big", compression=None) as client:
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        assert closed.value.rcvd.code == 1009


def test_message_rate(start, echo):
    gateway = start(one_route(echo, websocket={"messagesPerSecond": 20}))
    with connect(gateway) as client:
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(100):
                client.send("x")
            while True:
                client.recv(timeout=10)
        assert closed.value.rcvd.code == 1008
    gateway.wait_log("websocket_message_rate")


@pytest.mark.parametrize("bad", [frame(1, b"x", mask=False), frame(3, b"x"), frame(1, b"x", bits=0x40), frame(9, b"x" * 126), frame(0, b"x")],
                         ids=["unmasked", "opcode", "reserved", "long ping", "continuation"])
def test_protocol_errors(start, upstream, bad):
    got = []
    upstream.on("/t", lambda e: tunnel(e, lambda e: (got.append(read_frame(e.wire, True)), got.append(read_frame(e.wire, True)), e.close())))
    gateway = start(one_route(upstream, websocket={"maxMessage": "1MiB"}))
    with gateway.connect() as connection:
        upgrade(connection, "/t")
        connection.send(frame(1, b"good") + bad)
        assert read_frame(connection.wire) == (8, b"\x03\xea")
        until(lambda: len(got) == 2)
    assert got == [(1, b"good"), (8, b"\x03\xea")]
    gateway.wait_log("websocket_protocol_error")


def test_without_limits_frames_are_not_judged(start, upstream):
    upstream.on("/t", lambda e: tunnel(e, raw_echo))
    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        upgrade(connection, "/t")
        odd = b"\xf3\x85 this is no frame at all" * 50
        connection.send(odd)
        assert exactly(connection.wire, len(odd)) == odd


def test_back_pressure(start, upstream):
    """A client that does not read holds the upstream up; the gateway's memory stays flat."""
    sent = [0]

    def flood(exchange):
        piece = frame(2, bytes(65536), mask=False)
        try:
            while sent[0] < 400 << 20:
                exchange.send(piece)
                sent[0] += len(piece)
        except OSError:
            pass

    upstream.on("/t", lambda e: tunnel(e, flood))
    gateway = start(one_route(upstream))
    before = gateway.memory()
    with gateway.connect(receive_buffer=16384) as connection:
        upgrade(connection, "/t")
        steady = [-1]

        def stalled():
            was, steady[0] = steady[0], sent[0]
            return was == sent[0] > 0

        until(stalled, 20, "the upstream is held up", interval=0.4)
        assert sent[0] < 100 << 20
        assert gateway.memory() - before < 8 << 20


# ---- the gateway's own changes -------------------------------------------------------------------------------------


def test_drain_says_going_away(start, echo):
    gateway = start(proxy(echo))
    with connect(gateway) as client:
        client.send("x")
        assert client.recv(timeout=10) == "x"
        gateway.terminate()
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        assert closed.value.rcvd.code == 1001
    assert gateway.wait_exit() == 0


def test_drain_waits_for_the_frame_under_way(start, upstream):
    go_on = threading.Event()

    def work(exchange):
        whole = frame(1, b"abcdef", mask=False)
        exchange.send(whole[:4])
        exchange.wait(go_on)
        exchange.send(whole[4:] + frame(1, b"never", mask=False))
        exchange.wait_left()
        exchange.close()

    upstream.on("/t", lambda e: tunnel(e, work))
    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        upgrade(connection, "/t")
        exactly(connection.wire, 4)
        gateway.terminate()
        until(lambda: not can_connect(gateway))
        go_on.set()
        assert exactly(connection.wire, 4) == b"cdef"
        assert read_frame(connection.wire) == (8, b"\x03\xe9")
        connection.send(frame(8, b"\x03\xe9"))
        connection.finish_sending()
        assert connection.ending(10) in ("fin", "reset")


def can_connect(gateway) -> bool:
    try:
        gateway.connect().close()
        return True
    except OSError:
        return False


def test_drain_cuts_what_does_not_close(start, upstream):
    upstream.on("/t", lambda e: tunnel(e, lambda e: e.wait_left(20), "raw"))
    configuration = one_route(upstream, upgrade=["raw"])
    configuration["runtime"]["drain"] = "500ms"
    gateway = start(configuration)
    with gateway.connect() as connection:
        upgrade(connection, "/t", "raw")
        gateway.terminate()
        assert connection.ending(10) in ("fin", "reset")


@pytest.mark.parametrize("closes", [False, True])
def test_reload(start, echo, closes):
    configuration = one_route(echo, websocket={"closeOnReload": closes})
    gateway = start(configuration)
    with connect(gateway) as client:
        configuration["apis"].append(api("another", route("r", "/another", "up")))
        gateway.reload(configuration)
        client.send("unchanged")
        assert client.recv(timeout=10) == "unchanged"
        configuration["upstreams"][0]["limits"] = {"queue": 7}
        gateway.reload(configuration)
        if closes:
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(timeout=10)
            assert closed.value.rcvd.code == 1012
        else:
            client.send("changed")
            assert client.recv(timeout=10) == "changed"


# ---- memory --------------------------------------------------------------------------------------------------------


class Acceptor:
    """Switches every connection and says no more, in one thread for all."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = f"127.0.0.1:{self.sock.getsockname()[1]}"
        self.open = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            while True:
                connection, _ = self.sock.accept()
                self.open.append(connection)
                connection.recv(65536)
                connection.sendall(f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n".encode())
        except OSError:
            pass

    def close(self):
        self.sock.close()
        for connection in self.open:
            connection.close()


@pytest.mark.parametrize("settings", [{}, {"maxMessage": "1MiB"}], ids=["unlimited", "limited"])
def test_memory_of_idle_websockets(start, settings):
    """At most 4 KiB for each, both connections counted."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most[1] < 10_000:
        pytest.skip(f"only {most[1]} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most[1], most[1]))
    upstream = Acceptor()
    configuration = one_route(upstream, websocket=settings)
    configuration["upstreams"][0]["limits"] = {"connections": 5000}
    gateway = start(configuration)

    def opened(count):
        for _ in range(count):
            connection = gateway.connect()
            assert upgrade(connection).status == 101
            yield connection

    try:
        # What the first ones need, all share.
        connections = list(opened(200))
        before = gateway.memory()
        connections += opened(2000)
        each = (gateway.memory() - before) / 2000
        print(f"{each:.0f} bytes for each idle WebSocket")
        assert each <= 4096
        assert gateway.metrics().total("sluice_tunnels") == 2200
    finally:
        for connection in connections:
            connection.close()
        upstream.close()
    until(lambda: gateway.metrics().total("sluice_tunnels") == 0)
