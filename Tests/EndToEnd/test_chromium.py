"""Chromium, the browser, over HTTPS and HTTP/2: pages, fetches, a form, a stream, WebSockets."""

import os
import shutil

import pytest

from harness.certificates import Authority
from harness.configuration import api, route, upstream as named_upstream
from harness.waiting import limit
from harness.websocket import EchoServer

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as library:
        made = library.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--host-resolver-rules=MAP *.test 127.0.0.1"])
        yield made
        made.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(limit(20) * 1000)
    yield page
    context.close()


@pytest.fixture
def gateway(start, tmp_path, upstream):
    upstream.on("/page", lambda e: e.reply(200, [("Content-Type", "text/html")], body="<title>a page</title><script src=/script></script>"))
    upstream.on("/script", lambda e: e.reply(200, [("Content-Type", "text/javascript")], body="window.scripted = location.protocol"))
    upstream.on("/echo", lambda e: e.reply(200, body=bytes(e.read_body().data)))
    upstream.on("/events", lambda e: e.reply(200, [("Content-Type", "text/event-stream")], body="data: one\n\ndata: two\n\n"))
    pair = Authority(tmp_path / "authority").issue("a.test")
    with EchoServer() as echo:
        yield start({
            "listeners": [{"tls": {"certificates": [pair.settings]}}],
            "upstreams": [named_upstream("pages", upstream), named_upstream("sockets", echo)],
            "apis": [api("all", route("sockets", "/socket", "sockets"), route("all", "/*", "pages"))],
        })


def url(gateway, path: str, scheme: str = "https") -> str:
    return f"{scheme}://a.test:{gateway.port}{path}"


def test_a_page_over_http2(gateway, page):
    page.goto(url(gateway, "/page"))
    page.wait_for_function("window.scripted")
    assert (page.title(), page.evaluate("window.scripted")) == ("a page", "https:")
    protocols = page.evaluate("performance.getEntries().filter(e => e.nextHopProtocol).map(e => e.nextHopProtocol)")
    assert len(protocols) >= 2 and set(protocols) == {"h2"}


def test_bodies_and_many_fetches(gateway, page):
    page.goto(url(gateway, "/page"))
    sizes = page.evaluate("""async () => Promise.all([...Array(50).keys()].map(async i => {
        const sent = new Uint8Array(i * 4001).fill(i)
        const answer = new Uint8Array(await (await fetch('/echo', { method: 'POST', body: sent })).arrayBuffer())
        return answer.every(b => b === i) ? answer.length : -1
    }))""")
    assert sizes == [i * 4001 for i in range(50)]


def test_events(gateway, page):
    page.goto(url(gateway, "/page"))
    assert page.evaluate("""() => new Promise(done => {
        const seen = [], source = new EventSource('/events')
        source.onmessage = e => { seen.push(e.data); if (seen.length === 2) { source.close(); done(seen) } }
    })""") == ["one", "two"]


def test_websockets(gateway, page):
    page.goto(url(gateway, "/page"))
    answers = page.evaluate("""address => new Promise((done, failed) => {
        const socket = new WebSocket(address), seen = []
        socket.onopen = () => { socket.send('hello'); socket.send('x'.repeat(100000)) }
        socket.onmessage = e => { seen.push(e.data.length); if (seen.length === 2) socket.close(1000) }
        socket.onclose = e => done([...seen, e.code, e.wasClean])
        socket.onerror = () => failed('error')
    })""", url(gateway, "/socket", "wss"))
    assert answers == [5, 100000, 1000, True]
    # The browser uses the connection that it has (RFC 8441).
    assert '"protocol":"HTTP/2.0"' in gateway.wait_log('"path":"/socket"')[0]
