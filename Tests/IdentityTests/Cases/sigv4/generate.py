#!/usr/bin/env python3
"""Writes botocore.jsonl: random requests as botocore signs them, one JSON object a line. Needs botocore; the same seed makes the same file."""

import datetime
import json
import random
from pathlib import Path
from urllib.parse import quote, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

COUNT = 500
ACCESS, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
rng = random.Random(9421)
ALPHABET = "abzAZ059-._~ !$&'()*+,;=:@/%?#[]\"<>^`{|}\\éß漢😀"


def text(most, alphabet=ALPHABET):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(0, most)))


def path(is_s3):
    parts = [quote(text(6), safe="~") for _ in range(rng.randint(0, 4))]
    if not is_s3:
        parts = [rng.choice([part, part, part, ".", "..", ""]) for part in parts]
    return "/" + "/".join(parts) + rng.choice(["", "/"])


def query():
    pairs = [(text(5) or "k", text(6)) for _ in range(rng.choice([0, 0, 1, 2, 5]))]
    if pairs and rng.random() < 0.3:
        pairs.append((pairs[0][0], text(3)))
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)


def headers():
    found = {}
    if rng.random() < 0.5:
        found["Content-Type"] = rng.choice(["application/json", "text/plain;  charset=utf-8", "application/x-amz-json-1.0"])
    for _ in range(rng.choice([0, 0, 1, 3])):
        found["X-Amz-Meta-" + text(4, "abcXYZ") + "k"] = text(12, "ab  \t,;=\"é")
    if rng.random() < 0.2:
        found["X-Custom"] = "  a   b\t c "
    return found


def make(number):
    is_s3 = rng.random() < 0.4
    kind = rng.choice(["header", "header", "header", "query", "unsigned"])
    region = rng.choice(["us-east-1", "eu-central-1", "ap-south-2"])
    service = "s3" if is_s3 else rng.choice(["execute-api", "sqs", "lambda"])
    host = rng.choice(["example.amazonaws.com", "bucket.s3.amazonaws.com:8443", "localhost:4566"])
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=rng.randint(0, 10**8))
    botocore.auth.get_current_datetime = lambda *_, **__: moment
    body = text(40) if kind != "query" and rng.random() < 0.5 else ""
    url = f"https://{host}{path(is_s3)}"
    parameters = query()
    if kind == "query":
        # botocore keeps the last of several parameters with one name only.
        names = set()
        parameters = "&".join(p for p in parameters.split("&") if p and not (p.split("=")[0] in names or names.add(p.split("=")[0])))
    request = AWSRequest(rng.choice(["GET", "PUT", "POST", "DELETE"]), url + (f"?{parameters}" if parameters else ""), headers(), body.encode())
    if kind == "unsigned":
        request.context["payload_signing_enabled"] = False
    credentials = Credentials(ACCESS, SECRET, rng.choice([None, "tok/en+=="]))
    if kind == "query":
        signer = (botocore.auth.S3SigV4QueryAuth if is_s3 else botocore.auth.SigV4QueryAuth)(credentials, service, region, rng.randint(1, 604800))
    else:
        signer = (botocore.auth.S3SigV4Auth if is_s3 else botocore.auth.SigV4Auth)(credentials, service, region)
    signer.add_auth(request)
    parts = urlsplit(request.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    fields = [[name, value] for name, value in request.headers.items()]
    return {
        "name": f"{number}-{service}-{kind}", "method": request.method, "host": parts.netloc, "target": target, "headers": fields, "body": body,
        "s3": is_s3, "region": region, "service": service, "now": int(moment.timestamp()), "query": kind == "query",
    }


lines = [json.dumps(make(number), ensure_ascii=False, separators=(",", ":")) for number in range(COUNT)]
Path(__file__).with_name("botocore.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
