"""Automatic certificates: gateways against Let's Encrypt's test authority, pebble."""

import base64
import calendar
import json
import signal
import socket
import ssl
import stat
import subprocess
import threading
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.acme import Knot, Pebble, RenewalInfo, Spread, serial, served, shown
from harness.configuration import api, route
from harness.gateway import Gateway, command
from harness.ports import free_port
from harness.waiting import limit, until

HELLO = [api("all", route("all", "/*", respond={"body": "hello"}))]
REDIRECT = [api("all", route("all", "/*", redirect={"to": "https://www.example.test/{**}", "status": 308}))]


class Replica:
    """A gateway with a plain and a secure listener."""

    def __init__(self, folder, store, issuer: dict, http_port: int = 0, tls_port: int = 0, apis=None, on_demand: dict | None = None, **tls):
        self.http_port, self.tls_port = http_port or free_port(), tls_port or free_port()
        self.acme = {"store": str(store), "issuers": [issuer], **({"onDemand": on_demand} if on_demand else {})}
        self.apis = apis or HELLO
        self.gateway = Gateway(folder, self.configuration(**tls))

    def configuration(self, **tls) -> dict:
        return {
            "listeners": [{"address": f"127.0.0.1:{self.http_port}"}, {"name": "secure", "address": f"127.0.0.1:{self.tls_port}", "tls": tls}],
            "acme": self.acme, "apis": self.apis,
        }

    def __enter__(self):
        self.gateway.__enter__()
        return self

    def __exit__(self, *error):
        self.gateway.__exit__(*error)

    def certificates(self) -> dict:
        response = self.gateway.admin("/api/v1/certificates")
        assert response.status == 200, response
        return json.loads(response.body)

    def only(self) -> dict:
        (one,) = self.certificates()["certificates"]
        return one


def names(*all_names: str, **more) -> dict:
    return {"certificates": [{"names": list(all_names), **more}]}


@pytest.fixture(scope="session")
def pebble(tmp_path_factory):
    with Pebble(tmp_path_factory.mktemp("pebble")) as server:
        yield server


def alone(tmp_path, pebble, apis=None, issuer: dict | None = None, on_demand=None, **tls) -> Replica:
    """One gateway, where the authority looks."""
    return Replica(tmp_path / "gateway", tmp_path / "store", {**pebble.issuer, **(issuer or {})}, pebble.http_port, pebble.tls_port, apis, on_demand, **tls)


# ---- one gateway ---------------------------------------------------------------------------------------------------


def test_http_01(tmp_path, pebble):
    """Requests for tokens are answered in front of the route that takes everything."""
    with alone(tmp_path, pebble, REDIRECT, **names("www.example.test", "example.test")) as replica:
        certificate = served(pebble.context(), replica.tls_port, "example.test")
        assert {name for _, name in certificate["subjectAltName"]} == {"www.example.test", "example.test"}
        one = replica.only()
        assert one["names"] == ["www.example.test", "example.test"] and one["issuer"] == "pebble" and one["failures"] == 0
        assert one["expires"] == pytest.approx(time.time() + 3600, abs=60)
        assert time.time() + 2200 < one["renewal"] < time.time() + 2600
        assert replica.gateway.status()["certificates"] == {"automatic": 1, "failing": 0, "leader": True}
        labels = {"certificate": "www.example.test", "issuer": "pebble"}
        metrics = replica.gateway.metrics()
        assert metrics.total("sluice_certificate_expiry_timestamp_seconds", **labels) == one["expires"]
        assert metrics.total("sluice_certificate_leader") == 1
        # A token of nobody's takes the route like every other path.
        with socket.create_connection(("127.0.0.1", replica.http_port), timeout=limit(5)) as plain:
            plain.sendall(b"GET /.well-known/acme-challenge/nobodys HTTP/1.1\r\nhost: x.test\r\n\r\n")
            assert plain.recv(4096).startswith(b"HTTP/1.1 308 ")
        listed = command("certificates", "--config", replica.gateway.file)
        assert listed.returncode == 0 and "www.example.test, example.test  pebble" in listed.stdout
        told = command("certificates", "--config", replica.gateway.file, "--format", "json")
        assert json.loads(told.stdout)["certificates"][0]["serial"].lower() == serial(certificate).lower()


def test_files_are_for_the_owner_alone(tmp_path, pebble):
    with alone(tmp_path, pebble, **names("files.example.test")) as replica:
        served(pebble.context(), replica.tls_port, "files.example.test")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "store").rglob("*")}
    assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items()), modes
    left = [path for path in modes if "challenges" in path.parts and path.is_file()]
    assert left == [], "challenges are taken away again"
    # The lease is given back at the end, so that the next gateway need not wait for it.
    assert json.loads((tmp_path / "store" / "leader").read_text())["holder"] == ""


def test_serves_at_once_after_a_restart(tmp_path, pebble):
    with alone(tmp_path, pebble, **names("restart.example.test")) as replica:
        first = served(pebble.context(), replica.tls_port, "restart.example.test")
    issued = pebble.issued
    context = pebble.context()
    with alone(tmp_path, pebble, issuer={"directory": f"https://localhost:{free_port()}/dir"}, **names("restart.example.test")) as replica:
        assert serial(shown(context, replica.tls_port, "restart.example.test")) == serial(first)
    assert pebble.issued == issued


def test_tls_alpn_01_and_rsa(tmp_path, pebble):
    with alone(tmp_path, pebble, issuer={"challenge": "tls-alpn-01", "keyType": "rsa2048"}, **names("alpn.example.test")) as replica:
        served(pebble.context(), replica.tls_port, "alpn.example.test")
        (key,) = (tmp_path / "store" / "certificates").glob("*/*.key")
        assert len(key.read_text()) > 1500, "a key of RSA"
        # Nobody is validated any more.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["acme-tls/1"])

        def refused():
            try:
                shown(context, replica.tls_port, "alpn.example.test")
            except ssl.SSLError:
                return True

        until(refused, 10, "no certificate for validations", 0.2)


def test_every_host_of_an_api(tmp_path, pebble):
    apis = [api("a", route("a", "/*", respond={"body": "a"}), hosts=["a.example.test", "localhost", "*.wild.example.test"]),
            api("b", route("b", "/*", respond={"body": "b"}), hosts=["b.example.test"])]
    with alone(tmp_path, pebble, apis, automatic=True) as replica:
        for name in ("a.example.test", "b.example.test"):
            assert served(pebble.context(), replica.tls_port, name)["subjectAltName"] == (("DNS", name),)
        assert [one["names"] for one in replica.certificates()["certificates"]] == [["a.example.test"], ["b.example.test"]]


def test_refuses_names_without_certificate(tmp_path, pebble):
    with alone(tmp_path, pebble, **names("known.example.test")) as replica:
        context = pebble.context()
        served(context, replica.tls_port, "known.example.test")
        with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
            shown(context, replica.tls_port, "unknown.example.test")
        # Who names no host gets the first one, as with files.
        context.check_hostname = False
        assert shown(context, replica.tls_port, None)["subjectAltName"] == (("DNS", "known.example.test"),)


def test_certificates_of_files_stay(tmp_path, pebble):
    """An automatic name beside a certificate of a file, which is the fallback; names are added without a restart."""
    pair = pebble.authority.issue("file.example.test")
    own = ssl.create_default_context(cafile=str(pebble.authority.certificate))
    with alone(tmp_path, pebble, certificates=[pair.settings, {"names": ["auto.example.test"]}]) as replica:
        served(pebble.context(), replica.tls_port, "auto.example.test")
        shown(own, replica.tls_port, "file.example.test")
        full = replica.configuration(certificates=[pair.settings, {"names": ["auto.example.test"]}, {"names": ["more.example.test"], "acme": "pebble"}])
        replica.gateway.reload(full)
        served(pebble.context(), replica.tls_port, "more.example.test")
        replica.gateway.reload(replica.configuration(certificates=[pair.settings]))
        with pytest.raises(ssl.SSLError):
            shown(pebble.context(), replica.tls_port, "auto.example.test")


def test_survives_refused_nonces(tmp_path):
    with Pebble(tmp_path / "pebble", nonce_reject=60) as pebble, alone(tmp_path, pebble, **names("nonce.example.test")) as replica:
        served(pebble.context(), replica.tls_port, "nonce.example.test", 60)
        assert "sending a badNonce" in pebble.log() or "nonce" in pebble.log().lower()
        assert replica.only()["failures"] == 0


def test_external_account(tmp_path):
    key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    with Pebble(tmp_path / "pebble", external_accounts={"kid-1": key}) as pebble:
        bound = {"externalAccount": {"keyId": "kid-1", "macKey": key}}
        with alone(tmp_path, pebble, issuer=bound, **names("eab.example.test")) as replica:
            served(pebble.context(), replica.tls_port, "eab.example.test")
        with alone(tmp_path / "without", pebble, **names("eab.example.test")) as replica:
            until(lambda: "externalAccount" in (replica.only()["lastError"] or ""), 20, "says what is missing")


def test_renews_when_the_authority_says_so(tmp_path, pebble):
    """RFC 9773: the first certificate is to be renewed at once, the second one in a window."""
    with RenewalInfo(pebble) as authority:
        with alone(tmp_path, pebble, issuer={"directory": f"{authority.url}/dir"}, **names("ari.example.test")) as replica:
            start, end = (calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) for text in authority.window)
            one = until(lambda: (c := replica.only())["renewal"] and start <= c["renewal"] <= end and c, 30, "the second one, and its window")
            first, second = authority.asked
            number = base64.urlsafe_b64decode(second.split(".")[1] + "==")
            assert first != second and int.from_bytes(number, "big") == int(one["serial"], 16)
            assert one["failures"] == 0


def test_another_contact(tmp_path, pebble):
    """The account goes on, and its server is told."""
    with alone(tmp_path, pebble, **names("contact.example.test")) as replica:
        served(pebble.context(), replica.tls_port, "contact.example.test")
        (file,) = (tmp_path / "store" / "issuers").glob("*/account.json")
        before = json.loads(file.read_text())
        replica.acme["issuers"][0]["contact"] = ["other@example.test"]
        replica.gateway.reload(replica.configuration(**names("contact2.example.test")))
        served(pebble.context(), replica.tls_port, "contact2.example.test")
        assert json.loads(file.read_text()) == {**before, "contact": ["mailto:other@example.test"]}


def test_a_store_that_can_not_be_written(tmp_path, pebble):
    (tmp_path / "file").write_text("")
    replica = Replica(tmp_path / "gateway", tmp_path / "file" / "store", pebble.issuer, **names("a.example.test"))
    with replica:
        until(lambda: "the store of certificates: can't make" in replica.gateway.stderr(), 10, "it is told")
        assert replica.gateway.stderr().count("the store of certificates") == 1
        with pytest.raises(ssl.SSLError):
            shown(pebble.context(), replica.tls_port, "a.example.test")


def test_metrics_and_errors_of_failures(tmp_path):
    with Pebble(tmp_path / "pebble") as pebble:
        replica = Replica(tmp_path / "gateway", tmp_path / "store", pebble.issuer, **names("lost.example.test"))
        with replica:
            one = until(lambda: (c := replica.only())["failures"] and c, 30, "a failure is told")
            assert "lost.example.test" in one["lastError"] and "connection" in one["lastError"].lower()
            assert one["expires"] is None and time.time() < one["retry"] < time.time() + 60
            listed = command("certificates", "--config", replica.gateway.file)
            assert listed.returncode == 1 and "error: the authority refuses" in listed.stdout and "none yet" in listed.stdout
            assert replica.gateway.metrics().total("sluice_certificate_failures", certificate="lost.example.test", issuer="pebble") >= 1
            assert "no certificate: the authority refuses" in replica.gateway.stderr()


# ---- several gateways ------------------------------------------------------------------------------------------------


class Fleet:
    """Three gateways on one store; the authority's requests go to each in turn."""

    def __init__(self, tmp_path, stack: ExitStack, challenge: str, validity: int = 3600, **tls):
        ports = [(free_port(), free_port()) for _ in range(3)]
        self.http = stack.enter_context(Spread(*[http for http, _ in ports]))
        self.tls = stack.enter_context(Spread(*[tls for _, tls in ports]))
        self.pebble = stack.enter_context(Pebble(tmp_path / "pebble", validity=validity, http_port=self.http.port, tls_port=self.tls.port))
        self.store = tmp_path / "store"
        issuer = {**self.pebble.issuer, "challenge": challenge}
        self.replicas = [Replica(tmp_path / f"gateway-{i}", self.store, issuer, *pair, **tls) for i, pair in enumerate(ports)]
        for replica in self.replicas:
            stack.enter_context(replica)

    def leader(self) -> Replica:
        (one,) = [replica for replica in self.replicas if replica.certificates()["leader"]]
        return one


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_one_asks_and_all_answer(tmp_path, challenge):
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, stack, challenge, **names("fleet.example.test"))
        context = fleet.pebble.context()
        serials = {serial(served(context, replica.tls_port, "fleet.example.test")) for replica in fleet.replicas}
        assert len(serials) == 1 and fleet.pebble.issued == 1
        fleet.leader()
        asked = set(fleet.http.taken if challenge == "http-01" else fleet.tls.taken)
        assert len(asked) == 3, "pebble validates three times: each gateway has answered once"


def test_renews_and_another_takes_over(tmp_path):
    """Certificates of 30 s: renewed after two thirds, by the others when the leader is killed; no handshake fails meanwhile."""
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, stack, "http-01", validity=30, **names("renewed.example.test"))
        context = fleet.pebble.context()
        for replica in fleet.replicas:
            first = serial(served(context, replica.tls_port, "renewed.example.test"))
        for replica in fleet.replicas:
            second = until(lambda: (s := serial(shown(context, replica.tls_port, "renewed.example.test"))) != first and s, 40, "a renewed one", 0.2)
        assert fleet.pebble.issued == 2
        leader = fleet.leader()
        leader.gateway.signal(signal.SIGKILL)
        leader.gateway.process.wait()
        leader.gateway.process.returncode = 0
        fleet.replicas.remove(leader)
        for replica in fleet.replicas:
            until(lambda: serial(shown(context, replica.tls_port, "renewed.example.test")) not in (first, second), 60, "renewed by another", 0.2)
        fleet.leader()


# ---- DNS-01 ----------------------------------------------------------------------------------------------------------


def dns(**provider) -> dict:
    return {"challenge": "dns-01", "dns": {"propagation": "0s", **provider}}


def test_dns_01_by_a_program(tmp_path, pebble):
    program, calls = tmp_path / "set-txt", tmp_path / "calls"
    program.write_text(f"""#!/bin/sh
set -e
echo "$@ $SLUICE_ACME_ACTION $SLUICE_ACME_NAME $SLUICE_ACME_RECORD $SLUICE_ACME_VALUE" >> {calls}
[ "$1" = cleanup ] && exec curl -sf -d "{{\\"host\\":\\"$2.\\"}}" http://127.0.0.1:{pebble.dns_management}/clear-txt
exec curl -sf -d "{{\\"host\\":\\"$2.\\",\\"value\\":\\"$3\\"}}" http://127.0.0.1:{pebble.dns_management}/set-txt
""")
    program.chmod(0o700)
    with alone(tmp_path, pebble, issuer=dns(exec=str(program)), **names("*.program.example.test")) as replica:
        served(pebble.context(), replica.tls_port, "any.program.example.test")
    present, cleanup = [line.split() for line in calls.read_text().splitlines()]
    record = "_acme-challenge.program.example.test"
    assert present == ["present", record, present[2], "present", "program.example.test", record, present[2]] and len(present[2]) == 43
    assert cleanup == ["cleanup", record, present[2], "cleanup", "program.example.test", record, present[2]]


def test_a_program_that_fails(tmp_path, pebble):
    program = tmp_path / "fails"
    program.write_text("#!/bin/sh\necho no such zone >&2\nexit 3\n")
    program.chmod(0o700)
    with alone(tmp_path, pebble, issuer=dns(exec=str(program)), **names("fails.example.test")) as replica:
        error = until(lambda: replica.only()["lastError"], 20, "the error is told")
        assert "present ends with 3: no such zone" in error


def test_dns_01_by_a_webhook(tmp_path, pebble):
    calls = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            calls.append((self.headers["authorization"], body))
            pebble.set_txt(body["record"], body["value"] if body["action"] == "present" else None)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    webhook = {"url": f"http://127.0.0.1:{server.server_port}/dns", "token": "${env:TOKEN}"}
    replica = alone(tmp_path, pebble, issuer=dns(webhook=webhook), **names("hook.example.test"))
    replica.gateway.env = {"TOKEN": "s3cret"}
    with replica:
        served(pebble.context(), replica.tls_port, "hook.example.test")
        assert "s3cret" not in replica.gateway.stderr()
    server.shutdown()
    assert [(token, body["action"], body["name"]) for token, body in calls] == [
        ("Bearer s3cret", "present", "hook.example.test"), ("Bearer s3cret", "cleanup", "hook.example.test")]


@pytest.mark.parametrize("zone", [{"zone": "example.test"}, {}], ids=["zone", "asked"])
def test_dns_01_by_updates(tmp_path, zone):
    """RFC 2136 against Knot DNS, which is also what the authority asks: a name and its wildcard share one record."""
    with Knot(tmp_path / "knot") as knot, Pebble(tmp_path / "pebble", dns_server=f"127.0.0.1:{knot.port}") as pebble:
        update = {"server": f"127.0.0.1:{knot.port}", "key": {"name": "acme", "secret": Knot.secret}, **zone}
        with alone(tmp_path, pebble, issuer=dns(rfc2136=update), **names("updates.example.test", "*.updates.example.test")) as replica:
            served(pebble.context(), replica.tls_port, "any.updates.example.test")
            served(pebble.context(), replica.tls_port, "updates.example.test")
            assert replica.only()["failures"] == 0


def test_updates_with_a_wrong_key(tmp_path):
    with Knot(tmp_path / "knot") as knot, Pebble(tmp_path / "pebble", dns_server=f"127.0.0.1:{knot.port}") as pebble:
        update = {"server": f"127.0.0.1:{knot.port}", "key": {"name": "acme", "secret": "d3Jvbmc="}}
        with alone(tmp_path, pebble, issuer=dns(rfc2136=update), **names("wrong.example.test")) as replica:
            error = until(lambda: replica.only()["lastError"], 20, "the error is told")
            assert "refuses the update: NOTAUTH" in error


# ---- on demand ---------------------------------------------------------------------------------------------------------


def test_on_demand(tmp_path, pebble):
    """The handshake that asks for a name waits until the certificate is there; names that no rule allows are refused."""
    with alone(tmp_path, pebble, on_demand={"allow": ["*.shop.example.test"]}, automatic=True) as replica:
        context = pebble.context()
        assert shown(context, replica.tls_port, "one.shop.example.test", 30)["subjectAltName"] == (("DNS", "one.shop.example.test"),)
        began = time.monotonic()
        for name in ("one.other.example.test", "shop.example.test"):
            with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
                shown(context, replica.tls_port, name)
        assert time.monotonic() - began < limit(2), "refused at once"
        # A name becomes the name of a file only when it is one of a host.
        client = ["openssl", "s_client", "-connect", f"127.0.0.1:{replica.tls_port}", "-servername", "../x.shop.example.test"]
        assert b"unrecognized name" in subprocess.run(client, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit(20)).stderr
        assert replica.only()["onDemand"]


def test_on_demand_asks_and_cools_down(tmp_path, pebble):
    asked = []

    class Ask(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if "good" in self.path else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ask)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ask = {"ask": f"http://127.0.0.1:{server.server_port}/may?x=1"}
    with alone(tmp_path, pebble, on_demand=ask, automatic=True) as replica:
        context = pebble.context()
        shown(context, replica.tls_port, "good.example.test", 30)
        for _ in range(3):
            with pytest.raises(ssl.SSLError):
                shown(context, replica.tls_port, "evil.example.test")
    server.shutdown()
    assert asked.count("/may?x=1&domain=evil.example.test") == 1, "refused from memory afterwards"
    assert "/may?x=1&domain=good.example.test" in asked


def test_on_demand_has_a_limit(tmp_path, pebble):
    """Names beyond it are refused at once, and nothing of them is kept."""
    with alone(tmp_path, pebble, on_demand={"allow": ["*.example.test"], "limit": 1}, automatic=True) as replica:
        context = pebble.context()
        shown(context, replica.tls_port, "within.example.test", 30)
        for i in range(3):
            with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
                shown(context, replica.tls_port, f"beyond{i}.example.test", 5)
        assert replica.gateway.stderr().count("acme.onDemand.limit is reached") == 1
        assert replica.only()["names"] == ["within.example.test"]
        assert len(list((tmp_path / "store" / "certificates").iterdir())) == 1


def test_a_failed_name_on_demand_is_tried_when_somebody_asks_again(tmp_path):
    with Pebble(tmp_path / "pebble") as pebble:
        replica = Replica(tmp_path / "gateway", tmp_path / "store", pebble.issuer, on_demand={"allow": ["*.example.test"]}, automatic=True)
        with replica:
            with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
                shown(pebble.context(), replica.tls_port, "lost.example.test", 30)
            one = replica.only()
            assert one["failures"] == 1 and one["onDemand"]
            # Once the time of the next try is over, and a second more.
            until(lambda: time.time() > one["retry"] + 2, 30, "the time of the next try", 0.2)
            assert replica.only()["failures"] == 1, "not tried by itself"
            with pytest.raises(ssl.SSLError):
                shown(pebble.context(), replica.tls_port, "lost.example.test", 30)
            until(lambda: replica.only()["failures"] == 2, 10, "tried again")


def test_handshakes_that_wait_hold_up_nobody(tmp_path):
    """An authority that never answers: whoever waits is let go after the time-out, others are served meanwhile."""
    silent = socket.create_server(("127.0.0.1", 0), backlog=64)
    issuer = {"name": "silent", "directory": f"http://127.0.0.1:{silent.getsockname()[1]}/dir", "termsAgreed": True}
    tls = {"automatic": True, "handshakeTimeout": "2s"}
    replica = Replica(tmp_path / "gateway", tmp_path / "store", issuer, on_demand={"allow": ["*.example.test"]}, **tls)
    with replica, ExitStack() as stack:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        ended = []

        def wait(i: int):
            began = time.monotonic()
            try:
                shown(context, replica.tls_port, f"n{i % 100}.example.test", 20)
            except OSError:
                ended.append(time.monotonic() - began)

        threads = [threading.Thread(target=wait, args=(i,)) for i in range(200)]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", replica.http_port), timeout=limit(5)) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nhost: x.test\r\n\r\n")
            assert plain.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - began < limit(1)
        for thread in threads:
            thread.join(limit(20))
        assert len(ended) == 200 and max(ended) < limit(6)
        stack.callback(silent.close)


def test_on_demand_at_a_follower(tmp_path):
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, stack, "http-01", automatic=True)
        for replica in fleet.replicas:
            replica.acme["onDemand"] = {"allow": ["*.example.test"]}
            replica.gateway.reload(replica.configuration(automatic=True))
        leader = until(fleet.leader, 20, "a leader")
        follower = next(replica for replica in fleet.replicas if replica is not leader)
        shown(fleet.pebble.context(), follower.tls_port, "far.example.test", 30)
        assert fleet.pebble.issued == 1


# ---- the file ----------------------------------------------------------------------------------------------------------


def test_unknown_issuer_is_an_error(tmp_path, pebble):
    replica = alone(tmp_path, pebble, **names("a.example.test", acme="pebbel"))
    result = command("check", "--config", replica.gateway.file)
    assert result.returncode == 1 and 'there is no issuer "pebbel"; did you mean "pebble"?' in result.stderr
