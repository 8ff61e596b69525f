"""The server that gateways count together on: how it is reached, and what its faults look like from outside."""

import socket
import threading
import time

import pytest

from harness.configuration import api, route
from harness.pki import Authority
from harness.ports import free_port
from harness.redis import Cluster, Redis, Sentinels, needs_redis
from harness.secrets import fresh
from harness.waiting import until

pytestmark = needs_redis

LOOPS = 2
#: One connection for each event loop, and one for work in the background.
CONNECTIONS = LOOPS + 1


def configuration(redis, **more) -> dict:
    return {"runtime": {"threads": LOOPS}, "apis": [api("a", route("r", "/*", respond={"status": 200, "body": "ok"}))], "state": {"redis": redis}, **more}


def servers(gateway) -> dict[str, dict]:
    return {server["server"]: server for server in gateway.status()["state"]["redis"]}


def connected(gateway, server: str):
    until(lambda: servers(gateway)[server]["connections"] == LOOPS, 10, f"all loops reach {server}")


def failure(gateway, server: str) -> str:
    """Why the server is not reached."""
    until(lambda: servers(gateway)[server]["connections"] == 0 and servers(gateway)[server]["breakersOpen"] == LOOPS, 10, f"{server} is given up")
    assert gateway.get("/").status == 200
    return servers(gateway)[server]["lastError"]


@pytest.fixture
def redis(tmp_path):
    with Redis(tmp_path / "redis") as server:
        yield server


# ---- connections -------------------------------------------------------------------------------------------------------


def test_each_loop_has_a_connection(start, redis):
    gateway = start(configuration(redis.url))
    connected(gateway, redis.address)
    until(lambda: len(redis.clients()) == CONNECTIONS, 5, "the server knows them by name")
    assert {client["resp"] for client in redis.clients()} == {"3"}
    metrics = gateway.metrics()
    assert metrics.values("sluice_store_connections", store="redis", server=redis.address) == [LOOPS]
    assert metrics.values("sluice_store_breakers_open", store="redis", server=redis.address) == [0]
    assert metrics.values("sluice_store_connections_made_total", store="redis") == [LOOPS]


def test_connections_survive_reloads(start, redis):
    gateway = start(configuration(redis.url))
    until(lambda: len(redis.clients()) == CONNECTIONS, 5, "connected")
    before = {client["id"] for client in redis.clients()}
    gateway.reload(configuration(redis.url, policies=[{"headers": {"response": {"set": {"x-new": "1"}}}}]))
    assert gateway.get("/")["x-new"] == "1"
    assert {client["id"] for client in redis.clients()} == before
    # Other settings are other connections; none at all end them.
    gateway.reload(configuration({"url": redis.url, "timeout": "80ms"}))
    until(lambda: len(redis.clients()) == CONNECTIONS and not {client["id"] for client in redis.clients()} & before, 5, "connected anew")
    plain = configuration(redis.url)
    del plain["state"]
    gateway.reload(plain)
    until(lambda: not redis.clients(), 5, "nobody is connected")
    assert gateway.status()["state"]["redis"] == []


def test_users_databases_and_tls(start, tmp_path):
    password = fresh("redis")
    authority = Authority(tmp_path / "ca")
    tls = authority.issue("DNS:localhost", "IP:127.0.0.1"), authority.file
    with Redis(tmp_path / "redis", f"user gateway on >{password} ~sluice:* +@all -@admin -@dangerous +role", tls=tls) as server:
        address = f"localhost:{server.tls_port}"
        gateway = start(configuration({"url": f"rediss://gateway:{password}@{address}/3", "tls": {"authorities": authority.file}}))
        connected(gateway, address)
        until(lambda: [(c["user"], c["db"]) for c in server.clients()] == [("gateway", "3")] * CONNECTIONS, 5, "the user and the database are those asked for")
        # Somebody else's authority.
        other = start(configuration({"url": f"rediss://gateway:{password}@{address}/3", "tls": {"authorities": Authority(tmp_path / "other").file}}))
        assert "certificate can't be trusted" in failure(other, address)


def test_a_socket_of_the_file_system(start, redis):
    gateway = start(configuration(f"unix:{redis.socket}"))
    connected(gateway, f"unix:{redis.socket}")


def test_a_server_without_hello(start, tmp_path):
    """As before Redis 6: it repeats the arguments of what it does not know, and a password is among them."""
    password = fresh("redis")
    with Redis(tmp_path / "redis", 'rename-command HELLO ""', password=password) as server:
        gateway = start(configuration({"url": server.url, "password": password}))
        connected(gateway, server.address)
        until(lambda: [c["resp"] for c in server.clients()] == ["2"] * CONNECTIONS, 5, "RESP2 is spoken")


# ---- faults ------------------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_put_right(start, tmp_path):
    right, wrong = fresh("right"), fresh("wrong")
    with Redis(tmp_path / "redis", f"user gateway on >{right} ~* +@all") as server:
        gateway = start(configuration({"url": server.url, "username": "gateway", "password": wrong}))
        assert "WRONGPASS" in failure(gateway, server.address)
        server.cli("ACL", "SETUSER", "gateway", f">{wrong}")
        connected(gateway, server.address)


def test_a_killed_server_comes_back(start, tmp_path):
    with Redis(tmp_path / "redis") as server:
        gateway = start(configuration(server.url))
        connected(gateway, server.address)
        server.kill()
        assert "127.0.0.1" in failure(gateway, server.address)
        assert gateway.metrics().total("sluice_store_breakers_open") == LOOPS
        assert gateway.metrics().total("sluice_store_connections_lost_total") == LOOPS
        server.start()
        connected(gateway, server.address)
        assert gateway.metrics().total("sluice_store_breakers_open") == 0


def test_a_frozen_server_is_noticed_without_traffic(start, redis):
    """Frozen before the gateway starts: its kernel takes the connections, and nobody answers."""
    redis.freeze()
    gateway = start(configuration({"url": redis.url, "connectTimeout": "200ms"}))
    assert "no connection to" in failure(gateway, redis.address)
    redis.thaw()
    connected(gateway, redis.address)


def test_a_server_that_speaks_another_protocol(start):
    with socket.create_server(("127.0.0.1", free_port())) as listener:

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1024)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = "127.0.0.1:%d" % listener.getsockname()[1]
        gateway = start(configuration(f"redis://{address}"))
        assert "a reply begins with a byte that begins none" in failure(gateway, address)
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_a_name_without_an_address(start):
    gateway = start(configuration("redis://no-such-host.invalid"))
    assert "has no address" in failure(gateway, "no-such-host.invalid:6379")


# ---- several servers ---------------------------------------------------------------------------------------------------


def test_all_nodes_of_a_cluster_are_reached(start, tmp_path):
    with Cluster(tmp_path / "cluster") as cluster:
        # One is named, the others are found.
        gateway = start(configuration({"cluster": cluster.servers[:1]}))
        until(lambda: len(servers(gateway)) == 3, 5, "three nodes are known")
        for server in cluster.servers:
            connected(gateway, server)
        assert all(len(node.clients()) == CONNECTIONS for node in cluster.nodes)
        lost = cluster.nodes[1]
        lost.kill()
        failure(gateway, lost.address)
        assert [servers(gateway)[node.address]["connections"] for node in (cluster.nodes[0], cluster.nodes[2])] == [LOOPS, LOOPS]
        lost.start()
        connected(gateway, lost.address)


def test_a_failover_is_followed(start, tmp_path):
    with Sentinels(tmp_path / "sentinels") as sentinels:
        gateway = start(configuration({"sentinel": {"master": sentinels.name, "servers": sentinels.servers}}))
        connected(gateway, sentinels.master.address)
        sentinels.fail_over()
        connected(gateway, sentinels.replica.address)
        assert list(servers(gateway)) == [sentinels.replica.address]
        # The sentinel that is listened to goes as well.
        sentinels.sentinels[0].kill()
        assert gateway.get("/").status == 200
        connected(gateway, sentinels.replica.address)


# ---- under load --------------------------------------------------------------------------------------------------------


def test_a_frozen_server_is_waited_for_once(start, redis):
    """Each connection waits for the time-out once at most; then nobody waits until the server answers again."""
    connections, times, stop = 8, [], threading.Event()
    limit = {"rate-limit": {"limit": 1_000_000, "window": "1h", "by": "ip", "onStoreFailure": "allow"}}
    gateway = start(configuration(redis.url, policies=[limit]))
    connected(gateway, redis.address)

    def ask():
        with gateway.connect() as connection:
            while not stop.is_set():
                began = time.monotonic()
                status = connection.get("/").status
                times.append((began, time.monotonic() - began, status))

    threads = [threading.Thread(target=ask) for _ in range(connections)]
    for thread in threads:
        thread.start()
    until(lambda: gateway.metrics().total("sluice_store_commands_total") > 200, 10, "decisions are made on the server")
    frozen = time.monotonic()
    redis.freeze()
    until(lambda: gateway.metrics().total("sluice_store_breakers_open") == LOOPS, 10, "the breakers are open")
    opened = time.monotonic()
    until(lambda: sum(began > opened for began, _, _ in times) > 500, 20, "requests go on")
    thawed = time.monotonic()
    redis.thaw()
    connected(gateway, redis.address)
    stop.set()
    for thread in threads:
        thread.join()
    assert {status for _, _, status in times} == {200}
    waited = [took for began, took, _ in times if frozen - 0.1 < began < thawed and took > 0.04]
    assert len(waited) <= connections, sorted(waited)
    assert gateway.metrics().total("sluice_store_breaker_openings_total") == LOOPS
