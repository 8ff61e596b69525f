"""The guard against guessing: exact across event loops, and nobody else's business."""

import base64
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harness.configuration import api, route, upstream as named_upstream


def configuration(upstream, **settings):
    return {
        "runtime": {"threads": 2},
        "listeners": [{"proxyProtocol": True, "trustedProxies": ["127.0.0.0/8"]}],
        "upstreams": [named_upstream("up", upstream)],
        "apis": [api("all", route("all", "/*", "up", policies=[{"brute-force": settings}, {"any-of": {"methods": ["api-key", "basic-auth"]}}]))],
        "consumers": [{"name": "mobile", "credentials": [{"apiKey": "the-right-key-0123456789"}]}],
    }


def ask(gateway, source, headers):
    """One request of a client at `source`, on a connection of its own."""
    with gateway.connect() as connection:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.send(f"PROXY TCP4 {source} 127.0.0.1 4000 80\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n".encode())
        return connection.read_response()


RIGHT = {"x-api-key": "the-right-key-0123456789"}
WRONG = {"x-api-key": "the-wrong-key-0123456789"}


def test_exactly_as_many_attempts_as_are_allowed(start, upstream):
    """From many connections at once, on both event loops: ten are tried, and not one more."""
    gateway = start(configuration(upstream, attempts=10, ban="1m", delay="0s"))
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: ask(gateway, "198.51.100.7", WRONG).status, range(80)))
    # Those that were let in before the ban began may all have been refused; what is counted is exact.
    assert statuses.count(401) >= 10 and set(statuses) == {401, 429}
    assert ask(gateway, "198.51.100.7", RIGHT).status == 429
    assert ask(gateway, "198.51.100.8", RIGHT).status == 200
    metrics = gateway.metrics()
    labels = {"scope": "route all all", "policy": "brute-force"}
    assert metrics.total("sluice_brute_force_bans_total", **labels) == 1
    assert metrics.total("sluice_brute_force_banned", **labels) == 1
    assert metrics.total("sluice_brute_force_failures_total", **labels) == statuses.count(401)
    report, = gateway.status()["policies"]
    assert report["policy"] == "brute-force" and report["figures"]["brute_force_banned"] == 1


def test_answers_to_failed_attempts_wait_and_no_others(start, upstream):
    gateway = start(configuration(upstream, attempts=100, delay="400ms", longestDelay="800ms"))
    times, slowest, done = [], [], threading.Event()

    def honest():
        while not done.is_set():
            began = time.monotonic()
            assert ask(gateway, "198.51.100.8", RIGHT).status == 200
            slowest.append(time.monotonic() - began)

    witness = threading.Thread(target=honest)
    witness.start()
    for _ in range(4):
        began = time.monotonic()
        assert ask(gateway, "198.51.100.7", WRONG).status == 401
        times.append(time.monotonic() - began)
    began = time.monotonic()
    assert ask(gateway, "198.51.100.7", RIGHT).status == 200
    right = time.monotonic() - began
    done.set()
    witness.join()
    assert times[0] < 0.3 and 0.4 <= times[1] < 0.75 and 0.8 <= times[2] < 1.3 and 0.8 <= times[3] < 1.3
    assert right < 0.3 and max(slowest) < 0.3 and len(slowest) > 20


def test_one_name_from_many_places(start, upstream):
    """Guesses of one user's password wait, wherever they come from; other names do not."""
    gateway = start(configuration(upstream, attempts=100, delay="500ms", longestDelay="500ms"))

    def timed(source, user):
        began = time.monotonic()
        assert ask(gateway, source, {"authorization": "Basic " + base64.b64encode(f"{user}:guess".encode()).decode()}).status == 401
        return time.monotonic() - began

    assert timed("198.51.100.1", "mobile") < 0.4
    assert timed("198.51.100.2", "mobile") >= 0.5
    assert timed("198.51.100.3", "other") < 0.4
