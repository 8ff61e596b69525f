"""SIGUSR2: the program that stands in the place of the running one takes over its sockets, and nobody notices."""

import os
import shutil
import signal
import socket
import threading

import pytest

from harness.configuration import proxy
from harness.gateway import BINARY
from harness.load import Load
from harness.ports import free_port
from harness.process import adopt_orphans
from harness.raw import Connection, format_request
from harness.waiting import limit, until

FAILED = "the upgrade has failed; this process goes on"


@pytest.fixture
def program(tmp_path):
    """A program of its own file, which `install` replaces."""
    path = tmp_path / "bin" / "sluice"
    path.parent.mkdir()
    shutil.copy2(BINARY, path)
    return path


def install(program, script: str | None = None):
    """Puts another file in the program's place, as packages do; the running process keeps the old one."""
    new = program.with_suffix(".new")
    if script is None:
        shutil.copy2(BINARY, new)
    else:
        new.write_text(f"#!/bin/sh\n{script}\n")
        new.chmod(0o755)
    os.replace(new, program)


def failures(gateway):
    return gateway.stderr().count(FAILED)


class Watch:
    """Asks `/readyz` all the time."""

    def __init__(self, gateway):
        self.gateway, self.answers, self._done = gateway, [], threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._done.wait(0.005):
            try:
                self.answers.append(self.gateway.admin("/readyz").status)
            except Exception as error:  # noqa: BLE001 - what it was stands in the list
                self.answers.append(repr(error))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()


def test_no_request_fails(start, nginx, program):
    gateway = start({"runtime": {"threads": 2, "drain": "10s"}, **proxy(nginx)}, binary=program)
    # No request is made twice: what is lost is seen.
    with Load(gateway.address, "/", threads=4) as kept, Load(gateway.address, "/", threads=4, keep_alive=False) as fresh, Watch(gateway) as watch:
        for _ in range(2):
            before, first = gateway.pid, (kept.answered, fresh.answered)
            until(lambda: kept.answered > first[0] + 200 and fresh.answered > first[1] + 200, 20)
            install(program)
            gateway.upgrade()
            assert gateway.pid != before and os.readlink(f"/proc/{gateway.pid}/exe") == str(program)
        after = kept.answered, fresh.answered
        until(lambda: kept.answered > after[0] + 200 and fresh.answered > after[1] + 200, 20)
        tallies = kept.finish(), fresh.finish()
    assert [t.failed for t in tallies] == [[], []]
    assert set(watch.answers) == {200}, "the admin address answers all the time, and never that it drains"
    # Both processes write the same log, and every request has its line.
    gateway.stop()
    assert len(gateway.log_lines()) == sum(t.answered for t in tallies)


def test_exchanges_in_flight_end_with_the_old_process(start, upstream, program):
    go_on = threading.Event()

    @upstream.on("/slow")
    def slow(exchange):
        exchange.wait(go_on)
        exchange.reply(body="complete")

    gateway = start({"runtime": {"drain": "20s"}, **proxy(upstream)}, binary=program)
    with gateway.connect() as client, gateway.connect() as idle:
        assert idle.get("/a").status == 200
        client.send(format_request("GET", "/slow"))
        upstream.wait_seen("/slow")
        old = gateway.process
        adopt_orphans()
        gateway.signal(signal.SIGUSR2)
        until(lambda: "the successor serves" in gateway.stderr())
        # The new process answers new connections, the old one what it has begun.
        assert gateway.get("/b").status == 200 and old.poll() is None
        assert idle.ending(10) == "fin"
        go_on.set()
        response = client.read_response()
        assert (response.status, response.text, response["connection"]) == (200, "complete", "close")
    gateway.follow()


def test_fewer_and_more_loops(start, upstream, program):
    """A loop too few for the sockets that are handed over serves several; one too many shares one."""
    gateway = start({"runtime": {"threads": 3}, **proxy(upstream)}, binary=program)
    for threads in (1, 2, 4):
        gateway.write({"runtime": {"threads": threads}, **proxy(upstream)})
        gateway.upgrade()
        assert [gateway.get(f"/{n}").status for n in range(40)] == [200] * 40


def test_every_kind_of_listener(start, upstream, program, tmp_path):
    port, path = free_port(), str(tmp_path / "web.sock")
    more = [{"name": "local", "address": f"unix:{path}"}, {"name": "bytes", "address": f"127.0.0.1:{port}", "tcp": {"upstream": "up"}}]
    gateway = start({**proxy(upstream), "listeners": [{}, *more]}, binary=program)
    for _ in range(2):
        gateway.upgrade()
        for address in (gateway.address, path, ("127.0.0.1", port)):
            with Connection(address) as connection:
                assert connection.get("/a").status == 200


@pytest.mark.parametrize(
    "script, reason",
    [("exit 3", "it has ended with 3"), ("kill -9 $$", "it was ended by signal 9"), ("echo something else >&2", "it has ended with 0")])
def test_a_program_that_fails(start, upstream, program, script, reason):
    gateway = start(proxy(upstream), binary=program)
    install(program, script)
    gateway.signal(signal.SIGUSR2)
    until(lambda: failures(gateway) == 1 and reason in gateway.stderr(), 10, f"{reason} in {gateway.stderr()}")
    assert gateway.get("/a").status == 200 and gateway.admin("/readyz").status == 200
    # What failed once can be put right.
    install(program)
    gateway.upgrade()
    assert gateway.get("/a").status == 200


def test_no_program(start, upstream, program):
    gateway = start(proxy(upstream), binary=program)
    program.unlink()
    gateway.signal(signal.SIGUSR2)
    until(lambda: failures(gateway) == 1)
    assert "No such file" in gateway.stderr() and gateway.get("/a").status == 200


def test_a_configuration_that_is_refused(start, upstream, program):
    gateway = start(proxy(upstream), binary=program)
    gateway.write({**proxy(upstream), "nonsense": 1})
    gateway.signal(signal.SIGUSR2)
    until(lambda: failures(gateway) == 1)
    line = next(line for line in gateway.stderr().splitlines() if FAILED in line)
    assert "nonsense" in line, "the old process says why"
    assert gateway.get("/a").status == 200


def test_an_end_while_the_successor_starts(start, upstream, program):
    gateway = start(proxy(upstream), binary=program)
    install(program, "sleep 1000")
    gateway.signal(signal.SIGUSR2)
    until(lambda: "upgrading" in gateway.stderr())
    gateway.signal(signal.SIGUSR2)
    until(lambda: "an upgrade is under way already" in gateway.stderr())
    assert gateway.get("/a").status == 200
    gateway.terminate()
    assert gateway.wait_exit() == 0


def test_gossip_is_taken_over(start, upstream, program):
    """The address belongs to one process at a time: the old one leaves it, and takes it again when the new one fails."""
    port = free_port()
    gossip = {"address": f"127.0.0.1:{port}", "key": "k" * 64, "seeds": []}
    gateway = start({**proxy(upstream), "state": {"gossip": gossip}}, binary=program)

    def is_bound():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return True
        return False

    install(program, "exit 1")
    gateway.signal(signal.SIGUSR2)
    until(lambda: failures(gateway) == 1)
    until(is_bound, 5)
    install(program)
    gateway.upgrade()
    assert is_bound() and gateway.get("/a").status == 200


def test_the_service_manager_learns_the_new_process(start, upstream, program, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(limit(20))
        gateway = start(proxy(upstream), binary=program, env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        gateway.upgrade()
        assert gateway.get("/a").status == 200
        gateway.stop()
        manager.settimeout(0.2)
        messages = []
        try:
            while True:
                messages.append(manager.recv(4096).decode())
        except TimeoutError:
            pass
    assert f"MAINPID={gateway.pid}\nREADY=1" in messages
    assert [m for m in messages if "STOPPING" in m] == ["STOPPING=1"], "only the last one stops the service"
