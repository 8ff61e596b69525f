"""Everything is restarted, one after the other, while clients ask: none of them notices."""

import threading
from contextlib import ExitStack

import pytest

from harness.configuration import proxy
from harness.load import Load
from harness.nginx import Nginx
from harness.raw import format_request
from harness.upstream import Upstream
from harness.waiting import until

HEALTH = {"active": {"path": "/", "interval": "200ms", "timeout": "1s"}}
RETRIES = {"attempts": 4, "on": ["connect-failure", "reset"]}


def test_gateways_and_upstreams_are_restarted(start, tmp_path):
    with ExitStack() as stack:
        upstreams = [stack.enter_context(Nginx(tmp_path / f"nginx{index}")) for index in range(3)]
        one = {"runtime": {"threads": 1, "drain": "5s"}, **proxy(*upstreams, health=HEALTH, retries=RETRIES)}
        gateways = [start(one) for _ in range(4)]
        addresses = [{"address": gateway.address_text} for gateway in gateways]
        front = start({"runtime": {"threads": 1}, **proxy(*addresses, health=HEALTH, retries=RETRIES)})
        with Load(front.address, "/", threads=4, check=lambda r: r.body == b"ok\n") as kept, Load(front.address, "/", threads=2, keep_alive=False) as fresh:

            def serves(count=100):
                before = kept.answered, fresh.answered
                until(lambda: kept.answered > before[0] + count and fresh.answered > before[1] + count, 20)

            serves()
            for gateway in gateways:
                gateway.stop()
                serves(20)
                gateway.start()
                until(lambda: front.metrics().values("sluice_endpoint_healthy", address=gateway.address_text) == [1], 10)
                until(lambda: gateway.metrics().total("sluice_requests_total") > 100, 20, "the restarted gateway has its share")
            for server in upstreams:
                server.__exit__()
                serves(20)
                server.__enter__()
                for gateway in gateways:
                    until(lambda: gateway.metrics().values("sluice_endpoint_healthy") == [1] * 3, 10)
                serves()
            tallies = kept.finish(), fresh.finish()
    assert [t.failed for t in tallies] == [[], []]


@pytest.mark.parametrize("how", ["removed", "weight 0"])
def test_an_endpoint_is_drained(start, tmp_path, how):
    """What is under way at an endpoint ends normally, and nothing new begins there."""
    go_on = threading.Event()
    with Upstream() as leaving, Upstream() as staying:
        for server in (leaving, staying):

            @server.on("/slow")
            def slow(exchange):
                exchange.wait(go_on)
                exchange.reply(body="complete")

        gateway = start({"runtime": {"threads": 2}, **proxy(leaving, staying)})
        clients = [gateway.connect() for _ in range(8)]
        for client in clients:
            client.send(format_request("GET", "/slow"))
        until(lambda: len(leaving.seen("/slow")) + len(staying.seen("/slow")) == 8)
        assert len(leaving.seen("/slow")) > 0
        rest = [staying] if how == "removed" else [{"address": leaving.address, "weight": 0}, staying]
        gateway.reload({"runtime": {"threads": 2}, **proxy(*rest)})
        before = len(leaving.requests)
        assert [gateway.get(f"/{n}").status for n in range(20)] == [200] * 20
        assert len(leaving.requests) == before, "no new ones"
        go_on.set()
        for client in clients:
            response = client.read_response()
            assert (response.status, response.text) == (200, "complete")
            client.close()
