"""Upstream connections: shared, limited, queued for; and how requests spread over endpoints."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from harness.configuration import proxy
from harness.raw import format_request
from harness.upstream import Upstream
from harness.waiting import until


class Gate:
    """A rule that holds requests until it is opened."""

    def __init__(self, server, path="/held"):
        self.open, self.held, self.most = threading.Event(), 0, 0
        self._lock = threading.Lock()
        server.on(path, self)

    def __call__(self, exchange):
        exchange.read_body()
        with self._lock:
            self.held += 1
            self.most = max(self.most, self.held)
        exchange.wait(self.open)
        with self._lock:
            self.held -= 1
        exchange.reply(body="held")


def single(start, *servers, **settings):
    return start({"runtime": {"threads": 1}, **proxy(*servers, **settings)})


def test_connections_are_used_again(start, upstream):
    gateway = single(start, upstream)
    for _ in range(30):
        assert gateway.get("/a").status == 200  # each on a client connection of its own
    assert len({r.connection.number for r in upstream.seen("/a")}) == 1


def test_connection_limit_and_queue(start, upstream):
    gate = Gate(upstream)
    gateway = single(start, upstream, limits={"connections": 2, "queue": 3})
    clients = [gateway.connect() for _ in range(5)]
    for client in clients:
        client.send(format_request("GET", "/held"))
    until(lambda: gate.held == 2)
    # Two are in flight and three wait; there is no room for a sixth.
    response = until(lambda: (r := gateway.get("/held", timeout=5)).status == 503 and r, 5)
    assert response.error == "upstream_overloaded" and response["retry-after"]
    assert len(upstream.seen("/held")) == 2
    gate.open.set()
    assert [c.read_response().status for c in clients] == [200] * 5
    assert gate.most == 2 and len(upstream.connections) == 2
    gateway.wait_log("/held", "upstream_overloaded")


def test_request_limit(start, upstream):
    gate = Gate(upstream)
    gateway = single(start, upstream, limits={"requests": 2, "queue": 0, "connections": 10})
    clients = [gateway.connect() for _ in range(2)]
    for client in clients:
        client.send(format_request("GET", "/held"))
    until(lambda: gate.held == 2)
    response = gateway.get("/held")
    assert (response.status, response.error) == (503, "upstream_overloaded")
    gate.open.set()
    assert [c.read_response().status for c in clients] == [200, 200]
    assert gateway.get("/held").status == 200


def test_limits_hold_over_all_loops(start, upstream):
    gate = Gate(upstream)
    gateway = start({"runtime": {"threads": 4}, **proxy(upstream, limits={"connections": 8, "queue": 1000})})
    with ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(gateway.get, "/held", (), "example.test", 20) for _ in range(40)]
        until(lambda: gate.held >= 1)
        threading.Event().wait(0.3)
        gate.open.set()
        assert [a.result().status for a in answers] == [200] * 40
    assert gate.most <= 8


def test_a_queued_client_that_leaves_frees_its_place(start, upstream):
    gate = Gate(upstream)
    gateway = single(start, upstream, limits={"connections": 1, "queue": 1})
    first, second = gateway.connect(), gateway.connect()
    first.send(format_request("GET", "/held"))
    until(lambda: gate.held == 1)
    second.send(format_request("GET", "/held?leaves"))
    until(lambda: gateway.get("/held?full", timeout=1.5).status == 503, 10)
    second.reset()
    third = gateway.connect()
    refused = [0]

    def queued():
        third.send(format_request("GET", "/held?third"))
        try:
            third.read_response(timeout=0.3)
            refused[0] += 1
            return False
        except Exception:
            return True

    until(queued, 10, "the place of a client that left is free")
    gate.open.set()
    assert first.read_response().status == 200
    assert third.read_response().status == 200
    assert not upstream.seen("/held?leaves")


def test_a_response_in_pieces_does_not_free_the_connection_early(start, upstream):
    go_on = threading.Event()

    @upstream.on("/slow")
    def slow(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha")
        exchange.wait(go_on)
        exchange.send("lf")

    gateway = single(start, upstream, limits={"connections": 2, "queue": 10})
    with gateway.connect() as one:
        one.send(format_request("GET", "/slow"))
        one.read_head()
        other = gateway.get("/a")
        assert upstream.record(other["x-record"]).connection is not upstream.seen("/slow")[0].connection
        go_on.set()
        assert one.wire.body("length", 4).complete


# ---- balance -------------------------------------------------------------------------------------------------------


def spread(gateway, servers, count=120):
    with gateway.connect() as connection:
        assert all(connection.get("/a").status == 200 for _ in range(count))
    return [len(server.seen("/a")) for server in servers]


def test_round_robin(start):
    with Upstream() as a, Upstream() as b, Upstream() as c:
        counts = spread(single(start, a, b, c, balance={"method": "round-robin"}), (a, b, c))
    assert all(abs(count - 40) <= 1 for count in counts), counts


def test_round_robin_by_weight(start):
    with Upstream() as a, Upstream() as b, Upstream() as c:
        endpoints = [{"address": a.address, "weight": 3}, {"address": b.address, "weight": 1}, {"address": c.address, "weight": 0}]
        counts = spread(single(start, *endpoints, balance={"method": "round-robin"}), (a, b, c))
        lines = [r.connection for r in a.seen("/a")]
    assert abs(counts[0] - 90) <= 2 and abs(counts[1] - 30) <= 2 and counts[2] == 0, counts
    assert lines


def test_round_robin_takes_turns_smoothly(start):
    """Weight 3 against 1 means three of every four, not thirty in a row."""
    with Upstream() as a, Upstream() as b:
        a.on("*", lambda exchange: exchange.reply(body="a"))
        b.on("*", lambda exchange: exchange.reply(body="b"))
        gateway = single(start, {"address": a.address, "weight": 3}, {"address": b.address, "weight": 1}, balance={"method": "round-robin"})
        with gateway.connect() as connection:
            turns = "".join(connection.get("/a").text for _ in range(40))
    assert all(turns[i:i + 8].count("b") in (1, 2, 3) for i in range(0, 40, 8)), turns


def test_random(start):
    with Upstream() as a, Upstream() as b:
        counts = spread(single(start, a, b, balance={"method": "random"}), (a, b), 400)
    assert 140 <= counts[0] <= 260, counts


def test_least_requests_avoids_the_busy_endpoint(start):
    with Upstream() as busy, Upstream() as free:
        gate = Gate(busy, "*")
        gateway = single(start, busy, free, balance={"method": "least-requests"})
        with ThreadPoolExecutor(40) as pool:
            answers = []
            for _ in range(40):  # one after the other: each is answered, or held by the busy endpoint
                answers.append(pool.submit(gateway.get, "/a", (), "example.test", 30))
                until(lambda: sum(a.done() for a in answers) + gate.held == len(answers))
            assert gate.held <= 2, f"{gate.held} of 40 requests went to the busy endpoint"
            gate.open.set()
            assert [a.result().status for a in answers] == [200] * 40


def test_least_requests_spreads_an_even_load(start):
    with Upstream() as a, Upstream() as b:
        gateway = single(start, a, b, balance={"method": "least-requests"})
        with ThreadPoolExecutor(16) as pool:
            assert Counter(r.status for r in pool.map(lambda _: gateway.get("/a"), range(400))) == {200: 400}
        counts = len(a.seen("/a")), len(b.seen("/a"))
    assert min(counts) >= 100, counts
