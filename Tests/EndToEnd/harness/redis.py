"""Real Redis servers: one, one with TLS or users, a cluster of three, a master with a replica and three sentinels."""

from __future__ import annotations

import os
import secrets as randomness
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from . import process
from .pki import Pair
from .ports import free_port
from .waiting import until

SERVER = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(SERVER is None, reason="no redis-server: install the Debian package")


def ask(address: tuple[str, int] | str, *words: str | int, password: str | None = None, seconds: float = 5):
    """One command over a connection of its own; the answer as Python has it, errors raised as ValueError."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        connection.connect(address)
        with connection.makefile("rwb") as file:
            if password:
                _send(file, "AUTH", password)
                _read(file)
            _send(file, *words)
            return _read(file)


def _send(file, *words):
    parts = [str(word).encode() if not isinstance(word, bytes) else word for word in words]
    file.write(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
    file.flush()


def _read(file):
    line = file.readline()
    if not line:
        raise ConnectionError("the server has closed the connection")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise ValueError(rest.decode())
    if kind == b"+":
        return rest.decode()
    if kind == b":":
        return int(rest)
    if kind == b"$":
        if rest == b"-1":
            return None
        data = file.read(int(rest) + 2)
        return data[:-2].decode("utf-8", "replace")
    assert kind == b"*", line
    return None if rest == b"-1" else [_read(file) for _ in range(int(rest))]


class Redis:
    """One server. `directives` are lines of redis.conf: `Redis(folder, "requirepass x", "user …")`."""

    def __init__(self, folder, *directives: str, port: int | None = None, password: str | None = None, tls: tuple[Pair, str] | None = None,
                 sentinel: bool = False):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self.password = port or free_port(), password
        self.tls_port = free_port() if tls else None
        self.socket = str(self.folder / "redis.sock")
        self.sentinel = sentinel
        self.process: subprocess.Popen | None = None
        lines = [f"port {self.port}", "bind 127.0.0.1", f"dir {self.folder}", "save ''" if not sentinel else "", "daemonize no", "protected-mode no",
                 f"logfile {self.folder}/redis.log"]
        if not sentinel:
            lines.append(f"unixsocket {self.socket}")
        if tls:
            pair, authorities = tls
            lines += [f"tls-port {self.tls_port}", f"tls-cert-file {pair.certificate}", f"tls-key-file {pair.key}",
                      f"tls-ca-cert-file {authorities}", "tls-auth-clients no"]
        if password:
            lines.append(f"requirepass {password}")
        self.file = self.folder / "redis.conf"
        self.file.write_text("\n".join([*lines, *directives]) + "\n")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> Redis:
        command = [SERVER, str(self.file), *(["--sentinel"] if self.sentinel else [])]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        until(lambda: self.cli("PING") == "PONG", 10, f"redis-server answers on {self.port}")
        return self

    def __enter__(self) -> Redis:
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def cli(self, *words: str | int):
        return ask(("127.0.0.1", self.port), *words, password=self.password)

    def info(self, section: str = "stats") -> dict[str, str]:
        return dict(line.split(":", 1) for line in self.cli("INFO", section).splitlines() if ":" in line)

    def clients(self, name: str = "sluice") -> list[dict[str, str]]:
        """Connections of clients of that name."""
        found = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in self.cli("CLIENT", "LIST").splitlines()]
        return [client for client in found if client.get("name") == name]

    # ---- faults ----------------------------------------------------------------------------------------------------

    def freeze(self):
        """The process stops to run; its connections stay, and the kernel accepts more."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.thaw()
            process.end(self.process, 5)


class Cluster:
    """Nodes that share the slots; with `replicas`, each master has so many."""

    def __init__(self, folder, masters: int = 3, replicas: int = 0, *directives: str):
        self.masters, self.replicas = masters, replicas
        self.buses = [free_port() for _ in range(masters * (1 + replicas))]
        self.nodes = [Redis(Path(folder) / f"node{i}", "cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-node-timeout 1000",
                            f"cluster-port {bus}", "cluster-allow-replica-migration no", *directives) for i, bus in enumerate(self.buses)]

    @property
    def servers(self) -> list[str]:
        return [node.address for node in self.nodes]

    def __enter__(self) -> Cluster:
        for node in self.nodes:
            node.start()
        self._slots()
        first = self.nodes[0]
        for node, bus in zip(self.nodes[1:], self.buses[1:]):
            first.cli("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        until(lambda: all(node.cli("CLUSTER", "INFO").count(f"cluster_known_nodes:{len(self.nodes)}") for node in self.nodes), 20, "the nodes know each other")
        for i, node in enumerate(self.nodes[self.masters:]):
            master = self.nodes[i % self.masters].cli("CLUSTER", "MYID")
            until(lambda: node.cli("CLUSTER", "REPLICATE", master) == "OK", 10, "a replica follows")
        until(lambda: all("cluster_state:ok" in node.cli("CLUSTER", "INFO") for node in self.nodes), 20, "the cluster is ready")
        return self

    def _slots(self):
        share = 16384 // self.masters
        for i, node in enumerate(self.nodes[: self.masters]):
            last = 16383 if i == self.masters - 1 else (i + 1) * share - 1
            node.cli("CLUSTER", "ADDSLOTSRANGE", i * share, last)

    def __exit__(self, *_):
        for node in self.nodes:
            node.stop()

    def node_of(self, key: str) -> Redis:
        """The master that has the key."""
        slot = self.nodes[0].cli("CLUSTER", "KEYSLOT", key)
        for first, last, master, *_ in self.nodes[-1].cli("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(node for node in self.nodes if node.port == master[1])
        raise LookupError(key)


class Sentinels:
    """A master and a replica, and three sentinels that watch them as `name`."""

    def __init__(self, folder, name: str = "mymaster", down_after: int = 500):
        self.name = name
        self.master = Redis(Path(folder) / "a")
        self.replica = Redis(Path(folder) / "b", f"replicaof 127.0.0.1 {self.master.port}", "replica-serve-stale-data yes", "repl-diskless-sync-delay 0")
        # What they would find out in some seconds they are told.
        known = [(free_port(), randomness.token_hex(20)) for _ in range(3)]
        self.sentinels = [
            Redis(Path(folder) / f"s{i}", f"sentinel myid {own}", f"sentinel monitor {name} 127.0.0.1 {self.master.port} 2",
                  f"sentinel down-after-milliseconds {name} {down_after}", f"sentinel failover-timeout {name} 5000",
                  f"sentinel known-replica {name} 127.0.0.1 {self.replica.port}",
                  *(f"sentinel known-sentinel {name} 127.0.0.1 {other} {identity}" for other, identity in known if other != port),
                  port=port, sentinel=True) for i, (port, own) in enumerate(known)
        ]

    @property
    def servers(self) -> list[str]:
        return [sentinel.address for sentinel in self.sentinels]

    @property
    def master_port(self) -> int:
        """As the first sentinel that answers says."""
        for sentinel in self.sentinels:
            if sentinel.process.poll() is None:
                return int(sentinel.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.name)[1])
        raise LookupError("no sentinel runs")

    def server(self, port: int) -> Redis:
        return next(server for server in (self.master, self.replica) if server.port == port)

    def __enter__(self) -> Sentinels:
        self.master.start()
        self.replica.start()
        until(lambda: self.replica.info("replication").get("master_link_status") == "up", 20, "the replica is in step")
        for sentinel in self.sentinels:
            sentinel.start()
        until(self._is_complete, 30, "the sentinels know each other and the replica")
        return self

    def _is_complete(self) -> bool:
        for sentinel in self.sentinels:
            facts = sentinel.cli("SENTINEL", "MASTER", self.name)
            state = dict(zip(facts[::2], facts[1::2]))
            if state["num-other-sentinels"] != "2" or state["num-slaves"] != "1":
                return False
        return True

    def __exit__(self, *_):
        for server in [*self.sentinels, self.replica, self.master]:
            server.stop()

    def fail_over(self):
        """Kills the master, and waits until the sentinels have made another one."""
        old = self.master_port
        self.server(old).kill()
        until(lambda: self.master_port != old, 30, "the sentinels have chosen another master")
