"""TLS towards upstreams: who is trusted, what is shown, what is said when it fails."""

import http.server
import json
import shutil
import socket
import ssl
import threading

import pytest

from harness.configuration import proxy
from harness.gateway import command
from harness.nginx import Nginx
from harness.pki import Authority
from harness.ports import free_port
from harness.waiting import until


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"), "Stranger")


class Secure:
    """A server of Python's: answers with what it knows of the connection."""

    def __init__(self, pair, clients=None, lowest=None, highest=None):
        self.names, self.requests = [], 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        context.sni_callback = lambda _, name, __: self.names.append(name)
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        if lowest:
            context.minimum_version = lowest
        if highest:
            context.maximum_version = highest
        self.context = context
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.requests += 1
                if self.path.startswith("/until-close"):
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nthe beginning")
                    self.wfile.flush()
                    if self.path == "/until-close/cut":
                        socket.socket(fileno=self.connection.detach()).close()
                    else:
                        self.connection.unwrap()
                    self.close_connection = True
                    return
                shown = self.connection.getpeercert() if clients else None
                subject = dict(pair[0] for pair in shown["subject"])["commonName"] if shown else "-"
                body = f"{self.connection.version()} {subject} {self.headers.get('x-forwarded-proto')}".encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def finish_request(self, request, client):
                request.settimeout(20)
                try:
                    with outer.context.wrap_socket(request, server_side=True) as connection:
                        Handler(connection, client, self)
                except OSError:
                    pass

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def gateway_to(start, server, tls, **more):
    more.setdefault("retries", {"attempts": 1})
    return start({"runtime": {"threads": 1}, **proxy(server, tls=tls, **more)})


def refused(gateway, reason="upstream_certificate_invalid") -> str:
    """Asserts that the request fails for that reason; answers the detail."""
    answer = gateway.fetch(target="/")
    assert answer.status == 502, answer
    problem = json.loads(answer.body)
    assert problem["reason"] == reason, problem
    proxy_error = "tls_certificate_error" if reason == "upstream_certificate_invalid" else "tls_protocol_error"
    assert f"error={proxy_error}" in answer["proxy-status"]
    return problem["detail"]


def test_an_address_is_checked(start, authority):
    with Secure(authority.issue("IP:127.0.0.1")) as server:
        answer = gateway_to(start, server, {"authorities": authority.file}).fetch(target="/")
        assert (answer.status, answer.body) == (200, b"TLSv1.3 - http")
        assert server.names == [None]  # an address is never asked for by name


def test_a_name_is_asked_for_and_checked(start, authority):
    with Secure(authority.issue("DNS:localhost")) as server:
        assert gateway_to(start, f"localhost:{server.port}", {"authorities": authority.file}).fetch(target="/").status == 200
        assert server.names == ["localhost"]


def test_the_server_name_overrides(start, authority):
    with Secure(authority.issue("DNS:*.internal.test")) as server:
        tls = {"authorities": authority.file, "serverName": "Orders.internal.test"}
        assert gateway_to(start, server, tls).fetch(target="/").status == 200
        assert server.names == ["orders.internal.test"]


def test_paths_are_relative_to_the_configuration(start, authority):
    with Secure(authority.issue("IP:127.0.0.1")) as server:
        gateway = start(proxy(server, tls={"authorities": "ca.crt"}), ready=False)
        shutil.copy(authority.file, gateway.folder / "ca.crt")
        gateway.start()
        assert gateway.fetch(target="/").status == 200


def test_a_wrong_name(start, authority):
    with Secure(authority.issue("DNS:other.test", "IP:127.0.0.2")) as server:
        detail = refused(gateway_to(start, server, {"authorities": authority.file, "serverName": "orders.test"}))
        assert "DNS:orders.test" in detail and "DNS:other.test, IP:127.0.0.2" in detail and "CN=Test CA" in detail
        assert server.requests == 0


def test_a_wrong_authority(start, authority, stranger):
    with Secure(stranger.issue("IP:127.0.0.1")) as server:
        detail = refused(gateway_to(start, server, {"authorities": authority.file}))
        assert "unable to get local issuer certificate" in detail and "CN=Stranger" in detail


def test_the_systems_authorities_are_the_default(start, authority):
    with Secure(authority.issue("IP:127.0.0.1")) as server:
        configuration = proxy(server, tls={"minimumVersion": "1.2"}, retries={"attempts": 1})
        refused(start(configuration))
        assert start(configuration, env={"SSL_CERT_FILE": authority.file}).fetch(target="/").status == 200


def test_self_signed(start, authority):
    with Secure(authority.pair) as server:
        assert "self-signed certificate" in refused(gateway_to(start, server, {"minimumVersion": "1.2"}))


def test_expired(start, authority):
    with Secure(authority.issue("IP:127.0.0.1", expired=True)) as server:
        detail = refused(gateway_to(start, server, {"authorities": authority.file}))
        assert "certificate has expired" in detail and "until 2" in detail


def test_verification_can_be_turned_off(start, stranger):
    with Secure(stranger.issue("DNS:other.test", expired=True)) as server:
        gateway = gateway_to(start, server, {"verify": False})
        assert gateway.fetch(target="/").status == 200
        assert "tls.verify" in gateway.stderr()


@pytest.mark.parametrize("pins,trusted", [(["other.test"], False), (["other.test", "b.test"], True), (["127.0.0.1"], False),
                                          (["spiffe://prod/b"], False), (["https://b.test/x"], True)])
def test_pinned_names(start, authority, pins, trusted):
    with Secure(authority.issue("DNS:b.test", "URI:https://b.test/x")) as server:
        gateway = gateway_to(start, server, {"authorities": authority.file, "subjectAltNames": pins})
        if trusted:
            assert gateway.fetch(target="/").status == 200
        else:
            assert "expected one of the names" in refused(gateway)


SVID = "URI:spiffe://prod.test/orders"


@pytest.mark.parametrize("issue,spiffe,objection", [
    ([SVID], {"trustDomain": "prod.test"}, None),
    ([SVID], {"trustDomain": "prod.test", "ids": ["spiffe://prod.test/orders"]}, None),
    ([SVID, "DNS:orders"], {"trustDomain": "prod.test"}, None),
    ([SVID], {"trustDomain": "prod.test", "ids": ["spiffe://prod.test/billing"]}, "spiffe://prod.test/billing"),
    ([SVID], {"trustDomain": "other.test"}, "trust domain other.test"),
    ([SVID, "URI:https://prod.test"], {"trustDomain": "prod.test"}, "exactly one URI"),
    (["IP:127.0.0.1"], {"trustDomain": "prod.test"}, "exactly one URI"),
])
def test_spiffe(start, authority, issue, spiffe, objection):
    with Secure(authority.issue(*issue)) as server:
        gateway = gateway_to(start, server, {"authorities": authority.file, "spiffe": spiffe})
        if objection:
            assert objection in refused(gateway)
        else:
            assert gateway.fetch(target="/").status == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_is_shown(start, authority, version):
    shown = authority.issue("DNS:gateway", subject="gateway")
    with Secure(authority.issue("IP:127.0.0.1"), clients=authority.file, lowest=version, highest=version) as server:
        tls = {"authorities": authority.file, "certificate": str(shown.certificate), "key": str(shown.key)}
        answer = gateway_to(start, server, tls).fetch(target="/")
        assert answer.status == 200 and answer.body.split()[1] == b"gateway"
        detail = refused(gateway_to(start, server, {"authorities": authority.file}), "upstream_tls_failed")
        assert "certificate required" in detail or "handshake failure" in detail


def test_the_lowest_version(start, authority):
    with Secure(authority.issue("IP:127.0.0.1"), highest=ssl.TLSVersion.TLSv1_2) as server:
        assert gateway_to(start, server, {"authorities": authority.file}).fetch(target="/").body.startswith(b"TLSv1.2")
        refused(gateway_to(start, server, {"authorities": authority.file, "minimumVersion": "1.3"}), "upstream_tls_failed")


def test_an_upstream_without_tls(start, nginx, authority):
    refused(gateway_to(start, nginx, {"authorities": authority.file}), "upstream_tls_failed")


def test_an_upstream_that_leaves(start, authority):
    with socket.create_server(("127.0.0.1", 0)) as server:
        def leave():
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return
        threading.Thread(target=leave, daemon=True).start()
        gateway = gateway_to(start, f"127.0.0.1:{server.getsockname()[1]}", {"authorities": authority.file})
        assert "left in the TLS handshake" in refused(gateway, "upstream_tls_failed")
        server.shutdown(socket.SHUT_RDWR)


def test_nobody_listens(start, authority):
    answer = gateway_to(start, f"127.0.0.1:{free_port()}", {"authorities": authority.file}).fetch(target="/")
    assert json.loads(answer.body)["reason"] == "upstream_connect_failed"


def test_a_slow_handshake(start, authority):
    with socket.create_server(("127.0.0.1", 0)) as server:  # the kernel accepts, nobody answers
        gateway = gateway_to(start, f"127.0.0.1:{server.getsockname()[1]}", {"authorities": authority.file}, timeouts={"connect": "300ms"})
        answer = gateway.fetch(target="/")
        assert (answer.status, json.loads(answer.body)["reason"]) == (504, "upstream_connect_timeout")


def test_another_endpoint_is_tried(start, authority, stranger):
    with Secure(authority.issue("IP:127.0.0.1")) as good, Secure(stranger.issue("IP:127.0.0.1")) as bad:
        gateway = start({"runtime": {"threads": 1}, **proxy(bad, good, tls={"authorities": authority.file})})
        assert [gateway.fetch(target="/").status for _ in range(4)] == [200] * 4
        assert bad.requests == 0


def test_a_body_that_is_cut_is_incomplete(start, authority):
    with Secure(authority.issue("IP:127.0.0.1")) as server:
        gateway = gateway_to(start, server, {"authorities": authority.file})
        assert gateway.fetch(target="/until-close/ended").body == b"the beginning"
        assert not gateway.fetch(target="/until-close/cut").complete
        gateway.wait_log("/until-close/cut", "upstream_incomplete")


@pytest.mark.parametrize("versions", ["TLSv1.2", "TLSv1.3"])
def test_sessions_are_used_again(start, authority, tmp_path, versions):
    pair, port = authority.issue("IP:127.0.0.1"), free_port()
    more = f"""server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key};
      ssl_protocols {versions}; keepalive_requests 1; location / {{ return 200 "$ssl_session_reused"; }} }}"""
    with Nginx(tmp_path / "nginx", more=more):
        gateway = gateway_to(start, f"127.0.0.1:{port}", {"authorities": authority.file})
        assert [gateway.fetch(target="/").body for _ in range(4)] == [b".", b"r", b"r", b"r"]


def test_health_checks(start, authority, stranger):
    check = {"path": "/", "interval": "100ms", "timeout": "2s", "healthyAfter": 1, "unhealthyAfter": 1}
    with Secure(authority.issue("IP:127.0.0.1")) as good, Secure(stranger.issue("IP:127.0.0.1")) as bad:
        gateway = start({"runtime": {"threads": 1}, **proxy(good, bad, tls={"authorities": authority.file}, health={"active": check})})
        value = lambda server: gateway.metrics().values("sluice_endpoint_healthy", upstream="up", endpoint=server.address)
        until(lambda: value(bad) == [0] and good.requests > 2, 10, "the checks have told")
        assert value(good) == [1]


def test_files_rotate(start, authority, stranger, tmp_path):
    bundle = tmp_path / "ca.crt"
    shutil.copy(authority.file, bundle)
    with Secure(stranger.issue("IP:127.0.0.1")) as server:
        gateway = gateway_to(start, server, {"authorities": str(bundle)})
        refused(gateway)
        shutil.copy(stranger.file, tmp_path / "new.crt")
        (tmp_path / "new.crt").rename(bundle)
        until(lambda: gateway.fetch(target="/").status == 200, 10, "the new authority counts")


def test_a_clients_certificate_rotates(start, authority, tmp_path):
    first, second = (authority.issue("DNS:gateway.test", subject=name) for name in ("first", "second"))
    live = {"certificate": tmp_path / "live.crt", "key": tmp_path / "live.key"}

    def show(pair):
        for kind, source in (("key", pair.key), ("certificate", pair.certificate)):
            shutil.copy(source, tmp_path / "partial")
            (tmp_path / "partial").rename(live[kind])

    show(first)
    with Secure(authority.issue("IP:127.0.0.1"), clients=authority.file) as server:
        gateway = gateway_to(start, server, {"authorities": authority.file, "certificate": str(live["certificate"]), "key": str(live["key"])})
        assert b" first " in gateway.fetch(target="/").body
        show(second)
        until(lambda: b" second " in gateway.fetch(target="/").body, 10, "the new certificate is shown")


def test_other_certificates_do_not_make_endpoints_well(start, authority, stranger, tmp_path):
    """A sick endpoint stays so, without a moment in which it is tried, when files of the upstream's TLS change."""
    bundle = tmp_path / "ca.crt"
    shutil.copy(authority.file, bundle)
    check = {"path": "/", "interval": "30s", "timeout": "1s", "unhealthyAfter": 1}
    with Secure(authority.issue("IP:127.0.0.1")) as good:
        down = f"127.0.0.1:{free_port()}"
        gateway = start({"runtime": {"threads": 1}, **proxy(good, down, tls={"authorities": str(bundle)}, health={"active": check}, retries={"attempts": 1})})
        healthy = lambda: gateway.metrics().values("sluice_endpoint_healthy", upstream="up", endpoint=down)
        until(lambda: healthy() == [0], 10, "nobody listens there")
        before = gateway.generation()
        (tmp_path / "new.crt").write_bytes(bundle.read_bytes() + open(stranger.file, "rb").read())
        (tmp_path / "new.crt").rename(bundle)
        until(lambda: gateway.generation() > before, 10, "the new authorities count")
        assert healthy() == [0]
        assert [gateway.fetch(target="/").status for _ in range(6)] == [200] * 6


def test_settings_that_can_not_work(tmp_path, authority):
    pair, other = authority.issue("DNS:a.test"), authority.issue("DNS:a.test")
    broken = tmp_path / "broken.crt"
    broken.write_text("nothing\n")
    cases = [
        (f"{{ authorities: {tmp_path}/none.crt }}", "can't be read"),
        (f"{{ authorities: {broken} }}", "no certificates"),
        (f"{{ certificate: {pair.certificate}, key: {other.key} }}", "the key is not the certificate's"),
        (f"{{ certificate: {pair.certificate} }}", "needs its key"),
        ("{ serverName: 'a b' }", "a host name"),
        ("{ spiffe: { trustDomain: prod.test } }", "trust bundle"),
    ]
    for tls, message in cases:
        file = tmp_path / "sluice.yaml"
        file.write_text(f"upstreams: [{{ name: up, endpoints: [{{ address: 127.0.0.1:1 }}], tls: {tls} }}]\n")
        result = command("check", "--config", file)
        assert result.returncode != 0 and message in result.stdout + result.stderr, (tls, result)
