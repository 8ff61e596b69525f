"""Who the client is: Forwarded, X-Forwarded-*, X-Request-Id, Via, and the PROXY protocol."""

import re
import socket
import struct

import pytest

from harness.configuration import proxy
from harness.gateway import Gateway
from harness.lockstep import Plan, byte_by_byte, run
from harness.raw import Ended
from harness.upstream import Upstream

TRUSTED, STRANGER = "127.0.0.1", "127.0.0.2"
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    with Upstream() as server:
        configuration = proxy(server, listener={"trustedProxies": [f"{TRUSTED}/32"]})
        with Gateway(tmp_path_factory.mktemp("forwarding"), configuration) as gateway:
            yield gateway, server


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    with Upstream() as server:
        configuration = proxy(server, listener={"trustedProxies": [f"{TRUSTED}/32"], "proxyProtocol": True})
        with Gateway(tmp_path_factory.mktemp("proxied"), configuration) as gateway:
            yield gateway, server


def forwarded(parts, headers=(), source=TRUSTED, host="shop.example"):
    gateway, server = parts
    with gateway.connect(source=source) as connection:
        response = connection.get("/a", headers, host=host)
    assert response.status == 200, response
    return server.record(response["x-record"]), response


def parse_forwarded(value: str) -> list[dict]:
    """RFC 7239 section 4, strictly."""
    token = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
    pair = re.compile(rf'({token})=({token}|"(?:[^"\\]|\\.)*")')
    elements = []
    for part in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', value):
        element = {}
        for item in re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', part.strip()):
            match = pair.fullmatch(item)
            assert match, f"not a pair of RFC 7239: {item!r} in {value!r}"
            name = match[1].lower()
            assert name not in element, f"{name} twice in {part!r}"
            element[name] = match[2].strip('"')
        elements.append(element)
    return elements


def test_a_stranger_is_the_client(parts):
    record, _ = forwarded(parts, source=STRANGER)
    assert record["x-forwarded-for"] == STRANGER
    assert record["x-forwarded-proto"] == "http"
    assert record["x-forwarded-host"] == "shop.example"
    assert parse_forwarded(record["forwarded"]) == [{"for": STRANGER, "host": "shop.example", "proto": "http"}]


def test_a_stranger_is_not_believed(parts):
    record, _ = forwarded(parts, [("X-Forwarded-For", "10.1.1.1"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Port", "1"),
                                  ("Forwarded", "for=10.1.1.1"), ("X-Request-Id", "evil")], source=STRANGER)
    assert record.all("x-forwarded-for") == [STRANGER] and record["x-forwarded-proto"] == "http" and record["x-forwarded-host"] == "shop.example"
    assert record["x-forwarded-port"] != "1" and "10.1.1.1" not in record["forwarded"]
    assert UUID7.match(record["x-request-id"])


def test_a_trusted_proxy_is_believed(parts):
    record, response = forwarded(parts, [("X-Forwarded-For", "10.1.1.1"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "public.example"), ("X-Request-Id", "from-the-edge-1")])
    assert record["x-forwarded-for"] == f"10.1.1.1, {TRUSTED}"
    assert record["x-forwarded-proto"] == "https" and record["x-forwarded-host"] == "public.example"
    assert record["x-request-id"] == "from-the-edge-1"


def test_several_lines_of_a_trusted_proxy_keep_their_order(parts):
    record, _ = forwarded(parts, [("X-Forwarded-For", "10.1.1.1"), ("X-Forwarded-For", "10.1.1.2")])
    assert record["x-forwarded-for"] == f"10.1.1.1, 10.1.1.2, {TRUSTED}"


def test_forwarded_of_a_trusted_proxy_is_appended_to(parts):
    record, _ = forwarded(parts, {"Forwarded": 'for=10.1.1.1;proto=https, for="[2001:db8::1]:4711"'})
    elements = parse_forwarded(record["forwarded"])
    assert [e["for"] for e in elements] == ["10.1.1.1", "[2001:db8::1]:4711", TRUSTED]


@pytest.mark.parametrize("value", ["", ",,,", "for", "for=", 'for="', "for=;;", "unknown", "10.1.1.999", "[::1", "a" * 300, "10.1.1.1, ,", "_hidden"])
def test_malformed_forwarding_headers_of_a_trusted_proxy_do_no_harm(parts, value):
    for name in ("X-Forwarded-For", "Forwarded"):
        record, _ = forwarded(parts, {name: value})
        assert record.body.complete


@pytest.mark.parametrize("bad", ["", "a b", "x" * 300, 'quo"te', "caf\xe9"])
def test_request_ids_that_logs_can_not_hold_are_replaced(parts, bad):
    record, _ = forwarded(parts, {"X-Request-Id": bad})
    assert len(record.all("x-request-id")) == 1 and UUID7.match(record["x-request-id"])


def test_request_ids_differ(parts):
    gateway, server = parts
    with gateway.connect() as connection:
        ids = [server.record(connection.get("/a")["x-record"])["x-request-id"] for _ in range(50)]
    assert len(set(ids)) == 50 and all(map(UUID7.match, ids))
    assert ids == sorted(ids, key=lambda i: i[:13]), "version 7 begins with the time"


def test_via(parts):
    record, response = forwarded(parts, {"Via": "1.1 edge"})
    assert record["via"] == "1.1 edge, 1.1 sluice" and response["via"] == "1.1 sluice"


# ---- PROXY protocol ------------------------------------------------------------------------------------------------

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
REQUEST = b"GET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n"


def v2(command=1, family=0x11, addresses=None, extra=b"", version=2, length=None):
    if addresses is None:
        addresses = socket.inet_aton("10.9.8.7") + socket.inet_aton("10.0.0.1") + struct.pack("!HH", 5555, 80)
    body = addresses + extra
    return SIGNATURE + bytes([version << 4 | command, family]) + struct.pack("!H", len(body) if length is None else length) + body


SIX = socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "2001:db8::1") + struct.pack("!HH", 5555, 80)
GOOD = {
    "v1-tcp4": (b"PROXY TCP4 10.9.8.7 10.0.0.1 5555 80\r\n", "10.9.8.7"),
    "v1-tcp6": (b"PROXY TCP6 2001:db8::7 2001:db8::1 5555 80\r\n", "2001:db8::7"),
    "v1-unknown": (b"PROXY UNKNOWN\r\n", TRUSTED),
    "v1-unknown-with-words": (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", TRUSTED),
    "v1-longest": (b"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "v2-tcp4": (v2(), "10.9.8.7"),
    "v2-tcp6": (v2(family=0x21, addresses=SIX), "2001:db8::7"),
    "v2-local": (v2(command=0, family=0, addresses=b""), TRUSTED),
    "v2-local-with-addresses": (v2(command=0), TRUSTED),
    "v2-with-tlvs": (v2(extra=b"\x01\x00\x02h2\x05\x00\x04abcd"), "10.9.8.7"),
    "v2-with-long-tlv": (v2(extra=b"\x04" + struct.pack("!H", 2000) + bytes(2000)), "10.9.8.7"),
    "v2-unspecified": (v2(family=0, addresses=b""), TRUSTED),
    "v2-unix": (v2(family=0x31, addresses=bytes(216)), TRUSTED),
}
BAD = {
    "no-header": REQUEST,
    "garbage": b"\xde\xad\xbe\xef" * 8,
    "v1-lower-case": b"proxy TCP4 10.9.8.7 10.0.0.1 5555 80\r\n",
    "v1-bare-lf": b"PROXY TCP4 10.9.8.7 10.0.0.1 5555 80\n",
    "v1-two-spaces": b"PROXY  TCP4 10.9.8.7 10.0.0.1 5555 80\r\n",
    "v1-missing-word": b"PROXY TCP4 10.9.8.7 10.0.0.1 5555\r\n",
    "v1-extra-word": b"PROXY TCP4 10.9.8.7 10.0.0.1 5555 80 x\r\n",
    "v1-udp": b"PROXY UDP4 10.9.8.7 10.0.0.1 5555 80\r\n",
    "v1-bad-address": b"PROXY TCP4 10.9.8.777 10.0.0.1 5555 80\r\n",
    "v1-wrong-family": b"PROXY TCP4 2001:db8::7 2001:db8::1 5555 80\r\n",
    "v1-bad-port": b"PROXY TCP4 10.9.8.7 10.0.0.1 65536 80\r\n",
    "v1-port-with-zero": b"PROXY TCP4 10.9.8.7 10.0.0.1 05555 80\r\n",
    "v1-port-sign": b"PROXY TCP4 10.9.8.7 10.0.0.1 +555 80\r\n",
    "v1-too-long": b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n",
    "v1-without-end": b"PROXY TCP4 " + b"1" * 5000,
    "v2-version-1": v2(version=1),
    "v2-command-2": v2(command=2),
    "v2-broken-signature": b"\r\n\r\n\0\r\nQUIX\n" + v2()[12:],
    "v2-too-short": v2(addresses=b"\x0a\x09\x08\x07"),
    "v2-tcp6-too-short": v2(family=0x21, addresses=bytes(12)),
    "v2-unknown-family": v2(family=0x51, addresses=bytes(12)),
    "v2-huge": v2(extra=bytes(60000)),
}


@pytest.mark.parametrize("name", GOOD)
def test_proxy_header(proxied, name):
    gateway, server = proxied
    header, client = GOOD[name]
    with gateway.connect() as connection:
        connection.send(header + REQUEST)
        response = connection.read_response()
        assert response.status == 200, response
        assert server.record(response["x-record"])["x-forwarded-for"] == client
        # The header stands at the start of the connection only.
        connection.send(REQUEST)
        assert server.record(connection.read_response()["x-record"])["x-forwarded-for"] == client


def test_ipv6_clients_are_quoted_in_forwarded(proxied):
    gateway, server = proxied
    with gateway.connect() as connection:
        connection.send(GOOD["v2-tcp6"][0] + REQUEST)
        record = server.record(connection.read_response()["x-record"])
    assert parse_forwarded(record["forwarded"])[0]["for"] == "[2001:db8::7]"


def test_who_stands_behind_the_proxy_is_a_stranger(proxied):
    gateway, server = proxied
    with gateway.connect() as connection:
        connection.send(GOOD["v1-tcp4"][0] + b"GET /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n")
        assert server.record(connection.read_response()["x-record"])["x-forwarded-for"] == "10.9.8.7"


def test_proxy_headers_in_pieces(proxied):
    gateway, server = proxied
    plans = [Plan(byte_by_byte(header + REQUEST), ["GET"]) for header, _ in GOOD.values() if len(header) < 300]
    clients = [client for header, client in GOOD.values() if len(header) < 300]
    for transcript, client in zip(run(gateway.address, plans), clients):
        response, = transcript.responses
        assert response.status == 200 and server.record(response["x-record"])["x-forwarded-for"] == client


def refused(gateway, server, data, source=None, half_close=False):
    before = len(server.requests)
    with gateway.connect(source=source) as connection:
        connection.try_send(data)
        if half_close:
            connection.finish_sending()
        try:
            response = connection.read_response(timeout=5)
            assert response.status in (400, 408), response
        except (Ended, OSError):
            pass
        assert connection.ending(5) != "open"
    assert len(server.requests) == before


@pytest.mark.parametrize("name", BAD)
def test_bad_proxy_header(proxied, name):
    refused(*proxied, BAD[name] + REQUEST)


@pytest.mark.parametrize("cut", [1, 5, 6, 20, 39])
def test_proxy_header_cut_short(proxied, cut):
    refused(*proxied, (GOOD["v1-tcp4"][0] + REQUEST)[:cut], half_close=True)


@pytest.mark.parametrize("data", [b"PROX", v2()[:14], v2()[:20], b""])
def test_proxy_header_that_never_ends_meets_the_time_limit(start, upstream, data):
    gateway = start(proxy(upstream, listener={"trustedProxies": [f"{TRUSTED}/32"], "proxyProtocol": True, "timeouts": {"header": "300ms"}}))
    refused(gateway, upstream, data)


def test_proxy_header_of_a_stranger_does_not_count(proxied):
    gateway, server = proxied
    before = len(server.requests)
    with gateway.connect(source=STRANGER) as connection:
        connection.try_send(GOOD["v1-tcp4"][0] + REQUEST)
        try:
            response = connection.read_response(timeout=5)
        except (Ended, OSError):
            response = None
    if response is not None and response.status == 200:
        assert server.record(response["x-record"])["x-forwarded-for"] == STRANGER
    else:
        assert len(server.requests) == before


def test_proxy_header_where_none_is_expected(parts):
    gateway, server = parts
    before = len(server.requests)
    for header in (GOOD["v1-tcp4"][0], GOOD["v2-tcp4"][0]):
        with gateway.connect() as connection:
            connection.try_send(header + REQUEST)
            try:
                assert connection.read_response().status == 400
            except Ended:
                pass
            assert connection.ending(5) != "open"
    assert len(server.requests) == before
