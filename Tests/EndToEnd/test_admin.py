"""The admin address: health, readiness, metrics, status."""

import json
import shutil
import subprocess
import threading

import pytest

from harness.configuration import api, proxy, route, upstream as named_upstream
from harness.raw import Connection, format_request
from harness.upstream import script
from harness.waiting import until


@pytest.fixture
def gateway(start, upstream):
    return start({
        "upstreams": [named_upstream("up", upstream)],
        "apis": [api("shop", route("orders", "/orders/*", "up"), route("pong", "/pong", respond={"body": "pong"}), version="v3"), api("other", route("any", "/other/*", "up"))],
    })


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/schemas/policies", "/api/v1/schemas/policies/headers"])
def test_pages(gateway, path):
    with Connection(("127.0.0.1", gateway.admin_port)) as connection:
        page = connection.get(path, host="127.0.0.1")
        assert page.status == 200 and page.body and page["cache-control"] == "no-store"
        head = connection.request("HEAD", path, host="127.0.0.1")
        assert head.status == 200 and head.body == b"" and int(head["content-length"]) > 0
        for method in ("POST", "PUT", "DELETE"):
            refused = connection.request(method, path, host="127.0.0.1")
            assert refused.status == 405 and {m.strip() for m in refused["allow"].split(",")} >= {"GET", "HEAD"}
        assert connection.get(path + "?x=y", host="127.0.0.1").status == 200


@pytest.mark.parametrize("path", ["/nothing", "/healthz/", "/metrics/x", "/api", "/api/v2/status", "/%00", "//healthz", "/api/v1/schemas", "/api/v1/schemas/policies/", "/api/v1/schemas/policies/headers/x"])
def test_unknown_pages(gateway, path):
    response = gateway.admin(path)
    assert response.status in (404, 400) and response.problem


def test_the_admin_address_is_as_strict_as_the_others(gateway):
    for bad in (b"GET  /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\n\r\n", b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"):
        with Connection(("127.0.0.1", gateway.admin_port)) as connection:
            connection.send(bad)
            assert connection.read_response().status == 400
            assert connection.ending(5) == "fin"


def test_schemas_of_policies(gateway):
    page = gateway.admin("/api/v1/schemas/policies")
    assert page["content-type"] == "application/json"
    policies = json.loads(page.text)["policies"]
    assert [policy["name"] for policy in policies] == sorted(policy["name"] for policy in policies)
    assert {"name": "headers", "about": "Sets, adds and removes header fields of requests and responses.", "phases": ["request", "response"]} in policies
    for policy in policies:
        schema = gateway.admin(f"/api/v1/schemas/policies/{policy['name']}")
        assert schema.status == 200 and schema["content-type"] == "application/schema+json"
        assert json.loads(schema.text)["title"] == policy["name"]


def test_schema_of_an_unknown_policy(gateway):
    missing = gateway.admin("/api/v1/schemas/policies/rate-limits")
    assert missing.status == 404 and missing["content-type"] == "application/problem+json"
    assert missing.problem["detail"] == "There is no policy called rate-limits. Did you mean rate-limit?"
    assert "does not have it yet" in gateway.admin("/api/v1/schemas/policies/cache").problem["detail"]
    assert gateway.admin('/api/v1/schemas/policies/%22%7d"').problem["reason"] in ("route_not_found", "bad_target")


def test_metrics_format(gateway):
    page = gateway.admin("/metrics")
    assert page["content-type"].startswith("text/plain; version=0.0.4")
    open_metrics = gateway.admin("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert open_metrics["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n") and not page.text.endswith("# EOF\n")


def test_metrics_satisfy_promtool(gateway):
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("no promtool")
    gateway.get("/orders/1")
    gateway.get("/nothing")
    result = subprocess.run([promtool, "check", "metrics"], input=gateway.admin("/metrics").text, text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_requests_are_counted_by_route_and_status(gateway, upstream):
    upstream.on("/orders/teapot", script("HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n"))
    for _ in range(5):
        gateway.get("/orders/1")
    gateway.get("/orders/teapot")
    gateway.get("/other/1")
    gateway.get("/pong")
    gateway.get("/nothing")

    def counted():
        metrics = gateway.metrics()
        return (metrics.total("sluice_requests_total", route="orders", api="shop", status=200), metrics.total("sluice_requests_total", route="orders", status=418),
                metrics.total("sluice_requests_total", api="other"), metrics.total("sluice_requests_total", route="pong"), metrics.total("sluice_requests_total", route="", status=404)) == (5, 1, 1, 1, 1)

    until(counted, what=f"the counters: {gateway.metrics().text}")
    metrics = gateway.metrics()
    assert metrics.total("sluice_upstream_requests_total", upstream="up", endpoint=upstream.address) == 7
    assert metrics.types["sluice_requests_total"] == "counter" or metrics.types.get("sluice_requests") == "counter"


def test_durations_are_a_sound_histogram(gateway, upstream):
    for _ in range(20):
        gateway.get("/orders/1")
    until(lambda: gateway.metrics().total("sluice_request_duration_seconds_count", route="orders") == 20)
    metrics = gateway.metrics()
    buckets = sorted((float(labels["le"]), value) for name, labels, value in metrics.samples if name == "sluice_request_duration_seconds_bucket" and labels["route"] == "orders")
    counts = [value for _, value in buckets]
    assert counts == sorted(counts) and buckets[-1] == (float("inf"), 20)
    assert 0 < metrics.total("sluice_request_duration_seconds_sum", route="orders") < 20


def test_gauges(gateway, upstream):
    go_on = threading.Event()

    @upstream.on("/orders/slow")
    def slow(exchange):
        exchange.wait(go_on)
        exchange.reply()

    with gateway.connect() as one, gateway.connect() as two:
        one.send(format_request("GET", "/orders/slow"))
        upstream.wait_seen("/orders/slow")
        two.get("/pong")
        until(lambda: gateway.metrics().total("sluice_exchanges_in_flight") == 1)
        metrics = gateway.metrics()
        assert metrics.total("sluice_connections", listener="web") == 2
        assert metrics.total("sluice_endpoint_healthy", upstream="up", endpoint=upstream.address) == 1
        assert metrics.total("sluice_config_generation") == gateway.generation()
        assert any(name.startswith("sluice_loop_lag_seconds") for name in metrics.names())
        go_on.set()
        assert one.read_response().status == 200
        until(lambda: gateway.metrics().total("sluice_exchanges_in_flight") == 0)


def test_counters_survive_a_reload(gateway, upstream):
    gateway.get("/orders/1")
    until(lambda: gateway.metrics().total("sluice_requests_total", route="orders") == 1)
    configuration = {
        "upstreams": [named_upstream("up", upstream)],
        "apis": [api("shop", route("orders", "/orders/*", "up"), route("new", "/new", respond={"body": "new"}), version="v4")],
    }
    gateway.reload(configuration)
    gateway.get("/orders/1")
    until(lambda: gateway.metrics().total("sluice_requests_total", route="orders") == 2)


def test_metrics_of_many_routes_do_not_stop_traffic(start):
    gateway = start({"apis": [api("many", *[route(f"r{i}", f"/r{i}", respond={"body": str(i)}) for i in range(2000)])]})
    with gateway.connect() as connection:
        for i in range(200):
            assert connection.get(f"/r{i}").text == str(i)
    until(lambda: gateway.metrics().total("sluice_requests_total", api="many") == 200)


def test_status(gateway, upstream):
    status = gateway.status()
    assert isinstance(status["version"], str) and status["version"]
    assert isinstance(status["generation"], int) and status["generation"] >= 1
    assert status["lastError"] is None
    listener, = status["listeners"]
    assert listener["name"] == "web" and listener["address"] == gateway.address_text
    assert [a["name"] for a in status["apis"]] == ["shop", "other"]
    assert status["apis"][0]["version"] == "v3" and status["apis"][0]["routes"] == ["orders", "pong"]
    one, = status["upstreams"]
    assert one["name"] == "up" and one["endpoints"][0]["address"] == upstream.address and one["endpoints"][0]["healthy"] is True
    assert json.dumps(status)


def test_admin_is_not_served_on_listeners(gateway):
    for path in ("/healthz", "/readyz", "/metrics", "/api/v1/status"):
        assert gateway.get(path).status == 404


def test_prometheus_can_be_switched_off(start, upstream):
    gateway = start(proxy(upstream) | {"telemetry": {"metrics": {"prometheus": False}}})
    assert gateway.admin("/metrics").status == 404
    assert gateway.admin("/healthz").status == 200
