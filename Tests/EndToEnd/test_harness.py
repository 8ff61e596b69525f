"""The harness against itself and against nginx: what the other tests take for granted."""

import base64
import json
import socket
import threading
from urllib.parse import quote

import pytest

from harness import secrets
from harness.blackhole import Blackhole
from harness.cases import load
from harness.certificates import Authority
from harness.load import Load
from harness.lockstep import Plan, byte_by_byte, run
from harness.metrics import Metrics
from harness.nginx import Nginx
from harness.raw import Connection, fetch
from harness.upstream import Upstream, script
from harness.waiting import until
from harness.wire import Ended, Malformed


@pytest.fixture
def server():
    with Upstream() as upstream:
        yield upstream


def at(upstream):
    return ("127.0.0.1", upstream.port)


def test_records_a_request_and_keeps_the_connection(server):
    with Connection(at(server)) as client:
        first = client.request("POST", "/a?b=c", {"X-One": "1"}, b"body")
        second = client.get("/again")
    assert first.status == second.status == 200
    record = server.record(first["x-record"])
    assert (record.line, record["x-one"], bytes(record.body.data)) == ("POST /a?b=c HTTP/1.1", "1", b"body")
    assert record.connection is server.record(second["x-record"]).connection
    assert record.connection.wait_ended() == "fin"


def test_reads_chunks_and_trailers_both_ways(server):
    server.on("/c", script("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nT: v\r\n\r\n"))
    with Connection(at(server)) as client:
        client.send("POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "2\r\n", "hi\r\n0\r\nX: y\r\n\r\n")
        response = client.read_response()
    assert (response.body, response.content.trailers, response.content.chunks) == (b"abcd", [("T", "v")], [3, 1])
    body = server.seen("/c")[0].body
    assert (bytes(body.data), body.trailers, body.complete) == (b"hi", [("X", "y")], True)


@pytest.mark.parametrize("end, how", [("fin", "fin"), ("reset", "reset")])
def test_a_cut_body_is_not_complete(server, end, how):
    server.on("/cut", script("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "half", end=end))
    with Connection(at(server)) as client:
        client.send("GET /cut HTTP/1.1\r\nHost: a\r\n\r\n")
        if end == "reset":
            try:
                response = client.read_response()
            except Ended:
                return  # the reset overtook the bytes
        else:
            response = client.read_response()
        assert not response.complete
        assert client.ending(2) == how


def test_interim_responses_and_head(server):
    server.on("/i", script("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
    with Connection(at(server)) as client:
        response = client.request("HEAD", "/i")
    assert [i.status for i in response.interim] == [103] and response.status == 200 and response.body == b"" and response.complete


def test_the_client_sees_that_a_connection_stays_open(server):
    with Connection(at(server)) as client:
        client.get("/")
        assert client.ending(0.05) == "open"


@pytest.mark.parametrize("bad", ["HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n"])
def test_the_client_is_strict(server, bad):
    server.on("/bad", script(bad))
    with Connection(at(server)) as client, pytest.raises(Malformed):
        client.get("/bad")


def test_the_upstream_is_strict(server):
    with Connection(at(server)) as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        client.ending(2)
    assert "ambiguous" in server.connections[0].malformed


def test_a_rule_can_wait_and_see_the_client_leave(server):
    left, begun = [], threading.Event()

    @server.on("/slow")
    def slow(exchange):
        begun.set()
        left.append(exchange.wait_left())

    client = Connection(at(server))
    client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    assert begun.wait(5)
    client.reset()
    assert server.seen("/slow")[0].connection.wait_ended() == "reset" and left == ["reset"]


def test_nginx_serves_and_stores(tmp_path):
    with Nginx(tmp_path) as nginx:
        address = ("127.0.0.1", nginx.port)
        assert fetch(address, "PUT", "/files/x", body=b"0123").status == 201
        assert fetch(address, "GET", "/files/x").body == b"0123"


def test_metrics_are_parsed():
    metrics = Metrics('# TYPE a counter\na{x="1",y="q\\"uote"} 2\na{x="2",y=""} 3\nb 1.5\n')
    assert metrics.total("a") == 5 and metrics.total("a", x=1) == 2 and metrics.values("b") == [1.5]


def test_a_blackhole_takes_no_connection():
    with Blackhole() as blackhole, pytest.raises(TimeoutError):
        Connection(("127.0.0.1", blackhole.port), 0.5)


def test_load_accounts_for_every_request(server):
    server.on("/cut", script("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "half", end="fin"))
    with Load(at(server), "/a") as good, Load(at(server), "/cut", threads=1) as bad:
        until(lambda: good.answered > 50 and bad.tally.failed)
        tally, failures = good.finish(), bad.finish().failed
    assert tally.answered == len(server.seen("/a")) == tally.by_status[200] and not tally.failed
    assert len(failures) == len(server.seen("/cut"))


def test_lockstep_delivers_fragments_alone(server):
    """What arrives at a time is what was sent at a time."""
    sizes = []
    request = b"GET /step HTTP/1.1\r\nHost: a\r\n\r\n"

    def answer_when_complete(sock):
        with sock:
            while sum(sizes) < len(request):
                sizes.append(len(sock.recv(4096)))
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=lambda: answer_when_complete(listener.accept()[0]))
        serving.start()
        transcript, = run(listener.getsockname(), [Plan(byte_by_byte(request), ["GET"])])
        serving.join()
    assert transcript.responses[0].status == 200 and sizes == [1] * len(request)


def test_cases_are_well_formed():
    requests, responses = load("requests"), load("responses")
    assert len(requests) >= 220 and len(responses) >= 220
    for case in requests:
        assert case.send and case.methods and case.rfc
        for spec in case.alternatives:
            assert spec["upstream"] in ("none", "aborted", "any") or isinstance(spec["upstream"], (dict, list)), case.label
    known = {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"}
    assert all((c.spec.get("request") or "GET ").split(" ")[0] in known for c in responses)


# ---- secrets in outputs ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [
    "Token {plain} was refused", 'password="{plain}"', "authorization: Basic {basic}", "at byte 3 of {hex}", "/cb?token={percent}", '{{"key":"{json}"}}', "jwt {url}.x",
])
def test_finds_a_secret_in_any_of_its_forms(form):
    value = 'pa55/w"ör~d-of-the-day'
    data = value.encode()
    output = form.format(plain=value, basic=base64.b64encode(b"mobile:" + data).decode(), hex=data.hex(), percent=quote(value, safe=""),
                         json=json.dumps(value)[1:-1], url=base64.urlsafe_b64encode(b"{'a':" + data).decode())
    found = secrets.leaks({data, b"another-secret"}, {"log": b"ready\n" + output.encode() + b"\n"})
    assert len(found) == 1 and found[0].startswith("log: a secret of 23 bytes") and value not in found[0]


def test_finds_no_secret_where_there_is_none():
    assert secrets.leaks({b"tiny-otter-7731"}, {"log": b"tiny-otter-773 otter-7731 " + base64.b64encode(b"tiny-otter-7732")}) == []


def test_secrets_that_would_be_found_by_chance_are_refused():
    for value in ("secret", "aaaaaaaaaa"):
        with pytest.raises(AssertionError):
            secrets.secret(value)


def test_the_lines_of_a_key_are_secret(tmp_path):
    key = Authority(tmp_path).issue("a.test").key
    lines = key.read_text().splitlines()
    before = secrets.leaks()
    secrets.wrote("this test", lines[2])
    try:
        assert len(secrets.leaks()) == len(before) + 1
    finally:
        secrets.forget("this test")
