"""Which route a request takes. Every route answers with its own name, so no upstream is needed."""

import pytest

from harness.configuration import api, route
from harness.gateway import Gateway


def named(name, path=None, **settings):
    return route(name, path, respond={"status": 200, "body": name}, **settings)


CONFIGURATION = {
    "listeners": [{"trustedProxies": ["127.0.0.1/32"]}],
    "apis": [
        api("exact", named("exact-host", "/*"), hosts=["api.example.com"]),
        api("deep", named("deep-wildcard", "/*"), hosts=["*.deep.example.org"]),
        api("wildcard", named("wildcard-host", "/*"), hosts=["*.example.org"]),
        api("catalog",
            named("products", "/products"),
            named("product", "/products/{id}"),
            named("product-new", "/products/new"),
            named("product-part", "/products/{id}/parts/{part}"),
            named("product-first-part", "/products/{id}/parts/first"),
            named("product-rest", "/products/{id}/*"),
            named("all-products", "/products/*"),
            named("catalog-root", "/"),
            basePath="/catalog"),
        api("paths",
            named("ping", "/ping"),
            named("slash", "/slash/"),
            named("prefix", "/p/*"),
            named("longer-prefix", "/p/q/*"),
            named("escaped", "/caf%C3%A9"),
            named("regex", None, match={"pathRegex": "^/v([0-9]+)/(.*)$"}),
            named("regex-below-prefix", None, match={"pathRegex": "^/p/z.*$"}),
            named("get-only", "/methods", match={"methods": ["GET"]}),
            named("post-only", "/methods", match={"methods": ["POST"]}),
            named("write-only", "/write", match={"methods": ["PUT", "DELETE"]}),
            named("head-own", "/head", match={"methods": ["HEAD"]}),
            named("head-get", "/head", match={"methods": ["GET"]})),
        api("conditions",
            named("plain", "/c"),
            named("header-exact", "/c", match={"headers": {"x-version": "2"}}),
            named("header-and-query", "/c", match={"headers": {"x-version": "2"}, "query": {"debug": "1"}}),
            named("header-prefix", "/c", match={"headers": {"x-kind": {"prefix": "beta-"}}}),
            named("header-regex", "/c", match={"headers": {"x-kind": {"regex": "^[0-9]+$"}}}),
            named("header-present", "/present", match={"headers": {"x-any": {"present": True}}}),
            named("header-absent", "/present", match={"headers": {"x-any": {"present": False}}}),
            named("query-exact", "/query", match={"query": {"a": "1"}}),
            named("query-present", "/query", match={"query": {"b": {"present": True}}}),
            named("query-only", "/query-only", match={"query": {"a": "1"}}),
            named("near", "/near", match={"clientIp": ["127.0.0.2/32"]}),
            named("far", "/near"),
            named("private", "/who", match={"clientIp": ["10.0.0.0/8", "192.168.0.0/16"]}),
            named("public", "/who")),
        api("priorities",
            named("specific", "/rank/exact"),
            named("overrules", "/rank/*", priority=10),
            named("specific-again", "/rank2/exact", priority=5),
            named("does-not-overrule", "/rank2/*")),
    ],
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("routing"), CONFIGURATION) as running:
        yield running


def check(gateway, target, expected, host="x.test", method="GET", headers=(), source=None):
    with gateway.connect(source=source) as connection:
        response = connection.request(method, target, headers, host=host)
    if isinstance(expected, int):
        assert response.status == expected, response
    else:
        assert (response.status, response.text) == (200, expected), response
    return response


HOSTS = [
    ("api.example.com", "exact-host"), ("API.Example.COM", "exact-host"), ("api.example.com:8080", "exact-host"), ("api.example.com.", "exact-host"),
    ("a.example.org", "wildcard-host"), ("A.B.EXAMPLE.ORG:80", "wildcard-host"), ("a.deep.example.org", "deep-wildcard"),
    ("deep.example.org", "wildcard-host"), ("example.org", 404), ("xexample.org", 404), ("other.test", 404), ("example.com", 404), ("127.0.0.1", 404), ("[::1]", 404),
]


@pytest.mark.parametrize("host, expected", HOSTS)
def test_host(gateway, host, expected):
    check(gateway, "/", expected, host=host)


def test_absolute_form_routes_by_its_authority(gateway):
    check(gateway, "http://api.example.com/", "exact-host", host="other.test")


PATHS = [
    ("/ping", "ping"), ("/ping/", 404), ("/Ping", 404), ("/ping/x", 404), ("/ping?x=/y", "ping"), ("/%70ing", "ping"), ("/./ping", "ping"), ("/x/../ping", "ping"),
    ("/pin%67", "ping"), ("/slash/", "slash"), ("/slash", 404), ("/caf%c3%a9", "escaped"), ("/p/a", "prefix"), ("/p/", "prefix"), ("/p", 404), ("/px", 404),
    ("/p/q/a", "longer-prefix"), ("/p/q", "prefix"), ("/p/qq", "prefix"), ("/p/zz", "prefix"), ("/p/../ping", "ping"), ("/p/%2e%2e/ping", "ping"),
    ("/p/..%2fping", "prefix"), ("/v1/x", "regex"), ("/v12/", "regex"), ("/vx/x", 404), ("/nothing", 404), ("/", 404),
    ("/catalog", "catalog-root"), ("/catalog/", "catalog-root"), ("/catalogs", 404), ("/catalog/products", "products"), ("/catalog/products/new", "product-new"),
    ("/catalog/products/7", "product"), ("/catalog/products/a%2Fb", "product"), ("/catalog/products/7/parts/2", "product-part"),
    ("/catalog/products/7/parts/first", "product-first-part"), ("/catalog/products/7/other", "product-rest"), ("/catalog/products/", "all-products"),
    ("/catalog/products//x", "all-products"), ("/catalog/products/7/parts/2/3", "product-rest"), ("/catalog/nothing", 404),
]


@pytest.mark.parametrize("path, expected", PATHS)
def test_path(gateway, path, expected):
    check(gateway, path, expected)


def test_method_picks_the_route(gateway):
    check(gateway, "/methods", "get-only")
    check(gateway, "/methods", "post-only", method="POST")


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "OPTIONS", "BREW", "get"])
def test_other_methods_get_405_with_allow(gateway, method):
    response = check(gateway, "/methods", 405, method=method)
    allowed = {m.strip() for m in response["allow"].split(",")}
    assert {"GET", "POST"} <= allowed <= {"GET", "POST", "HEAD", "OPTIONS"}
    assert response.error == "method_not_allowed"


def test_allow_lists_exactly_the_route_methods(gateway):
    response = check(gateway, "/write", 405)
    assert {m.strip() for m in response["allow"].split(",")} - {"OPTIONS"} == {"PUT", "DELETE"}


def test_head_takes_the_route_of_get(gateway):
    with gateway.connect() as connection:
        response = connection.request("HEAD", "/methods")
        assert (response.status, response["content-length"], response.body) == (200, str(len("get-only")), b"")
        assert connection.get("/ping").text == "ping"


def test_head_named_beats_head_served_for_get(gateway):
    response = gateway.fetch("HEAD", "/head")
    assert response["content-length"] == str(len("head-own"))


def test_not_found_is_a_problem(gateway):
    response = check(gateway, "/nothing", 404)
    assert response.error == "route_not_found" and "sluice; error=" in response["proxy-status"]


CONDITIONS = [
    ("/c", {}, "plain"), ("/c", {"X-Version": "2"}, "header-exact"), ("/c", {"X-Version": "22"}, "plain"), ("/c", {"X-Version": ""}, "plain"),
    ("/c?debug=1", {"X-Version": "2"}, "header-and-query"), ("/c?debug=1", {}, "plain"), ("/c?debug=12", {"X-Version": "2"}, "header-exact"),
    ("/c", {"X-Kind": "beta-7"}, "header-prefix"), ("/c", {"X-Kind": "beta"}, "plain"), ("/c", {"X-Kind": "123"}, "header-regex"), ("/c", {"X-Kind": "12a"}, "plain"),
    ("/present", {"X-Any": "thing"}, "header-present"), ("/present", {}, "header-absent"),
    ("/query?a=1", {}, "query-exact"), ("/query?x=y&a=1&z", {}, "query-exact"), ("/query?b", {}, "query-present"), ("/query?b=", {}, "query-present"),
    ("/query?a=2", {}, 404), ("/query?aa=1", {}, 404), ("/query", {}, 404), ("/query-only?a=%31", {}, "query-only"), ("/query-only?%61=1", {}, "query-only"),
]


@pytest.mark.parametrize("target, headers, expected", CONDITIONS)
def test_condition(gateway, target, headers, expected):
    check(gateway, target, expected, headers=headers)


def test_one_of_several_header_lines_is_enough(gateway):
    check(gateway, "/c", "header-exact", headers=[("X-Version", "1"), ("X-Version", "2")])


def test_client_address_of_the_connection(gateway):
    check(gateway, "/near", "near", source="127.0.0.2")
    check(gateway, "/near", "far", source="127.0.0.3")


def test_client_address_from_trusted_proxies_only(gateway):
    check(gateway, "/who", "private", headers={"X-Forwarded-For": "10.1.2.3"}, source="127.0.0.1")
    check(gateway, "/who", "public", headers={"X-Forwarded-For": "10.1.2.3"}, source="127.0.0.2")
    check(gateway, "/who", "private", headers={"Forwarded": 'for="192.168.1.1:5555";proto=https'}, source="127.0.0.1")


def test_what_stands_left_of_an_untrusted_address_is_not_believed(gateway):
    check(gateway, "/who", "public", headers={"X-Forwarded-For": "10.1.2.3, 8.8.8.8"}, source="127.0.0.1")
    check(gateway, "/who", "private", headers={"X-Forwarded-For": "8.8.8.8, 10.1.2.3, 127.0.0.1"}, source="127.0.0.1")


def test_priority_overrules_how_specific_a_match_is(gateway):
    check(gateway, "/rank/exact", "overrules")
    check(gateway, "/rank2/exact", "specific-again")
    check(gateway, "/rank2/other", "does-not-overrule")


def test_ten_thousand_routes(start):
    routes = [named(f"r{i}", f"/service{i}/*") for i in range(5000)] + [named(f"t{i}", f"/t{i}/{{id}}/x") for i in range(5000)]
    gateway = start({"apis": [api("many", *routes)]}, ready=False)
    gateway.launch()
    gateway.wait_ready(60)
    for i in (0, 17, 4999):
        check(gateway, f"/service{i}/a", f"r{i}")
        check(gateway, f"/t{i}/7/x", f"t{i}")
    check(gateway, "/service5000/a", 404)
