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
