"""Listeners that speak no HTTP: plain TCP, and TLS passed through by server name."""

import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from harness.configuration import api, route, upstream
from harness.ports import free_port
from harness.waiting import limit, until

UNRECOGNIZED_NAME = bytes([21, 3, 3, 0, 2, 2, 112])


class Server:
    """Answers each connection in a thread of its own, through TLS if given a context; by default echoes."""

    def __init__(self, answer=None, context: ssl.SSLContext | None = None, port: int = 0):
        self.answer, self.context, self.accepted, self.failures = answer or echo, context, 0, []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.settimeout(limit(30))
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.answer(connection)
        except OSError as error:
            self.failures.append(error)
        finally:
            connection.close()

    def close(self):
        # Wakes the thread that accepts, which would keep the socket alive.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def says(text: bytes):
    def answer(connection):
        connection.recv(65536)
        connection.sendall(text)

    return answer


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    """For a name: a server's context with a certificate for it, and a client's that trusts nothing else."""
    folder, made = tmp_path_factory.mktemp("certificates"), {}

    def make(name: str):
        if name not in made:
            stem = folder / str(len(made))
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-subj", "/CN=test", "-addext", f"subjectAltName=DNS:{name}", "-keyout", f"{stem}.key", "-out", f"{stem}.pem"],
                           check=True, capture_output=True)
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.load_cert_chain(f"{stem}.pem", f"{stem}.key")
            made[name] = server, ssl.create_default_context(cafile=f"{stem}.pem")
        return made[name]

    return make


def tcp(*upstreams, listener: dict | None = None, threads: int = 1, **settings) -> dict:
    """A listener that speaks no HTTP; `settings` are those of `tcp`."""
    return {"runtime": {"threads": threads}, "listeners": [{"tcp": settings, **(listener or {})}], "upstreams": list(upstreams)}


def connect(gateway, timeout: float = 10) -> socket.socket:
    return socket.create_connection(gateway.address, limit(timeout))


def read_all(sock) -> bytes:
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


def ends(sock) -> str:
    try:
        return "fin" if not sock.recv(1) else "data"
    except ConnectionResetError:
        return "reset"


def visit(gateway) -> str:
    """How a connection ends on which nothing is sent. The reset may come before the socket has told that it is connected."""
    try:
        with connect(gateway) as client:
            return ends(client)
    except ConnectionResetError:
        return "reset"


def exchange(sock, text: bytes) -> bytes:
    sock.sendall(text)
    data = b""
    while len(data) < len(text):
        piece = sock.recv(65536)
        assert piece, f"ended after {data!r}"
        data += piece
    return data


def client_hello(context, name: str) -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


# ---- plain TCP -------------------------------------------------------------------------------------------------------


def test_bytes_go_both_ways_and_are_counted(start):
    with Server() as server:
        gateway = start(tcp(upstream("up", server), upstream="up"))
        with connect(gateway) as one, connect(gateway) as two:
            assert exchange(one, b"hello") == b"hello" and exchange(two, b"you") == b"you"
            assert exchange(one, b"again") == b"again"
            assert gateway.client_connections() == 2
            assert gateway.metrics().total("sluice_upstream_connections", upstream="up") == 2
        until(lambda: gateway.client_connections() == 0, 5, "tunnels are forgotten")
        assert gateway.metrics().total("sluice_upstream_connections", upstream="up") == 0
        assert gateway.metrics().total("sluice_upstream_requests_total", upstream="up") == 2


def test_a_server_that_speaks_first(start):
    with Server(lambda connection: connection.sendall(b"220 ready\r\n")) as server:
        gateway = start(tcp(upstream("up", server), upstream="up"))
        with connect(gateway) as client:
            assert read_all(client) == b"220 ready\r\n"


def test_half_close_is_passed_on(start):
    def count(connection):
        connection.sendall(str(len(read_all(connection))).encode())

    with Server(count) as server:
        gateway = start(tcp(upstream("up", server), upstream="up"))
        with connect(gateway) as client:
            client.sendall(b"x" * 300_000)
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == b"300000"


def test_a_slow_reader_slows_the_sender_and_costs_no_memory(start):
    block, size, sent = bytes(range(256)) * 256, 48 << 20, [0]

    def flood(connection):
        for _ in range(size // len(block)):
            connection.sendall(block)
            sent[0] += len(block)

    with Server(flood) as server:
        gateway = start(tcp(upstream("up", server), upstream="up"))
        before = gateway.memory()
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
            client.settimeout(limit(30))
            client.connect(gateway.address)
            last = -1
            while last != sent[0]:
                last = sent[0]
                time.sleep(0.3)
            assert sent[0] < size / 2, "the sender was not slowed down"
            got, data = 0, b""
            while data := client.recv(1 << 20):
                start_at = got % 256
                assert data[:64] == bytes((start_at + i) % 256 for i in range(min(64, len(data))))
                got += len(data)
        assert got == size
        assert gateway.memory() - before < 8 << 20


def test_both_directions_at_once(start):
    with Server() as server:
        gateway = start(tcp(upstream("up", server), upstream="up"))
        data = bytes(range(251)) * 50_000
        with connect(gateway, 30) as client:
            def send():
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send)
            sender.start()
            assert read_all(client) == data
            sender.join()


def test_a_reset_is_passed_on(start):
    ended = threading.Event()
    outcome = []

    def answer(connection):
        connection.sendall(b"hi")
        outcome.append(ends(connection))
        ended.set()

    with Server(answer) as server:
        gateway = start(tcp(upstream("up", server), upstream="up"))
        client = connect(gateway)
        assert client.recv(2) == b"hi"
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        assert ended.wait(limit(5)) and outcome == ["reset"]


def test_silence_ends_a_tunnel_and_traffic_does_not(start):
    with Server() as server:
        gateway = start(tcp(upstream("up", server), listener={"timeouts": {"idle": "600ms"}}, upstream="up"))
        with connect(gateway) as client:
            begin = time.monotonic()
            while time.monotonic() - begin < 1.2:
                assert exchange(client, b"x") == b"x"
                time.sleep(0.1)
            assert ends(client) == "reset"
        gateway.wait_log("idle_timeout")


def test_connection_limit(start):
    with Server() as server:
        gateway = start(tcp(upstream("up", server), listener={"limits": {"connections": 2}}, upstream="up"))
        with connect(gateway) as one, connect(gateway) as two:
            assert exchange(one, b"a") == exchange(two, b"a") == b"a"
            assert visit(gateway) == "reset"
        gateway.wait_log("too_many_connections")


# ---- endpoints -------------------------------------------------------------------------------------------------------


def test_an_endpoint_that_is_down_is_passed_over(start):
    with Server() as server:
        gateway = start(tcp(upstream("up", f"127.0.0.1:{free_port()}", server), upstream="up"))
        for _ in range(6):
            with connect(gateway) as client:
                assert exchange(client, b"x") == b"x"
        assert gateway.metrics().total("sluice_upstream_failures_total", upstream="up") >= 2


def test_all_endpoints_down(start):
    gateway = start(tcp(upstream("up", f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"), upstream="up"))
    assert visit(gateway) == "reset"
    gateway.wait_log("upstream_connect_failed")


def test_every_tunnel_has_its_line_in_the_log(start):
    with Server() as server:
        gateway = start(tcp(upstream("up", server), listener={"name": "raw"}, upstream="up"))
        with connect(gateway) as client:
            assert exchange(client, b"x" * 1000) == b"x" * 1000
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == b""
        gateway.wait_log('"protocol":"tcp"')
        line, = gateway.log()
        assert (line["requestBytes"], line["responseBytes"], line["attempts"]) == (1000, 1000, 1)
        assert (line["listener"], line["upstream"], line["endpoint"], line["client"]) == ("raw", "up", server.address, "127.0.0.1")
        assert line["duration"] > 0 and "reason" not in line and "host" not in line
        with connect(gateway) as client:
            exchange(client, b"x")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert '"reason":"client_closed"' in gateway.wait_log('"requestBytes":1,')[0]


def test_whether_endpoints_take_connections(start):
    health = {"active": {"tcp": True, "interval": "100ms", "timeout": "500ms", "unhealthyAfter": 1}}
    port = free_port()
    with Server() as good:
        gateway = start(tcp(upstream("up", good, f"127.0.0.1:{port}", health=health), upstream="up"))
        healthy = lambda address: gateway.metrics().values("sluice_endpoint_healthy", upstream="up", endpoint=address)
        until(lambda: healthy(f"127.0.0.1:{port}") == [0], 10, "nobody listens there")
        assert healthy(good.address) == [1]
        for _ in range(4):
            with connect(gateway) as client:
                assert exchange(client, b"x") == b"x"
        assert gateway.metrics().total("sluice_upstream_failures_total", upstream="up") == 0, "it is not tried"
        with Server(port=port):
            until(lambda: healthy(f"127.0.0.1:{port}") == [1], 10, "somebody listens there now")


def test_tunnels_are_spread_by_requests_in_flight(start):
    with Server() as a, Server() as b:
        gateway = start(tcp(upstream("up", a, b, balance={"method": "least-requests"}), upstream="up"))
        clients = [connect(gateway) for _ in range(6)]
        assert all(exchange(client, b"x") == b"x" for client in clients)
        assert (a.accepted, b.accepted) == (3, 3)
        for client in clients:
            client.close()


def test_an_unhealthy_endpoint_takes_no_tunnels(start):
    def web(status: str):
        def answer(connection):
            request = connection.recv(65536)
            if request.startswith(b"GET"):
                connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            else:
                connection.sendall(status.encode())
        return answer

    health = {"active": {"path": "/", "interval": "100ms", "timeout": "100ms"}}
    with Server(web("200 fine")) as good, Server(web("500 sick")) as bad:
        gateway = start(tcp(upstream("up", good, bad, health=health), upstream="up"))
        until(lambda: gateway.metrics().total("sluice_endpoint_healthy", upstream="up") == 1, 10, "one endpoint is found sick")
        for _ in range(6):
            with connect(gateway) as client:
                client.sendall(b"x")
                assert read_all(client) == b"200 fine"


# ---- by server name --------------------------------------------------------------------------------------------------


@pytest.fixture
def named(start, contexts):
    """Two TLS servers behind a listener that routes by name."""
    with Server(says(b"db"), contexts("db.example.com")[0]) as db, Server(says(b"web"), contexts("*.example.org")[0]) as web:
        routes = [{"serverNames": ["db.example.com"], "upstream": "db"}, {"serverNames": ["*.example.org"], "upstream": "web"}]
        yield start(tcp(upstream("db", db), upstream("web", web), listener={"timeouts": {"header": "500ms"}}, routes=routes))


@pytest.mark.parametrize("name, certificate, answer", [
    ("db.example.com", "db.example.com", b"db"), ("DB.Example.COM", "db.example.com", b"db"), ("www.example.org", "*.example.org", b"web")])
def test_tls_goes_by_server_name_and_ends_at_the_endpoint(named, contexts, name, certificate, answer):
    with contexts(certificate)[1].wrap_socket(connect(named), server_hostname=name) as client:
        assert ("DNS", certificate) in client.getpeercert()["subjectAltName"]
        client.sendall(b"?")
        assert client.recv(10) == answer


@pytest.mark.parametrize("name", ["other.example.com", "a.b.example.org", "example.org", None])
def test_a_name_that_nobody_has_is_refused_with_an_alert(named, contexts, name):
    context = ssl.create_default_context()
    context.check_hostname = False
    with connect(named) as client:
        client.sendall(client_hello(context, name))
        assert read_all(client) == UNRECOGNIZED_NAME
    named.wait_log("route_not_found")


def test_the_name_is_in_the_log(named, contexts):
    with contexts("db.example.com")[1].wrap_socket(connect(named), server_hostname="db.example.com") as client:
        client.sendall(b"x")
        assert client.recv(10) == b"db"
    assert '"upstream":"db"' in named.wait_log('"host":"db.example.com"')[0]


def test_a_default_takes_other_names(start, contexts):
    context, trusting = contexts("db.example.com")
    with Server(says(b"default"), context) as server:
        routes = [{"serverNames": ["x.example.com"], "upstream": "none"}]
        none = upstream("none", f"127.0.0.1:{free_port()}")
        gateway = start(tcp(upstream("up", server), none, routes=routes, upstream="up"))
        with trusting.wrap_socket(connect(gateway), server_hostname="db.example.com") as client:
            client.sendall(b"?")
            assert client.recv(10) == b"default"


def test_what_is_no_tls_is_closed(named):
    with connect(named) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: db.example.com\r\n\r\n")
        assert read_all(client) == b""
    named.wait_log("bad_client_hello")


def test_a_client_that_says_nothing_is_not_waited_for(named):
    for beginning in [b"", b"\x16\x03\x01\x02\x00\x01"]:
        with connect(named) as client:
            client.sendall(beginning)
            begin = time.monotonic()
            assert ends(client) == "reset"
            assert 0.3 < time.monotonic() - begin < limit(5)
    named.wait_log("header_timeout", count=2)


def test_a_client_hello_in_pieces(named, contexts):
    """In records of a few bytes, and in segments of fewer."""
    hello = client_hello(contexts("db.example.com")[1], "db.example.com")
    message = hello[5:]
    pieces = [message[i:i + 50] for i in range(0, len(message), 50)]
    records = b"".join(b"\x16\x03\x01" + struct.pack(">H", len(piece)) + piece for piece in pieces)
    with connect(named) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(0, len(records), 7):
            client.sendall(records[i:i + 7])
        # The server answers with its own handshake: it got the whole message.
        assert client.recv(3)[:2] == b"\x16\x03"


# ---- PROXY protocol --------------------------------------------------------------------------------------------------


def test_the_client_address_travels_in_proxy_headers(start):
    with Server() as server:
        listener = {"proxyProtocol": True, "trustedProxies": ["127.0.0.0/8"]}
        gateway = start(tcp(upstream("up", server), listener=listener, upstream="up", sendProxyProtocol=True))
        with connect(gateway) as client:
            client.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.8 1234 80\r\nhello")
            wanted = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton("192.0.2.7") + socket.inet_aton("127.0.0.1")
            wanted += struct.pack(">HH", 1234, gateway.port) + b"hello"
            got = b""
            while len(got) < len(wanted):
                got += client.recv(1000)
            assert got == wanted
        with connect(gateway) as client:
            client.sendall(b"no header\r\n")
            assert ends(client) in ("fin", "reset")
        gateway.wait_log("bad_proxy_protocol")


# ---- life ------------------------------------------------------------------------------------------------------------


def test_open_tunnels_survive_a_reload_and_new_ones_take_the_new_upstream(start):
    with Server(lambda c: (c.sendall(b"old"), echo(c))) as old, Server(lambda c: (c.sendall(b"new"), echo(c))) as new:
        gateway = start(tcp(upstream("up", old), upstream="up"))
        with connect(gateway) as first:
            assert first.recv(3) == b"old"
            gateway.reload(tcp(upstream("up", new), upstream="up"))
            with connect(gateway) as second:
                assert second.recv(3) == b"new"
            assert exchange(first, b"still here") == b"still here"
            # The listener speaks HTTP from now on, to new connections.
            gateway.reload({"apis": [api("a", route("a", respond={"body": "http"}))]})
            assert exchange(first, b"still here") == b"still here"
            until(lambda: gateway.get("/a").text == "http", 5)


def test_draining_waits_for_open_tunnels(start):
    with Server() as server:
        gateway = start(tcp(upstream("up", server), upstream="up"))
        with connect(gateway) as client:
            assert exchange(client, b"x") == b"x"
            gateway.terminate()
            until(lambda: refuses(gateway), 5, "the listener is closed")
            assert exchange(client, b"still here") == b"still here"
        assert gateway.wait_exit() == 0


def refuses(gateway) -> bool:
    try:
        socket.create_connection(gateway.address, 1).close()
        return False
    except ConnectionRefusedError:
        return True


def test_draining_cuts_tunnels_in_the_end(start):
    with Server() as server:
        configuration = tcp(upstream("up", server), upstream="up")
        configuration["runtime"]["drain"] = "300ms"
        gateway = start(configuration)
        with connect(gateway) as client:
            assert exchange(client, b"x") == b"x"
            gateway.terminate()
            assert ends(client) == "reset"
        gateway.wait_exit()
