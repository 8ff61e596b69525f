"""Requests spread over time, requests under way at a time, and tokens of language models, with real clients."""

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harness.configuration import api, route, upstream as named_upstream
from harness.http2 import Client
from harness.raw import format_request
from harness.redis import Redis, needs_redis
from harness.waiting import limit, until
from harness.websocket import EchoServer, connect


def configuration(upstream, name, **settings):
    return {
        "runtime": {"threads": 2},
        "upstreams": [named_upstream("up", upstream)],
        "apis": [api("all", route("all", "/*", "up", policies=[{name: settings}]))],
    }


def figure(gateway, name):
    return gateway.metrics().total(f"sluice_{name}")


# ---- spike-arrest ----------------------------------------------------------------------------------------------------


def test_requests_that_wait_arrive_evenly(start, upstream):
    """Forty at once, on connections of both event loops: one each 50 ms goes upstream."""
    gateway = start(configuration(upstream, "spike-arrest", limit=20, window="1s", queue={"size": 100, "longest": "10s"}))
    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(lambda _: gateway.get("/").status, range(40)))
    assert statuses == [200] * 40
    times = sorted(record.at for record in upstream.seen("/"))
    took = times[-1] - times[0]
    assert abs(took - 39 * 0.05) < 0.2, took
    # Timers have ticks of 16 ms, and a turn takes its time; nobody goes before his slot.
    assert all(later - times[0] >= 0.05 * i - 0.05 for i, later in enumerate(times))
    assert figure(gateway, "spike_arrest_queued_total") == 39


def test_requests_that_come_too_soon_are_refused(start, upstream):
    gateway = start(configuration(upstream, "spike-arrest", limit=30, window="1m"))
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: gateway.get("/"), range(16)))
    assert sorted(answer.status for answer in answers) == [200] + [429] * 15
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused["retry-after"] == "2" and refused.error == "spike_arrested"


# ---- concurrency-limit -----------------------------------------------------------------------------------------------


def hold(upstream):
    """Requests to /hold are answered when the event is set."""
    event = threading.Event()

    @upstream.on("/hold")
    def rule(exchange):
        exchange.wait(event)
        exchange.reply(body="held")

    return event


def test_no_more_are_under_way_than_may_be(start, upstream):
    """Exactly: 64 connections on two loops, and the upstream counts."""
    lock, now, most = threading.Lock(), [0], [0]

    @upstream.on("/work")
    def work(exchange):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1
        exchange.reply()

    gateway = start(configuration(upstream, "concurrency-limit", limit=5, queue={"size": 100, "longest": "20s"}))

    def client(_):
        with gateway.connect(timeout=30) as connection:
            return [connection.get("/work").status for _ in range(10)]

    with ThreadPoolExecutor(64) as pool:
        statuses = [status for each in pool.map(client, range(64)) for status in each]
    assert statuses == [200] * 640
    assert most[0] == 5
    until(lambda: figure(gateway, "concurrency_limit_in_flight") == 0)


def test_shares_come_back_whatever_the_end_is(start, upstream):
    event = hold(upstream)

    @upstream.on("/break")
    def broken(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        exchange.reset()

    gateway = start(configuration(upstream, "concurrency-limit", limit=1))
    for end in ("close", "reset"):
        with gateway.connect() as connection:
            connection.send(format_request("GET", "/hold"))
            until(lambda: figure(gateway, "concurrency_limit_in_flight") == 1)
            assert gateway.get("/").error == "concurrency_limited"
            getattr(connection, end)()
        until(lambda: figure(gateway, "concurrency_limit_in_flight") == 0)
    with Client(gateway.address) as client:
        stream = client.request(path="/hold")
        until(lambda: figure(gateway, "concurrency_limit_in_flight") == 1)
        client.h2.reset_stream(stream)
        client.flush()
        until(lambda: figure(gateway, "concurrency_limit_in_flight") == 0)
    assert not gateway.get("/break").complete
    assert gateway.get("/").status == 200
    event.set()


def test_a_tunnel_is_under_way_until_it_ends(start):
    with EchoServer() as echo:
        gateway = start(configuration(echo, "concurrency-limit", limit=1))
        with connect(gateway) as client:
            client.send("a")
            assert client.recv(timeout=10) == "a"
            assert gateway.get("/").status == 429
        until(lambda: figure(gateway, "concurrency_limit_in_flight") == 0)


def test_whoever_leaves_the_line_is_not_waited_for(start, upstream):
    event = hold(upstream)
    gateway = start(configuration(upstream, "concurrency-limit", limit=1, queue={"size": 10, "longest": "20s"}))
    with gateway.connect() as first, gateway.connect() as second, gateway.connect() as third:
        for count, connection in enumerate((first, second, third)):
            connection.send(format_request("GET", "/hold" if connection is first else "/"))
            until(lambda: figure(gateway, "concurrency_limit_waiting") == count)
        second.reset()
        until(lambda: figure(gateway, "concurrency_limit_waiting") == 1)
        event.set()
        assert first.read_response().text == "held"
        assert third.read_response().status == 200


# ---- token-limit -----------------------------------------------------------------------------------------------------

EVENT = 'data: {"choices":[{"index":0,"delta":{"content":"%s"}}],"usage":null}\n\n'
LAST = 'data: {"choices":[],"usage":{"prompt_tokens":40,"completion_tokens":60,"total_tokens":100}}\n\ndata: [DONE]\n\n'


def test_streams_pass_as_they_come_and_count_at_their_end(start, upstream):
    """curl sees each event before the upstream sends the next; the last one says what the stream has cost."""
    seen = threading.Semaphore(0)

    @upstream.on("/v1/chat/completions")
    def chat(exchange):
        exchange.read_body()
        exchange.ends = True
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for i in range(10):
            exchange.send(EVENT % f"word{i}")
            assert seen.acquire(timeout=limit(10))
        exchange.send(LAST)
        exchange.close()

    gateway = start(configuration(upstream, "token-limit", limit=1000, window="10h"))
    url = f"http://{gateway.address_text}/v1/chat/completions"
    command = ["curl", "-sN", "-i", "-H", "content-type: application/json", "-d", '{"stream":true,"max_tokens":300}', url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as curl:
        lines = []
        for line in curl.stdout:
            lines.append(line.decode())
            if b'"delta"' in line:
                seen.release()
    assert curl.returncode == 0 and lines[-2] == "data: [DONE]\n"
    assert sum('"delta"' in line for line in lines) == 10
    # 8 for the 32 bytes of the request, and the 300 that it asks for.
    assert any(line.lower().startswith('ratelimit: "token-limit";r=692') for line in lines), lines[:12]
    until(lambda: figure(gateway, "token_limit_tokens_total") == 100)
    after = gateway.fetch("POST", "/", {"content-type": "application/json"}, b'{"max_tokens":0}')
    assert after["ratelimit"].startswith('"token-limit";r=896;')
    line, = gateway.wait_log("/v1/chat/completions")
    assert '"promptTokens":40,"completionTokens":60,"totalTokens":100' in line


def test_streams_that_break_off_cost_what_has_passed(start, upstream):
    """The client leaves in the middle, over HTTP/1.1 and over HTTP/2."""

    @upstream.on("/chat")
    def chat(exchange):
        exchange.read_body()
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        event = EVENT % ("x" * 400)
        exchange.send(f"{len(event):x}\r\n{event}\r\n")
        exchange.wait_left(20)

    gateway = start(configuration(upstream, "token-limit", limit=10000, window="10h"))
    request = b'{"stream":true,"max_tokens":5000}   '
    with gateway.connect() as connection:
        connection.send(format_request("POST", "/chat", {"content-type": "application/json"}, request))
        connection.read_head()
        connection.wire.through(b"\n\n", time.monotonic() + limit(10))
        assert figure(gateway, "token_limit_tokens_total") == 0
        connection.reset()
    # 36 bytes of the request and 400 of the answer, four for each token.
    until(lambda: figure(gateway, "token_limit_tokens_total") == 109)
    with Client(gateway.address) as client:
        stream = client.request("POST", "/chat", [("content-type", "application/json")], ends=False)
        client.send(stream, request)
        while len(client.streams[stream].body) <= 400:
            assert client.read()
        client.h2.reset_stream(stream)
        client.flush()
        until(lambda: figure(gateway, "token_limit_tokens_total") == 218)
    after = gateway.fetch("POST", "/", {"content-type": "application/json"}, b'{"max_tokens":0}')
    assert after["ratelimit"].startswith('"token-limit";r=9778;')


def test_long_answers_are_not_collected(start, upstream):
    """Twenty megabytes of JSON pass, and what they have cost is found at their end."""

    @upstream.on("/long")
    def long(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b'{"content":[{"text":"' + b"y" * 1_000_000 + b'"}]},'
        exchange.send(b'1\r\n[\r\n')
        for _ in range(20):
            exchange.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        end = b'{"usage":{"input_tokens":7,"output_tokens":8}}]'
        exchange.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(end), end))

    gateway = start(configuration(upstream, "token-limit", limit=100000, window="10h"))
    before = gateway.memory()
    response = gateway.get("/long", timeout=60)
    assert response.complete and response.content.length > 20_000_000
    until(lambda: figure(gateway, "token_limit_tokens_total") == 15)
    assert gateway.memory() - before < 6 << 20


# ---- gateways that share a store -------------------------------------------------------------------------------------


def shared(upstream, redis, name, **settings):
    return {**configuration(upstream, name, **settings), "state": {"redis": redis.url}}


@needs_redis
def test_a_gateway_that_is_killed_frees_its_shares(start, upstream, tmp_path):
    event = hold(upstream)
    with Redis(tmp_path / "redis") as redis:
        settings = shared(upstream, redis, "concurrency-limit", limit=2, lifetime="3s")
        first, second = start(settings), start(settings)
        with first.connect() as one, first.connect() as two:
            for connection in (one, two):
                connection.send(format_request("GET", "/hold"))
            until(lambda: figure(first, "concurrency_limit_in_flight") == 2)
            # They are renewed while the gateway lives, for longer than they last by themselves.
            end = time.monotonic() + 4
            while time.monotonic() < end:
                assert second.get("/").status == 429
                time.sleep(0.1)
            first.process.kill()
            first.process.wait()
            killed = time.monotonic()
        first.process = None
        until(lambda: second.get("/").status == 200, 10)
        # Not before they ran out: the last time that they were renewed was at most a second before.
        assert 1.5 < time.monotonic() - killed < 4
        event.set()


@needs_redis
def test_gateways_count_what_is_under_way_together(start, upstream, tmp_path):
    lock, now, most = threading.Lock(), [0], [0]

    @upstream.on("/work")
    def work(exchange):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1
        exchange.reply()

    with Redis(tmp_path / "redis") as redis:
        settings = shared(upstream, redis, "concurrency-limit", limit=3, queue={"size": 100, "longest": "20s"})
        gateways = [start(settings), start(settings)]

        def client(number):
            with gateways[number % 2].connect(timeout=30) as connection:
                return [connection.get("/work").status for _ in range(5)]

        with ThreadPoolExecutor(16) as pool:
            statuses = [status for each in pool.map(client, range(16)) for status in each]
        assert statuses == [200] * 80 and most[0] == 3


@needs_redis
def test_gateways_spread_requests_together(start, upstream, tmp_path):
    with Redis(tmp_path / "redis") as redis:
        settings = shared(upstream, redis, "spike-arrest", limit=20, window="1s", queue={"size": 100, "longest": "10s"})
        gateways = [start(settings), start(settings)]
        with ThreadPoolExecutor(20) as pool:
            assert list(pool.map(lambda i: gateways[i % 2].get("/").status, range(20))) == [200] * 20
        times = sorted(record.at for record in upstream.seen("/"))
        assert abs(times[-1] - times[0] - 19 * 0.05) < 0.2


@needs_redis
def test_gateways_count_tokens_together(start, upstream, tmp_path):
    @upstream.on("/chat")
    def chat(exchange):
        exchange.read_body()
        exchange.reply(headers={"Content-Type": "application/json"}, body='{"usage":{"total_tokens":300}}')

    with Redis(tmp_path / "redis") as redis:
        settings = shared(upstream, redis, "token-limit", limit=1000, window="10h", reserve="nothing")
        first, second = start(settings), start(settings)
        statuses = []
        for gateway in (first, second) * 4:
            statuses.append(gateway.fetch("POST", "/chat", body=b"{}").status)
            # What it has cost is on its way to the server.
            time.sleep(0.05)
        assert statuses == [200] * 4 + [429] * 4
