"""Under a service manager: readiness notification and inherited sockets."""

import os
import signal
import socket
import sys

import pytest

from harness.configuration import api, proxy, route
from harness.raw import Connection, format_request
from harness.waiting import limit

#: Gives the program descriptor 3, and its own process number, as systemd would.
LAUNCHER = """
import os, sys
descriptors = [int(d) for d in sys.argv[1].split(",")]
for number, descriptor in enumerate(descriptors):
    os.dup2(descriptor, 50 + number, inheritable=False)
for number in range(len(descriptors)):
    os.dup2(50 + number, 3 + number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(descriptors)))
if sys.argv[2]:
    os.environ["LISTEN_FDNAMES"] = sys.argv[2]
os.execv(sys.argv[3], sys.argv[3:])
"""


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        if request.param == "path":
            sock.bind(str(tmp_path / "notify"))
            name = str(tmp_path / "notify")
        else:
            sock.bind(f"\0sluice-test-{os.getpid()}")
            name = f"@sluice-test-{os.getpid()}"
        sock.settimeout(limit(20))
        yield sock, name


def messages_until(sock, wanted):
    seen = []
    while wanted not in seen:
        seen += sock.recv(4096).decode().split("\n")
    return seen


def test_readiness(start, upstream, manager):
    sock, name = manager
    gateway = start(proxy(upstream), env={"NOTIFY_SOCKET": name}, ready=False)
    gateway.launch()
    messages_until(sock, "READY=1")
    assert gateway.get("/a").status == 200, "it serves once it says so"
    gateway.write(proxy(upstream) | {"apis": [api("all", route("renamed", "/*", "up"))]})
    gateway.signal(signal.SIGHUP)
    seen = messages_until(sock, "READY=1")
    assert "RELOADING=1" in seen and any(s.startswith("MONOTONIC_USEC=") for s in seen)
    gateway.terminate()
    assert "STOPPING=1" in messages_until(sock, "STOPPING=1")
    assert gateway.wait_exit() == 0


def test_no_manager(start, upstream):
    gateway = start(proxy(upstream), env={"NOTIFY_SOCKET": "/nowhere/at/all"})
    assert gateway.get("/a").status == 200


def listening(port=0):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(128)
    return sock


def launcher(descriptors, names=""):
    return [sys.executable, "-c", LAUNCHER, ",".join(str(d) for d in descriptors), names]


def serves(start, upstream, sockets, configuration, names=""):
    return start(configuration, launcher=launcher([s.fileno() for s in sockets], names), pass_fds=[s.fileno() for s in sockets])


def test_a_socket_is_inherited_by_its_address(start, upstream):
    with listening() as sock:
        port = sock.getsockname()[1]
        # A client that comes before the gateway waits in the socket's queue.
        with Connection(("127.0.0.1", port), 20) as early:
            early.send(format_request("GET", "/early"))
            gateway = serves(start, upstream, [sock], proxy(upstream, listener={"address": f"127.0.0.1:{port}"}))
            assert early.read_response().status == 200
        with Connection(("127.0.0.1", port)) as connection:
            assert connection.get("/a").status == 200
        gateway.stop()
        # The manager's socket lives on: clients wait in its queue for the next process.
        with Connection(("127.0.0.1", port)):
            pass


def test_sockets_are_inherited_by_their_names(start, upstream):
    with listening() as one, listening() as two:
        ports = [s.getsockname()[1] for s in (one, two)]
        configuration = proxy(upstream) | {"listeners": [{"name": "web", "address": "127.0.0.1:1"}, {"name": "second", "address": "127.0.0.1:2"}]}
        serves(start, upstream, [two, one], configuration, "second:web")
        for port in ports:
            with Connection(("127.0.0.1", port)) as connection:
                assert connection.get("/a").status == 200


def test_sockets_for_another_process_are_left_alone(start, upstream):
    gateway = start(proxy(upstream), env={"LISTEN_PID": "1", "LISTEN_FDS": "3"})
    assert gateway.get("/a").status == 200


@pytest.mark.parametrize("value", ["", "x", "-1", "0", "99999"])
def test_malformed_variables_do_no_harm(start, upstream, value):
    gateway = start(proxy(upstream), env={"LISTEN_PID": value, "LISTEN_FDS": value, "WATCHDOG_USEC": value, "NOTIFY_SOCKET": value})
    assert gateway.get("/a").status == 200


def test_watchdog(start, upstream, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(limit(20))
        start(proxy(upstream), env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"})
        messages_until(sock, "READY=1")
        try:
            sock.settimeout(limit(3))
            assert "WATCHDOG=1" in messages_until(sock, "WATCHDOG=1")
        except TimeoutError:
            pytest.fail("no sign of life for the watchdog")


def test_children_of_the_manager_do_not_keep_the_descriptors_open(start, upstream):
    with listening() as sock:
        port = sock.getsockname()[1]
        gateway = serves(start, upstream, [sock], proxy(upstream, listener={"address": f"127.0.0.1:{port}"}))
        flags = {int(line.split()[1], 8) for n in os.listdir(f"/proc/{gateway.pid}/fdinfo") if n == "3" for line in open(f"/proc/{gateway.pid}/fdinfo/3") if line.startswith("flags")}
        assert all(flag & 0o2000000 for flag in flags), "closed on exec"
