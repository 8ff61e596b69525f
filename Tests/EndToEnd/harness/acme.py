"""A certificate authority that speaks ACME: Let's Encrypt's pebble, with the name server that it asks."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import process
from .certificates import Authority
from .ports import free_port
from .waiting import limit, until


class Pebble:
    """pebble and pebble-challtestsrv. It validates on `http_port` and `tls_port`; every name is 127.0.0.1.

    `validity` is the seconds that certificates live, `nonce_reject` the share of good nonces in percent that are refused.
    """

    def __init__(self, folder, validity: int = 3600, nonce_reject: int = 0, external_accounts: dict | None = None, dns_server: str | None = None,
                 http_port: int | None = None, tls_port: int | None = None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.http_port, self.tls_port = http_port or free_port(), tls_port or free_port()
        self.port, self.management, self.dns_port, self.dns_management = (free_port() for _ in range(4))
        self.authority = Authority(self.folder / "directory")
        pair = self.authority.issue("localhost")
        self.configuration = {
            "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": str(pair.certificate), "privateKey": str(pair.key), "httpPort": self.http_port, "tlsPort": self.tls_port,
            "ocspResponderURL": "", "externalAccountBindingRequired": bool(external_accounts), "certificateValidityPeriod": validity,
        }
        if external_accounts:
            self.configuration["externalAccountMACKeys"] = external_accounts
        self.nonce_reject, self.dns_server = nonce_reject, dns_server
        self.log_file = self.folder / "pebble.log"
        self.processes: list[subprocess.Popen] = []

    def __enter__(self):
        if not self.dns_server:
            self._start("challtestsrv.log", "pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", f"127.0.0.1:{self.dns_port}",
                        "-management", f"127.0.0.1:{self.dns_management}", "-http01", "", "-https01", "", "-tlsalpn01", "")
        self.start()
        return self

    def start(self):
        file = self.folder / "pebble.json"
        file.write_text(json.dumps({"pebble": self.configuration}))
        self.server = self._start("pebble.log", "pebble", "-strict", "-config", file, "-dnsserver", self.dns_server or f"127.0.0.1:{self.dns_port}",
                                  PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT=str(self.nonce_reject))
        until(lambda: self._get(self.port, "/dir"), 20, "pebble answers")

    def stop(self):
        process.end(self.server, 5)

    def __exit__(self, *_):
        for one in self.processes:
            process.end(one, 5)

    def _start(self, log: str, *arguments, **environment) -> subprocess.Popen:
        with open(self.folder / log, "ab") as out:
            started = subprocess.Popen([str(a) for a in arguments], cwd=self.folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=out)
        self.processes.append(started)
        return started

    def _get(self, port: int, path: str) -> bytes:
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        with urllib.request.urlopen(f"https://localhost:{port}{path}", context=context, timeout=limit(5)) as response:
            return response.read()

    # ---- what tests ask of it ------------------------------------------------------------------------------------

    @property
    def issuer(self) -> dict:
        """The settings of an issuer."""
        return {"name": "pebble", "directory": f"https://localhost:{self.port}/dir", "authorities": str(self.authority.certificate), "termsAgreed": True,
                "contact": ["ops@example.test"]}

    def context(self) -> ssl.SSLContext:
        """Trusts what this authority has issued."""
        return ssl.create_default_context(cadata=self._get(self.management, "/roots/0").decode())

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def issued(self) -> int:
        return self.log().count("Issued certificate serial")

    def set_txt(self, record: str, value: str | None):
        """Sets or clears what the name server says to a question for TXT."""
        action, body = ("set-txt", {"host": f"{record}.", "value": value}) if value is not None else ("clear-txt", {"host": f"{record}."})
        request = urllib.request.Request(f"http://127.0.0.1:{self.dns_management}/{action}", data=json.dumps(body).encode(), method="POST")
        urllib.request.urlopen(request, timeout=limit(5)).close()


def shown(context: ssl.SSLContext, port: int, name: str, seconds: float = 10) -> dict:
    """The certificate that a handshake for `name` shows, once it has been verified."""
    with socket.create_connection(("127.0.0.1", port), timeout=limit(seconds)) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
        return tls.getpeercert()


def served(context: ssl.SSLContext, port: int, name: str, seconds: float = 30) -> dict:
    """The certificate for `name`, as soon as there is one."""
    return until(lambda: shown(context, port, name), seconds, f"a certificate for {name}", interval=0.1)


class Spread:
    """A balancer that gives each connection to the next of some ports."""

    def __init__(self, *ports: int):
        self.ports, self.taken = list(ports), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            # Ports of gateways that have ended are left out.
            for _ in self.ports:
                port = self.ports[len(self.taken) % len(self.ports)]
                self.taken.append(port)
                try:
                    server = socket.create_connection(("127.0.0.1", port), timeout=5)
                except OSError:
                    continue
                for a, b in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(a, b), daemon=True).start()
                break
            else:
                client.close()

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()


class RenewalInfo:
    """The directory of a Pebble, with renewal information (RFC 9773), which pebble 2.4 does not have.

    The first certificate that is asked for is to be renewed at once, all others in `window`.
    """

    def __init__(self, pebble: Pebble):
        self.window, self.asked = ("2040-01-01T00:00:00Z", "2040-01-02T00:00:00Z"), []
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(authority.answer(self.path, pebble)).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pebble.configuration["certificate"], pebble.configuration["privateKey"])
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}"

    def answer(self, path: str, pebble: Pebble) -> dict:
        if path == "/dir":
            return {**json.loads(pebble._get(pebble.port, "/dir")), "renewalInfo": f"{self.url}/ari"}
        name = path.removeprefix("/ari/")
        self.asked.append(name)
        start, end = ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z") if name == self.asked[0] else self.window
        return {"suggestedWindow": {"start": start, "end": end}}

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Knot:
    """Knot DNS with the zone `example.test`, whose TXT records may be changed with the key `acme`."""

    secret = "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHMgb2Ygc2x1aWNl"

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()

    def __enter__(self):
        (self.folder / "example.test.zone").write_text(
            "$ORIGIN example.test.\n@ 60 SOA ns hostmaster 1 60 60 3600 60\n@ 60 NS ns\nns 60 A 127.0.0.1\n@ 60 A 127.0.0.1\n* 60 A 127.0.0.1\n")
        (self.folder / "knot.conf").write_text(f"""
server:
    rundir: {self.folder}
    listen: 127.0.0.1@{self.port}
database:
    storage: {self.folder}
log:
  - target: stderr
    any: debug
key:
  - id: acme
    algorithm: hmac-sha256
    secret: {self.secret}
acl:
  - id: update
    action: update
    key: acme
zone:
  - domain: example.test
    storage: {self.folder}
    acl: update
""")
        with open(self.folder / "knot.log", "ab") as out:
            self.process = subprocess.Popen(["/usr/sbin/knotd", "-c", str(self.folder / "knot.conf")], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        until(lambda: socket.create_connection(("127.0.0.1", self.port), timeout=1).close() or True, 20, "knotd listens")
        return self

    def __exit__(self, *_):
        process.end(self.process, 5)


def serial(certificate: dict) -> str:
    return certificate["serialNumber"]

