"""The policy `oidc`: people log in, stay logged in and log out, in a real browser, at our own server and at two others."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("authlib")
pytest.importorskip("playwright")

import requests  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from harness import django_provider, providers  # noqa: E402
from harness.certificates import Authority  # noqa: E402
from harness.configuration import api, route, upstream as named_upstream  # noqa: E402
from harness.forms import Browser  # noqa: E402
from harness.gateway import Gateway  # noqa: E402
from harness.tokens import PASSWORD, SECRET, mounted, server  # noqa: E402
from harness.upstream import script  # noqa: E402
from harness.waiting import until  # noqa: E402

CHROMIUM = shutil.which("chromium")
#: Where pictures of the pages go, for whoever wants to look at them.
PICTURES = os.environ.get("SLUICE_PICTURES")


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def picture(page, name):
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png")


class App:
    """A gateway that logs people in before it forwards."""

    def __init__(self, start, upstream, *provider_settings, **settings):
        self.upstream = upstream
        self.gateway: Gateway = start({"upstreams": [], "apis": []}, ready=False)
        self.origin = f"http://127.0.0.1:{self.gateway.port}"
        self.provider_settings, self.settings = list(provider_settings), settings

    @property
    def callback(self):
        return f"{self.origin}/oidc/callback"

    def configuration(self, **settings):
        policy = {"secrets": ["a secret of the gateway, 32 bytes long"], "providers": self.provider_settings, "forwardToken": "access",
                  "headers": {"x-user": "sub", "x-email": "email"}, **self.settings, **settings}
        return {"runtime": {"threads": 2}, "upstreams": [named_upstream("up", self.upstream)],
                "apis": [api("app", route("all", "/*", "up", policies=[{"oidc": policy}]))]}

    def begin(self, *provider_settings):
        self.provider_settings += provider_settings
        self.gateway.write(self.configuration())
        self.gateway.start()
        return self


@pytest.fixture
def site(upstream):
    # With an icon of its own, so that browsers ask for nothing but the pages.
    body = b"<title>App</title><link rel=icon href=data:,><h1>Orders</h1>\n"
    upstream.on("/*", script(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)))
    return upstream


def renewed(page, app, site, before):
    """Asks for a page; whether it came with another token. While one is on its way, pages go on with the old one."""
    page.goto(f"{app.origin}/again")
    assert page.url == f"{app.origin}/again"
    return [record for record in site.requests if record.target == "/again"][-1]["authorization"] != before["authorization"]


class Own:
    """An app, and our own server as its provider."""

    def __init__(self, start, site, identity=None, **settings):
        self.app = App(start, site, **settings)
        self.identity: Gateway = start({"upstreams": [], "apis": []}, ready=False)
        self.issuer = f"http://127.0.0.1:{self.identity.port}"
        self.identity.write({"runtime": {"threads": 1}, "apis": [mounted(server(
            self.issuer, callback=self.app.callback, after_logout=f"{self.app.origin}/",
            backchannel=f"{self.app.origin}/oidc/backchannel-logout", **(identity or {})))]})
        self.identity.start()
        self.app.begin({"name": "own", "title": "Our own", "issuer": self.issuer, "clientId": "app", "clientSecret": SECRET,
                        "scopes": ["openid", "email"]})

    def token_requests(self):
        return [line for line in self.identity.log() if line["path"] == "/token"]

    def log_in(self, target="/orders?a=b", lands=None):
        """Without Chromium: the session of a browser that is logged in."""
        browser = self.browser = Browser(self.issuer)
        response = requests.get(self.app.origin + target, headers={"accept": "text/html"}, allow_redirects=False, timeout=20)
        assert response.status_code == 303, response.text
        state = response.cookies
        browser.go(response.headers["location"])
        browser.submit(username="ann", password=PASSWORD)
        if browser.response.status_code == 200:
            browser.submit(decision="allow")
        session = requests.Session()
        session.cookies.update(state)
        self.callback = browser.location
        response = session.get(self.callback, allow_redirects=False, timeout=20)
        assert response.status_code == 303 and response.headers["location"] == (lands or target), response.text
        return session


def test_own_server_in_chromium(start, site, page):
    own = Own(start, site, refreshAhead="1h")
    app = own.app
    page.goto(f"{app.origin}/orders?a=b")
    assert page.url.startswith(f"{own.issuer}/authorize?") and page.title() == "Sign in"
    picture(page, "login")
    page.get_by_label("User name").fill("ann")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("alert").inner_text() == "User name or password are wrong."
    picture(page, "login-wrong")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("text=Allow access?")
    picture(page, "consent")
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{app.origin}/orders?a=b")
    assert page.inner_text("h1") == "Orders"
    record = site.requests[-1]
    assert record["x-user"] == "user-1" and record["x-email"] == "ann@example.com" and record["authorization"].startswith("Bearer ey")
    assert "sluice-session" not in (record["cookie"] or "")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    session = cookies["sluice-session"]
    assert session["httpOnly"] and session["sameSite"] == "Lax" and not any("login-" in name for name in cookies)
    # Its access token is always about to end here, so the next page has a new one, which the browser keeps.
    until(lambda: renewed(page, app, site, record), 20, "a page with a new token")
    assert {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}["sluice-session"] != session["value"]
    # What a script asks for is not sent elsewhere.
    page.context.clear_cookies(name="sluice-session")
    page.context.clear_cookies(name="sluice-session-1")
    assert page.evaluate("fetch('/data').then(answer => answer.status)") == 401
    # The provider still knows the person, so this needs no password.
    page.goto(f"{app.origin}/orders")
    assert page.url == f"{app.origin}/orders"
    # Out, at both ends.
    page.goto(f"{app.origin}/oidc/logout")
    page.wait_for_selector("text=Sign in")
    assert page.url.startswith(f"{own.issuer}/authorize?")


def test_pages_without_styles_or_scripts(start, site, chromium):
    """Nothing on the pages needs a script, and they fit a phone."""
    own = Own(start, site)
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640}, color_scheme="dark")
    page = context.new_page()
    problems = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto(f"{own.app.origin}/")
    picture(page, "login-phone-dark")
    page.wait_for_selector("#username:focus")
    page.keyboard.type("ann")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Allow access?")
    picture(page, "consent-phone-dark")
    page.get_by_role("button", name="Refuse").click()
    page.wait_for_selector("text=You have not allowed it.")
    picture(page, "refused-phone-dark")
    page.get_by_role("link", name="Try again").click()
    page.wait_for_selector("text=Allow access?")
    assert not [problem for problem in problems if "403" not in problem]
    context.close()


def test_over_tls(start, site, chromium, tmp_path):
    """Where all is https, cookies are for this host and for https alone."""
    authority = Authority(tmp_path / "pki")
    tls = [{"tls": {"certificates": [authority.issue("localhost").settings]}}]
    app, identity = App(start, site), start({"upstreams": [], "apis": []}, ready=False)
    app.origin, issuer = app.origin.replace("http:", "https:"), f"https://127.0.0.1:{identity.port}"
    identity.write({"listeners": tls, "apis": [mounted(server(issuer, callback=app.callback, after_logout=f"{app.origin}/"))]})
    identity.start()
    app.provider_settings = [{"name": "own", "issuer": issuer, "clientId": "app", "clientSecret": SECRET, "scopes": ["openid"],
                              "tls": {"serverName": "localhost", "authorities": str(authority.certificate)}}]
    app.gateway.write({**app.configuration(), "listeners": tls})
    app.gateway.start()
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto(f"{app.origin}/orders")
    page.get_by_label("User name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{app.origin}/orders")
    assert site.requests[-1]["x-user"] == "user-1"
    cookies = context.cookies()
    assert {cookie["name"] for cookie in cookies} == {"__Host-sluice-form", "__Host-sluice-login", "__Host-sluice-session"}
    assert all(cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Lax" and cookie["path"] == "/" for cookie in cookies)
    context.close()


def test_several_providers(start, site, page, tmp_path):
    own = Own(start, site)
    mock = providers.mock(tmp_path / "mock")
    try:
        own.app.provider_settings.append({"name": "mock", "title": "The Mock", "issuer": mock.issuer, "clientId": "g", "clientSecret": "x" * 16})
        own.app.gateway.reload(own.app.configuration())
        page.goto(f"{own.app.origin}/orders?x=1")
        picture(page, "choice")
        page.get_by_role("link", name="The Mock").click()
        assert page.url.startswith(mock.issuer)
        picture(page, "mock")
        page.locator("input[name=sub]").fill("alice")
        page.locator("button").first.click()
        page.wait_for_url(f"{own.app.origin}/orders?x=1")
        assert site.requests[-1]["x-user"] == "alice"
    finally:
        mock.close()


def test_mock_refresh(start, site, page, tmp_path):
    mock = providers.mock(tmp_path / "mock")
    try:
        app = App(start, site, {"name": "mock", "issuer": mock.issuer, "clientId": "g", "clientSecret": "x" * 16}, refreshAhead="1h").begin()
        page.goto(f"{app.origin}/orders")
        page.locator("input[name=sub]").fill("alice")
        page.locator("button").first.click()
        page.wait_for_url(f"{app.origin}/orders")
        until(lambda: renewed(page, app, site, site.requests[-1]), 20, "a page with a new token")
    finally:
        mock.close()


def test_django(start, site, page, tmp_path):
    app = App(start, site, refreshAhead="1h")
    django = providers.django(tmp_path / "django", app.callback, f"{app.origin}/")
    try:
        app.begin({"name": "django", "issuer": django.issuer, "clientId": django_provider.CLIENT, "clientSecret": django_provider.SECRET,
                   "scopes": ["openid", "read"]})
        page.goto(f"{app.origin}/orders")
        page.locator("input[name=username]").fill(django_provider.USER)
        page.locator("input[name=password]").fill(django_provider.PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.locator("input[name=allow]").click()
        page.wait_for_url(f"{app.origin}/orders")
        first = site.requests[-1]
        assert first["x-user"] == "1" and first["authorization"]
        # Django takes a refresh token that comes twice for stolen, so this fails if two requests refresh.
        for place in range(3):
            page.goto(f"{app.origin}/page{place}")
            assert page.url == f"{app.origin}/page{place}"
        until(lambda: renewed(page, app, site, first), 20, "a page with a new token")
        page.goto(f"{app.origin}/oidc/logout")
        page.wait_for_selector("input[name=password]")
        assert page.url.startswith(django.issuer.removesuffix("/o"))
    finally:
        django.close()


# ---- without a browser: what has to be exact -------------------------------------------------------------------------


def test_one_refresh_for_requests_that_come_together(start, site):
    """Our own server revokes a grant whose old refresh token comes again: everybody would be out."""
    own = Own(start, site, refreshAhead="1h")
    session = own.log_in()
    own.identity.wait_log("/token", count=1)
    cookies = session.cookies.get_dict()

    def ask(number):
        return requests.get(f"{own.app.origin}/n{number}", cookies=cookies, timeout=30)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(60)))
    assert [answer.status_code for answer in answers] == [200] * 60
    own.identity.wait_log("/token", count=2)
    renewed = {answer.cookies.get("sluice-session") for answer in answers} - {None}
    # The grant lives: the new cookie refreshes in its turn.
    fresh = next(answer for answer in answers if answer.cookies.get("sluice-session"))
    assert renewed and requests.get(f"{own.app.origin}/next", cookies=fresh.cookies, timeout=20).status_code == 200
    own.identity.wait_log("/token", count=3)
    assert len(own.token_requests()) == 3


def test_refresh_while_the_old_token_lives_does_not_wait_for_the_provider(start, site):
    own = Own(start, site, refreshAhead="1h")
    session = own.log_in()
    own.identity.stop()
    # Nobody can be asked, and the old token does as long as it lives.
    for _ in range(3):
        assert session.get(f"{own.app.origin}/x", timeout=20).status_code == 200


def test_a_session_that_the_provider_has_ended(start, site):
    own = Own(start, site, refreshAhead="1h")
    session = own.log_in()
    # The person logs out there, which takes the grant back.
    own.browser.go(f"{own.issuer}/logout")
    own.browser.submit()
    assert "signed out" in own.browser.page.text
    assert [session.get(f"{own.app.origin}/x", timeout=20).status_code for _ in range(2)] == [401, 401]


def test_cookies_that_are_not_ours(start, site):
    own = Own(start, site)
    session = own.log_in()
    good = session.cookies.get_dict()
    assert requests.get(f"{own.app.origin}/x", cookies=good, timeout=20).status_code == 200
    value = good["sluice-session"]
    for changed in (value[:-1] + ("A" if value[-1] != "A" else "B"), value[:100], "1.", "x", value.replace("1.", "2.", 1), ""):
        answer = requests.get(f"{own.app.origin}/x", cookies={**good, "sluice-session": changed}, timeout=20)
        assert answer.status_code == 401, changed
    # Another secret in front: the old one still opens.
    own.app.gateway.reload(own.app.configuration(secrets=["another secret of the gateway, long", "a secret of the gateway, 32 bytes long"]))
    assert requests.get(f"{own.app.origin}/x", cookies=good, timeout=20).status_code == 200
    own.app.gateway.reload(own.app.configuration(secrets=["another secret of the gateway, long"]))
    assert requests.get(f"{own.app.origin}/x", cookies=good, timeout=20).status_code == 401


def test_a_callback_counts_once_and_in_its_browser(start, site):
    own = Own(start, site)
    session = own.log_in()
    # The attempt is over: its cookie is gone.
    assert session.get(own.callback, allow_redirects=False, timeout=20).status_code == 400
    assert requests.get(own.callback, allow_redirects=False, timeout=20).status_code == 400
    # Codes reach no log.
    assert all(line["path"] == "/oidc/callback" for line in map(json.loads, own.app.gateway.wait_log("/oidc/callback", count=3)))


def test_logout_ends_copies_of_the_cookie(start, site):
    own = Own(start, site)
    session = own.log_in()
    copy = session.cookies.get_dict()
    answer = session.get(f"{own.app.origin}/oidc/logout", allow_redirects=False, timeout=20)
    assert answer.headers["location"].startswith(f"{own.issuer}/logout?id_token_hint=ey")
    assert not session.cookies.get_dict().get("sluice-session")
    assert requests.get(f"{own.app.origin}/x", cookies=copy, timeout=20).status_code == 401


def test_signing_out_at_the_provider_ends_the_session_here(start, site):
    own = Own(start, site)
    session, other = own.log_in(), own.log_in()
    own.browser.go(f"{own.issuer}/logout")
    own.browser.submit()
    until(lambda: other.get(f"{own.app.origin}/x", timeout=20).status_code == 401, 10, "the provider's word arrives")
    # Somebody else's session, or another of the same person, goes on.
    assert session.get(f"{own.app.origin}/x", timeout=20).status_code == 200
    for token in ("x.y.z", "", session.cookies.get("sluice-session")):
        assert requests.post(f"{own.app.origin}/oidc/backchannel-logout", data={"logout_token": token}, timeout=20).status_code == 400


def test_consumers_are_known_by_a_claim(start, site):
    own = Own(start, site, consumerClaim="email")
    configuration = own.app.configuration()
    configuration["apis"][0]["routes"][0]["policies"].append({"headers": {"request": {"set": {"x-consumer": "{= consumer.name =}", "x-claim": "{= claims.email =}"}}}})
    configuration["consumers"] = [{"name": "ann-at-work", "credentials": [{"jwtClaim": {"name": "email", "value": "ann@example.com"}}]}]
    own.app.gateway.reload(configuration)
    assert own.log_in().get(f"{own.app.origin}/x", timeout=20).status_code == 200
    assert site.requests[-1]["x-consumer"] == "ann-at-work" and site.requests[-1]["x-claim"] == "ann@example.com"


def test_long_sessions_are_split(start, site):
    long = {"name": "x" * 2000, "nickname": "y" * 2000, "profile": "z" * 1500}
    own = Own(start, site, identity={"users": [{**server("http://127.0.0.1")["users"][0], "claims": long}]})
    own.app.provider_settings[0]["scopes"] = ["openid", "profile"]
    own.app.gateway.reload(own.app.configuration(headers={"x-name": "name"}))
    session = own.log_in()
    names = [name for name in session.cookies.get_dict() if name.startswith("sluice-session")]
    assert len(names) >= 3 and all(len(value) < 4096 for value in session.cookies.get_dict().values())
    assert session.get(f"{own.app.origin}/x", timeout=20).status_code == 200
    assert site.requests[-1]["x-name"] == "x" * 2000
    missing = {name: value for name, value in session.cookies.get_dict().items() if name != "sluice-session-1"}
    assert requests.get(f"{own.app.origin}/x", cookies=missing, timeout=20).status_code == 401


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\r\nx: y"])
def test_return_addresses_of_other_origins(start, site, address):
    Own(start, site).log_in("/oidc/login/own?" + requests.compat.urlencode({"return": address}), lands="/")
