"""Client certificates as identities: on both versions of HTTP, in resumed sessions, and as a trusted proxy passes them on."""

import hashlib
import shutil
import ssl
import subprocess

import pytest

from harness.configuration import api, route
from harness.pki import Authority
from harness.raw import Connection

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")

WORKLOAD = "spiffe://prod.example.com/orders"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("clients"), "Clients")


@pytest.fixture(scope="module")
def pairs(authority):
    return {
        "server": authority.issue("DNS:a.test", subject="a.test"),
        "workload": authority.issue(f"URI:{WORKLOAD}", "DNS:orders.internal", subject="orders"),
        "named": authority.issue("DNS:billing.internal", subject="billing"),
    }


def fingerprint(pair) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())).hexdigest()


def secured(pairs, authority, *policies, mode="optional", **more) -> dict:
    certificate = {"certificate": str(pairs["server"].certificate), "key": str(pairs["server"].key)}
    tls = {"certificates": [certificate], "clientCertificates": {"mode": mode, "authorities": authority.file}}
    return {
        "listeners": [{"tls": tls, "protocols": ["h2", "http1"]}],
        "apis": [api("all", route("all", "/*", respond={"body": "hello"}, policies=list(policies)))], **more,
    }


class Answer:
    def __init__(self, text: str):
        head, _, self.body = text.replace("\r\n", "\n").partition("\n\n")
        first, *lines = head.split("\n")
        self.status = int(first.split()[1])
        self.fields = dict(line.split(": ", 1) for line in lines)


def ask(gateway, authority, pair=None, version="--http1.1", path="/", *more) -> Answer:
    shown = ["--cert", pair.certificate, "--key", pair.key] if pair else []
    result = subprocess.run(["curl", "-si", version, "--cacert", authority.file, *shown, "--resolve", f"a.test:{gateway.port}:127.0.0.1", *more,
                             f"https://a.test:{gateway.port}{path}"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    return Answer(result.stdout)


# ---- expressions -----------------------------------------------------------------------------------------------------

FACTS = {"headers": {"response": {"set": {
    "x-subject": "{= source.certificate.subject =}", "x-issuer": "{= source.certificate.issuer =}",
    "x-fingerprint": "{= source.certificate.fingerprint =}", "x-names": "{= source.certificate.names.join(' ') =}",
    "x-spiffe": "{= has(source.certificate.spiffe) ? source.certificate.spiffe : 'none' =}",
}}}}


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_expressions_know_the_certificate(start, authority, pairs, version):
    gateway = start(secured(pairs, authority, {**FACTS, "when": "has(source.certificate.subject)"}))
    answer = ask(gateway, authority, pairs["workload"], version)
    assert answer.status == 200 and answer.fields["x-subject"] == "CN=orders" and answer.fields["x-issuer"] == "CN=Clients"
    assert answer.fields["x-fingerprint"] == fingerprint(pairs["workload"])
    assert answer.fields["x-names"] == f"URI:{WORKLOAD} DNS:orders.internal" and answer.fields["x-spiffe"] == WORKLOAD
    assert ask(gateway, authority, pairs["named"], version).fields["x-spiffe"] == "none"
    assert "x-subject" not in ask(gateway, authority, None, version).fields


# ---- the policy ------------------------------------------------------------------------------------------------------


def consumer(name: str, **certificate) -> dict:
    return {"name": name, "credentials": [{"certificate": certificate}]}


WHO = {"headers": {"response": {"set": {"x-consumer": "{= has(consumer.name) ? consumer.name : 'nobody' =}"}}}}


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize("by", ["spiffe", "san", "subject", "fingerprint"])
def test_a_certificate_is_a_consumers(start, authority, pairs, version, by):
    known = {"spiffe": WORKLOAD, "san": "orders.internal", "subject": "CN=orders", "fingerprint": f"sha256:{fingerprint(pairs['workload'])}"}
    gateway = start(secured(pairs, authority, {"mtls": {}}, WHO, consumers=[consumer("orders", **{by: known[by]})]))
    for _ in range(2):
        answer = ask(gateway, authority, pairs["workload"], version)
        assert (answer.status, answer.fields["x-consumer"]) == (200, "orders")
    for pair, reason in ((pairs["named"], "credentials_invalid"), (None, "credentials_missing")):
        answer = ask(gateway, authority, pair, version)
        assert answer.status == 401 and reason in answer.body and answer.fields["www-authenticate"] == 'Certificate realm="API"'
    gateway.reload(secured(pairs, authority, {"mtls": {"consumer": "optional"}}, WHO))
    assert ask(gateway, authority, pairs["named"], version).fields["x-consumer"] == "nobody"
    assert ask(gateway, authority, None, version).status == 401


def test_resumed_sessions_have_their_certificate(start, authority, pairs):
    gateway = start(secured(pairs, authority, {"mtls": {}}, consumers=[consumer("orders", spiffe=WORKLOAD)]))
    made = ssl.create_default_context(cafile=authority.file)
    made.load_cert_chain(pairs["workload"].certificate, pairs["workload"].key)
    session = None
    for turn in range(2):
        with Connection(gateway.address) as connection:
            tls = made.wrap_socket(connection.sock, server_hostname="a.test", session=session)
            tls.sendall(b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n")
            assert tls.recv(65536).startswith(b"HTTP/1.1 200") and tls.session_reused == (turn == 1)
            session = tls.session
            tls.close()
