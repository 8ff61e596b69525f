"""What routes do: forward, split, redirect, respond; and how the forwarded request differs."""

from collections import Counter

import pytest

from harness.configuration import api, route, upstream
from harness.gateway import Gateway
from harness.upstream import Upstream


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    with Upstream() as a, Upstream() as b, Upstream() as c:
        for name, server in (("a", a), ("b", b), ("c", c)):
            server.on("*", lambda exchange, name=name: exchange.reply(body=name))
        configuration = {
            "upstreams": [upstream("a", a), upstream("b", b), upstream("c", c), upstream("endpoint", a, hostHeader="endpoint"), upstream("literal", a, hostHeader="internal.example:81")],
            "apis": [
                api("actions",
                    route("split", "/split", split=[{"upstream": "a", "weight": 80}, {"upstream": "b", "weight": 20}, {"upstream": "c", "weight": 0}]),
                    route("by-header", "/by-header", split=[{"upstream": "a", "weight": 50}, {"upstream": "b", "weight": 50}], splitKey='request.headers["x-user"]'),
                    route("by-ip", "/by-ip", split=[{"upstream": "a", "weight": 50}, {"upstream": "b", "weight": 50}], splitKey="source.ip"),
                    route("redirect", None, match={"pathRegex": "^/v0/(.*)$"}, redirect={"to": "https://api.example.com/catalog/$1", "status": 308}),
                    route("redirect-name", "/old/{id}/of/{kind}", redirect={"to": "/new/{kind}/{id}", "status": 301}),
                    route("redirect-rest", "/moved/*", redirect={"to": "https://new.example.com/{*}", "status": 302}),
                    route("redirect-default", "/somewhere", redirect={"to": "/else"}),
                    route("respond", "/pong", respond={"status": 200, "headers": {"content-type": "text/plain", "x-made-by": "gateway"}, "body": "pong"}),
                    route("respond-name", "/hello/{name}", respond={"status": 418, "headers": {"content-type": "application/json"}, "body": '{"name": "{name}"}'}),
                    route("respond-empty", "/empty", respond={"status": 204}),
                    route("rewrite", "/public/{id}/x/{part}", "a", rewrite={"path": "/internal/{part}/{id}"}),
                    route("rewrite-rest", "/all/*", "a", rewrite={"path": "/below/{*}"}),
                    route("rewrite-regex", None, "a", match={"pathRegex": "^/re/([a-z]+)/([0-9]+)$"}, rewrite={"path": "/n/$2/$1"}),
                    route("rewrite-fixed", "/fixed", "a", rewrite={"path": "/elsewhere"}),
                    route("preserve", "/preserve", "a"), route("endpoint", "/endpoint", "endpoint"), route("literal", "/literal", "literal"),
                    route("route-host", "/route-host", "a", hostHeader="route.example")),
                api("based", route("based", "/*", "a"), basePath="/base"),
                api("kept", route("kept", "/*", "a"), basePath="/kept/path", keepBasePath=True),
                api("slashes", route("reject", "/reject/*", "a", encodedSlashes="reject"), route("decode", "/decode/*", "a", encodedSlashes="decode"),
                    route("keep", "/keep/*", "a"), basePath="/slashes"),
            ],
        }
        with Gateway(tmp_path_factory.mktemp("actions"), configuration) as gateway:
            yield gateway, a, b, c


def last(server):
    return server.requests[-1]


# ---- split ---------------------------------------------------------------------------------------------------------


def test_split_follows_the_weights(parts):
    gateway, *_ = parts
    with gateway.connect() as connection:
        counts = Counter(connection.get("/split").text for _ in range(1000))
    assert counts["c"] == 0
    assert 730 <= counts["a"] <= 870, counts  # 80 %: five standard deviations


def test_split_by_key_is_deterministic_and_balanced(parts):
    gateway, *_ = parts
    with gateway.connect() as one, gateway.connect() as two:
        first = [one.get("/by-header", {"X-User": f"user-{i}"}).text for i in range(200)]
        again = [two.get("/by-header", {"X-User": f"user-{i}"}).text for i in range(200)]
    assert first == again
    assert 60 <= Counter(first)["a"] <= 140


def test_split_by_address(parts):
    gateway, *_ = parts
    answers = {}
    for source in [f"127.0.0.{n}" for n in range(1, 33)]:
        with gateway.connect(source=source) as connection:
            got = {connection.get("/by-ip").text for _ in range(3)}
        assert len(got) == 1
        answers[source] = got.pop()
    assert set(answers.values()) == {"a", "b"}


# ---- redirect ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target, status, location", [
    ("/v0/a/b", 308, "https://api.example.com/catalog/a/b"), ("/v0/", 308, "https://api.example.com/catalog/"),
    ("/old/7/of/widgets", 301, "/new/widgets/7"), ("/moved/a/b%20c", 302, "https://new.example.com/a/b%20c"), ("/somewhere", 307, "/else"),
])
def test_redirect(parts, target, status, location):
    with parts[0].connect() as connection:
        response = connection.get(target)
        assert (response.status, response["location"]) == (status, location)
        assert connection.get("/pong").status == 200, "the connection is kept"


@pytest.mark.parametrize("target", ["/old/7%0d%0aSet-Cookie:x/of/y", "/v0/%0d%0aX-Evil:%201", "/moved/%0d%0aX-Evil:%201"])
def test_redirect_can_not_be_split(parts, target):
    response = parts[0].get(target)
    assert response["x-evil"] is None and response["set-cookie"] is None
    assert "\r" not in (response["location"] or "") and "\n" not in (response["location"] or "")


# ---- respond -------------------------------------------------------------------------------------------------------


def test_respond(parts):
    response = parts[0].get("/pong")
    assert (response.status, response.text, response["content-type"], response["x-made-by"]) == (200, "pong", "text/plain", "gateway")
    assert response["date"]


def test_respond_to_head(parts):
    with parts[0].connect() as connection:
        response = connection.request("HEAD", "/pong")
        assert (response.status, response["content-length"], response.body) == (200, "4", b"")
        assert connection.get("/pong").text == "pong"


def test_respond_with_a_parameter(parts):
    response = parts[0].get("/hello/world")
    assert (response.status, response.text) == (418, '{"name": "world"}')


def test_respond_without_body(parts):
    with parts[0].connect() as connection:
        response = connection.get("/empty")
        assert (response.status, response.body, response["content-length"]) == (204, b"", None)
        assert connection.get("/pong").status == 200


@pytest.mark.parametrize("request_bytes", [
    b"POST /pong HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n" + b"x" * 10_000,
    b"POST /pong HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000,
    b"POST /pong HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
], ids=["small", "large", "chunked"])
def test_respond_to_a_body_keeps_the_connection_or_says_that_it_closes(parts, request_bytes):
    with parts[0].connect() as connection:
        connection.send(request_bytes)
        response = connection.read_response("POST")
        assert (response.status, response.text) == (200, "pong")
        if response["connection"] == "close":
            assert connection.ending(5) != "open"
        else:
            assert connection.get("/pong").text == "pong"


# ---- rewriting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target, forwarded", [
    ("/public/7/x/y", "/internal/y/7"), ("/public/7/x/y?q=1&r", "/internal/y/7?q=1&r"), ("/public/a%20b/x/c%2Fd", "/internal/c%2Fd/a%20b"),
    ("/all/a/b/c", "/below/a/b/c"), ("/all/", "/below/"), ("/all/a/../b", "/below/b"), ("/re/abc/123?x", "/n/123/abc?x"), ("/fixed?x=1", "/elsewhere?x=1"),
    ("/base/a/b", "/a/b"), ("/base/a?b=c", "/a?b=c"), ("/base/", "/"), ("/base", "/"), ("/base?x", "/?x"), ("/base/%7Ea/./b", "/~a/b"), ("/base//a", "//a"),
    ("/kept/path/a", "/kept/path/a"), ("/kept/path", "/kept/path"), ("/kept/path/?x", "/kept/path/?x"),
])
def test_forwarded_target(parts, target, forwarded):
    gateway, a, *_ = parts
    assert gateway.get(target).status == 200
    assert last(a).target == forwarded


def test_encoded_slashes(parts):
    gateway, a, *_ = parts
    refused = gateway.get("/slashes/reject/a%2fb")
    assert (refused.status, refused.error) == (400, "encoded_slash")
    assert gateway.get("/slashes/reject/a/b").status == 200
    assert gateway.get("/slashes/decode/a%2Fb").status == 200 and last(a).target == "/decode/a/b"
    assert gateway.get("/slashes/keep/a%2fb").status == 200 and last(a).target == "/keep/a%2Fb"


def test_decoded_slashes_can_not_leave_the_route(parts):
    gateway, a, *_ = parts
    before = len(a.requests)
    response = gateway.get("/slashes/decode/..%2f..%2fsplit")
    assert response.status in (400, 404), response
    assert len(a.requests) == before


# ---- host ----------------------------------------------------------------------------------------------------------


def test_host_header(parts):
    gateway, a, *_ = parts
    for target, expected in (("/preserve", "shop.example:8443"), ("/endpoint", f"127.0.0.1:{a.port}"), ("/literal", "internal.example:81"), ("/route-host", "route.example")):
        gateway.get(target, host="shop.example:8443")
        assert last(a).all("host") == [expected], target
        assert last(a)["x-forwarded-host"] == "shop.example:8443", target
