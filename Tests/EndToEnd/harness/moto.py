"""moto as AWS: a process of its own, which checks the signatures of requests as soon as it is told whose keys there are."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import botocore.session

from .ports import free_port
from .waiting import until


class Moto:
    """Use as a context manager. `key()` makes an access key that may do everything; from then on signatures are checked."""

    def __init__(self):
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"

    def __enter__(self):
        program = Path(sys.executable).with_name("moto_server")
        host, port = self.address.split(":")
        self.process = subprocess.Popen([program, "-H", host, "-p", port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: urllib.request.urlopen(f"{self.url}/moto-api/", timeout=1).status == 200, 60, "moto answers")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)

    def client(self, service: str, access: str = "any", secret: str = "any"):
        return botocore.session.Session().create_client(
            service, region_name="eu-central-1", endpoint_url=self.url, aws_access_key_id=access, aws_secret_access_key=secret)

    def key(self) -> tuple[str, str]:
        iam = self.client("iam")
        iam.create_user(UserName="gateway")
        key = iam.create_access_key(UserName="gateway")["AccessKey"]
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_user_policy(UserName="gateway", PolicyName="all", PolicyDocument=json.dumps(document))
        request = urllib.request.Request(f"{self.url}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}, method="POST")
        urllib.request.urlopen(request).close()
        return key["AccessKeyId"], key["SecretAccessKey"]
