"""What listeners do so that clients come over TLS: redirects, HSTS, PROXY protocol before the handshake, shared ticket keys, log lines."""

import os
import socket
import ssl
import struct
import subprocess

import pytest

from harness.certificates import Authority
from harness.configuration import api, proxy, route
from harness.gateway import command
from harness.http2 import Client as HTTP2Client
from harness.ports import free_port
from harness.waiting import limit, until
from test_tls import Client, context, s_client


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.issue("a.test")


HELLO = {"apis": [api("all", route("missing", "/missing", respond={"status": 404}), route("all", "/*", respond={"body": "hello"}))]}


def over_tls(pair, configuration: dict = HELLO, listener: dict = {}, **tls) -> dict:
    return {**configuration, "listeners": [{**listener, "tls": {"certificates": [pair.settings], **tls}}]}


# ---- redirects -------------------------------------------------------------------------------------------------------


def two_listeners(pair, redirect=True, plain: dict = {}, configuration: dict = HELLO) -> tuple[dict, int]:
    port = free_port()
    secure = {"name": "secure", "address": f"127.0.0.1:{port}", "tls": {"certificates": [pair.settings]}}
    return {**configuration, "listeners": [{"redirectToHttps": redirect, **plain}, secure]}, port


@pytest.mark.parametrize("host", ["a.test", "a.test:8080", "[::1]:80"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_redirects_keep_method_host_path_and_query(start, pair, host, method):
    configuration, port = two_listeners(pair)
    gateway = start(configuration)
    response = gateway.fetch(method, "/a%20b/../c?x=%2F&y", host=host, body=b"data" if method == "POST" else None)
    name = host.rsplit(":", 1)[0] if not host.endswith("]") and ":" in host else host
    assert (response.status, response["location"]) == (308, f"https://{name}:{port}/c?x=%2F&y")
    assert response["strict-transport-security"] is None, "who has not come over TLS is told nothing (RFC 6797 7.2)"
    line, = gateway.wait_log("/../c")
    assert '"status":308' in line


def test_the_port_is_left_out_when_it_is_443_and_may_be_another(start, pair):
    configuration, _ = two_listeners(pair, redirect={"port": 443})
    gateway = start(configuration)
    assert gateway.get("/x")["location"] == "https://example.test/x"
    configuration["listeners"][0]["redirectToHttps"] = {"port": 8443}
    gateway.reload(configuration)
    assert gateway.get("/x")["location"] == "https://example.test:8443/x"
    configuration["listeners"][0]["redirectToHttps"] = False
    gateway.reload(configuration)
    assert gateway.get("/x").body == b"hello"


def test_redirects_over_http2(start, pair):
    configuration, port = two_listeners(pair)
    gateway = start(configuration)
    with HTTP2Client(gateway.address) as client:
        stream = client.wait(client.request(path="/x"))
        assert (stream.status, stream.headers["location"]) == (308, f"https://example.test:{port}/x")


def test_validations_of_authorities_are_served(start, pair):
    configuration, _ = two_listeners(pair)
    gateway = start(configuration)
    assert gateway.get("/.well-known/acme-challenge/token").body == b"hello", "authorities look there"
    for path in ("/.well-known/acme-challenge", "/.well-known/acme-challenge/../x", "/.well-known/other"):
        assert gateway.get(path).status == 308


def test_what_a_trusted_proxy_has_got_over_tls_is_served(start, pair):
    configuration, _ = two_listeners(pair, plain={"trustedProxies": ["127.0.0.1"]})
    gateway = start(configuration)
    assert gateway.get("/", headers=[("X-Forwarded-Proto", "https")]).body == b"hello"
    assert gateway.get("/", headers=[("X-Forwarded-Proto", "http")]).status == 308
    assert gateway.get("/").status == 308


def test_somebody_else_is_not_believed(start, pair):
    configuration, _ = two_listeners(pair)
    assert start(configuration).get("/", headers=[("X-Forwarded-Proto", "https")]).status == 308


def test_a_request_without_a_host(start, pair):
    configuration, _ = two_listeners(pair)
    gateway = start(configuration)
    with gateway.connect() as connection:
        connection.send(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.read_response("GET").status == 400


# ---- HSTS ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings, value", [
    ({}, "max-age=15552000"),
    ({"maxAge": "365d", "includeSubdomains": True, "preload": True}, "max-age=31536000; includeSubDomains; preload"),
    ({"maxAge": "0s"}, "max-age=0"),
])
def test_every_answer_over_tls_tells(start, authority, pair, settings, value):
    gateway = start(over_tls(pair, hsts=settings))
    made = context(authority)
    with Client(gateway, made) as client:
        for path, status in (("/", b"200"), ("/missing", b"404")):
            client.get(path)
            assert client.head.split()[1] == status
            assert f"strict-transport-security: {value}".lower().encode() in client.head.lower().split(b"\r\n")


def test_over_http2_too(start, pair, authority):
    gateway = start(over_tls(pair, hsts={"maxAge": "1h"}))
    result = subprocess.run(["curl", "-sSi", "--http2", "--cacert", authority.certificate, "--resolve", f"a.test:{gateway.port}:127.0.0.1",
                             f"https://a.test:{gateway.port}/"], capture_output=True, text=True, timeout=limit(20))
    assert result.stdout.startswith("HTTP/2 200") and "strict-transport-security: max-age=3600\n" in result.stdout.replace("\r", "")


def test_what_the_upstream_says_stands(start, authority, pair, upstream):
    upstream.on("/own", lambda e: e.reply(200, [("Strict-Transport-Security", "max-age=1")], body="x"))
    gateway = start(over_tls(pair, proxy(upstream), hsts={}))
    with Client(gateway, context(authority)) as client:
        client.get("/own")
        assert client.head.lower().count(b"strict-transport-security:") == 1 and b"Strict-Transport-Security: max-age=1\r\n" in client.head
        client.get("/other")
        assert b"max-age=15552000" in client.head


# ---- PROXY protocol --------------------------------------------------------------------------------------------------


VERSION1 = b"PROXY TCP4 192.0.2.9 192.0.2.1 4000 443\r\n"
VERSION2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", 12) + bytes([192, 0, 2, 9, 192, 0, 2, 1]) + struct.pack("!HH", 4000, 443)


class Behind(Client):
    """A client whose balancer says who it is."""

    def __init__(self, gateway, made, header: bytes, pieces: bool = False):
        self.socket = socket.create_connection(gateway.address, timeout=limit(10))
        for at in range(len(header)) if pieces else [0]:
            self.socket.sendall(header[at : at + 1] if pieces else header)
        self.tls = made.wrap_socket(self.socket, server_hostname="a.test")


@pytest.mark.parametrize("header", [VERSION1, VERSION2], ids=["version 1", "version 2"])
@pytest.mark.parametrize("pieces", [False, True])
def test_the_client_is_told_before_tls(start, authority, pair, upstream, header, pieces):
    gateway = start(over_tls(pair, proxy(upstream), {"proxyProtocol": True, "trustedProxies": ["127.0.0.1"]}))
    with Behind(gateway, context(authority), header, pieces) as client:
        client.get("/a")
        client.get("/b")
    seen, _ = upstream.requests
    assert seen["x-forwarded-for"] == "192.0.2.9" and seen["x-forwarded-proto"] == "https"
    assert '"client":"192.0.2.9"' in gateway.wait_log("/b")[0]


def test_header_and_hello_in_one_piece(start, authority, pair):
    gateway = start(over_tls(pair, listener={"proxyProtocol": True, "trustedProxies": ["127.0.0.1"]}))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context(authority).wrap_bio(incoming, outgoing, server_hostname="a.test")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    with socket.create_connection(gateway.address, timeout=limit(10)) as raw:
        raw.sendall(VERSION1 + outgoing.read())
        while True:
            incoming.write(raw.recv(65536))
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                continue
        tls.write(b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n")
        raw.sendall(outgoing.read())
        data = b""
        while not data.endswith(b"hello"):
            incoming.write(raw.recv(65536))
            try:
                data += tls.read(65536)
            except ssl.SSLWantReadError:
                continue


def test_http2_behind_a_proxy_header(start, authority, pair, upstream):
    gateway = start(over_tls(pair, proxy(upstream), {"proxyProtocol": True, "trustedProxies": ["127.0.0.1"]}))
    made = context(authority)
    made.set_alpn_protocols(["h2"])
    with Behind(gateway, made, VERSION2) as client:
        assert client.tls.selected_alpn_protocol() == "h2"
        client.tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]) + bytes([0, 0, 6, 1, 5, 0, 0, 0, 1]) + b"\x82\x87\x84\x41\x01a")
        until(lambda: upstream.requests or client.tls.recv(65536) and False, 10, "a request")
    assert upstream.requests[0]["x-forwarded-for"] == "192.0.2.9"


@pytest.mark.parametrize("trusted, header", [(["127.0.0.1"], b""), (["127.0.0.1"], b"PROXY nonsense\r\n"), (["192.0.2.0/24"], VERSION1)],
                         ids=["none", "malformed", "not trusted"])
def test_without_a_good_header_there_is_no_handshake(start, authority, pair, trusted, header):
    gateway = start(over_tls(pair, listener={"proxyProtocol": True, "trustedProxies": trusted}))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Behind(gateway, context(authority), header)
    assert gateway.wait_log("bad_proxy_protocol")


def test_a_header_that_does_not_come_is_not_waited_for(start, authority, pair):
    gateway = start(over_tls(pair, listener={"proxyProtocol": True, "trustedProxies": ["127.0.0.1"]}, handshakeTimeout="200ms"))
    with socket.create_connection(gateway.address, timeout=limit(10)) as raw:
        raw.sendall(b"PROXY TCP4 ")
        try:
            assert raw.recv(100) == b""
        except ConnectionError:
            pass
    assert gateway.wait_log("handshake_timeout")


# ---- session tickets -------------------------------------------------------------------------------------------------


def resumes(gateway, made, session) -> bool:
    with Client(gateway, made, session=session) as client:
        assert client.get() == b"hello"
        return client.tls.session_reused


def session_with(gateway, made):
    with Client(gateway, made) as client:
        client.get()
        return client.tls.session


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_gateways_that_share_keys_share_sessions(start, tmp_path, authority, pair, version):
    keys = tmp_path / "tickets.key"
    keys.write_bytes(os.urandom(80))
    one, two, other = (start(over_tls(pair, **more)) for more in ({"ticketKeys": str(keys)}, {"ticketKeys": str(keys)}, {}))
    wanted = getattr(ssl.TLSVersion, version)
    made = context(authority, minimum_version=wanted, maximum_version=wanted)
    assert resumes(two, made, session_with(one, made)) and resumes(one, made, session_with(two, made))
    assert not resumes(other, made, session_with(one, made))


def test_keys_rotate_when_the_file_changes(start, tmp_path, authority, pair):
    keys, first, second = tmp_path / "tickets.key", os.urandom(80), os.urandom(80)
    keys.write_bytes(first)
    gateway = start(over_tls(pair, ticketKeys=str(keys)))
    made = context(authority)
    old = session_with(gateway, made)

    def replace(content: bytes):
        before = gateway.generation()
        (tmp_path / "new.key").write_bytes(content)
        os.replace(tmp_path / "new.key", keys)
        until(lambda: gateway.generation() > before, 10, "the new keys are read")

    replace(second)
    assert resumes(gateway, made, old), "the key before still opens"
    fresh = session_with(gateway, made)
    only_new = start(over_tls(pair, ticketKeys=str(keys)))
    assert resumes(only_new, made, fresh) and not resumes(only_new, made, old), "the first of the file seals"
    replace(os.urandom(80) + second)
    assert resumes(gateway, made, fresh)
    # What can't be read leaves everything as it is.
    keys.write_bytes(b"short")
    until(lambda: "80 bytes each" in (gateway.status().get("lastError") or ""), 10, "the file is refused")
    assert resumes(gateway, made, session_with(gateway, made))


def test_settings_that_can_not_work(tmp_path, pair, authority):
    keys = tmp_path / "tickets.key"
    keys.write_bytes(os.urandom(79))
    (tmp_path / "sluice.yaml").write_text(f"""
listeners:
- name: web
  address: 127.0.0.1:0
  tls: {{ certificates: [{{ certificate: {pair.certificate}, key: {pair.key} }}], ticketKeys: tickets.key }}
""")
    result = command("check", "--config", tmp_path / "sluice.yaml")
    assert result.returncode != 0 and "has 79 bytes; keys of 80 bytes each are expected" in result.stdout + result.stderr


# ---- log -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, detail", [
    (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "unsupported protocol"),
    (["-tls1_2", "-cipher", "AES128-SHA"], "no shared cipher"),
    (["-alpn", "strange"], "no application protocol"),
])
def test_why_a_handshake_has_failed_is_logged(start, pair, arguments, detail):
    gateway = start(over_tls(pair))
    s_client(gateway, *arguments)
    assert f'"detail":"{detail}"' in gateway.wait_log("handshake_failed")[0]


def test_a_client_that_does_not_trust_the_certificate(start, pair):
    gateway = start(over_tls(pair))
    with pytest.raises(ssl.SSLError):
        Client(gateway, ssl.create_default_context())
    assert "unknown ca" in gateway.wait_log("handshake_failed")[0]
