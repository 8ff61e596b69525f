"""Tokens that are of use only to those they were issued to: by certificate (RFC 8705) and by proof of possession (RFC 9449)."""

import base64
import hashlib
import json
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from harness.configuration import api, route, upstream as named_upstream
from harness.secrets import fresh, secret
from test_client_certificates import ask, authority, fingerprint, pairs, secured  # noqa: F401 - fixtures


def encode(data: bytes | dict) -> str:
    data = json.dumps(data).encode() if isinstance(data, dict) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A key of the curve P-256 that signs tokens."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        self.jwk = {"crv": "P-256", "kty": "EC", "x": encode(numbers.x.to_bytes(32, "big")), "y": encode(numbers.y.to_bytes(32, "big"))}
        secret(encode(self.key.private_numbers().private_value.to_bytes(32, "big")))

    @property
    def thumbprint(self) -> str:
        return encode(hashlib.sha256(json.dumps(self.jwk, separators=(",", ":"), sort_keys=True).encode()).digest())

    @property
    def pem(self) -> str:
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, header: dict, claims: dict) -> str:
        text = f"{encode({'alg': 'ES256', **header})}.{encode(claims)}"
        r, s = utils.decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return secret(f"{text}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}")


@pytest.fixture(scope="module")
def issuer():
    return Key()


def token(issuer: Key, confirmation: dict | None = None) -> str:
    claims = {"iss": "https://id.test", "sub": "orders", "exp": int(time.time()) + 600, "jti": fresh("j"), **({"cnf": confirmation} if confirmation else {})}
    return issuer.sign({"typ": "at+jwt"}, claims)


def policy(issuer: Key, **settings) -> dict:
    return {"jwt": {"issuer": "https://id.test", "pem": issuer.pem, **settings}}


def proof(key: Key, access: str, url: str, method: str = "GET", header: dict | None = None, without=(), **claims) -> str:
    said = {"jti": fresh("p"), "htm": method, "htu": url, "iat": int(time.time()), "ath": encode(hashlib.sha256(access.encode()).digest()), **claims}
    return key.sign({"typ": "dpop+jwt", "jwk": key.jwk, **(header or {})}, {name: value for name, value in said.items() if name not in without})


@pytest.fixture
def protected(start, upstream, issuer):
    def begin(**settings):
        return start({"upstreams": [named_upstream("up", upstream)], "apis": [api("all", route("all", "/*", "up", policies=[policy(issuer, **settings)]))]})

    return begin


def url(gateway, path: str) -> str:
    return f"http://example.test{path}"


def send(gateway, access, *proofs, path="/orders", scheme="DPoP"):
    return gateway.get(path, [("Authorization", f"{scheme} {access}"), *(("DPoP", p) for p in proofs)])


# ---- DPoP ------------------------------------------------------------------------------------------------------------


def test_a_token_needs_the_proof_of_its_key(protected, issuer, upstream):
    gateway, key, access = protected(hideCredentials=False), Key(), None
    access = token(issuer, {"jkt": key.thumbprint})
    for n in range(3):
        answer = send(gateway, access, proof(key, access, url(gateway, "/orders")))
        assert answer.status == 200, answer
    assert upstream.requests[-1]["dpop"] is None, "a proof is for the gateway alone"
    # Query and fragment don't count, and neither does the spelling.
    for htu in ("http://example.test/orders?a=b", "HTTP://Example.TEST:80/%6frders#x"):
        assert send(gateway, access, proof(key, access, htu), path="/orders?page=2").status == 200
    refused = send(gateway, access)
    assert refused.status == 401 and 'DPoP realm="API", error="invalid_dpop_proof"' in refused["www-authenticate"] and "ES256" in refused["www-authenticate"]
    gateway.wait_log('"sender":"dpop_missing"')
    # Who has only the token can't use it as if anybody could.
    assert send(gateway, access, scheme="Bearer").status == 401
    assert send(gateway, access, proof(key, access, url(gateway, "/orders")), scheme="Bearer").status == 401


@pytest.mark.parametrize("flaw, change", [
    ("type", {"header": {"typ": "jwt"}}), ("algorithm", {"header": {"alg": "HS256"}}), ("algorithm", {"header": {"alg": "none"}}),
    ("key", {"header": {"jwk": None}}), ("claims", {"without": ["jti"]}), ("claims", {"without": ["iat"]}), ("claims", {"without": ["htm"]}),
    ("claims", {"without": ["htu"]}), ("claims", {"jti": "x" * 257}), ("claims", {"iat": "now"}), ("method", {"htm": "POST"}), ("method", {"htm": "get"}),
    ("target", {"htu": "http://example.test/other"}), ("target", {"htu": "https://example.test/orders"}), ("target", {"htu": "http://example.test:8080/orders"}),
    ("target", {"htu": "/orders"}), ("time", {"iat": int(time.time()) - 100_000}), ("time", {"iat": int(time.time()) + 100_000}),
    ("token", {"without": ["ath"]}), ("token", {"ath": encode(b"0" * 32)}),
])
def test_proofs_that_are_wrong(protected, issuer, upstream, flaw, change):
    gateway, key = protected(), Key()
    access = token(issuer, {"jkt": key.thumbprint})
    answer = send(gateway, access, proof(key, access, **{"url": url(gateway, "/orders"), **change}))
    assert answer.status == 401 and answer.error == "credentials_invalid" and 'error="invalid_dpop_proof"' in answer["www-authenticate"]
    gateway.wait_log(f'"sender":"dpop_{flaw}"')
    assert not upstream.requests


def test_proofs_of_others(protected, issuer):
    gateway, key, other = protected(), Key(), Key()
    access, theirs = token(issuer, {"jkt": key.thumbprint}), token(issuer, {"jkt": other.thumbprint})
    assert send(gateway, access, proof(other, access, url(gateway, "/orders"))).status == 401
    gateway.wait_log('"sender":"dpop_binding"')
    assert send(gateway, access, proof(key, theirs, url(gateway, "/orders"))).status == 401
    gateway.wait_log('"sender":"dpop_token"')
    # Signed with another key than the one that it shows.
    assert send(gateway, access, proof(other, access, url(gateway, "/orders"), header={"jwk": key.jwk})).status == 401
    gateway.wait_log('"sender":"dpop_signature"')
    good = proof(key, access, url(gateway, "/orders"))
    assert send(gateway, access, good, good).status == 401
    gateway.wait_log('"sender":"dpop_several"')
    assert send(gateway, access, "x" * 9000).status == 401
    gateway.wait_log('"sender":"dpop_too_long"')
    private = {**key.jwk, "d": encode(key.key.private_numbers().private_value.to_bytes(32, "big"))}
    assert send(gateway, access, proof(key, access, url(gateway, "/orders"), header={"jwk": private})).status == 401
    gateway.wait_log('"sender":"dpop_key"')
    assert send(gateway, access, proof(key, access, url(gateway, "/orders"))).status == 200


def test_a_proof_is_used_once(start, upstream, issuer):
    configuration = {"runtime": {"threads": 2}, "upstreams": [named_upstream("up", upstream)],
                     "apis": [api("all", route("all", "/*", "up", policies=[policy(issuer)]))]}
    gateway, key = start(configuration), Key()
    access = token(issuer, {"jkt": key.thumbprint})
    once = proof(key, access, url(gateway, "/orders"))
    # On whatever event loop: each request has a connection of its own.
    assert sorted(send(gateway, access, once).status for _ in range(12)) == [200] + [401] * 11
    gateway.wait_log('"sender":"dpop_replayed"', count=11)


def test_nonces(protected, issuer):
    gateway, key = protected(dpop={"nonce": True}), Key()
    access = token(issuer, {"jkt": key.thumbprint})
    refused = send(gateway, access, proof(key, access, url(gateway, "/orders")))
    assert refused.status == 401 and 'error="use_dpop_nonce"' in refused["www-authenticate"]
    nonce = refused["dpop-nonce"]
    assert send(gateway, access, proof(key, access, url(gateway, "/orders"), nonce=nonce)).status == 200
    assert send(gateway, access, proof(key, access, url(gateway, "/orders"), nonce="made-up")).status == 401


@pytest.mark.parametrize("mode, plain, bound, challenge", [
    ("when-bound", 200, 200, False), ("none", 200, 200, False), ("dpop", 401, 200, True), ("any", 401, 200, True), ("certificate", 401, 401, False),
])
def test_who_has_to_be_bound(protected, issuer, mode, plain, bound, challenge):
    gateway, key = protected(senderConstraint=mode), Key()
    access = token(issuer, {"jkt": key.thumbprint})
    assert send(gateway, token(issuer), scheme="Bearer").status == plain
    assert send(gateway, access, proof(key, access, url(gateway, "/orders"))).status == bound
    missing = gateway.get("/orders")
    assert missing.status == 401 and ("DPoP " in missing["www-authenticate"]) == challenge
    if mode == "when-bound":
        assert send(gateway, token(issuer), proof(key, access, url(gateway, "/orders"))).status == 401, "a proof of nothing"
        assert send(gateway, token(issuer, {"kid": "x"}), scheme="Bearer").status == 401, "bound to what nobody knows"


# ---- certificates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_token_needs_the_certificate_of_its_user(start, authority, pairs, issuer, version):  # noqa: F811
    gateway = start(secured(pairs, authority, policy(issuer)))
    digest = encode(bytes.fromhex(fingerprint(pairs["workload"])))
    access = token(issuer, {"x5t#S256": digest})
    header = ["-H", f"Authorization: Bearer {access}"]
    assert ask(gateway, authority, pairs["workload"], version, "/", *header).status == 200
    for pair in (pairs["named"], None):
        answer = ask(gateway, authority, pair, version, "/", *header)
        assert answer.status == 401 and 'error="invalid_token"' in answer.fields["www-authenticate"]
    gateway.wait_log('"sender":"certificate"', count=2)
