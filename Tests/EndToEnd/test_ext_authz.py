"""The policy `ext-authz` with a service of grpcio's."""

import json
import threading

import grpc
import pytest

from harness.authz import AuthorizationService, allowed, denied, headers, option
from harness.configuration import api, route, upstream as named_upstream
from harness.pki import Authority
from harness.ports import free_port
from harness.waiting import limit


def configuration(upstream, port, scheme="http", host="127.0.0.1", **settings):
    policy = {"ext-authz": {"url": f"{scheme}://{host}:{port}", **settings}}
    return {"runtime": {"threads": 1}, "upstreams": [named_upstream("up", upstream)], "apis": [api("all", route("all", "/*", "up", policies=[policy]))]}


def test_what_the_service_learns(start, upstream):
    with AuthorizationService(lambda *_: allowed()) as service:
        gateway = start(configuration(upstream, service.port, context={"tenant": "t1"}, metadata={"x-token": "s"}, timeout="3s"))
        response = gateway.fetch("POST", "/a/../orders?x=1", {"X-Many": "a", "X-many": "b", "Connection": "x-hop", "X-Hop": "1"}, body=b"hello")
        assert response.status == 200 and bytes(upstream.requests[0].body.data) == b"hello"
        attributes, = service.calls
        http = attributes.request.http
        assert (http.method, http.path, http.host, http.scheme, http.protocol, http.size) == ("POST", "/orders?x=1", "example.test", "http", "HTTP/1.1", 5)
        assert http.body == "" and http.id == upstream.requests[0]["x-request-id"]
        sent = headers(http)
        assert sent[":method"] == "POST" and sent[":path"] == "/orders?x=1" and sent[":authority"] == "example.test"
        assert "x-hop" not in sent and "connection" not in sent
        assert attributes.source.address.socket_address.address == "127.0.0.1" and attributes.source.address.socket_address.port_value > 0
        assert {entry.key: entry.value for entry in attributes.context_extensions} == {"tenant": "t1"}
        assert attributes.request.time.seconds > 1_700_000_000
        metadata, left = service.metadata[0]
        assert metadata["x-token"] == "s" and 0 < left <= 3


def test_fields_are_edited(start, upstream):
    answer = allowed(
        [option("x-user", "alice"), option("x-tag", "new", append=True), option("x-only", "n", action=1), option("x-none", "n", action=3)],
        remove=["x-secret", "host"], response=[option("x-shown", "1"), option("server-timing", "authz", append=True)])
    with AuthorizationService(lambda *_: answer) as service:
        gateway = start(configuration(upstream, service.port))
        response = gateway.get("/", [("X-User", "admin"), ("X-Tag", "old"), ("X-Only", "o"), ("X-Secret", "s")])
        seen = upstream.requests[0]
        assert seen.all("x-user") == ["alice"] and seen.all("x-tag") == ["old", "new"] and seen.all("x-only") == ["o"]
        assert seen["x-none"] is None and seen["x-secret"] is None and seen["host"] == "example.test"
        assert response["x-shown"] == "1" and response["server-timing"] == "authz"


def test_refusals(start, upstream):
    answers = {
        "/plain": denied(), "/body": denied(401, [option("www-authenticate", "Bearer")], "log in"), "/status": denied(429, [option("retry-after", "9")]),
    }
    with AuthorizationService(lambda http, *_: answers[http.path]) as service:
        gateway = start(configuration(upstream, service.port))
        plain = gateway.get("/plain")
        assert (plain.status, plain.error) == (403, "access_denied")
        body = gateway.get("/body")
        assert (body.status, body.text, body["www-authenticate"]) == (401, "log in", "Bearer")
        status = gateway.get("/status")
        assert (status.status, status["retry-after"]) == (429, "9")
        assert upstream.requests == []
        assert json.loads(gateway.wait_log('"/plain"')[0])["authorization"] == "The service has refused the request."


def test_bodies(start, upstream):
    def decide(http, *_):
        return allowed() if http.body == "hello" or http.raw_body == b"\xff\x00" else denied()

    with AuthorizationService(decide) as service:
        gateway = start(configuration(upstream, service.port, body={"most": "16B"}))
        assert gateway.fetch("POST", "/", body=b"hello").status == 200
        assert gateway.fetch("POST", "/", body=b"other").status == 403
        assert gateway.fetch("POST", "/", body=b"x" * 17).status == 413
        assert gateway.get("/").status == 403
        gateway.reload(configuration(upstream, service.port, body={"asBytes": True}))
        assert gateway.fetch("POST", "/", body=b"\xff\x00").status == 200
    assert [bytes(r.body.data) for r in upstream.requests] == [b"hello", b"\xff\x00"]


def test_failures(start, upstream):
    def fail(http, attributes, context):
        context.abort(grpc.StatusCode.UNAVAILABLE, "not today")

    with AuthorizationService(fail) as service:
        gateway = start(configuration(upstream, service.port))
        response = gateway.get("/status")
        assert (response.status, response.error) == (503, "authorization_unavailable")
        assert json.loads(gateway.wait_log('"/status"')[0])["authorization"] == "The call ended with status 14."
        gateway.reload(configuration(upstream, service.port, onFailure="allow"))
        assert gateway.get("/").status == 200
    gateway.reload(configuration(upstream, free_port()))
    assert gateway.get("/").status == 503


def test_time_out(start, upstream):
    gate = threading.Event()

    def wait(http, attributes, context):
        gate.wait(limit(20))
        return allowed()

    with AuthorizationService(wait) as service:
        gateway = start(configuration(upstream, service.port, timeout="200ms"))
        assert gateway.get("/").status == 503
        gate.set()
        assert gateway.get("/").status == 200


def test_one_connection_carries_many(start, upstream):
    """Calls at the same time are streams of one connection."""
    peers = set()
    barrier = threading.Barrier(4)

    def decide(http, attributes, context):
        peers.add(context.peer())
        barrier.wait(limit(20))
        return allowed()

    with AuthorizationService(decide) as service:
        gateway = start(configuration(upstream, service.port, timeout="30s"))
        clients = [gateway.connect() for _ in range(4)]
        for client in clients:
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert [client.read_response(timeout=30).status for client in clients] == [200] * 4
    assert len(peers) == 1


def test_answers_are_remembered(start, upstream):
    with AuthorizationService(lambda *_: allowed([option("x-user", "alice")])) as service:
        cache = {"key": 'request.headers["authorization"]', "ttl": "1m"}
        gateway = start(configuration(upstream, service.port, cache=cache))
        for _ in range(3):
            assert gateway.get("/", {"Authorization": "a"}).status == 200
        assert len(service.calls) == 1 and [r["x-user"] for r in upstream.requests] == ["alice"] * 3
        assert gateway.get("/", {"Authorization": "b"}).status == 200 and len(service.calls) == 2


def test_over_tls(start, upstream, tmp_path):
    authority = Authority(tmp_path)
    pair = authority.issue("DNS:localhost")
    credentials = grpc.ssl_server_credentials([(pair.key.read_bytes(), pair.certificate.read_bytes())])
    with AuthorizationService(lambda *_: allowed(), credentials) as service:
        gateway = start(configuration(upstream, service.port, "https", "localhost", tls={"authorities": authority.file}))
        assert gateway.get("/").status == 200 and len(service.calls) == 1


def test_gRPC_callers_get_a_status(start, upstream):
    """A call that is refused ends as calls do."""
    with AuthorizationService(lambda *_: denied(body="no")) as service:
        gateway = start(configuration(upstream, service.port))
        with grpc.insecure_channel(f"127.0.0.1:{gateway.port}") as channel:
            with pytest.raises(grpc.RpcError) as error:
                channel.unary_unary("/a.B/C")(b"", timeout=limit(10))
        assert error.value.code() == grpc.StatusCode.PERMISSION_DENIED
