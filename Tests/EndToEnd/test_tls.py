"""TLS on listeners, asked by the clients that people have: Python's ssl, curl and openssl s_client."""

import os
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from harness.certificates import Authority
from harness.configuration import api, proxy, route
from harness.gateway import command
from harness.waiting import limit, until


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def certificates(authority):
    return {
        "a": authority.issue("a.test"),
        "b": authority.issue("b.test", "*.b.test"),
        "rsa": authority.issue("b.test", "*.b.test", kind="rsa"),
        "client": authority.issue("client.test"),
        "revoked": authority.issue("revoked.test"),
    }


def served(pairs, configuration: dict | None = None, **tls) -> dict:
    configuration = configuration or {"apis": [api("all", route("all", "/*", respond={"body": "hello"}))]}
    return {**configuration, "listeners": [{"tls": {"certificates": [p.settings for p in pairs], **tls}}]}


def context(authority, client=None, **settings) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(authority.certificate))
    for name, value in settings.items():
        setattr(made, name, value)
    if client:
        made.load_cert_chain(client.certificate, client.key)
    return made


class Client:
    """A connection of Python's ssl."""

    def __init__(self, gateway, made: ssl.SSLContext, name: str = "a.test", session=None):
        self.socket = socket.create_connection(gateway.address, timeout=limit(10))
        try:
            self.tls = made.wrap_socket(self.socket, server_hostname=name, session=session)
        except BaseException:
            self.socket.close()
            raise

    def get(self, path: str = "/") -> bytes:
        self.tls.sendall(f"GET {path} HTTP/1.1\r\nhost: example.test\r\n\r\n".encode())
        return self.read()

    def read(self) -> bytes:
        """A response with a length."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.tls.recv(65536)
            assert piece, f"ended in the head: {data}"
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
        parts, size = [body], len(body)
        while size < int(fields[b"content-length"]):
            parts.append(self.tls.recv(1 << 20))
            assert parts[-1], "ended in the body"
            size += len(parts[-1])
        self.head = head
        return b"".join(parts)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tls.close()


def subject(tls: ssl.SSLSocket) -> str:
    return dict(part[0] for part in tls.getpeercert()["subject"])["commonName"]


def s_client(gateway, *arguments, input: bytes = b"Q\n") -> str:
    result = subprocess.run(["openssl", "s_client", "-connect", gateway.address_text, *map(str, arguments)], input=input, capture_output=True, timeout=limit(20))
    return (result.stdout + result.stderr).decode(errors="replace")


# ---- certificates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, expected", [("a.test", "a.test"), ("B.test", "b.test"), ("x.b.test", "b.test")])
def test_the_name_chooses_the_certificate(start, authority, certificates, name, expected):
    gateway = start(served([certificates["a"], certificates["b"]]))
    with Client(gateway, context(authority), name) as client:
        assert subject(client.tls) == expected
        assert client.get() == b"hello"


@pytest.mark.parametrize("name", ["unknown.test", "y.x.b.test"])
def test_unknown_names_get_the_first_certificate(start, authority, certificates, name):
    gateway = start(served([certificates["a"], certificates["b"]]))
    with Client(gateway, context(authority, check_hostname=False), name) as client:
        assert subject(client.tls) == "a.test"


@pytest.mark.parametrize("algorithms, kind", [("RSA-PSS+SHA256", "rsaEncryption"), ("ECDSA+SHA256", "id-ecPublicKey")])
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_rsa_and_ecdsa_side_by_side(start, certificates, algorithms, kind, version):
    gateway = start(served([certificates["a"], certificates["b"], certificates["rsa"]]))
    text = s_client(gateway, "-servername", "b.test", version, "-sigalgs", algorithms)
    pem = text[text.index("-----BEGIN"):text.index("-----END CERTIFICATE-----") + 26]
    shown = subprocess.run(["openssl", "x509", "-noout", "-text"], input=pem.encode(), capture_output=True).stdout.decode()
    assert kind in shown


@pytest.mark.parametrize("broken, said", [
    ("other key", "is not the key of"),
    ("no file", "can't read"),
    ("no pem", "has no certificate"),
    ("password", "without a password"),
])
def test_what_is_wrong_with_certificates_is_said(tmp_path, certificates, broken, said):
    pair = dict(certificates["a"].settings)
    if broken == "other key":
        pair["key"] = str(certificates["b"].key)
    if broken == "no file":
        pair["certificate"] = "missing.crt"
    if broken == "no pem":
        (tmp_path / "bad.crt").write_text("nothing")
        pair["certificate"] = "bad.crt"
    if broken == "password":
        subprocess.run(["openssl", "pkey", "-in", pair["key"], "-aes256", "-passout", "pass:x", "-out", tmp_path / "locked.key"], check=True)
        pair["key"] = "locked.key"
    (tmp_path / "sluice.yaml").write_text(
        "listeners:\n- name: web\n  address: 127.0.0.1:0\n  tls:\n    certificates:\n"
        f"    - {{ certificate: {pair['certificate']}, key: {pair['key']} }}\n")
    result = command("check", "--config", tmp_path / "sluice.yaml")
    assert result.returncode != 0 and said in result.stdout + result.stderr


# ---- versions and protocols ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_versions(start, authority, certificates, version):
    gateway = start(served([certificates["a"]]))
    wanted = getattr(ssl.TLSVersion, version)
    with Client(gateway, context(authority, minimum_version=wanted, maximum_version=wanted)) as client:
        assert client.tls.version().replace(".", "_") == version
        assert client.get() == b"hello"


def test_minimum_version(start, authority, certificates):
    gateway = start(served([certificates["a"]], minimumVersion="1.3"))
    with pytest.raises(ssl.SSLError):
        Client(gateway, context(authority, maximum_version=ssl.TLSVersion.TLSv1_2))
    assert until(lambda: gateway.metrics().total("sluice_tls_handshake_failures_total", listener="web") == 1)


def test_ciphers(start, authority, certificates):
    gateway = start(served([certificates["a"]], ciphers="ECDHE-ECDSA-AES256-GCM-SHA384"))
    with Client(gateway, context(authority, maximum_version=ssl.TLSVersion.TLSv1_2)) as client:
        assert client.tls.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"


def test_application_protocol(start, authority, certificates):
    gateway = start(served([certificates["a"]]))
    made = context(authority)
    made.set_alpn_protocols(["strange", "http/1.1"])
    with Client(gateway, made) as client:
        assert client.tls.selected_alpn_protocol() == "http/1.1"
        assert client.get() == b"hello"
    made.set_alpn_protocols(["strange"])
    with pytest.raises(ssl.SSLError):
        Client(gateway, made)


def test_http2_is_preferred(start, authority, certificates):
    gateway = start(served([certificates["a"]]))
    made = context(authority)
    made.set_alpn_protocols(["http/1.1", "h2"])
    with Client(gateway, made) as client:
        assert client.tls.selected_alpn_protocol() == "h2"


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl(start, authority, certificates, version):
    gateway = start(served([certificates["a"]]))
    url = f"https://a.test:{gateway.port}/"
    result = subprocess.run(["curl", "-sS", version, "--cacert", authority.certificate, "--resolve", f"a.test:{gateway.port}:127.0.0.1", url, url],
                            capture_output=True, text=True, timeout=limit(20))
    assert (result.returncode, result.stdout) == (0, "hellohello"), result.stderr


# ---- sessions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_sessions_are_resumed_on_any_loop(start, authority, certificates, version):
    configuration = served([certificates["a"]])
    configuration["runtime"] = {"threads": 2}
    gateway = start(configuration)
    wanted = getattr(ssl.TLSVersion, version)
    made = context(authority, minimum_version=wanted, maximum_version=wanted)
    with Client(gateway, made) as client:
        client.get()
        session = client.tls.session
    # The kernel spreads connections over the loops: all of twenty on the same one is as likely as one in half a million.
    for _ in range(20):
        with Client(gateway, made, session=session) as client:
            assert client.tls.session_reused
            assert client.get() == b"hello"
            session = client.tls.session


def test_sessions_outlive_a_reload(start, authority, certificates):
    gateway = start(served([certificates["a"]]))
    made = context(authority)
    with Client(gateway, made) as client:
        client.get()
        session = client.tls.session
    gateway.reload(served([certificates["a"]], {"apis": [api("all", route("all", "/*", respond={"body": "other"}))]}))
    with Client(gateway, made, session=session) as client:
        assert client.tls.session_reused and client.get() == b"other"


# ---- clients' certificates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode, shown, works", [
    ("required", "client", True), ("required", None, False), ("optional", None, True), ("optional", "client", True),
    ("required", "stranger", False), ("optional", "stranger", False), ("required", "revoked", False),
])
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_client_certificates(start, tmp_path, authority, certificates, mode, shown, works, version):
    revoked = authority.revoke(certificates["revoked"])
    gateway = start(served([certificates["a"]], clientCertificates={
        "mode": mode, "authorities": str(authority.certificate), "revocations": str(revoked)}))
    pairs = {**certificates, "stranger": Authority(tmp_path / "other", "other").issue("client.test"), None: None}
    wanted = getattr(ssl.TLSVersion, version)
    made = context(authority, pairs[shown], minimum_version=wanted, maximum_version=wanted)
    try:
        with Client(gateway, made) as client:
            outcome = client.get() == b"hello"
    except (ssl.SSLError, ConnectionError, AssertionError):
        outcome = False
    assert outcome == works


# ---- reloads ---------------------------------------------------------------------------------------------------------


def test_certificates_are_read_again_when_they_change(start, tmp_path, authority, certificates):
    old, new = certificates["a"], authority.issue("a.test", file="renewed")
    for suffix, source in (("crt", old.certificate), ("key", old.key)):
        shutil.copy(source, tmp_path / f"live.{suffix}")
    configuration = served([old])
    configuration["listeners"][0]["tls"]["certificates"] = [{"certificate": "../live.crt", "key": "../live.key"}]
    gateway = start(configuration)
    made = context(authority)
    with Client(gateway, made) as before:
        assert before.get() == b"hello"
        first = before.tls.getpeercert()["serialNumber"]
        for suffix, source in (("crt", new.certificate), ("key", new.key)):
            shutil.copy(source, tmp_path / f"partial.{suffix}")
            os.replace(tmp_path / f"partial.{suffix}", tmp_path / f"live.{suffix}")

        def renewed():
            with Client(gateway, made) as client:
                return client.tls.getpeercert()["serialNumber"] != first

        until(renewed, 10, "the new certificate is shown")
        assert before.get() == b"hello", "connections go on"


# ---- bad clients -----------------------------------------------------------------------------------------------------


def test_plain_http_is_told(start, certificates):
    gateway = start(served([certificates["a"]]))
    response = gateway.get("/")
    assert response.status == 400 and response.problem["reason"] == "plain_http"


@pytest.mark.parametrize("sent", [b"\x00" * 100, b"\x16\x03\x01\xff\xff" + b"x" * 200, b"\x16\x03\x01\x00\x05hello", os.urandom(5000)])
def test_garbage(start, authority, certificates, sent):
    gateway = start(served([certificates["a"]]))
    with socket.create_connection(gateway.address, timeout=limit(10)) as raw:
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        try:
            while raw.recv(65536):
                pass
        except ConnectionError:
            pass
    with Client(gateway, context(authority)) as client:
        assert client.get() == b"hello"
    until(lambda: gateway.metrics().total("sluice_tls_handshake_failures_total", listener="web") == 1)


def test_slow_handshakes_time_out(start, certificates):
    gateway = start(served([certificates["a"]], handshakeTimeout="200ms"))
    with socket.create_connection(gateway.address, timeout=limit(10)) as raw:
        raw.sendall(b"\x16\x03\x01")
        try:
            assert raw.recv(100) == b""
        except ConnectionError:
            pass
    assert until(lambda: gateway.metrics().total("sluice_tls_handshake_timeouts_total", listener="web") == 1)
    assert gateway.client_connections() == 0


def test_handshakes_are_bounded(start, authority, certificates):
    configuration = served([certificates["a"]], handshakes=2)
    configuration["runtime"] = {"threads": 1}
    gateway = start(configuration)
    waiting = [socket.create_connection(gateway.address, timeout=limit(10)) for _ in range(2)]
    for one in waiting:
        # Who says nothing at all is the kernel's for a second.
        one.sendall(b"\x16")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Client(gateway, context(authority))
    for one in waiting:
        one.close()
    until(lambda: gateway.metrics().total("sluice_tls_handshake_failures_total", listener="web") == 2)
    with Client(gateway, context(authority)) as client:
        assert client.get() == b"hello"


# ---- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_large_bodies_both_ways(start, authority, certificates, upstream, version):
    data = os.urandom(1 << 20) * 8

    def echo(exchange):
        exchange.read_body()
        exchange.reply(200, [], data)

    upstream.on("/echo", echo)
    gateway = start(served([certificates["a"]], proxy(upstream)))
    wanted = getattr(ssl.TLSVersion, version)
    with Client(gateway, context(authority, minimum_version=wanted, maximum_version=wanted)) as client:
        client.tls.sendall(b"POST /echo HTTP/1.1\r\nhost: a.test\r\ncontent-length: %d\r\n\r\n" % len(data) + data)
        assert client.read() == data
    (record,) = upstream.wait_seen("/echo")
    assert record["x-forwarded-proto"] == "https"


def test_requests_in_small_pieces(start, authority, certificates):
    gateway = start(served([certificates["a"]]))
    with Client(gateway, context(authority)) as client:
        for byte in b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n":
            client.tls.send(bytes([byte]))
        assert client.read() == b"hello"


def test_pipelined_requests(start, authority, certificates):
    gateway = start(served([certificates["a"]]))
    with Client(gateway, context(authority)) as client:
        client.tls.sendall(b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n" * 50)
        data = b""
        while data.count(b"hello") < 50:
            data += client.tls.recv(65536)


def test_the_end_is_announced(start, authority, certificates):
    """Python raises when a connection ends without close_notify."""
    gateway = start(served([certificates["a"]]))
    with Client(gateway, context(authority)) as client:
        client.tls.sendall(b"GET / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n")
        client.read()
        assert client.tls.recv(100) == b""


def test_many_clients(start, authority, certificates):
    gateway = start(served([certificates["a"], certificates["rsa"]]))
    problems = []

    def run():
        try:
            for _ in range(5):
                with Client(gateway, context(authority)) as client:
                    for _ in range(20):
                        assert client.get() == b"hello"
        except Exception as error:  # noqa: BLE001 - reported below
            problems.append(error)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    until(lambda: gateway.client_connections() == 0)
