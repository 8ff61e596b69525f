"""The policy `oauth2-server`, used by Authlib as a client and by people without scripts."""

from __future__ import annotations

import os
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.forms import Browser
from harness.gateway import Gateway, command
from harness.tokens import PASSWORD, SECRET, mounted, server

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
pytest.importorskip("authlib")

import requests  # noqa: E402
from authlib.common.security import generate_token  # noqa: E402
from authlib.integrations.requests_client import OAuth2Session  # noqa: E402
from joserfc import jwt  # noqa: E402
from joserfc.jwk import KeySet  # noqa: E402

CALLBACK = "http://127.0.0.1/callback"


class Server:
    """A gateway with the policy, and its metadata."""

    def __init__(self, start, base="", **settings):
        self.settings, self.base = settings, base
        self.gateway: Gateway = start({"upstreams": [], "apis": []}, ready=False)
        self.origin = f"http://127.0.0.1:{self.gateway.port}"
        self.issuer = self.origin + base
        self.gateway.write(self.configuration(**settings))
        self.gateway.start()
        self.metadata = requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=20).json()

    def configuration(self, **settings):
        return {"runtime": {"threads": 2}, "apis": [mounted(server(self.issuer, **settings))]}

    def url(self, name):
        return self.metadata[f"{name}_endpoint"]

    def app(self, scope="openid email orders.read", method="client_secret_basic", **more):
        return OAuth2Session("app", SECRET, scope=scope, redirect_uri=CALLBACK, token_endpoint_auth_method=method,
                             code_challenge_method="S256", **more)

    def browser(self):
        return Browser(self.origin)

    def keys(self):
        return KeySet.import_key_set(requests.get(self.metadata["jwks_uri"], timeout=20).json())

    def claims(self, token):
        return jwt.decode(token, self.keys(), algorithms=["ES256", "RS256", "EdDSA"])

    def introspect(self, token):
        return requests.post(self.url("introspection"), data={"token": token}, auth=("api", "the-secret-of-the-api"), timeout=20).json()

    def log_in(self, browser, username="ann", password=PASSWORD):
        assert "Sign in" in browser.page.text, browser.response.text
        return browser.submit(username=username, password=password)

    def authorize(self, client, browser=None, decision="allow", **parameters):
        """Through sign-in and consent: the URL that the browser is sent back to, and the verifier."""
        verifier = generate_token(48)
        url, state = client.create_authorization_url(self.url("authorization"), code_verifier=verifier, **parameters)
        browser = browser or self.browser()
        browser.go(url)
        if browser.response.status_code == 200 and "password" in browser.page.fields:
            self.log_in(browser)
        if browser.response.status_code == 200 and browser.page.buttons:
            browser.submit(decision=decision)
        return browser.location, verifier, state

    def tokens(self, client=None, **parameters):
        client = client or self.app()
        location, verifier, state = self.authorize(client, **parameters)
        return client.fetch_token(self.url("token"), authorization_response=location, code_verifier=verifier, state=state)


@pytest.fixture
def make(start):
    return lambda **settings: Server(start, **settings)


@pytest.fixture
def running(make):
    return make()


def error(response):
    body = response.json()
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, body["error"]


# ---- metadata and keys ---------------------------------------------------------------------------------------------


def test_metadata(make):
    running = make(base="/auth")
    assert running.metadata["issuer"] == running.issuer
    for path in ("/auth/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/auth"):
        assert requests.get(running.origin + path, timeout=20).json() == running.metadata
    for name in ("authorization", "token", "device_authorization", "revocation", "introspection", "userinfo", "end_session"):
        assert running.url(name).startswith(f"{running.issuer}/")
    keys = requests.get(running.metadata["jwks_uri"], timeout=20)
    assert [set(key) >= {"kid", "kty", "crv", "x", "y"} and "d" not in key for key in keys.json()["keys"]] == [True]
    assert "max-age" in keys.headers["cache-control"]
    assert requests.get(f"{running.origin}/auth/other", timeout=20).text == "nothing here"
    assert requests.get(running.url("token"), timeout=20).headers["allow"] == "POST"


# ---- grants --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_client_credentials(running, method):
    token = running.app("orders.read", method).fetch_token(running.url("token"), grant_type="client_credentials")
    assert token["token_type"] == "Bearer" and token["scope"] == "orders.read" and "refresh_token" not in token
    verified = running.claims(token["access_token"])
    assert verified.header["typ"] == "at+jwt"
    assert verified.claims["sub"] == "app" and verified.claims["aud"] == "https://api.example.com"


def test_code(running):
    client = running.app()
    location, verifier, state = running.authorize(client, nonce="n-1")
    answer = parse_qs(urlsplit(location).query)
    assert location.startswith(f"{CALLBACK}?") and answer["state"] == [state] and answer["iss"] == [running.issuer]
    token = client.fetch_token(running.url("token"), authorization_response=location, code_verifier=verifier)
    identity = running.claims(token["id_token"]).claims
    assert identity["sub"] == "user-1" and identity["nonce"] == "n-1" and identity["aud"] == "app" and identity["sid"]
    assert identity["email"] == "ann@example.com" and identity["email_verified"] is True and "name" not in identity
    user = client.get(running.url("userinfo")).json()
    assert user == {"sub": "user-1", "email": "ann@example.com", "email_verified": True}
    # A second time the code takes back what came of it.
    again = requests.post(running.url("token"), auth=("app", SECRET), timeout=20,
                          data={"grant_type": "authorization_code", "code": answer["code"][0], "redirect_uri": CALLBACK, "code_verifier": verifier})
    assert error(again) == (400, "invalid_grant")
    assert running.introspect(token["access_token"]) == {"active": False}
    assert client.get(running.url("userinfo")).status_code == 401


def test_public_client(running):
    client = OAuth2Session("phone", scope="orders.read", redirect_uri="com.example.app:/callback", token_endpoint_auth_method="none",
                           code_challenge_method="S256")
    token = running.tokens(client)
    assert token["refresh_token"] and "id_token" not in token
    assert client.refresh_token(running.url("token"))["refresh_token"] != token["refresh_token"]


def test_refresh_rotates_and_notices_reuse(running):
    client = running.app()
    first = running.tokens(client)
    second = client.refresh_token(running.url("token"), first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"] and second["id_token"]
    assert running.introspect(second["access_token"])["active"]
    with pytest.raises(Exception, match="invalid_grant"):
        client.refresh_token(running.url("token"), first["refresh_token"])
    with pytest.raises(Exception, match="invalid_grant"):
        client.refresh_token(running.url("token"), second["refresh_token"])
    assert running.introspect(second["access_token"]) == {"active": False}


def test_device(make):
    running = make(devices={"interval": "1s"})

    def poll():
        return requests.post(running.url("token"), timeout=20,
                             data={"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "tv", "device_code": device["device_code"]})

    device = requests.post(running.url("device_authorization"), data={"client_id": "tv", "scope": "orders.read"}, timeout=20).json()
    assert device["interval"] == 1 and device["verification_uri_complete"].endswith(device["user_code"])
    assert error(poll()) == (400, "authorization_pending")
    browser = running.browser()
    browser.go(device["verification_uri"])
    running.log_in(browser)
    browser.submit(user_code="XXXX-XXXX")
    assert "no device with this code" in browser.page.text
    browser.submit(user_code=device["user_code"].lower().replace("-", " "))
    assert "The TV" in browser.page.text and "See your orders" in browser.page.text and device["user_code"] in browser.page.text
    browser.submit(decision="allow")
    assert "Device connected" in browser.page.text
    token = poll().json()
    assert token["scope"] == "orders.read" and running.claims(token["access_token"]).claims["sub"] == "user-1"
    assert error(poll()) == (400, "invalid_grant")


def test_device_refused_and_too_eager(running):
    device = requests.post(running.url("device_authorization"), data={"client_id": "tv"}, timeout=20).json()
    data = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "tv", "device_code": device["device_code"]}
    codes = [requests.post(running.url("token"), data=data, timeout=20).json()["error"] for _ in range(3)]
    assert codes == ["authorization_pending", "slow_down", "slow_down"]
    browser = running.browser()
    browser.go(device["verification_uri_complete"])
    running.log_in(browser)
    browser.submit()
    browser.submit(decision="deny")
    assert "Refused" in browser.page.text
    assert requests.post(running.url("token"), data=data, timeout=20).json()["error"] == "access_denied"


def test_revocation_and_introspection(running):
    client = running.app()
    token = running.tokens(client)
    seen = running.introspect(token["access_token"])
    assert seen["active"] and seen["username"] == "ann" and seen["scope"] == "openid email orders.read" and seen["client_id"] == "app"
    assert client.revoke_token(running.url("revocation"), token["refresh_token"], "refresh_token").status_code == 200
    assert running.introspect(token["access_token"]) == {"active": False}
    assert client.revoke_token(running.url("revocation"), "nonsense").status_code == 200
    response = requests.post(running.url("introspection"), data={"token": token["access_token"]}, auth=("api", "wrong"), timeout=20)
    assert error(response) == (401, "invalid_client") and response.headers["www-authenticate"].startswith("Basic ")


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change, message", [
    ({"client_id": "nobody"}, "not known here"),
    ({"redirect_uri": "http://127.0.0.1/callback/"}, "not registered"),
    ({"redirect_uri": "https://evil.example/"}, "not registered"),
    ({"redirect_uri": None}, "not registered"),
])
def test_nobody_is_sent_to_strangers(running, change, message):
    response = requests.get(running.url("authorization"), params={**request_parameters(), **change}, allow_redirects=False, timeout=20)
    assert response.status_code in (400, 401) and message in response.text
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"] and response.headers["x-frame-options"] == "DENY"


def request_parameters():
    return {"response_type": "code", "client_id": "app", "redirect_uri": CALLBACK, "state": "s 1", "scope": "orders.read",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}


@pytest.mark.parametrize("change, code", [
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"scope": "admin"}, "invalid_scope"),
    ({"prompt": "none"}, "login_required"),
    ({"request": "x"}, "request_not_supported"),
    ({"max_age": "x"}, "invalid_request"),
])
def test_clients_are_told(running, change, code):
    response = requests.get(running.url("authorization"), params={**request_parameters(), **change}, allow_redirects=False, timeout=20)
    answer = parse_qs(urlsplit(response.headers["location"]).query)
    assert response.status_code == 303 and answer["error"] == [code] and answer["state"] == ["s 1"] and answer["iss"] == [running.issuer]


@pytest.mark.parametrize("data, auth, expected", [
    ({"grant_type": "password"}, ("app", SECRET), (400, "unsupported_grant_type")),
    ({}, ("app", SECRET), (400, "invalid_request")),
    ({"grant_type": "client_credentials"}, ("app", "wrong"), (401, "invalid_client")),
    ({"grant_type": "client_credentials"}, None, (401, "invalid_client")),
    ({"grant_type": "client_credentials", "client_id": "tv"}, None, (400, "unauthorized_client")),
    ({"grant_type": "client_credentials", "client_secret": SECRET}, ("app", SECRET), (400, "invalid_request")),
    ({"grant_type": "client_credentials", "client_id": "api"}, ("app", SECRET), (400, "invalid_request")),
    ({"grant_type": "client_credentials", "scope": "admin"}, ("app", SECRET), (400, "invalid_scope")),
    ({"grant_type": "authorization_code"}, ("app", SECRET), (400, "invalid_request")),
    ({"grant_type": "authorization_code", "code": "x"}, ("app", SECRET), (400, "invalid_grant")),
    ({"grant_type": "refresh_token", "refresh_token": "x"}, ("app", SECRET), (400, "invalid_grant")),
    (b"grant_type=client_credentials&grant_type=client_credentials", ("app", SECRET), (400, "invalid_request")),
    (b"%", ("app", SECRET), (400, "invalid_request")),
])
def test_token_requests_that_are_refused(running, data, auth, expected):
    headers = {"content-type": "application/x-www-form-urlencoded"} if isinstance(data, bytes) else {}
    assert error(requests.post(running.url("token"), data=data, auth=auth, headers=headers, timeout=20)) == expected


def test_a_refusal_reaches_the_client(running):
    location, _, state = running.authorize(running.app(), decision="deny")
    answer = parse_qs(urlsplit(location).query)
    assert answer["error"] == ["access_denied"] and answer["state"] == [state]


# ---- people --------------------------------------------------------------------------------------------------------


def test_consent_is_asked_once(running):
    browser = running.browser()
    running.authorize(running.app(), browser)
    browser.go(running.app().create_authorization_url(running.url("authorization"), code_verifier=generate_token(48), prompt="none")[0])
    assert "code=" in browser.location
    # More than before is asked again.
    browser.go(running.app("openid orders.write").create_authorization_url(running.url("authorization"), code_verifier=generate_token(48))[0])
    assert "Allow access?" in browser.page.text and "orders.write" in browser.page.text
    # Who has to log in again does.
    browser.go(running.app().create_authorization_url(running.url("authorization"), code_verifier=generate_token(48), prompt="login")[0])
    running.log_in(browser)
    assert "code=" in browser.location


def test_wrong_passwords_are_slowed_down(make):
    running = make(login={"attempts": 3, "window": "10m"})
    browser = running.browser()
    browser.go(running.url("authorization") + "?" + requests.compat.urlencode(request_parameters()))
    for name in ("ann", "ann", "nobody", "ann"):
        running.log_in(browser, name, "wrong")
        assert "User name or password are wrong" in browser.page.text and browser.page.fields["username"] == name
    assert running.log_in(browser, "ann").status_code == 429
    assert "too many attempts" in browser.page.text
    # Somebody else is not slowed down.
    running.log_in(browser, "bob")
    assert "Allow access?" in browser.page.text


def test_forms_of_other_sites_count_for_nothing(running):
    browser = running.browser()
    url = running.url("authorization") + "?" + requests.compat.urlencode(request_parameters())
    browser.go(url)
    token = browser.page.fields["form_token"]
    assert running.browser().go(url, "POST", data={"action": "login", "username": "ann", "password": PASSWORD, "form_token": token}).status_code == 400
    assert browser.submit(username="ann", password=PASSWORD, headers={"origin": "https://evil.example"}).status_code == 400
    browser.go(url)
    assert browser.submit(username="ann", password=PASSWORD, form_token="x" + token[1:]).status_code == 400
    browser.go(url)
    running.log_in(browser)
    # The consent of one request is not that of another.
    other = browser.page.fields
    browser.go(url.replace("orders.read", "orders.write"))
    assert browser.submit(form_token=other["form_token"], decision="allow").status_code == 400


def test_what_is_typed_is_no_markup(running):
    browser = running.browser()
    browser.go(running.url("authorization") + "?" + requests.compat.urlencode({**request_parameters(), "login_hint": "\"><script>alert(1)</script>"}))
    assert "<script" not in browser.response.text and browser.page.fields["username"] == "\"><script>alert(1)</script>"


def test_cookies(running):
    browser = running.browser()
    browser.go(running.url("authorization") + "?" + requests.compat.urlencode(request_parameters()))
    response = browser.session.post(browser.url, data={**browser.page.fields, "username": "ann", "password": PASSWORD}, allow_redirects=False, timeout=20)
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "user-1" not in cookie


def test_logout(running):
    client = running.app()
    browser = running.browser()
    location, verifier, _ = running.authorize(client, browser)
    token = client.fetch_token(running.url("token"), authorization_response=location, code_verifier=verifier)
    # Anybody can link here, so without a token of this login the person is asked.
    browser.go(running.url("end_session"))
    assert "Sign out?" in browser.page.text
    browser.go(running.url("end_session") + "?" + requests.compat.urlencode(
        {"id_token_hint": token["id_token"], "post_logout_redirect_uri": "http://127.0.0.1/bye", "state": "x"}))
    assert browser.location == "http://127.0.0.1/bye?state=x"
    assert running.introspect(token["access_token"]) == {"active": False}
    # Tokens in queries reach no log.
    running.gateway.wait_log("/logout", count=2)
    assert not [line for line in running.gateway.log_lines() if token["id_token"] in line or "id_token_hint" in line]
    browser.go(running.url("end_session") + "?post_logout_redirect_uri=https%3A%2F%2Fevil.example&client_id=app")
    assert browser.response.status_code == 200 and "signed out" in browser.page.text


# ---- restarts and reloads ------------------------------------------------------------------------------------------


def test_grants_survive_the_process(make, tmp_path):
    folder = tmp_path / "grants"
    running = make(storage=str(folder))
    client, browser = running.app(), running.browser()
    location, verifier, _ = running.authorize(client, browser)
    token = client.fetch_token(running.url("token"), authorization_response=location, code_verifier=verifier)
    keys = requests.get(running.metadata["jwks_uri"], timeout=20).json()
    running.gateway.stop()
    text = (folder / "grants.jsonl").read_text()
    assert token["refresh_token"] not in text and PASSWORD not in text and (folder / "grants.jsonl").stat().st_mode & 0o777 == 0o600
    running.gateway.start()
    assert requests.get(running.metadata["jwks_uri"], timeout=20).json() == keys
    assert running.introspect(token["access_token"])["active"]
    assert client.refresh_token(running.url("token"), token["refresh_token"])["access_token"]
    # Login and consent too.
    browser.go(client.create_authorization_url(running.url("authorization"), code_verifier=generate_token(48))[0])
    assert "code=" in browser.location


def test_grants_survive_reloads(running):
    client = running.app()
    token = running.tokens(client)
    running.gateway.reload(running.configuration(title="Another title"))
    assert running.introspect(token["access_token"])["active"]
    assert client.refresh_token(running.url("token"), token["refresh_token"])["access_token"]


def test_keys_are_published_before_they_sign(make):
    running = make(keys={"rotation": "2m", "ahead": "118s"}, accessTokens="30s")
    # The schedule publishes a key at most half of its life ahead.
    first = requests.get(running.metadata["jwks_uri"], timeout=20)
    assert len(first.json()["keys"]) == 1 and int(first.headers["cache-control"].split("=")[1]) <= 60


def test_checking_a_configuration_takes_nothing_from_the_gateway_that_runs(make, tmp_path):
    running = make(storage=str(tmp_path / "grants"))
    before = (tmp_path / "grants" / "grants.jsonl").read_text()
    result = command("check", "--config", running.gateway.file)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "grants" / "grants.jsonl").read_text() == before


def test_a_folder_that_cannot_be_used_is_refused(make, tmp_path):
    running = make()
    (tmp_path / "file").write_text("")
    assert "grants can't be kept" in running.gateway.reload_refused(running.configuration(storage=str(tmp_path / "file" / "x")))


def test_time(make):
    """Access tokens end when they say so."""
    running = make(accessTokens="30s")
    token = running.app("orders.read").fetch_token(running.url("token"), grant_type="client_credentials")
    claims = running.claims(token["access_token"]).claims
    assert claims["exp"] - claims["iat"] == 30 == token["expires_in"] and abs(claims["iat"] - time.time()) < 20
