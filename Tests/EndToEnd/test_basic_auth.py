"""The policy `basic-auth`: real clients, many at a time, and the event loop that must not wait for a hash."""

import base64
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest

from harness.configuration import api, route, upstream as named_upstream
from harness.gateway import command
from harness.secrets import secret
from harness.waiting import until


PASSWORD, CHANGED = secret("tiny-otter-7731"), secret("brave-heron-4402")


@pytest.fixture(scope="module")
def hashed():
    """The hash of `PASSWORD`: argon2id of 64 MiB, as operators make it."""
    result = command("hash-password", input=f"{PASSWORD}\n")
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def configuration(upstream, hashed, **settings):
    """One event loop; `/open` is for all, everything else for `mobile`."""
    return {
        "runtime": {"threads": 1},
        "upstreams": [named_upstream("up", upstream)],
        "apis": [api("all", route("open", "/open", "up"), route("closed", "/*", "up", policies=[{"basic-auth": settings}]))],
        "consumers": [{"name": "mobile", "credentials": [{"basic": {"username": "mobile", "passwordHash": hashed}}]}],
    }


def authorization(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def timed(work):
    start = time.monotonic()
    return work(), time.monotonic() - start


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl(start, upstream, hashed):
    gateway = start(configuration(upstream, hashed))

    def curl(*arguments):
        url = f"http://127.0.0.1:{gateway.port}/orders"
        return subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *arguments, url], capture_output=True, text=True, timeout=30).stdout

    assert curl("-u", f"mobile:{PASSWORD}") == "200"
    assert curl("-u", "mobile:wrong") == "401"
    assert curl() == "401"
    # Asks without credentials first, and understands the challenge.
    assert curl("--anyauth", "-u", f"mobile:{PASSWORD}") == "200"
    assert all(record["authorization"] is None for record in upstream.requests)


def test_the_same_credentials_are_hashed_once(start, upstream, hashed):
    """Fifty clients that come at once wait for one verification, and the loop serves others meanwhile."""
    gateway = start(configuration(upstream, hashed))
    gateway.get("/open")
    # One verification, with a password of its own.
    _, once = timed(lambda: gateway.get("/first", authorization("mobile", "wrong")))
    others, done = [], threading.Event()

    def ask_meanwhile():
        while not done.is_set():
            response, seconds = timed(lambda: gateway.get("/open"))
            others.append((response.status, seconds))

    witness = threading.Thread(target=ask_meanwhile)
    witness.start()
    with ThreadPoolExecutor(50) as pool:
        responses, seconds = timed(lambda: list(pool.map(lambda n: gateway.get(f"/n{n}", authorization("mobile", PASSWORD)), range(50))))
    done.set()
    witness.join()
    assert [response.status for response in responses] == [200] * 50
    assert seconds < 10 * once + 2, f"one verification takes {once:.3f} s, fifty requests took {seconds:.3f} s"
    assert others and {status for status, _ in others} == {200}
    assert median(seconds for _, seconds in others) < max(0.05, once / 2)
    # From now on nothing is hashed.
    _, again = timed(lambda: [gateway.get("/again", authorization("mobile", PASSWORD)) for _ in range(20)])
    assert again < 20 * once


def test_a_name_that_does_not_exist_takes_as_long(start, upstream, hashed):
    gateway = start(configuration(upstream, hashed, cache="0s"))
    gateway.get("/open")

    def usual(user):
        return median(timed(lambda: gateway.get("/", authorization(user, f"guess{n}")))[1] for n in range(5))

    known, unknown = usual("mobile"), usual("nobody")
    assert unknown > known / 3 and known > unknown / 3, f"known {known:.3f} s, unknown {unknown:.3f} s"
    assert unknown > 0.01


def test_a_flood_of_guesses_is_turned_away(start, upstream, hashed):
    gateway = start(configuration(upstream, hashed))
    assert gateway.get("/", authorization("mobile", PASSWORD)).status == 200
    connections = [gateway.connect() for _ in range(90)]
    try:
        for number, connection in enumerate(connections):
            value = authorization("mobile", f"guess{number}")["Authorization"]
            connection.send(f"GET /guess HTTP/1.1\r\nHost: a.test\r\nAuthorization: {value}\r\n\r\n")
        until(lambda: any('"authentication_busy"' in line for line in gateway.log_lines()), 20, "some are turned away")
        # Whoever is known gets through all the same.
        assert gateway.get("/known", authorization("mobile", PASSWORD)).status == 200
        refused = gateway.get("/late", authorization("mobile", "one more"))
        assert (refused.status, refused.error) == (503, "authentication_busy") and int(refused["retry-after"]) >= 1
    finally:
        for connection in connections:
            connection.close()


def test_a_changed_password_counts_at_once(start, upstream, hashed):
    gateway = start(configuration(upstream, hashed))
    assert gateway.get("/", authorization("mobile", PASSWORD)).status == 200
    changed = command("hash-password", "--algorithm", "bcrypt", input=f"{CHANGED}\n").stdout.strip()
    gateway.write(configuration(upstream, changed))
    until(lambda: gateway.get("/", authorization("mobile", CHANGED)).status == 200, 20, "the new password is taken")
    assert gateway.get("/", authorization("mobile", PASSWORD)).status == 401


def test_weak_hashes_are_warned_of(tmp_path, upstream):
    weak = "$2y$05$V2UxmmyjPkkKeIHgM9GQmOBX2qMLbFyYUcdcT6zmM53O2p3L9uq2S"
    file = tmp_path / "sluice.yaml"
    import yaml
    settings = configuration(upstream, weak) | {"listeners": [{"name": "web", "address": "127.0.0.1:18080"}]}
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    result = command("check", "--config", file)
    assert result.returncode == 0, result.stderr
    assert "consumer `mobile`: the cost of the bcrypt hash is below 10" in result.stderr and weak[7:] not in result.stderr
