"""Active health checks: endpoints go down and come up, traffic follows, people can see it."""

import threading

import pytest

from harness.configuration import proxy
from harness.ports import free_port
from harness.upstream import Upstream
from harness.waiting import until

CHECK = {"path": "/healthz", "interval": "100ms", "timeout": "300ms", "healthyAfter": 1, "unhealthyAfter": 2, "expect": ["200-399"]}


class Patient(Upstream):
    """An upstream whose health can be set."""

    def __init__(self, **more):
        super().__init__(**more)
        self.health = 200
        self.on("/healthz", lambda exchange: exchange.reply(self.health) if self.health else exchange.wait(threading.Event(), 1))


@pytest.fixture
def pair(start):
    with Patient() as one, Patient() as two:
        gateway = start({"runtime": {"threads": 1}, **proxy(one, two, health={"active": CHECK})})
        until(lambda: healthy(gateway, one) and healthy(gateway, two), 5, "both endpoints are healthy")
        yield gateway, one, two


def healthy(gateway, server) -> bool:
    values = gateway.metrics().values("sluice_endpoint_healthy", upstream="up", endpoint=server.address)
    assert len(values) == 1, gateway.metrics().text
    return values[0] == 1


def served_by(gateway, *servers, count=20):
    before = [len(s.seen("/a")) for s in servers]
    with gateway.connect() as connection:
        statuses = {connection.get("/a").status for _ in range(count)}
    return statuses, [len(s.seen("/a")) - b for s, b in zip(servers, before)]


@pytest.mark.parametrize("failure", [500, 404, 0])
def test_an_endpoint_goes_down_and_comes_up(pair, failure):
    gateway, one, two = pair
    one.health = failure
    until(lambda: not healthy(gateway, one), 10, "the endpoint is down")
    assert served_by(gateway, one, two) == ({200}, [0, 20])
    one.health = 200
    until(lambda: healthy(gateway, one), 10, "the endpoint is up")
    statuses, counts = served_by(gateway, one, two)
    assert statuses == {200} and counts[0] > 0


def test_one_failure_is_not_enough(pair):
    gateway, one, two = pair
    checks = len(one.seen("/healthz"))
    failed = []

    @one.on("/healthz")
    def once(exchange):
        failed.append(1)
        exchange.reply(500 if len(failed) == 1 else 200)

    one.wait_seen("/healthz", checks + 4)
    assert healthy(gateway, one)


def test_no_healthy_endpoint(pair):
    gateway, one, two = pair
    one.health = two.health = 503
    until(lambda: not healthy(gateway, one) and not healthy(gateway, two), 10)
    response = gateway.get("/a")
    assert (response.status, response.error) == (503, "no_healthy_endpoint")
    assert response["retry-after"]
    two.health = 204
    until(lambda: healthy(gateway, two), 10)
    assert served_by(gateway, one, two) == ({200}, [0, 20])


def test_status_shows_health(pair):
    gateway, one, two = pair
    one.health = 500
    until(lambda: not healthy(gateway, one), 10)
    upstream, = [u for u in gateway.status()["upstreams"] if u["name"] == "up"]
    states = {e["address"]: e["healthy"] for e in upstream["endpoints"]}
    assert states == {one.address: False, two.address: True}


def test_checks_are_modest_get_requests(pair):
    gateway, one, two = pair
    record = one.wait_seen("/healthz", 3)[-1]
    assert record.line == "GET /healthz HTTP/1.1" and len(record.all("host")) == 1
    assert not gateway.log_lines() or "/healthz" not in "".join(gateway.log_lines()), "checks are no exchanges of clients"


def test_an_endpoint_that_dies_and_returns(start):
    port = free_port()
    with Patient() as other:
        gateway = start({"runtime": {"threads": 1}, **proxy(f"127.0.0.1:{port}", other, health={"active": CHECK})})
        for _ in range(2):
            with Patient(port=port) as server:
                until(lambda: healthy(gateway, server), 10, "the endpoint is up")
                until(lambda: served_by(gateway, server)[1][0] > 0, 5)
            until(lambda: not healthy(gateway, server), 10, "the endpoint is down")
            assert served_by(gateway, other) == ({200}, [20])


def test_health_survives_a_reload(pair):
    gateway, one, two = pair
    one.health = 500
    until(lambda: not healthy(gateway, one), 10)
    configuration = {"runtime": {"threads": 1}, **proxy(one, two, health={"active": CHECK})}
    configuration["apis"][0]["version"] = "v2"
    gateway.reload(configuration)
    assert not healthy(gateway, one), "what was known about an unchanged upstream stays known"
    assert served_by(gateway, one, two)[1] == [0, 20]
