"""Signatures of requests and responses, made and checked by others: http-message-signatures for RFC 9421, botocore for AWS."""

import base64
import datetime
import hashlib
import shutil
import subprocess
import threading
from types import SimpleNamespace

import botocore.session
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver, InvalidSignature, algorithms

from harness.configuration import proxy, upstream as named_upstream
from harness.h2upstream import H2Upstream
from harness.moto import Moto
from harness.ports import free_port

SECRET = "a-secret-that-both-sides-know"
CONSUMER = {"name": "mobile", "credentials": [{"hmac": {"keyId": "AKMOBILE", "secret": SECRET}}]}
CREDENTIALS = Credentials("AKMOBILE", SECRET)


def configuration(upstream, *policies, **settings):
    full = {**proxy(upstream, **settings), "consumers": [CONSUMER]}
    full["apis"][0]["policies"] = list(policies)
    return full


def pem(key, private=False):
    if private:
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


class Keys(HTTPSignatureKeyResolver):
    def __init__(self, key):
        self.key = key

    def resolve_private_key(self, key_id):
        return self.key if isinstance(self.key, bytes) else pem(self.key, private=True).encode()

    def resolve_public_key(self, key_id):
        return self.key if isinstance(self.key, bytes) else pem(self.key).encode()


KEYS = {
    "ed25519": (algorithms.ED25519, ed25519.Ed25519PrivateKey.generate),
    "ecdsa-p256-sha256": (algorithms.ECDSA_P256_SHA256, lambda: ec.generate_private_key(ec.SECP256R1())),
    "ecdsa-p384-sha384": (algorithms.ECDSA_P384_SHA384, lambda: ec.generate_private_key(ec.SECP384R1())),
    "rsa-v1_5-sha256": (algorithms.RSA_V1_5_SHA256, lambda: rsa.generate_private_key(65537, 2048)),
    "rsa-pss-sha512": (algorithms.RSA_PSS_SHA512, lambda: rsa.generate_private_key(65537, 2048)),
}


# ---- RFC 9421 --------------------------------------------------------------------------------------------------------


def signed(gateway, algorithm, key, method="GET", target="/orders?q=1", body=None, covers=("@method", "@authority", "@path", "@query"), **more):
    """A request that http-message-signatures has signed: its headers."""
    headers = {"Host": f"127.0.0.1:{gateway.port}"}
    if body is not None:
        headers["Content-Digest"] = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        covers = (*covers, "content-digest")
    message = SimpleNamespace(method=method, url=f"http://127.0.0.1:{gateway.port}{target}", headers=headers, body=body)
    HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=Keys(key)).sign(message, key_id="partner", covered_component_ids=covers, use_existing_digest=body is not None, **more)
    return {name: value for name, value in message.headers.items() if name != "Host"}


@pytest.mark.parametrize("name", KEYS)
def test_requests_that_others_have_signed(start, upstream, name):
    algorithm, make = KEYS[name]
    key, other = make(), make()
    gateway = start(configuration(upstream, {"http-signature": {"keys": [{"keyId": "partner", "algorithm": name, "publicKey": pem(key), "consumer": "mobile"}]}}))
    host = f"127.0.0.1:{gateway.port}"
    assert gateway.fetch("GET", "/orders?q=1", signed(gateway, algorithm, key), host=host).status == 200
    assert gateway.fetch("GET", "/orders?q=2", signed(gateway, algorithm, key), host=host).status == 401
    assert gateway.fetch("GET", "/orders?q=1", signed(gateway, algorithm, other), host=host).status == 401
    assert gateway.fetch("GET", "/orders?q=1", host=host).status == 401
    body = b"x" * 100_000
    headers = signed(gateway, algorithm, key, "POST", body=body)
    assert gateway.fetch("POST", "/orders?q=1", headers, body, host=host).status == 200
    assert upstream.requests[-1].body.data == body
    response = gateway.fetch("POST", "/orders?q=1", headers, body[:-1] + b"y", host=host)
    assert (response.status, response.problem["reason"]) == (400, "digest_mismatch")
    # Whatever has reached the upstream of it, it can't have taken it for a whole request.
    assert all(record.body.data == body for record in upstream.requests if record.method == "POST" and record.body.complete)


@pytest.mark.parametrize("name", KEYS)
def test_messages_that_others_verify(start, upstream, name):
    """Requests to the upstream and responses to the client, with digests of their bodies."""
    algorithm, make = KEYS[name]
    key = make()
    maker = {"keyId": "gw", "algorithm": name, "privateKey": pem(key, private=True), "lifetime": "1m", "stateAlgorithm": True}
    policy = {"http-signature": {"verify": False, "sign": {"request": maker, "response": maker}}}
    gateway = start(configuration(upstream, policy, hostHeader="endpoint"))
    response = gateway.fetch("POST", "/orders?q=1", {"Content-Type": "text/plain"}, b"hello")
    assert response.status == 200
    verifier = HTTPMessageVerifier(signature_algorithm=algorithm, key_resolver=Keys(key))
    record = upstream.requests[-1]
    message = SimpleNamespace(method=record.method, url=f"http://{upstream.address}{record.target}", headers=dict(record.head.fields), body=b"hello")
    result = verifier.verify(message)[0]
    assert [*result.covered_components] == ['"@method"', '"@target-uri"', '"content-type"', '"content-digest"', '"@signature-params"']
    answer = SimpleNamespace(status_code=response.status, headers=dict(response.head.fields), body=response.body, request=None)
    assert '"@status"' in verifier.verify(answer)[0].covered_components
    message.headers = {**message.headers, next(n for n in message.headers if n.lower() == "content-type"): "text/html"}
    with pytest.raises(InvalidSignature):
        verifier.verify(message)


# ---- AWS -------------------------------------------------------------------------------------------------------------


def aws(gateway, signer, method="GET", target="/orders", body=b"", headers=None):
    """A request that botocore has signed: target and headers."""
    request = AWSRequest(method, f"http://127.0.0.1:{gateway.port}{target}", headers or {}, body)
    signer.add_auth(request)
    prepared = request.prepare()
    return prepared.url.split(str(gateway.port), 1)[1], [(name, value) for name, value in request.headers.items()]


@pytest.mark.parametrize("target", ["/", "/a/b%20c/%C3%A9", "/a/../b//c/.", "/x?b=2&a=1&a=0&c", "/x?key=%2F%2B%20~&e=%C3%A9"])
@pytest.mark.parametrize("form", ["header", "query", "s3"])
def test_aws_requests(start, upstream, target, form):
    settings = {"s3": form == "s3", "services": ["s3" if form == "s3" else "execute-api"]}
    gateway = start(configuration(upstream, {"aws-sigv4": settings}))
    host = f"127.0.0.1:{gateway.port}"
    make = {"header": SigV4Auth, "query": SigV4QueryAuth, "s3": S3SigV4Auth}[form]
    service = "s3" if form == "s3" else "execute-api"
    body = b"" if form == "query" else b'{"a": 1}' * 1000
    method = "GET" if form == "query" else "PUT"
    sent, headers = aws(gateway, make(CREDENTIALS, service, "eu-central-1"), method, target, body)
    response = gateway.fetch(method, sent, headers, body or None, host=host)
    assert response.status == 200, response
    record = upstream.requests[-1]
    assert record["authorization"] is None and "X-Amz" not in record.target and record.body.data == body
    for credentials in (Credentials("AKMOBILE", "wrong"), Credentials("AKNOBODY", SECRET)):
        sent, headers = aws(gateway, make(credentials, service, "eu-central-1"), method, target, body)
        assert gateway.fetch(method, sent, headers, body or None, host=host).status == 401


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_curl_signs_for_aws(start, upstream, version):
    gateway = start(configuration(upstream, {"aws-sigv4": {"services": ["execute-api"]}}))

    def curl(target, *arguments, secret=SECRET):
        command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", version, "--aws-sigv4", "aws:amz:eu-central-1:execute-api", "--user", f"AKMOBILE:{secret}"]
        return subprocess.run([*command, *arguments, f"http://127.0.0.1:{gateway.port}{target}"], capture_output=True, text=True, timeout=30).stdout

    assert [curl(target) for target in ("/", "/a/b?x=1&y=2", "/a?z=%2F")] == ["200"] * 3
    assert curl("/a", "-d", "hello") == "200" and upstream.requests[-1].body.data == b"hello"
    assert curl("/a", secret="wrong") == "401"


def test_presigned_urls_stay_out_of_logs(start, upstream):
    """Whoever reads one could use it as long as it is good, and a refused one may be good elsewhere."""
    gateway = start(configuration(upstream, {"aws-sigv4": {}}))
    for secret, status in ((SECRET, 200), ("wrong", 401)):
        sent, _ = aws(gateway, SigV4QueryAuth(Credentials("AKMOBILE", secret), "execute-api", "eu-central-1"), target="/orders?q=1")
        assert gateway.fetch("GET", sent, host=f"127.0.0.1:{gateway.port}").status == status
    lines = gateway.wait_log("/orders", count=2)
    assert not any("X-Amz" in line or "q=1" in line for line in lines)


def test_requests_are_signed_over_http2(start):
    """The host that is signed is the authority of the stream."""
    with H2Upstream() as server:
        sigv4 = {"accessKey": "AKMOBILE", "secretKey": SECRET, "region": "eu-central-1", "service": "execute-api"}
        gateway = start(configuration(server, {"upstream-auth": {"sigv4": sigv4}}, protocol="h2c", hostHeader="endpoint"))
        assert gateway.fetch("POST", "/orders?b=2&a=1", {"Content-Type": "text/plain"}, b"hello").status == 200
        stream = server.requests[-1]
        stated = {"Content-Type": "text/plain", "X-Amz-Date": stream["x-amz-date"], "X-Amz-Content-SHA256": hashlib.sha256(b"hello").hexdigest()}
        request = AWSRequest("POST", f"http://{stream[':authority']}/orders?b=2&a=1", stated, b"hello")
        request.context["timestamp"] = stream["x-amz-date"]
        auth = SigV4Auth(CREDENTIALS, "execute-api", "eu-central-1")
        assert stream["authorization"].endswith(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


def client(gateway, service, **more):
    session = botocore.session.Session()
    return session.create_client(
        service, region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{gateway.port}", aws_access_key_id="AKMOBILE", aws_secret_access_key=SECRET,
        config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, **more))


def test_clients_of_aws_kits(start, upstream):
    """Whole clients: SQS, which does not state the digest of the body, and S3, which does, in fields or in chunks."""
    upstream.on("/*", lambda exchange: (exchange.read_body(), exchange.reply(200, [("Content-Type", "application/json")], "{}" if exchange.record.method == "POST" else "")))
    queue = start(configuration(upstream, {"aws-sigv4": {"services": ["sqs"]}}))
    client(queue, "sqs").list_queues()
    assert upstream.requests[-1]["x-amz-target"] == "AmazonSQS.ListQueues" and upstream.requests[-1].body.data == b"{}"
    store = start(configuration(upstream, {"aws-sigv4": {"s3": True, "services": ["s3"]}}))
    data = b"0123456789" * 20_000
    client(store, "s3").put_object(Bucket="photos", Key="cats/a b+ü.jpg", Body=data)
    record = upstream.requests[-1]
    assert record.target == "/photos/cats/a%20b%2B%C3%BC.jpg" and record.body.data == data
    with pytest.raises(ClientError):
        client(start(configuration(upstream, {"aws-sigv4": {"services": ["lambda"]}})), "sqs").list_queues()


@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize("target", ["/", "/a/b%20c/%C3%A9?b=2&a=1", "/x?key=%2F%2B%20~"])
def test_requests_are_signed_for_aws(start, upstream, target, unsigned):
    """What arrives is signed as botocore signs it."""
    sigv4 = {"accessKey": "AKMOBILE", "secretKey": SECRET, "region": "eu-central-1", "service": "execute-api", "unsignedPayload": unsigned}
    gateway = start(configuration(upstream, {"upstream-auth": {"sigv4": sigv4}}, hostHeader="endpoint"))
    body = b'{"a": 1}'
    assert gateway.fetch("POST", target, {"Content-Type": "application/json", "Authorization": "Bearer x"}, body).status == 200
    record = upstream.requests[-1]
    stated = {"Content-Type": "application/json", "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD" if unsigned else hashlib.sha256(body).hexdigest()}
    assert record["x-amz-content-sha256"] == stated["X-Amz-Content-SHA256"]
    request = AWSRequest("POST", f"http://{upstream.address}{record.target}", stated, body)
    moment = datetime.datetime.strptime(record["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    auth = SigV4Auth(CREDENTIALS, "execute-api", "eu-central-1")
    request.context["timestamp"] = record["x-amz-date"]
    request.headers["X-Amz-Date"] = record["x-amz-date"]
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    assert record["authorization"].endswith(f"Signature={signature}")
    assert abs((datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds()) < 60


def test_aws_accepts_what_is_signed(start):
    """moto checks signatures as AWS does."""
    with Moto() as aws_itself:
        access, secret = aws_itself.key()
        for chosen, status in ((secret, 200), ("wrong", 403)):
            sigv4 = {"accessKey": access, "secretKey": chosen, "region": "eu-central-1", "service": "sqs"}
            gateway = start(configuration(aws_itself, {"upstream-auth": {"sigv4": sigv4}}, hostHeader="endpoint"))
            headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.CreateQueue"}
            response = gateway.fetch("POST", "/", headers, b'{"QueueName": "orders"}')
            assert response.status == status, response
        assert aws_itself.client("sqs", access, secret).list_queues()["QueueUrls"][0].endswith("/orders")


def test_a_retry_is_signed_for_its_own_endpoint(start, upstream):
    """The first endpoint takes no connections; the host that is signed is that of the second."""
    sigv4 = {"accessKey": "AKMOBILE", "secretKey": SECRET, "region": "eu-central-1", "service": "execute-api"}
    full = configuration(upstream, {"upstream-auth": {"sigv4": sigv4}})
    full["upstreams"] = [named_upstream("up", f"127.0.0.1:{free_port()}", upstream, hostHeader="endpoint", retries={"attempts": 2, "on": ["connect-failure"]})]
    gateway = start(full)
    for _ in range(4):
        assert gateway.get("/orders").status == 200
        record = upstream.requests[-1]
        assert record["host"] == upstream.address and len(record.all("authorization")) == 1 and len(record.all("x-amz-date")) == 1
        request = AWSRequest("GET", f"http://{upstream.address}/orders", {"X-Amz-Date": record["x-amz-date"], "X-Amz-Content-SHA256": record["x-amz-content-sha256"]})
        request.context["timestamp"] = record["x-amz-date"]
        auth = SigV4Auth(CREDENTIALS, "execute-api", "eu-central-1")
        assert record["authorization"].endswith(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


def test_signatures_once_across_event_loops(start, upstream):
    """The same request at the same time on many connections gets in once."""
    gateway = start({**configuration(upstream, {"http-signature": {"nonce": "once"}}), "runtime": {"threads": 2}})
    message = SimpleNamespace(method="GET", url=f"http://127.0.0.1:{gateway.port}/orders?q=1", headers={"Host": f"127.0.0.1:{gateway.port}"}, body=None)
    HTTPMessageSigner(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Keys(SECRET.encode())).sign(
        message, key_id="AKMOBILE", covered_component_ids=("@method", "@authority", "@path", "@query"), nonce="n1")
    headers = {name: value for name, value in message.headers.items() if name != "Host"}
    statuses, barrier = [], threading.Barrier(20)

    def ask():
        barrier.wait()
        statuses.append(gateway.fetch("GET", "/orders?q=1", headers, host=f"127.0.0.1:{gateway.port}").status)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [401] * 19
