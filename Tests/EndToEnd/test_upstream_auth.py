"""Credentials for upstreams: tokens that the gateway gets, exchanges and signs."""

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from harness.configuration import proxy
from harness.upstream import Upstream
from harness.waiting import until


class Issuer:
    """A token endpoint. It counts, and answers as told."""

    def __init__(self):
        self.server = Upstream()
        self.forms: list[dict] = []
        self.status, self.lifetime, self.delay = 200, 3600, threading.Event()
        self.delay.set()
        self.error = "server_error"
        self.server.on("/token", self._answer)

    def _answer(self, exchange):
        form = {name: values[0] for name, values in parse_qs(exchange.read_body().data.decode(), keep_blank_values=True).items()}
        self.forms.append({**form, "authorization": exchange.head.get("authorization")})
        number = len(self.forms)
        exchange.wait(self.delay)
        if self.status != 200:
            return exchange.reply(self.status, [("Content-Type", "application/json")], json.dumps({"error": self.error}))
        subject = form.get("subject_token", "")
        token = {"access_token": f"token-{number}{'-for-' + subject if subject else ''}", "token_type": "Bearer", "expires_in": self.lifetime}
        exchange.reply(200, [("Content-Type", "application/json"), ("Cache-Control", "no-store")], json.dumps(token))

    @property
    def settings(self):
        return {"tokenUrl": f"http://{self.server.address}/token", "clientId": "gate:way", "clientSecret": "s+cret", "scopes": ["read", "write"], "audience": "catalog"}


@pytest.fixture
def issuer():
    made = Issuer()
    with made.server:
        yield made


def configuration(upstream, settings, **more):
    full = {**proxy(upstream), **more}
    full["apis"][0]["policies"] = [{"upstream-auth": settings}]
    return full


def credentials(upstream):
    return [record["authorization"] for record in upstream.requests]


def test_a_token_is_fetched_once(start, upstream, issuer):
    """Many requests at the same time, on two event loops, share one fetch; later ones use the token."""
    gateway = start(configuration(upstream, {"oauth2": {"issuer": issuer.settings}}, runtime={"threads": 2}))
    issuer.delay.clear()
    with ThreadPoolExecutor(30) as pool:
        waiting = [pool.submit(gateway.get, f"/{n}", {"Authorization": "Bearer of-the-client"}) for n in range(30)]
        until(lambda: issuer.forms, what="the token endpoint is asked")
        assert not upstream.requests
        issuer.delay.set()
        assert [response.result().status for response in waiting] == [200] * 30
    for _ in range(10):
        assert gateway.get("/later").status == 200
    assert credentials(upstream) == ["Bearer token-1"] * 40
    assert issuer.forms == [{"grant_type": "client_credentials", "scope": "read write", "audience": "catalog", "authorization": "Basic " + base64.b64encode(b"gate%3Away:s%2Bcret").decode()}]


def test_a_token_is_fetched_ahead_of_its_end(start, upstream, issuer):
    """While the next one is fetched, the old one is used: nobody waits."""
    issuer.lifetime = 4
    gateway = start(configuration(upstream, {"oauth2": {"issuer": {**issuer.settings, "refreshAfter": "25%"}}}))
    assert gateway.get("/").status == 200
    issuer.delay.clear()
    until(lambda: gateway.get("/").status == 200 and len(issuer.forms) == 2, what="the token is fetched again")
    start_of = time.monotonic()
    assert gateway.get("/").status == 200 and time.monotonic() - start_of < 1
    assert credentials(upstream)[-1] == "Bearer token-1"
    issuer.delay.set()
    until(lambda: gateway.get("/") and credentials(upstream)[-1] == "Bearer token-2", what="the next token is used")


def test_an_issuer_that_is_down_is_left_alone(start, upstream, issuer):
    issuer.status = 500
    gateway = start(configuration(upstream, {"oauth2": {"issuer": issuer.settings}}))
    responses = [gateway.get("/") for _ in range(20)]
    assert {(response.status, response.problem["reason"]) for response in responses} == {(503, "upstream_credentials_unavailable")}
    assert len(issuer.forms) == 1 and not upstream.requests
    issuer.status = 200
    until(lambda: gateway.get("/").status == 200, what="the issuer is asked again")
    assert credentials(upstream) == ["Bearer token-2"]


def test_a_good_token_outlives_its_issuer(start, upstream, issuer):
    issuer.lifetime = 60
    gateway = start(configuration(upstream, {"oauth2": {"issuer": {**issuer.settings, "refreshAfter": "1%"}}}))
    assert gateway.get("/").status == 200
    issuer.status = 500
    until(lambda: gateway.get("/").status == 200 and len(issuer.forms) > 1, what="a refresh fails")
    assert gateway.get("/").status == 200 and credentials(upstream)[-1] == "Bearer token-1"


def test_the_client_says_who_it_is_in_the_body(start, upstream, issuer):
    gateway = start(configuration(upstream, {"oauth2": {"issuer": {**issuer.settings, "clientAuthentication": "post", "parameters": {"resource": "https://a/?b=c&d"}}, "header": "x-token"}}))
    assert gateway.get("/").status == 200
    assert upstream.requests[0]["x-token"] == "Bearer token-1" and upstream.requests[0]["authorization"] is None
    assert issuer.forms[0] == {"grant_type": "client_credentials", "scope": "read write", "audience": "catalog", "resource": "https://a/?b=c&d", "client_id": "gate:way", "client_secret": "s+cret", "authorization": None}


def decoded(token, key=None):
    """Header and claims of a token; with a key, its ES256 signature is verified."""
    parts = [base64.urlsafe_b64decode(part + "==") for part in token.split(".")]
    if key:
        r, s = int.from_bytes(parts[2][:32], "big"), int.from_bytes(parts[2][32:], "big")
        key.public_key().verify(encode_dss_signature(r, s), token.rsplit(".", 1)[0].encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(parts[0]), json.loads(parts[1])


def private(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def test_the_client_signs_who_it_is(start, upstream, issuer):
    key = ec.generate_private_key(ec.SECP256R1())
    settings = {**issuer.settings, "clientAuthentication": "private-key-jwt", "privateKey": private(key), "keyId": "k1", "algorithm": "ES256"}
    del settings["clientSecret"]
    gateway = start(configuration(upstream, {"oauth2": {"issuer": settings}}))
    assert gateway.get("/").status == 200
    form = issuer.forms[0]
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    header, claims = decoded(form["client_assertion"], key)
    assert header == {"alg": "ES256", "kid": "k1", "typ": "JWT"}
    assert claims["iss"] == claims["sub"] == "gate:way" and claims["aud"] == settings["tokenUrl"] and claims["jti"]
    assert abs(claims["iat"] - time.time()) < 60 and claims["exp"] == claims["iat"] + 60


def test_a_token_that_the_upstream_rejects_is_replaced(start, upstream, issuer):
    """Not at once: an upstream that accepts none must not make the gateway fetch one for each request."""
    upstream.on("/*", lambda exchange: exchange.reply(401 if exchange.head.get("authorization") == "Bearer token-1" else 200))
    gateway = start(configuration(upstream, {"oauth2": {"issuer": issuer.settings}}))
    assert gateway.get("/").status == 401
    assert gateway.get("/").status == 401 and len(issuer.forms) == 1
    until(lambda: gateway.get("/").status == 200, 20, what="another token is fetched", interval=0.3)
    assert len(issuer.forms) == 2


def test_tokens_of_clients_are_exchanged(start, upstream, issuer):
    """Each client's token once; the new one goes to the upstream in its place."""
    exchange = {"issuer": {**issuer.settings, "clientAuthentication": "basic"}, "requestedTokenType": "urn:ietf:params:oauth:token-type:jwt"}
    gateway = start(configuration(upstream, {"exchange": exchange}))
    for _ in range(3):
        assert gateway.get("/", {"Authorization": "Bearer ann"}).status == 200
    assert gateway.get("/", {"Authorization": "Bearer bob"}).status == 200
    assert credentials(upstream) == ["Bearer token-1-for-ann"] * 3 + ["Bearer token-2-for-bob"]
    assert {key: issuer.forms[0][key] for key in ("grant_type", "subject_token", "subject_token_type", "requested_token_type", "audience")} == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": "ann", "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "requested_token_type": "urn:ietf:params:oauth:token-type:jwt", "audience": "catalog"}
    issuer.status, issuer.error = 400, "invalid_grant"
    for _ in range(5):
        response = gateway.get("/", {"Authorization": "Bearer eve"})
        assert (response.status, response.problem["reason"]) == (403, "token_exchange_refused")
    assert len(issuer.forms) == 3
    issuer.status = 500
    assert gateway.get("/", {"Authorization": "Bearer zoe"}).status == 503
    assert gateway.get("/", {"Authorization": "Bearer ann"}).status == 200


def test_a_token_of_the_gateways_own(start, upstream):
    """Signed for whom it is about, and used again for a part of its life."""
    key = ec.generate_private_key(ec.SECP256R1())
    jwt = {"privateKey": private(key), "keyId": "gw1", "issuer": "gateway", "audience": "catalog", "subject": "{= request.headers['x-user'] =}", "claims": {"path": "{= request.path =}"}, "lifetime": "4s"}
    gateway = start(configuration(upstream, {"jwt": jwt}, runtime={"threads": 1}))
    for user in ("ann", "ann", "bob"):
        assert gateway.get("/orders", {"X-User": user, "Authorization": "Basic YTpi"}).status == 200
    first, second, third = [value.removeprefix("Bearer ") for value in credentials(upstream)]
    assert first == second != third
    header, claims = decoded(first, key)
    assert header == {"alg": "ES256", "kid": "gw1", "typ": "JWT"}
    assert {name: claims[name] for name in ("iss", "aud", "sub", "path")} == {"iss": "gateway", "aud": "catalog", "sub": "ann", "path": "/orders"}
    assert claims["exp"] == claims["iat"] + 4 and decoded(third, key)[1]["sub"] == "bob"
    until(lambda: gateway.get("/orders", {"X-User": "ann"}) and credentials(upstream)[-1] != f"Bearer {first}", what="a new token is signed", interval=0.2)
