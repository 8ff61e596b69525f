"""Endpoints that are names: resolved by their time to live, kept when the name server fails."""

import pytest

from harness.configuration import proxy
from harness.nameserver import NameServer
from harness.upstream import Upstream
from harness.waiting import until

NAME = "orders.test"


@pytest.fixture
def nameserver():
    with NameServer() as server:
        yield server


def served_by(gateway, upstream) -> bool:
    before = len(upstream.requests)
    return gateway.get("/who").status == 200 and len(upstream.requests) > before


def test_a_name_moves_when_its_time_to_live_has_passed(start, nameserver):
    with Upstream(host="127.0.0.2") as old, Upstream(host="127.0.0.3", port=old.port) as new:
        nameserver.names[NAME] = (["127.0.0.2"], 1)
        gateway = start(proxy(f"{NAME}:{old.port}"), env={"SLUICE_NAMESERVER": nameserver.address})
        assert served_by(gateway, old)
        nameserver.names[NAME] = (["127.0.0.3"], 1)
        until(lambda: served_by(gateway, new), 10)
        assert not served_by(gateway, old)


def test_each_address_is_an_endpoint(start, nameserver):
    with Upstream(host="127.0.0.2") as one, Upstream(host="127.0.0.3", port=one.port) as two:
        nameserver.names[NAME] = (["127.0.0.2", "127.0.0.3"], 60)
        gateway = start({"runtime": {"threads": 1}, **proxy({"address": f"{NAME}:{one.port}", "resolve": "each"})}, env={"SLUICE_NAMESERVER": nameserver.address})
        for _ in range(10):
            assert gateway.get("/who").status == 200
        assert len(one.requests) == len(two.requests) == 5


def test_a_silent_name_server_changes_nothing(start, nameserver):
    with Upstream(host="127.0.0.2") as upstream:
        nameserver.names[NAME] = (["127.0.0.2"], 1)
        gateway = start(proxy(f"{NAME}:{upstream.port}"), env={"SLUICE_NAMESERVER": nameserver.address})
        assert served_by(gateway, upstream)
        nameserver.silent = True
        asked = nameserver.questions
        until(lambda: nameserver.questions > asked + 1, 15)
        assert served_by(gateway, upstream)


def test_a_name_that_stops_to_exist_keeps_its_last_address(start, nameserver):
    with Upstream(host="127.0.0.2") as upstream:
        nameserver.names[NAME] = (["127.0.0.2"], 1)
        gateway = start(proxy(f"{NAME}:{upstream.port}"), env={"SLUICE_NAMESERVER": nameserver.address})
        assert served_by(gateway, upstream)
        del nameserver.names[NAME]
        asked = nameserver.questions
        until(lambda: nameserver.questions > asked + 2, 15)
        assert served_by(gateway, upstream)


SERVICE = "_http._tcp.orders.test"


def service(nameserver, *places, ttl=60):
    nameserver.services[SERVICE] = ([(0, weight, upstream.port, host) for weight, upstream, host, _ in places], ttl)
    for _, _, host, address in places:
        nameserver.names[host] = ([address], ttl)


def test_services_name_hosts_ports_and_weights(start, nameserver):
    with Upstream(host="127.0.0.2") as one, Upstream(host="127.0.0.3") as two:
        service(nameserver, (3, one, "one.test", "127.0.0.2"), (1, two, "two.test", "127.0.0.3"))
        gateway = start({"runtime": {"threads": 1}, **proxy({"address": SERVICE, "resolve": "srv"})}, env={"SLUICE_NAMESERVER": nameserver.address})
        for _ in range(12):
            assert gateway.get("/who").status == 200
        assert (len(one.requests), len(two.requests)) == (9, 3)


def test_a_service_moves_when_its_time_to_live_has_passed(start, nameserver):
    with Upstream(host="127.0.0.2") as old, Upstream(host="127.0.0.3") as new:
        service(nameserver, (1, old, "one.test", "127.0.0.2"), ttl=1)
        gateway = start(proxy({"address": SERVICE, "resolve": "srv"}), env={"SLUICE_NAMESERVER": nameserver.address})
        assert served_by(gateway, old)
        service(nameserver, (1, new, "two.test", "127.0.0.3"), ttl=1)
        until(lambda: served_by(gateway, new), 10)
        assert not served_by(gateway, old)
        nameserver.silent = True
        asked = nameserver.questions
        until(lambda: nameserver.questions > asked + 2, 15)
        assert served_by(gateway, new)
