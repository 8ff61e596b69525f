"""gRPC and gRPC-Web, with grpcio on both sides of the gateway: all kinds of calls, deadlines, errors, routes, retries."""

import base64
import socket
import struct
import threading
import time
from concurrent import futures

import grpc
import h2.connection
import h2.events
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from harness.blackhole import Blackhole
from harness.h2upstream import H2Upstream
from harness.http2 import Client as HTTP2Client
from harness.configuration import api, proxy, route, upstream
from harness.ports import free_port
from harness.waiting import limit, until

SERVICE = "orders.v1.Orders"
MIB = 1 << 20


class Service(grpc.GenericRpcHandler):
    """Methods that take and give bytes, so that no code has to be generated."""

    def __init__(self):
        self.calls: list[tuple[str, dict, float | None]] = []
        self.cancelled = threading.Event()
        self.refuse = 0

    def service(self, details):
        name = details.method.rsplit("/", 1)[-1]
        kinds = {
            "Get": (grpc.unary_unary_rpc_method_handler, self.get),
            "Sum": (grpc.stream_unary_rpc_method_handler, self.sum),
            "List": (grpc.unary_stream_rpc_method_handler, self.list),
            "Chat": (grpc.stream_stream_rpc_method_handler, self.chat),
            "Fail": (grpc.unary_unary_rpc_method_handler, self.fail),
            "Slow": (grpc.unary_unary_rpc_method_handler, self.slow),
            "Refuse": (grpc.unary_unary_rpc_method_handler, self.refuse_some),
        }
        if name not in kinds:
            return None
        kind, handler = kinds[name]

        def noted(request, context):
            self.calls.append((details.method, dict(context.invocation_metadata()), context.time_remaining()))
            return handler(request, context)

        return kind(noted)

    def get(self, request, context):
        context.send_initial_metadata((("x-first", "1"),))
        context.set_trailing_metadata((("x-last", "2"), ("x-data-bin", b"\x00\xff")))
        return b"got:" + request

    def sum(self, requests, context):
        total = sum(len(r) for r in requests)
        return str(total).encode()

    def list(self, request, context):
        count, size = map(int, request.split())
        for i in range(count):
            yield bytes([i & 255]) * size

    def chat(self, requests, context):
        for request in requests:
            yield b"re:" + request

    def fail(self, request, context):
        context.set_trailing_metadata((("grpc-status-details-bin", b"\x08\x05details"),))
        context.abort(grpc.StatusCode.NOT_FOUND, "no caffè 50%")

    def slow(self, request, context):
        context.add_callback(self.cancelled.set)
        self.cancelled.wait(limit(20))
        return b""

    def refuse_some(self, request, context):
        if self.refuse > 0:
            self.refuse -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        return b"at last:" + request


class Server:
    def __init__(self):
        self.service = Service()
        self.health = health.HealthServicer()
        self.server = grpc.server(futures.ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)])
        self.server.add_generic_rpc_handlers((self.service,))
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self.server)
        reflection.enable_server_reflection((health.SERVICE_NAME, reflection.SERVICE_NAME), self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.service.cancelled.set()
        self.server.stop(0).wait()


@pytest.fixture
def server():
    with Server() as server:
        yield server


def connect(gateway):
    return grpc.insecure_channel(f"127.0.0.1:{gateway.port}", options=[("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1)])


def begin(start, *endpoints, **settings):
    return start({"runtime": {"threads": 1}, **proxy(*endpoints, protocol="h2c", **settings)})


def method(channel, name, kind="unary_unary", service=SERVICE):
    return getattr(channel, kind)(f"/{service}/{name}")


WAIT = limit(10)


def refused(call) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


# ---- the four kinds --------------------------------------------------------------------------------------------------


def test_unary_with_metadata_and_trailers(start, server):
    with connect(begin(start, server)) as channel:
        reply, call = method(channel, "Get").with_call(b"x", timeout=WAIT, metadata=(("x-tenant", "a"), ("x-raw-bin", b"\x01\x02")))
        assert reply == b"got:x"
        assert ("x-first", "1") in call.initial_metadata()
        assert {("x-last", "2"), ("x-data-bin", b"\x00\xff")} <= set(call.trailing_metadata())
        _, metadata, _ = server.service.calls[0]
        assert metadata["x-tenant"] == "a" and metadata["x-raw-bin"] == b"\x01\x02"


def test_streams(start, server):
    with connect(begin(start, server)) as channel:
        assert method(channel, "Sum", "stream_unary")(iter([b"a" * 1000] * 20), timeout=WAIT) == b"20000"
        assert [len(m) for m in method(channel, "List", "unary_stream")(b"50 1000", timeout=WAIT)] == [1000] * 50
        assert list(method(channel, "Chat", "stream_stream")(iter([b"1", b"2", b"3"]), timeout=WAIT)) == [b"re:1", b"re:2", b"re:3"]


def test_both_sides_talk_in_turn(start, server):
    """Each message is asked for only once the answer to the one before has come: nothing may be held back."""
    with connect(begin(start, server)) as channel:
        go, answers = threading.Semaphore(1), []

        def questions():
            for i in range(20):
                assert go.acquire(timeout=WAIT)
                yield str(i).encode()

        for answer in method(channel, "Chat", "stream_stream")(questions(), timeout=WAIT):
            answers.append(answer)
            go.release()
        assert answers == [f"re:{i}".encode() for i in range(20)]


def test_many_calls_at_once(start, server):
    with connect(begin(start, server)) as channel:
        calls = [method(channel, "Get").future(str(i).encode(), timeout=WAIT) for i in range(200)]
        assert [c.result() for c in calls] == [f"got:{i}".encode() for i in range(200)]


def test_big_streams_in_flat_memory(start, server):
    gateway = begin(start, server)
    with connect(gateway) as channel:
        method(channel, "Get")(b"warm", timeout=WAIT)
        before = memory(gateway.pid)
        received = sum(len(m) for m in method(channel, "List", "unary_stream")(b"100 1048576", timeout=limit(60)))
        assert received == 100 * MIB
        block = bytes(MIB)
        assert method(channel, "Sum", "stream_unary")((block for _ in range(100)), timeout=limit(60)) == str(100 * MIB).encode()
        assert memory(gateway.pid) - before < 24 * MIB


def memory(pid) -> int:
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


# ---- ends ------------------------------------------------------------------------------------------------------------


def test_errors_with_details(start, server):
    with connect(begin(start, server)) as channel:
        error = refused(lambda: method(channel, "Fail")(b"", timeout=WAIT))
        assert error.code() == grpc.StatusCode.NOT_FOUND and error.details() == "no caffè 50%"
        assert ("grpc-status-details-bin", b"\x08\x05details") in error.trailing_metadata()


def test_cancellation_reaches_the_server(start, server):
    with connect(begin(start, server)) as channel:
        call = method(channel, "Slow").future(b"", timeout=WAIT)
        until(lambda: server.service.calls, 10, "the server has the call")
        call.cancel()
        assert server.service.cancelled.wait(WAIT)


def test_deadline_is_what_is_left(start, server):
    with connect(begin(start, server)) as channel:
        method(channel, "Get")(b"", timeout=100)
        left = server.service.calls[0][2]
        assert left is not None and 90 < left < 102, "grpcio itself rounds up"
        method(channel, "Get")(b"")
        # Without a deadline grpcio says so by a very long time, or None.
        left = server.service.calls[1][2]
        assert left is None or left > 1e6


def test_expired_deadline_is_told(start, server):
    gateway = begin(start, server)
    with connect(gateway) as channel:
        since = time.monotonic()
        error = refused(lambda: method(channel, "Slow")(b"", timeout=0.5))
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert time.monotonic() - since < limit(5)
        assert server.service.cancelled.wait(WAIT), "the server is told"


@pytest.mark.parametrize("timeouts, reason", [({}, "deadline_exceeded"), ({"total": "400ms"}, "upstream_total_timeout")])
def test_a_deadline_in_the_middle_of_a_stream_is_told_in_trailers(start, timeouts, reason):
    """What came before it stays good."""
    with H2Upstream() as slow:

        @slow.on("/a.B/List")
        def answer(stream):
            stream.head(200, ("content-type", "application/grpc"))
            stream.data(frame(b"first"))
            stream.ended.wait(limit(20))

        gateway = start({"runtime": {"threads": 1}, **proxy(slow, protocol="h2c", timeouts=timeouts)})
        with HTTP2Client(gateway.address) as client:
            headers = [("content-type", "application/grpc"), ("te", "trailers"), *([] if timeouts else [("grpc-timeout", "400m")])]
            call = client.wait(client.request("POST", "/a.B/List", headers))
            assert (call.status, bytes(call.body), call.reset) == (200, frame(b"first"), None)
            assert call.trailers["grpc-status"] == "4" and call.trailers["grpc-message"]
            # The connection goes on.
            assert client.wait(client.request(path="/other")).body == b"ok"
        until(lambda: slow.seen("/a.B/List")[0].reset is not None, 10, "the upstream is told")
        assert reason in gateway.wait_log("/a.B/List")[0]


# ---- the gateway's own answers ----------------------------------------------------------------------------------------


def test_own_errors_are_statuses(start, server):
    configuration = {
        "runtime": {"threads": 1},
        "upstreams": [upstream("up", server, protocol="h2c"), upstream("down", f"127.0.0.1:{free_port()}", protocol="h2c")],
        "apis": [api("all", route("one", None, "up", match={"grpc": {"service": SERVICE, "method": "Get"}}),
                     route("down", None, "down", match={"grpc": {"service": "gone.Service"}}),
                     route("limited", None, "up", match={"grpc": {"service": "limited.Service"}}, policies=[{"rate-limit": {"limit": 0, "window": "1m"}}]),
                     route("slow", None, "up", match={"grpc": {"service": SERVICE}}))],
    }
    gateway = start(configuration)
    with connect(gateway) as channel:
        assert method(channel, "Get")(b"x", timeout=WAIT) == b"got:x"
        error = refused(lambda: method(channel, "Get", service="other.Service")(b"", timeout=WAIT))
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED
        fields = dict(error.initial_metadata() or ()) | dict(error.trailing_metadata() or ())
        assert "route_not_found" in fields["proxy-status"] and len(fields["x-request-id"]) == 36
        assert refused(lambda: method(channel, "Get", service="gone.Service")(b"", timeout=WAIT)).code() == grpc.StatusCode.UNAVAILABLE
        error = refused(lambda: method(channel, "Get", service="limited.Service")(b"", timeout=WAIT))
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and error.details()
    # JSON, as soon as it is no call of gRPC.
    assert gateway.get("/other.Service/Get").error == "route_not_found"


def test_total_timeout_is_a_deadline(start, server):
    with connect(begin(start, server, timeouts={"total": "300ms"})) as channel:
        error = refused(lambda: method(channel, "Slow")(b"", timeout=WAIT))
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED and "longer than allowed" in error.details()


# ---- retries ----------------------------------------------------------------------------------------------------------


def test_refused_calls_are_tried_again(start, server):
    with Server() as second:
        with connect(begin(start, server, second, retries={"attempts": 2, "on": ["grpc-unavailable"]})) as channel:
            server.service.refuse = 1
            replies = [method(channel, "Refuse")(b"x" * 1000, timeout=WAIT) for _ in range(4)]
            assert replies == [b"at last:" + b"x" * 1000] * 4
            assert len(server.service.calls) + len(second.service.calls) == 5
            server.service.refuse = second.service.refuse = 1
            error = refused(lambda: method(channel, "Refuse")(b"x", timeout=WAIT))
            assert error.code() == grpc.StatusCode.UNAVAILABLE and error.details() == "not now", "no more than two tries"


def test_the_only_endpoint_is_tried_again(start, server):
    with connect(begin(start, server, retries={"attempts": 2, "on": ["grpc-unavailable"]})) as channel:
        server.service.refuse = 1
        assert method(channel, "Refuse")(b"x", timeout=WAIT) == b"at last:x"
        assert len(server.service.calls) == 2


def test_other_statuses_and_long_bodies_are_not(start, server):
    with connect(begin(start, server, retries={"attempts": 3, "on": ["grpc-unavailable"]})) as channel:
        assert refused(lambda: method(channel, "Fail")(b"", timeout=WAIT)).code() == grpc.StatusCode.NOT_FOUND
        assert len(server.service.calls) == 1
        server.service.refuse = 1
        assert refused(lambda: method(channel, "Refuse")(b"x" * 100_000, timeout=WAIT)).code() == grpc.StatusCode.UNAVAILABLE
        assert len(server.service.calls) == 2


# ---- services that come with gRPC --------------------------------------------------------------------------------------


def test_reflection_and_health_pass_through(start, server):
    with connect(begin(start, server)) as channel:
        assert health.SERVICE_NAME in ProtoReflectionDescriptorDatabase(channel).get_services()
        assert health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=WAIT).status == health_pb2.HealthCheckResponse.SERVING


def test_health_of_endpoints(start, server):
    with Server() as second:
        health_of = {"active": {"grpc": {"service": SERVICE}, "interval": "50ms", "unhealthyAfter": 1}}
        for each in (server, second):
            each.health.set(SERVICE, health_pb2.HealthCheckResponse.SERVING)
        gateway = begin(start, server, second, health=health_of)
        with connect(gateway) as channel:
            get = method(channel, "Get")
            until(lambda: get(b"", timeout=WAIT) and server.service.calls and second.service.calls, 10, "both are asked")
            second.health.set(SERVICE, health_pb2.HealthCheckResponse.NOT_SERVING)

            def is_left_out():
                before = len(second.service.calls)
                for _ in range(4):
                    get(b"", timeout=WAIT)
                return len(second.service.calls) == before

            until(is_left_out, 10, "the sick one is asked no more")
            second.health.set(SERVICE, health_pb2.HealthCheckResponse.SERVING)
            until(lambda: not is_left_out(), 10, "it is asked again")


def test_unknown_service_is_not_healthy(start, server):
    gateway = begin(start, server, health={"active": {"grpc": {"service": "nobody.knows"}, "interval": "50ms", "unhealthyAfter": 1}})
    with connect(gateway) as channel:

        def is_refused():
            try:
                method(channel, "Get")(b"", timeout=WAIT)
            except grpc.RpcError as error:
                return error.code() == grpc.StatusCode.UNAVAILABLE
            return False

        until(is_refused, 10, "no endpoint is healthy")


# ---- gRPC-Web ----------------------------------------------------------------------------------------------------------


def frame(message: bytes, kind: int = 0) -> bytes:
    return struct.pack(">BI", kind, len(message)) + message


def frames(body: bytes) -> list[tuple[int, bytes]]:
    found = []
    while body:
        kind, length = struct.unpack(">BI", body[:5])
        assert len(body) >= 5 + length
        found.append((kind, body[5 : 5 + length]))
        body = body[5 + length :]
    return found


def web(gateway, name, body, kind="application/grpc-web+proto", **headers):
    response = gateway.fetch("POST", f"/{SERVICE}/{name}", {"content-type": kind, "x-grpc-web": "1", **headers}, body)
    assert response.status == 200 and response["content-type"].startswith(kind.removesuffix("+proto")) and response.complete
    return response


@pytest.fixture
def web_gateway(start, server):
    return start({
        "runtime": {"threads": 1},
        "upstreams": [upstream("up", server, protocol="h2c")],
        "apis": [api("all", route("all", None, "up", match={"grpc": {"service": SERVICE}}, policies=["grpc-web"]))],
    })


def test_web_binary(web_gateway):
    message, trailers = frames(web(web_gateway, "Get", frame(b"hi")).body)
    assert message == (0, b"got:hi")
    assert trailers[0] == 0x80 and {b"grpc-status: 0", b"x-last: 2"} <= set(trailers[1].split(b"\r\n"))
    listed = frames(web(web_gateway, "List", frame(b"3 5")).body)
    assert [len(m) for kind, m in listed if kind == 0] == [5, 5, 5] and listed[-1][0] == 0x80


def test_web_text(web_gateway):
    # Each half by itself, the first with padding.
    whole = frame(b"hello")
    body = base64.b64encode(whole[:5]) + base64.b64encode(whole[5:])
    assert b"=" in body[:-2]
    response = web(web_gateway, "Get", body, kind="application/grpc-web-text")
    text = response.body
    decoded = b"".join(base64.b64decode(text[i : i + 4]) for i in range(0, len(text), 4))
    message, trailers = frames(decoded)
    assert message == (0, b"got:hello") and b"grpc-status: 0" in trailers[1]


def test_web_over_http2(web_gateway):
    """Browsers use whatever version they have agreed on."""
    client = h2.connection.H2Connection()
    client.initiate_connection()
    body, ended, status = b"", False, None
    with socket.create_connection(("127.0.0.1", web_gateway.port), timeout=WAIT) as wire:
        request = [(":method", "POST"), (":scheme", "http"), (":authority", "example.test"), (":path", f"/{SERVICE}/Get"), ("content-type", "application/grpc-web")]
        client.send_headers(1, request)
        client.send_data(1, frame(b"hi"), end_stream=True)
        while not ended:
            wire.sendall(client.data_to_send())
            received = wire.recv(65536)
            assert received, "the gateway has closed the connection"
            for event in client.receive_data(received):
                match event:
                    case h2.events.ResponseReceived():
                        status = dict(event.headers)[b":status"]
                    case h2.events.DataReceived():
                        body += event.data
                    case h2.events.TrailersReceived():
                        raise AssertionError("the trailers belong into the body")
                    case h2.events.StreamEnded():
                        ended = True
    message, trailers = frames(body)
    assert status == b"200" and message == (0, b"got:hi") and b"grpc-status: 0" in trailers[1]


def test_web_errors(web_gateway):
    response = web(web_gateway, "Fail", frame(b""))
    assert (response["grpc-status"] == "5") or b"grpc-status: 5" in frames(response.body)[-1][1]
    response = web(web_gateway, "Get", b"!!!!", kind="application/grpc-web-text")
    assert response["grpc-status"] == "13" and response.body == b""
    response = web_gateway.fetch("POST", "/other.Service/Get", {"content-type": "application/grpc-web"}, b"")
    assert response.status == 200 and response["grpc-status"] == "12"


def test_own_deadline(start):
    with Blackhole() as blackhole:
        gateway = start({"runtime": {"threads": 1}, **proxy(blackhole, protocol="h2c", timeouts={"connect": "20s"})})
        since = time.monotonic()
        response = web(gateway, "Slow", frame(b""), **{"grpc-timeout": "300m"})
        assert response["grpc-status"] == "4" and "deadline_exceeded" in response["proxy-status"]
        assert 0.25 < time.monotonic() - since < limit(5)


def test_web_deadline(web_gateway, server):
    since = time.monotonic()
    response = web(web_gateway, "Slow", frame(b""), **{"grpc-timeout": "300m"})
    assert response["grpc-status"] == "4" and time.monotonic() - since < limit(5)
    assert server.service.cancelled.wait(WAIT)
