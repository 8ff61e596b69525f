"""WebSockets and other tunnels: limits of time, size, rate and memory, draining and reloading."""

import resource
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed

from harness.configuration import api, proxy, route
from harness.waiting import limit, until
from harness.websocket import Acceptor, EchoServer, connect, exactly, frame, one_route, raw_echo, read_frame, tunnel, upgrade

SHORT = "600ms"


@pytest.fixture
def echo():
    with EchoServer() as server:
        yield server


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


def test_nothing_follows_the_upstreams_close(start, upstream):
    """The upstream closes in the middle of a client's frame. What the client says then is nobody's concern; and there is one Close only."""
    got = []

    def work(exchange):
        exactly(exchange.wire, 8)
        exchange.send(frame(8, b"\x03\xef", mask=False))
        got.append(exactly(exchange.wire, 100))
        exchange.close()

    upstream.on("/t", lambda e: tunnel(e, work))
    gateway = start(one_route(upstream, websocket={"maxMessage": "1MiB"}))
    with gateway.connect() as connection:
        upgrade(connection, "/t")
        connection.send(frame(1, b"x" * 50)[:8])
        assert read_frame(connection.wire) == (8, b"\x03\xef")
        # Its own Close stands where the rest of the frame should; behind that nothing is a frame.
        connection.send(frame(8, b"\x03\xe8") + b"\xff" * 200)
        assert not connection.wire.fill(time.monotonic() + limit(5)), connection.wire.buffer
    assert len(got) == 1 and "websocket_protocol_error" not in "".join(gateway.log_lines())


def test_draining_adds_no_close_to_another(start, upstream):
    go_on = threading.Event()

    def work(exchange):
        exchange.send(frame(8, b"\x0f\xa0", mask=False))
        exchange.wait(go_on)
        exchange.close()

    upstream.on("/t", lambda e: tunnel(e, work))
    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        upgrade(connection, "/t")
        assert read_frame(connection.wire) == (8, b"\x0f\xa0")
        gateway.terminate()
        until(lambda: not can_connect(gateway))
        go_on.set()
        assert not connection.wire.fill(time.monotonic() + limit(5)), connection.wire.buffer
    gateway.wait_exit()


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
    gateway.wait_exit()


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
    gateway.wait_exit()


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
