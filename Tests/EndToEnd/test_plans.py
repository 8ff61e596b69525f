"""Plans and quotas: what callers are entitled to, counted exactly, told to operators, kept over reloads."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from harness.configuration import api, route, upstream as named_upstream
from harness.gateway import command
from harness.raw import format_request
from harness.redis import Redis, needs_redis
from harness.waiting import limit, until

SMALL, BIG = "small-0123456789abcdef", "big-0123456789abcdef00"


def configuration(upstream, plans, consumers=None, routes=None, **more):
    return {
        "upstreams": [named_upstream("up", upstream)],
        "apis": [api("all", *(routes or [route("items", "/items", "up"), route("reports", "/reports", "up")]), policies=[{"api-key": {"cache": "200ms"}}])],
        "plans": plans,
        "consumers": consumers or [
            {"name": "small", "plans": ["free"], "credentials": [{"apiKey": SMALL}]},
            {"name": "big", "plans": ["gold"], "credentials": [{"apiKey": BIG}]},
        ],
        **more,
    }


def ask(gateway, key, target="/items"):
    return gateway.get(target, {"x-api-key": key})


def receive(connection, count):
    """Takes so many bytes of a body."""
    deadline = time.monotonic() + limit(20)
    while count:
        assert connection.wire.buffer or connection.wire.fill(deadline), f"{count} bytes are missing"
        count -= len(connection.wire.take(count))


def flood(gateway, key, count, connections=16):
    """The answers' statuses, asked for on many connections at once."""

    def some(number):
        with gateway.connect() as connection:
            statuses = []
            for _ in range(number):
                connection.send(format_request("GET", "/items", {"x-api-key": key}))
                statuses.append(connection.read_response().status)
            return statuses

    with ThreadPoolExecutor(connections) as pool:
        return Counter(status for statuses in pool.map(some, [count // connections] * connections) for status in statuses)


def test_two_consumers_of_different_plans(start, upstream):
    """Each has what its plan says, to the call, over all loops; operators hear of it once."""
    gateway = start(configuration(upstream, [
        {"name": "free", "quotas": [{"calls": 100, "per": "year", "warnAt": ["50%", "100%"]}], "access": [{"api": "all", "routes": ["items"]}]},
        {"name": "gold", "quotas": [{"calls": 250, "per": "year"}], "limits": [{"limit": 10_000, "window": "1h"}]},
    ], runtime={"threads": 2}))
    assert flood(gateway, SMALL, 320) == {200: 100, 429: 220}
    assert flood(gateway, BIG, 320) == {200: 250, 429: 70}
    refused = ask(gateway, BIG)
    assert refused.error == "quota_exceeded" and int(refused["retry-after"]) > 0
    assert refused["ratelimit-policy"].startswith('"plan";q=10000;w=3600, "plan-quota";q=250;w=')
    denied = ask(gateway, SMALL, "/reports")
    assert denied.status == 403 and denied.error == "plan_denied" and "gold" not in denied.text
    assert ask(gateway, BIG, "/reports").error == "quota_exceeded"

    metrics = gateway.metrics()
    assert metrics.total("sluice_quota_refused_total", scope="plans") == 220 + 70 + 2
    assert metrics.total("sluice_plan_denied_total") == 1
    assert metrics.total("sluice_events_total", event="quota_warning") == 2
    assert metrics.total("sluice_events_total", event="quota_exceeded") == 2
    lines = [line for line in gateway.stderr().splitlines() if "quota_warning" in line]
    assert len(lines) == 2 and all("small" in line and "calls-year" in line for line in lines)
    gateway.stop()
    assert Counter(line.get("quotaWarning") for line in gateway.log() if line["consumer"] == "small") == {None: 319, "50%": 1, "100%": 1}


def test_a_minute_turns(start, upstream):
    """What is used up comes back when the calendar says so, at the second that was announced."""
    gateway = start(configuration(upstream, [{"name": "free", "quotas": [{"calls": 1, "per": "minute"}]}, {"name": "gold", "access": [{"api": "all"}]}]))
    until(lambda: ask(gateway, SMALL).status == 200 and time.time() % 60 < 59, 61, "a window with time left")
    refused = ask(gateway, SMALL)
    now = time.time()
    assert refused.status == 429
    turn = now - now % 60 + 60
    assert abs(now + int(refused["retry-after"]) - turn) <= 1 + limit(0.1)
    until(lambda: ask(gateway, SMALL).status == 200, 62, "the next minute")
    assert time.time() >= turn


def test_bytes_of_a_stream_count_while_they_pass(start, upstream):
    """A stream that is under way uses the quota up for others, and is itself completed."""
    seen = threading.Event()

    @upstream.on("/items")
    def stream(exchange):
        exchange.read_body()
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 6291456\r\n\r\n")
        exchange.send(bytes(4 << 20))
        exchange.wait(seen)
        exchange.send(bytes(2 << 20))

    gateway = start(configuration(upstream, [{"name": "free", "quotas": [{"bytes": "3MiB", "per": "year"}]}, {"name": "gold", "access": [{"api": "all"}]}]))
    with gateway.connect() as connection:
        connection.send(format_request("GET", "/items", {"x-api-key": SMALL}))
        head = connection.read_head()
        assert head["content-length"] == "6291456" and 'qu="content-bytes"' in head["ratelimit-policy"]
        receive(connection, 4 << 20)
        until(lambda: ask(gateway, SMALL, "/reports").error == "quota_exceeded", 10, "the quota is used up")
        seen.set()
        receive(connection, 2 << 20)
    assert ask(gateway, SMALL, "/reports").error == "quota_exceeded"
    assert ask(gateway, BIG, "/reports").status == 200


def test_a_reload_keeps_what_was_counted(start, upstream):
    def plans(calls):
        return [{"name": "free", "quotas": [{"calls": calls, "per": "year"}]}, {"name": "gold", "access": [{"api": "all"}]}]

    gateway = start(configuration(upstream, plans(3)))
    assert [ask(gateway, SMALL).status for _ in range(4)] == [200, 200, 200, 429]
    gateway.reload(configuration(upstream, plans(5)))
    assert [ask(gateway, SMALL).status for _ in range(3)] == [200, 200, 429]
    gateway.reload(configuration(upstream, plans(1)))
    assert ask(gateway, SMALL).status == 429
    said = gateway.reload_refused(configuration(upstream, [{"name": "fre", "access": []}]))
    assert 'there is no plan called "free"' in said and 'did you mean "fre"?' in said


def test_check_says_where_plans_can_not_apply(tmp_path, upstream):
    file = tmp_path / "sluice.yaml"
    file.write_text("""\
listeners: [{ name: web, address: 127.0.0.1:0 }]
plans: [{ name: free, access: [{ api: open }, { api: closed, routes: [a, b] }] }]
apis:
  - { name: open, basePath: /open, routes: [{ name: a, match: { path: /a }, respond: {} }] }
  - name: closed
    routes:
      - { name: a, match: { path: /a }, respond: {}, policies: [{ api-key: {} }] }
      - { name: b, match: { path: /b }, respond: {} }
""")
    result = command("check", "--config", file)
    assert result.returncode == 0, result.stderr
    assert "2:39: warning: has no effect: nothing finds out who calls the API" in result.stderr
    assert 'has no effect on "b": nothing finds out who calls it' in result.stderr
    shown = command("route", "GET", "http://any/a", "--config", file)
    assert "api-key, plans" in shown.stdout


def test_keys_with_plans(start, upstream, tmp_path):
    """A key of the database has plans of its own; one whose plans are gone is entitled to nothing."""
    database = f"sqlite:{tmp_path / 'sluice.db'}"
    plans = [{"name": "free", "quotas": [{"calls": 1, "per": "year"}]}, {"name": "gold", "access": [{"api": "all"}]}, {"name": "old", "access": [{"api": "all"}]}]
    gateway = start(configuration(upstream, plans, storage={"database": database}))

    def create(*arguments):
        result = command("keys", "create", "--config", gateway.file, *arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    free, gold, old = (create("--consumer", "new", "--plan", plan) for plan in ("free", "gold", "old"))
    assert [ask(gateway, free).status for _ in range(2)] == [200, 429]
    assert [ask(gateway, gold).status for _ in range(3)] == [200] * 3
    assert ask(gateway, old).status == 200
    wrong = command("keys", "create", "--config", gateway.file, "--consumer", "new", "--plan", "glod")
    assert wrong.returncode == 1 and 'did you mean "gold"?' in wrong.stderr
    gateway.reload(configuration(upstream, plans[:2], storage={"database": database}))
    assert ask(gateway, old).error == "plan_denied"
    assert ask(gateway, gold).status == 200
    listed = command("keys", "list", "--config", gateway.file).stdout
    assert "PLANS" in listed and f"{gold[:12]}" in listed


def shared(tmp_path, server):
    return {"state": {"redis": server.url, "namespace": f"plans-{tmp_path.name}"}}


@needs_redis
def test_gateways_on_one_server_count_together(start, upstream, tmp_path):
    """Two gateways hand out what there is once, to the call; bytes and first-use windows, too."""
    plans = [
        {"name": "free", "quotas": [{"calls": 200, "per": "year"}, {"calls": 190, "per": "month", "from": "first-use"}]},
        {"name": "gold", "quotas": [{"bytes": "1KiB", "per": "year"}]},
    ]

    @upstream.on("/reports")
    def reports(exchange):
        exchange.read_body()
        exchange.reply(body=bytes(600))

    with Redis(tmp_path / "redis") as server:
        gateways = [start(configuration(upstream, plans, runtime={"threads": 2}, **shared(tmp_path, server))) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            statuses = sum(pool.map(lambda gateway: flood(gateway, SMALL, 160), gateways), Counter())
        assert statuses == {200: 190, 429: 130}
        assert ask(gateways[0], BIG, "/reports").status == 200
        until(lambda: int(server.cli("DBSIZE")) >= 3, 5, "the bytes are noted")
        until(lambda: ask(gateways[1], BIG, "/reports").status == 429, 10, "the other gateway knows of the bytes")


@needs_redis
def test_a_server_that_is_gone(start, upstream, tmp_path):
    """While nobody answers, each gateway counts for itself; nothing fails. What was counted before is there again afterwards."""
    plans = [{"name": "free", "quotas": [{"calls": 2, "per": "year"}]}, {"name": "gold", "access": [{"api": "all"}]}]
    with Redis(tmp_path / "redis") as server:
        gateway = start(configuration(upstream, plans, **shared(tmp_path, server)))
        assert [ask(gateway, SMALL).status for _ in range(3)] == [200, 200, 429]
        server.freeze()
        assert [ask(gateway, SMALL).status for _ in range(3)] == [200, 200, 429]
        assert ask(gateway, BIG).status == 200
        server.thaw()
        until(lambda: ask(gateway, BIG).status == 200 and gateway.log()[-1].get("storeFailed") is None, 20, "the server is asked again")
        assert ask(gateway, SMALL).status == 429
