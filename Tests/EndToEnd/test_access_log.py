"""The access log: one line an exchange, whatever became of it, in JSON or text."""

import json
import os
import re
import signal

import pytest

from harness.configuration import api, proxy, route, upstream as named_upstream
from harness.raw import format_request
from harness.upstream import script
from harness.waiting import limit, until


def entry(gateway, path):
    return json.loads(gateway.wait_log(f'"{path}"')[0])


def test_json(start, upstream):
    gateway = start({
        "upstreams": [named_upstream("backend", upstream)],
        "apis": [api("shop", route("orders", "/orders/{id}", "backend"))],
    })
    response = gateway.fetch("POST", "/orders/7?x=y", {"User-Agent": "tests/1", "Referer": "http://r.test/"}, b"hello", host="shop.example:8443")
    line = entry(gateway, "/orders/7?x=y")
    record = upstream.record(response["x-record"])
    assert line["method"] == "POST" and line["path"] == "/orders/7?x=y" and line["host"].split(":")[0] == "shop.example"
    assert line["status"] == 200 and line["client"] == "127.0.0.1" and line["protocol"] == "HTTP/1.1"
    assert (line["listener"], line["api"], line["route"], line["upstream"], line["endpoint"]) == ("web", "shop", "orders", "backend", upstream.address)
    assert line["requestId"] == record["x-request-id"]
    assert line["userAgent"] == "tests/1" and line["referer"] == "http://r.test/"
    assert line["requestBytes"] >= 5 and line["responseBytes"] >= 3 and line["attempts"] == 1
    assert 0 <= line["upstreamDuration"] <= line["duration"] < 10
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00)", line["time"])
    assert "reason" not in line


@pytest.mark.parametrize("path, status, reason", [("/nothing", 404, "route_not_found"), ("/only-get", 405, "method_not_allowed"), ("/die", 502, "upstream_reset"), ("/garbage", 502, "upstream_bad_response")])
def test_failures_have_their_reason(start, upstream, path, status, reason):
    upstream.on("/die", lambda exchange: exchange.reset())
    upstream.on("/garbage", script("nonsense\r\n\r\n", end="fin"))
    gateway = start({"upstreams": [named_upstream("up", upstream)], "apis": [api("all", route("die", "/die", "up"), route("garbage", "/garbage", "up"), route("get", "/only-get", match={"methods": ["GET"]}, respond={}))]})
    response = gateway.fetch("POST", path, body=b"x")
    line = entry(gateway, path)
    assert (response.status, line["status"], line["reason"]) == (status, status, reason)
    assert line["requestId"] == response["x-request-id"]


@pytest.mark.parametrize("request_bytes, reason", [
    (b"GET  / HTTP/1.1\r\n\r\n", "bad_request_line"), (b"GET / HTTP/1.1\r\n\r\n", "bad_host"), (b"GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n", "bad_header"),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "bad_framing"), (b"\x16\x03\x01\x00\x00\r\n\r\n", "bad_request_line"),
])
def test_refused_requests_are_logged(start, upstream, request_bytes, reason):
    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        connection.send(request_bytes)
        assert connection.read_response().status == 400
    line, = gateway.wait_log(f'"{reason}"')
    assert json.loads(line)["client"] == "127.0.0.1"


NASTY = ['quo"te', "back\\slash", "tab\tinside", "caf\xe9", "\xf0\x9f\x98\x80", "${jndi:x}", "</script>", "a" * 5000, "\xff\xfe", "{\"a\":1}"]


@pytest.mark.parametrize("format", ["json", "text"])
def test_nothing_that_a_client_sends_breaks_a_line(start, upstream, format):
    gateway = start(proxy(upstream) | {"telemetry": {}}, ready=False)
    configuration = gateway.complete(proxy(upstream))
    configuration["telemetry"]["accessLog"]["format"] = format
    gateway.write(configuration)
    gateway.start()
    for index, value in enumerate(NASTY):
        assert gateway.get(f"/n{index}", {"User-Agent": value, "Referer": value}).status == 200
    gateway.get("/quote%22%0a%0d", host="a.test")
    until(lambda: len(gateway.log_lines()) >= len(NASTY) + 1)
    raw = gateway.log_file.read_bytes()
    lines = raw.decode().split("\n")
    assert lines[-1] == "" and len(lines) == len(NASTY) + 2, "exactly one line an exchange"
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", raw)
    for index in range(len(NASTY)):
        line, = [li for li in lines if f"/n{index}" in li and (format == "text" or f'"/n{index}"' in li) and not f"/n{index}0" in li]
        if format == "json":
            json.loads(line)


def test_text(start, upstream):
    gateway = start(proxy(upstream), ready=False)
    configuration = gateway.complete(proxy(upstream))
    configuration["telemetry"]["accessLog"]["format"] = "text"
    gateway.write(configuration)
    gateway.start()
    gateway.get("/a?b=c", {"User-Agent": "tests/1"})
    line, = gateway.wait_log("/a?b=c")
    assert re.match(r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET /a\?b=c HTTP/1\.1" 200 \d+ "-" "tests/1"', line), line


@pytest.mark.parametrize("log", ["none", {"path": "-", "format": "json"}])
def test_elsewhere_or_nowhere(start, upstream, log):
    gateway = start(proxy(upstream) | {"telemetry": {"accessLog": log}})
    gateway.get("/somewhere")
    if log == "none":
        gateway.stop()
        assert "/somewhere" not in gateway.stdout()
    else:
        until(lambda: "/somewhere" in gateway.stdout())
        assert all(json.loads(line) for line in gateway.stdout().splitlines())
    assert not gateway.log_file.exists()


def test_rotation(start, upstream):
    """The file is renamed and opened again: lines go to the new one, and none is lost."""
    gateway = start(proxy(upstream))
    moved = []
    sent = 0
    with gateway.connect() as connection:
        for turn in range(5):
            for _ in range(40):
                connection.send(format_request("GET", f"/turn{turn}/n{sent}"))
                assert connection.read_response().status == 200
                sent += 1
            until(gateway.log_file.exists)
            target = gateway.folder / f"access.{turn}.log"
            os.rename(gateway.log_file, target)
            moved.append(target)
            gateway.signal(signal.SIGUSR1)
            until(gateway.log_file.exists, 10, "the file is opened again")
        connection.get("/last")
    gateway.wait_log("/last")
    paths = [line["path"] for file in [*moved, gateway.log_file] for line in gateway.log(file)]
    assert len(paths) == sent + 1 and len(set(paths)) == sent + 1


def test_a_log_that_can_not_be_written_is_reported(start, upstream):
    gateway = start(proxy(upstream) | {"telemetry": {"accessLog": {"path": "/proc/nowhere/access.log"}}}, ready=False)
    gateway.launch()
    assert gateway.process.wait(limit(20)) == 1
    assert "/proc/nowhere/access.log" in gateway.stderr()


def test_client_is_who_the_trusted_proxy_says(start, upstream):
    gateway = start(proxy(upstream, listener={"trustedProxies": ["127.0.0.1"]}))
    gateway.get("/trusted", {"X-Forwarded-For": "10.1.2.3", "X-Request-Id": "mine-1"})
    line = entry(gateway, "/trusted")
    assert line["client"] == "10.1.2.3" and line["requestId"] == "mine-1"
