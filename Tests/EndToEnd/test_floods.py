"""Clients that cost the gateway more than themselves: processor time and memory stay bounded, and honest clients are served meanwhile."""

import contextlib
import os
import resource
import socket
import ssl
import struct
import threading
import time

import pytest

from harness import process
from harness.certificates import Authority
from harness.configuration import api, proxy, route
from harness.waiting import limit, until

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION, PRIORITY_UPDATE = 0, 1, 2, 3, 4, 6, 8, 9, 16
#: GET http://a/, every field from the static table but `:authority`.
GET = b"\x82\x86\x84\x41\x01a"
POST = b"\x83\x86\x84\x41\x01a"


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


def rapid_reset(count: int) -> bytes:
    return b"".join(frame(HEADERS, 5, 2 * i + 1, GET) + frame(RST_STREAM, 0, 2 * i + 1, b"\0\0\0\x08") for i in range(count))


#: What a client sends `count` times, behind its preface.
FLOODS = {
    "rapid reset": rapid_reset,
    "settings": lambda count: frame(SETTINGS, 0, 0, b"\0\x04\0\0\xff\xff") * count,
    "ping": lambda count: frame(PING, 0, 0, b"12345678") * count,
    "empty data": lambda count: frame(HEADERS, 4, 1, POST) + frame(DATA, 0, 1) * count,
    "continuation": lambda count: frame(HEADERS, 1, 1, GET) + frame(CONTINUATION, 0, 1, b"") * count,
    "continuation with fields": lambda count: frame(HEADERS, 1, 1, GET) + frame(CONTINUATION, 0, 1, b"\0\x01x\x40" + b"y" * 64) * count,
    "priority": lambda count: frame(PRIORITY, 0, 3, b"\0\0\0\0\x10") * count,
    "priority update": lambda count: frame(PRIORITY_UPDATE, 0, 0, b"\0\0\0\x01u=1") * count,
    "window update": lambda count: (frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01")) * count,
}


def cpu(pid: int) -> float:
    """Seconds of processor time that the process has had."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pour(address, data: bytes) -> int:
    """Sends as much as the gateway takes before it closes the connection."""
    sent = 0
    with socket.create_connection(address, timeout=limit(20)) as raw:
        try:
            while sent < len(data):
                sent += raw.send(data[sent : sent + 65536])
            while raw.recv(65536):
                pass
        except ConnectionError:
            pass
    return sent


class Honest:
    """Requests one after the other while the block runs, on a connection of its own; the longest of them, in seconds."""

    def __init__(self, gateway, ask=None):
        self.gateway, self.ask = gateway, ask or self.over_plain
        self.slowest, self.count, self.failed = 0.0, 0, []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def over_plain(self):
        with self.gateway.connect() as connection:
            while True:
                yield connection.get("/").status == 200

    def _run(self):
        answers = self.ask()
        while not self._done.wait(0.005):
            started = time.monotonic()
            try:
                assert next(answers)
            except Exception as error:  # noqa: BLE001 - shown by the test
                self.failed.append(repr(error))
                return
            self.slowest, self.count = max(self.slowest, time.monotonic() - started), self.count + 1

    def __enter__(self):
        self._thread.start()
        until(lambda: self.count > 3 or self.failed, 10, "honest requests are answered")
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()


@pytest.fixture
def served(start):
    configuration = {"apis": [api("all", route("all", "/*", respond={"body": "hello"}))], "runtime": {"threads": 1}}
    return start(configuration)


@pytest.mark.parametrize("kind", FLOODS)
def test_frames(served, kind):
    """The gateway reads a bounded part of a flood, whatever its size, and says why it stops."""
    small = PREFACE + frame(SETTINGS) + FLOODS[kind](30_000)
    large = small + FLOODS[kind](200_000)[len(FLOODS[kind](0)):] if kind != "rapid reset" else PREFACE + frame(SETTINGS) + rapid_reset(200_000)
    with Honest(served) as honest:
        before, memory = cpu(served.pid), process.memory(served.pid)
        pour(served.address, small)
        until(lambda: served.metrics().total("sluice_http2_floods_total", listener="web") == 1, 10, "the flood is counted")
        first = cpu(served.pid) - before
        with process.Peak(served.pid) as peak:
            for _ in range(5):
                pour(served.address, large)
            until(lambda: served.metrics().total("sluice_http2_floods_total", listener="web") == 6, 10, "the floods are counted")
        each = (cpu(served.pid) - before - first) / 5
    print(f"{kind}: {first * 1000:.0f} ms, then {each * 1000:.0f} ms for each of {len(large) >> 20} MiB; memory {(process.memory(served.pid) - memory) >> 10} KiB, "
          f"at most {peak.growth >> 10} KiB; honest {honest.count}, slowest {honest.slowest * 1000:.0f} ms")
    assert not honest.failed and honest.slowest < limit(2)
    assert each < limit(0.3)
    assert process.SANITIZED or peak.growth < 8 << 20
    assert served.wait_log("too_many_frames") if kind == "rapid reset" else True


# ---- handshakes ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.issue("a.test", kind="rsa")


def over_tls(pair, **tls) -> dict:
    return {"apis": [api("all", route("all", "/*", respond={"body": "hello"}))], "runtime": {"threads": 1},
            "listeners": [{"tls": {"certificates": [pair.settings], **tls}}]}


def handshakes_of(gateway, authority):
    """A new connection for each request."""
    made = ssl.create_default_context(cafile=str(authority.certificate))

    def answers():
        while True:
            with made.wrap_socket(socket.create_connection(gateway.address, timeout=limit(10)), server_hostname="a.test") as tls:
                tls.sendall(b"GET / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n")
                data = b""
                while piece := tls.recv(65536):
                    data += piece
                yield data.endswith(b"hello")

    return answers


def client_hello() -> bytes:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        made.wrap_bio(incoming, outgoing, server_hostname="a.test").do_handshake()
    return outgoing.read()


def many_descriptors(count: int):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most[1] < count:
        pytest.skip(f"only {most[1]} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most[1], most[1]))


@pytest.mark.parametrize("state, most", [("silent", 16), ("half a hello", 64), ("answered", 64)])
def test_half_done_handshakes(start, authority, pair, state, most):
    """Thousands of clients begin and do not go on: each costs memory for `handshakeTimeout`, and next to no time."""
    count = 3000
    many_descriptors(3 * count)
    gateway = start(over_tls(pair, handshakeTimeout="5s"))
    hello = client_hello()
    begin = {"silent": b"", "half a hello": hello[: len(hello) // 2], "answered": hello}[state]
    waiting: list[socket.socket] = []
    with Honest(gateway, handshakes_of(gateway, authority)) as honest:
        memory = gateway.memory()
        for _ in range(count):
            waiting.append(socket.create_connection(gateway.address, timeout=limit(10)))
            waiting[-1].sendall(begin)
        until(lambda: gateway.descriptors() > count, 10, "all are there")
        seen, used = honest.count, cpu(gateway.pid)
        until(lambda: honest.count > seen + 20, 10, "honest handshakes go on")
        each = (gateway.memory() - memory) / count
        if state == "half a hello":
            # To say a little more now and then does not help.
            for byte in hello[len(begin) : len(begin) + 3]:
                for one in waiting:
                    one.send(bytes([byte]))
        until(lambda: gateway.metrics().total("sluice_tls_handshake_timeouts_total", listener="web") >= count, 20, "they time out")
        used = cpu(gateway.pid) - used
    for one in waiting:
        one.close()
    print(f"{state}: {each:.0f} bytes each, {used * 1000:.0f} ms, honest {honest.count}, slowest {honest.slowest * 1000:.0f} ms")
    # Who comes at the same time as three thousand others waits for his turn.
    assert not honest.failed and honest.slowest < limit(5)
    assert process.SANITIZED or each < most << 10
    assert used < limit(6)
    until(lambda: gateway.descriptors() < 100, 10, "nothing is left")


def test_open_connections_come_before_handshakes(start, authority, pair):
    """Clients that make the gateway sign without end do not hold up those that are there."""
    gateway = start(over_tls(pair))
    hello = client_hello()
    made = ssl.create_default_context(cafile=str(authority.certificate))
    done = threading.Event()

    def flood():
        while not done.is_set():
            batch = [socket.create_connection(gateway.address, timeout=limit(10)) for _ in range(50)]
            for one in batch:
                one.sendall(hello)
            for one in batch:
                with contextlib.suppress(OSError):
                    one.recv(1)
                one.close()

    def kept():
        with made.wrap_socket(socket.create_connection(gateway.address, timeout=limit(10)), server_hostname="a.test") as tls:
            while True:
                tls.sendall(b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n")
                data = b""
                while not data.endswith(b"hello"):
                    data += tls.recv(65536)
                yield True

    with Honest(gateway, kept) as honest:
        attackers = [threading.Thread(target=flood, daemon=True) for _ in range(3)]
        for attacker in attackers:
            attacker.start()
        # Those that gave up before the gateway had answered are failures.
        until(lambda: gateway.metrics().total("sluice_connections_accepted_total", listener="web") > 1500, 30, "many handshakes")
        done.set()
        for attacker in attackers:
            attacker.join()
    print(f"honest {honest.count}, slowest {honest.slowest * 1000:.0f} ms")
    assert not honest.failed and honest.slowest < limit(1)
