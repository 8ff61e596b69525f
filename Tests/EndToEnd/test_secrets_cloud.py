"""Secrets of Kubernetes clusters and of AWS."""

import json
import subprocess
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from harness.configuration import api, route
from harness.gateway import command
from harness.kubernetes import Kubernetes
from harness.pki import Authority
from harness.ports import free_port
from harness.raw import fetch
from harness.secrets import fresh
from harness.waiting import until


def answering(body: str, *sources: dict) -> dict:
    return {"secrets": list(sources), "apis": [api("all", route("all", "/*", respond={"body": body}))]}


def check(tmp_path, configuration, env=None):
    file = tmp_path / "checked.yaml"
    file.write_text(json.dumps({"listeners": [{"name": "web", "address": "127.0.0.1:1"}], **configuration}))
    return command("check", "--config", file, env=env)


# ---- Kubernetes ------------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster(tmp_path):
    authority = Authority(tmp_path / "pki")
    with Kubernetes(authority.issue("IP:127.0.0.1")) as server:
        server.account = tmp_path / "account"
        server.account.mkdir()
        (server.account / "token").write_text(server.token)
        server.settings = {"tokenFile": str(server.account / "token"), "authorities": authority.file, "namespace": "edge"}
        server.environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(server.port)}
        yield server


def test_secrets_of_a_cluster(start, cluster):
    cluster.secrets["edge/database"] = {"password": (password := fresh()).encode(), "user": b"orders"}
    cluster.secrets["shared/key"] = {"key": (key := fresh()).encode(), "binary": b"\xff\x00"}
    source = {"name": "k", "refresh": "100ms", "kubernetes": cluster.settings}
    gateway = start(answering("${secret:k/database#user} ${secret:k/database#password} ${secret:k/shared/key#key}", source), env=cluster.environment)
    assert gateway.get("/").text == f"orders {password} {key}"
    # Tokens of service accounts are replaced every hour.
    cluster.token = fresh("eyJhbGciOiJSUzI1NiIsImtpZCI6Ik")
    until(lambda: "does not accept the service account's token" in gateway.stderr(), 10, "the old one is of no use any more")
    (cluster.account / "token").write_text(cluster.token)
    cluster.secrets["edge/database"]["password"] = (changed := fresh()).encode()
    until(lambda: gateway.get("/").text == f"orders {changed} {key}", 60, "the new token is read")


@pytest.mark.parametrize("reference, message", [
    ("k/none#a", "has no secret edge/none"),
    ("k/database#none", "the secret has no field `none`; it has `password`"),
    ("k/closed#a", "does not let the gateway read the secret edge/closed; a Role must allow `get` on `secrets`"),
    ("k/a/b/c#d", "`a/b/c` names no secret of a cluster"),
])
def test_what_is_wrong_with_a_cluster_is_said(tmp_path, cluster, reference, message):
    cluster.secrets["edge/database"] = {"password": fresh().encode()}
    cluster.forbidden.add("edge/closed")
    result = check(tmp_path, answering("${secret:%s}" % reference, {"name": "k", "kubernetes": cluster.settings}), env=cluster.environment)
    assert result.returncode == 1 and message in result.stderr, result.stderr


def test_no_cluster(tmp_path):
    result = check(tmp_path, answering("${secret:k/a#b}", {"name": "k", "kubernetes": {}}), env={"KUBERNETES_SERVICE_HOST": ""})
    assert result.returncode == 1 and "there is no Kubernetes here" in result.stderr


# ---- AWS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def aws():
    """Secrets Manager as moto has it."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: fetch(("127.0.0.1", port), "GET", "/moto-api/data.json", host="127.0.0.1").status == 200, 60, "moto answers")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def keys():
    return {"AWS_ACCESS_KEY_ID": "AKIA" + fresh().upper()[-16:], "AWS_SECRET_ACCESS_KEY": fresh("wJalrXUtnFEMI"), "AWS_REGION": "eu-central-1"}


@pytest.fixture
def manager(aws, keys):
    return boto3.client("secretsmanager", region_name="eu-central-1", endpoint_url=aws, aws_access_key_id=keys["AWS_ACCESS_KEY_ID"], aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"])


def source(aws, **settings) -> dict:
    return {"name": "aws", "refresh": "200ms", "timeout": "5s", "awsSecretsManager": {"endpoint": aws, **settings}}


def test_secrets_of_aws(start, aws, manager, keys):
    name = f"prod/database-{uuid.uuid4()}"
    manager.create_secret(Name=name, SecretString=json.dumps({"username": "orders", "password": (password := fresh())}))
    manager.create_secret(Name=f"{name}/plain", SecretString=(plain := fresh()))
    manager.create_secret(Name=f"{name}/binary", SecretBinary=(binary := fresh()).encode())
    body = "${secret:aws/%s#username} ${secret:aws/%s#password} ${secret:aws/%s/plain} ${secret:aws/%s/binary}" % (name, name, name, name)
    gateway = start(answering(body, source(aws)), env=keys)
    assert gateway.get("/").text == f"orders {password} {plain} {binary}"
    manager.put_secret_value(SecretId=f"{name}/plain", SecretString=(changed := fresh()))
    until(lambda: gateway.get("/").text == f"orders {password} {changed} {binary}", 20, "the new version is taken")


def test_by_arn_with_credentials_of_the_source(start, aws, manager, keys):
    arn = manager.create_secret(Name=f"by/arn-{uuid.uuid4()}", SecretString=(value := fresh()))["ARN"]
    settings = {"region": "eu-central-1", "accessKeyId": "${env:ID}", "secretAccessKey": "${env:SECRET}", "sessionToken": "${env:TOKEN}"}
    gateway = start(answering("${secret:aws/%s}" % arn, source(aws, **settings)),
                    env={"ID": keys["AWS_ACCESS_KEY_ID"], "SECRET": keys["AWS_SECRET_ACCESS_KEY"], "TOKEN": fresh("session")})
    assert gateway.get("/").text == value


@pytest.mark.parametrize("token", [None, fresh("session")])
def test_requests_are_signed_as_botocore_signs_them(tmp_path, keys, token):
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            seen.append((dict(self.headers.items()), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"SecretString":"text"}')

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.handle_request, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    result = check(tmp_path, answering("${secret:aws/a b/ü}", source(url)), env={**keys, **({"AWS_SESSION_TOKEN": token} if token else {})})
    server.server_close()
    assert result.returncode == 0, result.stderr
    headers, body = seen[0]
    assert json.loads(body) == {"SecretId": "a b/ü"}
    headers = {name.lower(): value for name, value in headers.items()}
    said = headers.pop("authorization")
    names = said.split("SignedHeaders=")[1].split(",")[0].split(";")
    assert {"host", "x-amz-date", "x-amz-target", "content-type"} <= set(names) and ("x-amz-security-token" in names) == bool(token)
    request = AWSRequest(method="POST", url=url + "/", data=body, headers={name: headers[name] for name in names})
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], token), "secretsmanager", "eu-central-1")
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert said.endswith(f"Signature={signature}")


@pytest.mark.parametrize("reference, env, message", [
    ("aws/none", {}, "has no secret none; check its name and the region"),
    ("aws/KNOWN#c", {}, "the secret has no field `c`; it has `a`, `b`"),
    ("aws/none", {"AWS_ACCESS_KEY_ID": ""}, "there are no AWS credentials; set $AWS_ACCESS_KEY_ID"),
    ("aws/none", {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "no AWS region is known"),
])
def test_what_is_wrong_with_aws_is_said(tmp_path, aws, manager, keys, reference, env, message):
    name = f"known-{uuid.uuid4()}"
    manager.create_secret(Name=name, SecretString='{"a":"1","b":"2"}')
    result = check(tmp_path, answering("${secret:%s}" % reference.replace("KNOWN", name), source(aws)), env={**keys, **env})
    assert result.returncode == 1 and message in result.stderr, result.stderr
