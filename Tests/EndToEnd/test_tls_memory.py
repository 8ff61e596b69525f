"""An idle WebSocket over TLS: at most 24 KiB more than OpenSSL keeps for its side of the connection."""

import resource
import socket
import ssl
import subprocess
import sys

import pytest

from harness import process
from harness.certificates import Authority
from harness.waiting import limit, until
from harness.websocket import KEY, Acceptor, one_route

COUNT = 1000


def openssl_alone(pair, version: str) -> int:
    result = subprocess.run([sys.executable, process.__file__.replace("process.py", "openssl_memory.py"), pair.certificate, pair.key, version],
                            capture_output=True, text=True, timeout=limit(60))
    assert result.returncode == 0, result.stderr
    return int(result.stdout)


@pytest.mark.skipif(process.SANITIZED, reason="memory is not measured")
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_memory_of_idle_websockets_over_tls(start, tmp_path, version):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most[1] < 5 * COUNT:
        pytest.skip(f"only {most[1]} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most[1], most[1]))
    authority = Authority(tmp_path / "authority")
    pair = authority.issue("a.test")
    own = openssl_alone(pair, version)
    upstream = Acceptor()
    configuration = one_route(upstream)
    configuration["upstreams"][0]["limits"] = {"connections": 2 * COUNT}
    configuration["listeners"] = [{"tls": {"certificates": [pair.settings]}}]
    gateway = start(configuration)
    made = ssl.create_default_context(cafile=str(authority.certificate))
    made.minimum_version = made.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))

    def opened(count):
        for _ in range(count):
            tls = made.wrap_socket(socket.create_connection(gateway.address, timeout=limit(10)), server_hostname="a.test")
            tls.sendall(f"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {KEY}\r\n"
                        "Sec-WebSocket-Version: 13\r\n\r\n".encode())
            assert tls.recv(4096).startswith(b"HTTP/1.1 101")
            yield tls

    # What the first ones need, all share.
    connections = list(opened(100))
    before = gateway.memory()
    connections += opened(COUNT)
    each = (gateway.memory() - before) / COUNT
    print(f"TLS {version}: {each:.0f} bytes for each idle WebSocket, OpenSSL alone {own}")
    assert 2 << 10 < own < 40 << 10, "the comparison is one"
    assert each - own <= 24 << 10
    assert gateway.metrics().total("sluice_tunnels") == COUNT + 100
    for connection in connections:
        connection.close()
    upstream.close()
    until(lambda: gateway.metrics().total("sluice_tunnels") == 0)
