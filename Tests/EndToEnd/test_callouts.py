"""Callouts of policies, with `forward-auth` as the one that makes them: connections, names, TLS, failures, clients that leave."""

import http.server
import json
import socket
import ssl
import threading

import pytest

from harness.blackhole import Blackhole
from harness.configuration import api, route, upstream as named_upstream
from harness.nameserver import NameServer
from harness.pki import Authority
from harness.ports import free_port
from harness.upstream import Upstream
from harness.waiting import until


@pytest.fixture
def service():
    with Upstream() as server:
        yield server


def configuration(upstream, url, threads=1, **settings):
    policy = {"forward-auth": {"url": url, **settings}}
    return {"runtime": {"threads": threads}, "upstreams": [named_upstream("up", upstream)], "apis": [api("all", route("all", "/*", "up", policies=[policy]))]}


def why(gateway, path):
    """What the access log says of the request."""
    return json.loads(gateway.wait_log(f'"{path}"')[0])["authorization"]


# ---- connections


def test_connections_are_kept(start, upstream, service):
    gateway = start(configuration(upstream, f"http://{service.address}/auth"))
    for _ in range(20):
        assert gateway.get("/").status == 200
    assert len(service.requests) == 20 and len(service.connections) == 1


def test_many_at_a_time(start, upstream, service):
    """Each waits for its own answer; afterwards the connections are there for others."""
    gate = threading.Event()
    service.on("*", lambda exchange: (exchange.wait(gate), exchange.reply(200)))
    gateway = start(configuration(upstream, f"http://{service.address}/"))
    clients = [gateway.connect() for _ in range(10)]
    for client in clients:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    service.wait_seen("/", 10)
    assert upstream.requests == []
    gate.set()
    assert [client.read_response().status for client in clients] == [200] * 10
    before = len(service.connections)
    assert gateway.get("/").status == 200 and len(service.connections) == before


def test_a_connection_that_died_meanwhile_costs_nobody_anything(start, upstream, service):
    gateway = start(configuration(upstream, f"http://{service.address}/"))
    assert gateway.get("/").status == 200
    connection, = service.connections
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.wait_ended()
    assert gateway.get("/").status == 200 and len(service.connections) == 2


def test_the_client_leaves(start, upstream, service):
    gate = threading.Event()
    ended = []
    service.on("*", lambda exchange: ended.append(exchange.wait_left()))
    gateway = start(configuration(upstream, f"http://{service.address}/"))
    with gateway.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        service.wait_seen("/")
    until(lambda: ended, 10, "the callout is given up")
    gate.set()
    assert ended != ["open"] and upstream.requests == []


# ---- failures


def test_nobody_listens(start, upstream):
    gateway = start(configuration(upstream, f"http://127.0.0.1:{free_port()}/"))
    response = gateway.get("/closed")
    assert (response.status, response.error) == (503, "authorization_unavailable") and upstream.requests == []
    assert "refused" in why(gateway, "/closed").lower()


def test_silence(start, upstream, service):
    service.on("*", lambda exchange: exchange.wait_left(20))
    gateway = start(configuration(upstream, f"http://{service.address}/", timeout="200ms"))
    assert gateway.get("/slow").status == 503
    assert "took longer than it may" in why(gateway, "/slow")


def test_nobody_takes_the_connection(start, upstream):
    with Blackhole() as hole:
        gateway = start(configuration(upstream, f"http://{hole.address}/", timeout="300ms"))
        assert gateway.get("/").status == 503


def test_an_answer_that_is_too_long(start, upstream, service):
    service.on("*", lambda exchange: exchange.reply(403, body=b"x" * (2 << 20)))
    gateway = start(configuration(upstream, f"http://{service.address}/"))
    assert gateway.get("/long").status == 503
    assert "longer than" in why(gateway, "/long")


# ---- names


def test_localhost(start, upstream, service):
    """It has two addresses, of which the service listens on one."""
    gateway = start(configuration(upstream, f"http://localhost:{service.port}/"))
    assert [gateway.get("/").status for _ in range(3)] == [200] * 3


def test_names_are_looked_up(start, upstream, service):
    with NameServer() as names:
        names.names["auth.test"] = (["127.0.0.1"], 60)
        gateway = start(configuration(upstream, f"http://auth.test:{service.port}/"), env={"SLUICE_NAMESERVER": names.address})
        assert [gateway.get("/").status for _ in range(3)] == [200] * 3
        assert service.requests[0]["host"] == f"auth.test:{service.port}" and names.questions <= 4
        gateway.reload(configuration(upstream, f"http://other.test:{service.port}/"))
        assert gateway.get("/unknown").status == 503
        assert "other.test has no address" in why(gateway, "/unknown")


# ---- TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"))


class Secure:
    """Answers 200, and says in `X-Peer` who its client is."""

    def __init__(self, pair, clients=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self.names = []
        context.sni_callback = lambda _, name, __: self.names.append(name)
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                peer = self.connection.getpeercert() if clients else None
                self.send_response(200)
                self.send_header("X-Peer", dict(p[0] for p in peer["subject"])["commonName"] if peer else "nobody")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def get_request(inner):
                sock, address = inner.socket.accept()
                return context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), address

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def test_an_authority_of_its_own(start, upstream, authority):
    with Secure(authority.issue("DNS:localhost")) as server:
        gateway = start(configuration(upstream, f"https://localhost:{server.port}/", tls={"authorities": authority.file}, responseHeaders=["x-peer"]))
        assert gateway.get("/").status == 200 and upstream.requests[0]["x-peer"] == "nobody"
        assert server.names == ["localhost"]


def test_the_systems_authorities(start, upstream, authority):
    with Secure(authority.issue("DNS:localhost")) as server:
        settings = configuration(upstream, f"https://localhost:{server.port}/")
        assert start(settings, env={"SSL_CERT_FILE": authority.file}).get("/").status == 200
        gateway = start(settings)
        assert gateway.get("/untrusted").status == 503
        assert "certificate" in why(gateway, "/untrusted").lower()


def test_another_name(start, upstream, authority):
    with Secure(authority.issue("DNS:auth.test")) as server:
        url = f"https://127.0.0.1:{server.port}/"
        gateway = start(configuration(upstream, url, tls={"authorities": authority.file}))
        assert gateway.get("/name").status == 503
        assert "127.0.0.1" in why(gateway, "/name")
        gateway.reload(configuration(upstream, url, tls={"authorities": authority.file, "serverName": "auth.test"}))
        assert gateway.get("/").status == 200 and server.names[-1] == "auth.test"


def test_a_certificate_of_its_own(start, upstream, authority):
    shown = authority.issue("DNS:gateway.test", subject="gateway")
    with Secure(authority.issue("DNS:localhost"), clients=authority.file) as server:
        url = f"https://localhost:{server.port}/"
        tls = {"authorities": authority.file, "certificate": str(shown.certificate), "key": str(shown.key)}
        gateway = start(configuration(upstream, url, tls=tls, responseHeaders=["x-peer"]))
        assert gateway.get("/").status == 200 and upstream.requests[0]["x-peer"] == "gateway"
        gateway.reload(configuration(upstream, url, tls={"authorities": authority.file}))
        assert gateway.get("/none").status == 503


def test_files_are_checked_when_the_configuration_is(start, upstream, tmp_path):
    (tmp_path / "empty.pem").write_text("nothing")
    gateway = start(configuration(upstream, "http://127.0.0.1:1/"))
    refused = gateway.reload_refused(configuration(upstream, "https://127.0.0.1:1/", tls={"authorities": str(tmp_path / "empty.pem")}))
    assert "empty.pem has no certificates that can be read" in refused
