"""Kinds of endpoints and listeners: names, Unix sockets, IPv6."""

import socket

import pytest

from harness.configuration import api, proxy, route, upstream as named_upstream
from harness.ports import free_port
from harness.raw import Connection, fetch
from harness.upstream import Upstream


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def test_a_name(start, upstream):
    gateway = start(proxy({"address": f"localhost:{upstream.port}", "resolve": "each"}, hostHeader="endpoint"))
    response = gateway.get("/a")
    assert response.status == 200
    assert upstream.record(response["x-record"])["host"] == f"localhost:{upstream.port}"


def test_the_first_address_of_a_name(start, upstream):
    gateway = start(proxy({"address": f"localhost:{upstream.port}", "resolve": "first"}))
    assert gateway.get("/a").status in (200, 502)


def test_a_name_that_does_not_exist_hurts_only_its_own_upstream(start, upstream):
    gateway = start({
        "upstreams": [named_upstream("lost", f"does-not-exist.invalid:{free_port()}"), named_upstream("up", upstream)],
        "apis": [api("all", route("lost", "/lost/*", "lost"), route("all", "/*", "up"))],
    })
    assert gateway.get("/a").status == 200
    response = gateway.get("/lost/a", timeout=20)
    assert response.status in (502, 503, 504) and response.error in ("upstream_connect_failed", "no_healthy_endpoint", "upstream_connect_timeout"), response
    assert gateway.get("/a").status == 200


def test_a_unix_socket(start, tmp_path):
    with Upstream(unix=str(tmp_path / "up.sock")) as server:
        gateway = start(proxy(server))
        with gateway.connect() as connection:
            assert [connection.get("/a").status for _ in range(3)] == [200] * 3
            assert connection.request("POST", "/a", body=b"x" * 100_000).status == 200
        assert len(server.connections) == 1
    response = gateway.get("/a")
    assert (response.status, response.error) == (502, "upstream_connect_failed")


def test_a_listener_on_a_unix_socket(start, upstream, tmp_path):
    path = str(tmp_path / "gw.sock")
    gateway = start(proxy(upstream, listener={}) | {"listeners": [{}, {"name": "local", "address": f"unix:{path}"}]})
    with Connection(path) as connection:
        response = connection.get("/a")
        assert response.status == 200
        assert connection.get("/a").status == 200
    assert len(upstream.record(response["x-record"]).all("x-forwarded-for")) <= 1
    gateway.stop()
    gateway.start()  # what the last run left behind is no obstacle
    with Connection(path) as connection:
        assert connection.get("/a").status == 200


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on loopback")
def test_ipv6_both_sides(start):
    port = free_port()
    with Upstream(host="::1") as server:
        gateway = start(proxy(server) | {"listeners": [{}, {"name": "six", "address": f"[::1]:{port}"}]})
        response = fetch(("::1", port), target="/a", host=f"[::1]:{port}")
        assert response.status == 200
        record = server.record(response["x-record"])
        assert record["x-forwarded-for"] == "::1" and record["host"] == f"[::1]:{port}"
        assert gateway.get("/a").status == 200


def test_two_listeners(start, upstream):
    port = free_port()
    gateway = start(proxy(upstream) | {"listeners": [{}, {"name": "second", "address": f"127.0.0.1:{port}"}]})
    response = fetch(("127.0.0.1", port), target="/a")
    assert response.status == 200 and gateway.get("/a").status == 200
    assert upstream.record(response["x-record"])["x-forwarded-port"] in (str(port), None)


def test_an_address_in_use_is_reported(start, upstream):
    gateway = start(proxy(upstream) | {"listeners": [{"address": upstream.address}]}, ready=False)
    gateway.launch()
    assert gateway.process.wait(20) == 1
    assert upstream.address in gateway.stderr(), gateway.stderr()
