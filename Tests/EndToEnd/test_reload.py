"""A configuration changes under a running gateway: the new one serves, a bad one changes nothing, no request notices."""

import os
import threading
import time

import pytest
import yaml

from harness.configuration import api, proxy, route, upstream as named_upstream
from harness.load import Load
from harness.ports import free_port
from harness.process import SANITIZED
from harness.raw import fetch, format_request
from harness.secrets import secret
from harness.waiting import limit, until

RELOADS = int(os.environ.get("SLUICE_RELOADS", "100"))


def answering(text, *more):
    return {"apis": [api("all", route("all", "/*", respond={"body": text})), *more]}


def test_sighup(start):
    gateway = start(answering("one"))
    assert gateway.get("/").text == "one"
    version = gateway.status()["version"]
    gateway.reload(answering("two"))
    assert gateway.get("/").text == "two"
    status = gateway.status()
    assert status["version"] != version and status["lastError"] is None


def test_change_of_the_file(start):
    gateway = start(answering("one"))
    gateway.reload(answering("two"), by_signal=False)
    assert gateway.get("/").text == "two"
    gateway.reload(answering("three"), by_signal=False)  # the file has been replaced once: it is still watched
    assert gateway.get("/").text == "three"


def test_change_in_place(start):
    gateway = start(answering("one"))
    text = gateway.file.read_text()
    with open(gateway.file, "r+") as file:
        file.write(text.replace("body: one", "body: two"))
        file.truncate()
    until(lambda: gateway.get("/").text == "two", 10, "a file written in place is read")


def test_the_same_file_again_changes_nothing(start):
    gateway = start(answering("one"))
    version = gateway.status()["version"]
    gateway.hang_up()
    gateway.reload(answering("two"))
    gateway.reload(answering("one"))
    assert gateway.status()["version"] == version, "the version is a number of the content"


BAD = {
    "syntax": ("apis: [\n", "sluice.yaml:"),
    "unknown key": ("listenrs: []\n", "listeners"),
    "unknown upstream": (None, "nowhere"),
    "empty": ("", "sluice.yaml"),
    "not a map": ("just text\n", "sluice.yaml:1"),
    "binary": ("\x00\x01\x02", "sluice.yaml"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("by_signal", [True, False], ids=["signal", "file"])
def test_a_bad_file_keeps_the_old_configuration_and_says_why(start, name, by_signal):
    gateway = start(answering("one"))
    text, mention = BAD[name]
    bad = text if text is not None else gateway.complete({"apis": [api("all", route("all", "/*", "nowhere"))]})
    error = gateway.reload_refused(bad, by_signal)
    assert mention in error
    assert gateway.get("/").text == "one"
    assert gateway.admin("/readyz").status == 200
    until(lambda: mention in gateway.stderr(), what="standard error says so too")
    assert gateway.metrics().values("sluice_config_last_reload_successful") == [0]
    gateway.reload(answering("two"), by_signal)
    assert gateway.get("/").text == "two" and gateway.status()["lastError"] is None
    assert gateway.metrics().values("sluice_config_last_reload_successful") == [1]


def test_a_missing_file_keeps_the_old_configuration(start):
    gateway = start(answering("one"))
    gateway.file.unlink()
    gateway.hang_up()
    until(lambda: gateway.status()["lastError"], what="the status tells")
    assert gateway.get("/").text == "one"
    gateway.reload(answering("two"))
    assert gateway.get("/").text == "two"


def test_a_folder(start, tmp_path):
    folder = tmp_path / "conf"
    folder.mkdir()
    gateway = start(answering("unused"), ready=False)
    parts = gateway.complete(answering("one"))
    apis = parts.pop("apis")
    (folder / "10-base.yaml").write_text(yaml.safe_dump(parts))
    (folder / "20-apis.yaml").write_text(yaml.safe_dump({"apis": apis}))
    gateway.file = folder
    gateway.start()
    assert gateway.get("/").text == "one"
    before = gateway.generation()
    (folder / "30-more.yaml").write_text(yaml.safe_dump({"apis": [api("more", route("more", "/more", respond={"body": "more"}))]}))
    until(lambda: gateway.generation() > before, 10, "a new file in the folder is read")
    assert gateway.get("/more").text == "more" and gateway.get("/").text == "one"


def test_an_exchange_keeps_its_configuration(start, upstream):
    go_on = threading.Event()

    @upstream.on("/slow")
    def slow(exchange):
        exchange.wait(go_on)
        exchange.reply(body="from the old upstream")

    gateway = start(proxy(upstream))
    with gateway.connect() as connection:
        connection.send(format_request("GET", "/slow"))
        upstream.wait_seen("/slow")
        gateway.reload(answering("new"))
        assert gateway.get("/slow").text == "new"
        go_on.set()
        assert connection.read_response().text == "from the old upstream"
        assert connection.get("/slow").text == "new", "the same connection meets the new configuration"


def test_pools_survive_a_reload(start, upstream):
    gateway = start({"runtime": {"threads": 1}, **proxy(upstream)})
    first = upstream.record(gateway.get("/a")["x-record"]).connection
    gateway.reload({"runtime": {"threads": 1}, **proxy(upstream), "apis": [api("all", route("renamed", "/*", "up"))]})
    assert upstream.record(gateway.get("/a")["x-record"]).connection is first


def test_connections_to_removed_upstreams_are_closed(start, upstream):
    gateway = start(proxy(upstream))
    peer = upstream.record(gateway.get("/a")["x-record"]).connection
    gateway.reload(answering("nothing left"))
    peer.wait_ended(10)


def test_listeners_come_and_go(start):
    port = free_port()
    second = {"name": "second", "address": f"127.0.0.1:{port}"}
    gateway = start(answering("one"))
    with pytest.raises(OSError):
        fetch(("127.0.0.1", port))
    gateway.reload(answering("two") | {"listeners": [{}, second]})
    assert fetch(("127.0.0.1", port)).text == "two" and gateway.get("/").text == "two"
    gateway.reload(answering("three"))

    def refused():
        try:
            fetch(("127.0.0.1", port))
        except OSError:
            return True

    until(refused, 10, "the removed listener takes no connections")
    assert gateway.get("/").text == "three"


def test_a_listener_that_can_not_be_opened_refuses_the_reload(start, upstream):
    gateway = start(answering("one"))
    error = gateway.reload_refused(gateway.complete(answering("two") | {"listeners": [{}, {"name": "taken", "address": upstream.address}]}))
    assert upstream.address in error
    assert gateway.get("/").text == "one"


def test_changed_limits_apply_to_new_requests(start, upstream):
    gateway = start(proxy(upstream))
    long = {"X-Long": "x" * 2000}
    assert gateway.get("/a", long).status == 200
    gateway.reload(proxy(upstream, listener={"limits": {"headerBytes": "1KiB"}}))
    assert gateway.get("/a", long).status == 431


def test_secrets_by_reference(start, tmp_path):
    file = tmp_path / "secret.txt"
    file.write_text(secret("from a file") + "\n")
    gateway = start(answering("${file:%s} and ${env:FROM_ENVIRONMENT}" % file), env={"FROM_ENVIRONMENT": secret("from the environment")})
    assert gateway.get("/").text.replace("\n", "") == "from a file and from the environment"
    assert "from the environment" not in gateway.stderr()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_reloads_under_load(start, nginx):
    """No failed request, and no growth of memory, descriptors or threads."""

    def configuration(turn):
        routes = [route(f"r{i}-{turn % 7}", f"/r{i}/*", "up") for i in range(50)]
        return {
            "upstreams": [named_upstream("up", nginx), named_upstream(f"other-{turn % 3}", nginx)],
            "apis": [api("all", route("all", "/*", "up"), *routes), api("turn", route("turn", "/turn", respond={"body": str(turn)}), version=f"v{turn}")],
            "telemetry": {"accessLog": "none"},
        }

    gateway = start(configuration(0))
    warm_up = max(10, RELOADS // 5)
    with Load(gateway.address, "/r7/x", threads=4, check=lambda r: r.body == b"ok\n") as load:
        begun = time.monotonic()
        for turn in range(1, warm_up + 1):
            gateway.reload(configuration(turn))
        settled = gateway.memory(), gateway.threads()
        for turn in range(warm_up + 1, warm_up + RELOADS + 1):
            gateway.reload(configuration(turn))
        assert gateway.get("/turn").text == str(warm_up + RELOADS)
        seconds = time.monotonic() - begun
        tally = load.finish()
    assert not tally.failed, (len(tally.failed), tally.failed[:5])
    assert tally.answered > 100 and tally.answered > seconds * 10
    assert gateway.threads() == settled[1]
    until(lambda: gateway.client_connections() == 0)
    quiet = gateway.descriptors()
    assert quiet < 120, f"{quiet} descriptors"
    if not SANITIZED:
        assert gateway.memory() - settled[0] < 24 << 20, f"grew from {settled[0] >> 20} to {gateway.memory() >> 20} MiB in {RELOADS} reloads"


def test_signals_in_a_burst(start):
    """Signals that come faster than reloads can be done: the last file serves in the end."""
    gateway = start(answering("0"))
    for turn in range(1, 30):
        gateway.write(answering(str(turn)))
        gateway.hang_up()
    until(lambda: gateway.get("/").text == "29", limit(10), "the last configuration serves")
    assert gateway.status()["lastError"] is None
