"""The policy `oauth2-introspection` with django-oauth-toolkit as the issuer, and with a recorded one for what that does not do."""

import base64
import json
import threading
import time
from urllib.parse import parse_qs

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from harness import django_provider, providers
from harness.configuration import api, route, upstream as named_upstream
from harness.upstream import Upstream
from harness.waiting import until


def configuration(upstream, url, threads=1, behind=(), **settings):
    settings = {"clientId": django_provider.CLIENT, "clientSecret": django_provider.SECRET, **settings}
    settings = {name: value for name, value in settings.items() if value is not None}
    policies = [{"oauth2-introspection": {"url": url, **settings}}, *behind]
    return {
        "runtime": {"threads": threads}, "upstreams": [named_upstream("up", upstream)], "apis": [api("all", route("all", "/*", "up", policies=policies))],
        "consumers": [{"name": "service", "groups": ["machines"], "credentials": [{"jwtClaim": {"name": "client_id", "value": "service"}}]}],
    }


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


# ---- a real issuer


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    provider = providers.django(tmp_path_factory.mktemp("django"), "http://127.0.0.1/callback", "http://127.0.0.1/bye")
    yield provider.issuer
    provider.close()


def issue(issuer, scope="read"):
    """A token by client credentials."""
    answer = requests.post(f"{issuer}/token/", {"grant_type": "client_credentials", "scope": scope}, auth=("service", django_provider.SECRET), timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def test_tokens_of_a_real_issuer(start, upstream, issuer):
    behind = [{"scopes": {"all": ["read"]}}, {"headers": {"request": {"set": {"x-consumer": "{consumer.name}"}}}}]
    gateway = start(configuration(upstream, f"{issuer}/introspect/", behind=behind, consumerClaim="client_id"))
    token = issue(issuer)
    for _ in range(3):
        assert gateway.get("/", bearer(token)).status == 200
    assert [record["x-consumer"] for record in upstream.requests] == ["service"] * 3
    assert all(record["authorization"] is None for record in upstream.requests)
    unknown = gateway.get("/", bearer("invented"))
    assert (unknown.status, unknown.error, unknown["www-authenticate"]) == (401, "credentials_invalid", 'Bearer realm="API", error="invalid_token"')
    other = gateway.get("/", bearer(issue(issuer, "introspection")))
    assert (other.status, other.error) == (403, "insufficient_scope") and 'scope="read"' in other["www-authenticate"]


def test_a_token_that_was_revoked(start, upstream, issuer):
    gateway = start(configuration(upstream, f"{issuer}/introspect/", cache="1s", negativeCache="1s"))
    token = issue(issuer)
    assert gateway.get("/", bearer(token)).status == 200
    answer = requests.post(f"{issuer}/revoke_token/", {"token": token}, auth=("service", django_provider.SECRET), timeout=10)
    assert answer.status_code == 200
    until(lambda: gateway.get("/", bearer(token)).status == 401, 10, "the token is forgotten")


def test_wrong_credentials_of_the_gateway(start, upstream, issuer):
    """That is nobody's token's fault."""
    gateway = start(configuration(upstream, f"{issuer}/introspect/", clientSecret="wrong"))
    response = gateway.get("/wrong", bearer(issue(issuer)))
    assert (response.status, response.error) == (503, "identity_unavailable")
    assert "The issuer answered 40" in json.loads(gateway.wait_log('"/wrong"')[0])["authorization"]


# ---- a recorded one


@pytest.fixture
def endpoint():
    with Upstream() as server:
        yield server


def form(record):
    return {name: values[0] for name, values in parse_qs(bytes(record.body.data).decode()).items()}


def answer(server, document):
    body = json.dumps(document).encode()

    def rule(exchange):
        exchange.read_body()
        exchange.reply(200, {"Content-Type": "application/json"}, body)

    server.on("*", rule)


def test_a_flood_of_the_same_token_asks_once(start, upstream, endpoint):
    gate = threading.Event()

    def rule(exchange):
        exchange.read_body()
        exchange.wait(gate)
        exchange.reply(200, {}, b'{"active": true, "sub": "alice"}')

    endpoint.on("*", rule)
    gateway = start(configuration(upstream, f"http://{endpoint.address}/"))
    clients = [gateway.connect() for _ in range(20)]
    for client in clients:
        client.send("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\n\r\n")
    endpoint.wait_seen("/")
    # Whoever leaves takes the question away from nobody.
    clients[0].close()
    until(lambda: gateway.client_connections() >= 19, 10, "the clients are connected")
    gate.set()
    assert [client.read_response().status for client in clients[1:]] == [200] * 19
    assert len(endpoint.requests) == 1


def test_never_longer_than_the_token(start, upstream, endpoint):
    answer(endpoint, {"active": True, "exp": int(time.time()) + 2})
    gateway = start(configuration(upstream, f"http://{endpoint.address}/", cache="1h"))
    assert gateway.get("/", bearer("t")).status == 200
    answer(endpoint, {"active": False})
    until(lambda: gateway.get("/", bearer("t")).status == 401, 10, "the token is over")


def test_private_key_jwt(start, upstream, endpoint, tmp_path):
    key = RSAKey.generate_key(2048)
    (tmp_path / "key.pem").write_bytes(key.as_pem(private=True))
    answer(endpoint, {"active": True})
    url = f"http://{endpoint.address}/introspect"
    gateway = start(configuration(
        upstream, url, clientSecret=None, authentication="private-key-jwt", key=str(tmp_path / "key.pem"), keyId="k1", cache="0s"))
    assert gateway.get("/", bearer("t")).status == 200 and gateway.get("/", bearer("t")).status == 200
    seen = [form(record) for record in endpoint.requests]
    assert [f["token"] for f in seen] == ["t", "t"]
    assert seen[0]["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    tokens = [jwt.decode(f["client_assertion"], key) for f in seen]
    for token in tokens:
        claims = token.claims
        assert token.header["kid"] == "k1" and claims["iss"] == claims["sub"] == django_provider.CLIENT and claims["aud"] == url
        assert abs(claims["exp"] - time.time() - 60) < 10
    assert tokens[0].claims["jti"] != tokens[1].claims["jti"]
    assert endpoint.requests[0]["authorization"] is None


def test_each_client_authentication(start, upstream, endpoint):
    answer(endpoint, {"active": True})
    gateway = start(configuration(upstream, f"http://{endpoint.address}/", clientId="a:b", clientSecret="s %"))
    assert gateway.get("/", bearer("t")).status == 200
    scheme, encoded = endpoint.requests[0]["authorization"].split()
    # RFC 6749 §2.3.1.
    assert scheme == "Basic" and base64.b64decode(encoded) == b"a%3Ab:s%20%25"
    gateway.reload(configuration(upstream, f"http://{endpoint.address}/", clientId="a:b", clientSecret="s %", authentication="post"))
    assert gateway.get("/", bearer("u")).status == 200
    assert form(endpoint.requests[1]) == {"token": "u", "token_type_hint": "access_token", "client_id": "a:b", "client_secret": "s %"}
