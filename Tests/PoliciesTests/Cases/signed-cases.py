#!/usr/bin/env python3
"""Writes the cases of policies whose requests are signed, for the day that the rig `memory` begins with. Needs only Python.

What is signed is computed here from the RFCs' own words, not by the code that the cases test.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from urllib.parse import parse_qsl, quote

FOLDER = Path(__file__).parent
NOW = 1767225600
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
STAMP = "20260101T000000Z"
HOST = "test.example"
SECRET = "a-secret-that-both-sides-know"
CONSUMERS = f"""\
  gateway:
    consumers:
      - {{ name: mobile, groups: [partners], credentials: [{{ hmac: {{ keyId: mobile-1, secret: {SECRET} }} }}] }}
"""


def mac(key, text, digest="sha256"):
    return hmac.new(key if isinstance(key, bytes) else key.encode(), text if isinstance(text, bytes) else text.encode(), digest)


def b64(data):
    return base64.b64encode(data).decode()


def content_digest(body, algorithm="sha256"):
    return f"sha-{algorithm[3:]}=:{b64(hashlib.new(algorithm, body.encode()).digest())}:"


def send(method="GET", target="/orders", headers=None, body=None, expect=None, times=None):
    step = {"send": {"method": method, "target": target, "headers": headers or {}}}
    if body is not None:
        step["send"]["body"] = body
    if times:
        step["times"] = times
    step["expect"] = expect or {"status": 200}
    return step


def refused(reason="credentials_invalid", status=401):
    return {"status": status, "reason": reason, "upstream": "none"}


def flow(value):
    """In quotes, `absent` and `present` are just words."""
    return json.dumps(value).replace('"absent"', "absent").replace('"present"', "present")


def write(name, shows, policies, steps, config="", rigs=True):
    lines = [f"shows: {shows}"] + (["rigs: [memory]"] if rigs else []) + ["config:", config.rstrip("\n") or None, "  policies:"]
    lines += [f"    - {policy}" for policy in policies] + ["steps:"]
    for step in steps:
        first, *rest = step.items()
        lines.append(f"  - {first[0]}: {flow(first[1])}")
        lines += [f"    {key}: {flow(value)}" for key, value in rest]
    (FOLDER / f"{name}.yaml").write_text("\n".join(line for line in lines if line is not None) + "\n")


# ---- hmac-signature --------------------------------------------------------------------------------------------------


def signed(method="GET", target="/orders", names="(request-target) host date", headers=None, key="mobile-1", secret=SECRET, algorithm="hmac-sha256", extra="", scheme="Signature", id_name="keyId", encode=lambda text: text, created=None):
    """Headers of a request that is signed by draft-cavage-http-signatures-12."""
    headers = {"date": DATE, **(headers or {})}
    lines = []
    for name in names.split():
        if name in ("(request-target)", "@request-target"):
            lines.append(f"{name}: {method.lower()} {target}")
        elif name == "request-line":
            lines.append(f"{method} {target} HTTP/1.1")
        elif name == "(created)":
            lines.append(f"(created): {created}")
        elif name == "(expires)":
            lines.append(f"(expires): {created + 60}")
        else:
            lines.append(f"{name}: {HOST if name == 'host' else headers[name]}")
    code = encode(b64(mac(secret, "\n".join(lines), algorithm.split("-")[1]).digest()))
    stated = f', algorithm="{algorithm}"' if algorithm else ""
    headers["authorization"] = f'{scheme} {id_name}="{key}"{stated}, headers="{names}", signature="{code}"{extra}'
    return headers


BODY = '{"hello": "world"}'
DIGEST = {"digest": "SHA-256=" + b64(hashlib.sha256(BODY.encode()).digest())}
good = signed()
write(
    "hmac-signature/example", "a request that is signed with a consumer's secret gets in, and one that is not learns how",
    ["hmac-signature: { headers: [host, content-type], clockSkew: 1m }"],
    [
        send(headers=signed(names="(request-target) host date content-type", headers={"content-type": "text/plain"}), expect={"status": 200, "upstream": {"headers": {"authorization": "absent"}}}),
        send(expect={**refused("credentials_missing"), "headers": {"www-authenticate": 'Signature realm="API", headers="(request-target) date host content-type"'}}),
    ], CONSUMERS)
write(
    "hmac-signature/dialects", "what Kong's and Tyk's clients send is understood",
    ["hmac-signature: { algorithms: [hmac-sha256, hmac-sha384, hmac-sha512] }"],
    [
        send(headers=signed(names="date host request-line", scheme="hmac", id_name="username")),
        send(headers=signed(names="date host @request-target", scheme="hmac", id_name="username")),
        send(headers=signed(encode=lambda text: quote(text, safe=""))),
        send(headers=signed(names="(request-target) host x-date", headers={"x-date": DATE})),
        send(headers=signed(algorithm="hmac-sha512")), send(headers=signed(algorithm="hmac-sha384")),
        send(headers={**good, "authorization": good["authorization"].replace(', algorithm="hmac-sha256"', "")}),
        send(headers={**good, "authorization": good["authorization"].replace("hmac-sha256", "hs2019")}),
        send(headers=signed(names="(request-target) host (created) (expires)", created=NOW, extra=f", created={NOW}, expires={NOW + 60}")),
    ], CONSUMERS)
bad = good["authorization"]
write(
    "hmac-signature/refused", "nothing of what is signed may be altered, and nothing may be left out",
    ["hmac-signature: {}"],
    [send(**{"headers": good, "expect": refused(), **change}) for change in [
        {"target": "/orders?all"}, {"method": "DELETE"}, {"headers": {**good, "date": "Thu, 01 Jan 2026 00:00:01 GMT"}},
        {"headers": signed(secret="another")}, {"headers": signed(key="mobile-2")}, {"headers": signed(algorithm="hmac-sha384")},
        {"headers": signed(names="host date")}, {"headers": signed(names="(request-target) host")}, {"headers": signed(names="(request-target) date")},
        {"headers": signed(headers={"date": "Wed, 31 Dec 2025 23:54:59 GMT"})}, {"headers": signed(headers={"date": "Thu, 01 Jan 2026 00:05:01 GMT"})},
        {"headers": signed(headers={"date": "yesterday"})}, {"headers": signed(names="(request-target) host (created)", created=NOW)},
        {"headers": signed(names="(request-target) host (created) (expires)", created=NOW - 100, extra=f", created={NOW - 100}, expires={NOW - 40}")},
        {"headers": {"date": DATE, "authorization": [bad, bad]}}, {"headers": {"date": DATE, "authorization": "Signature keyId=mobile-1"}},
        {"headers": {**good, "authorization": bad.replace("Signature ", "Signature keyId=other, ")}},
        {"headers": {**good, "authorization": bad.replace('headers="(request-target)', 'headers="(request-target) x-none')}},
        {"headers": {**good, "authorization": bad[:-3] + '"'}},
    ]] + [send(headers={"authorization": "Basic YTpi"}, expect=refused("credentials_missing"))], CONSUMERS)
write(
    "hmac-signature/body", "a body is compared with its signed digest as it passes",
    ["hmac-signature: {}"],
    [
        send("POST", headers=signed("POST", names="(request-target) host date digest", headers=DIGEST), body=BODY, expect={"status": 200, "upstream": {"body": BODY}}),
        send("POST", headers=signed("POST", names="(request-target) host date content-digest", headers={"content-digest": content_digest(BODY, "sha512")}), body=BODY),
        send("POST", headers=signed("POST", names="(request-target) host date digest", headers=DIGEST), body=BODY[:-1] + " ", expect={"status": 400, "reason": "digest_mismatch"}),
        send("POST", headers=signed("POST", names="(request-target) host date digest", headers=DIGEST), body="", expect={"status": 400, "reason": "digest_mismatch"}),
        send("POST", headers=signed("POST", headers=DIGEST), body=BODY, expect=refused()),
        send("POST", headers=signed("POST"), body=BODY, expect=refused()),
        send("POST", headers=signed("POST", names="(request-target) host date digest", headers={"digest": "SHA-256=AAAA"}), body=BODY, expect=refused()),
    ], CONSUMERS)
write(
    "hmac-signature/collected", "a body that is collected reaches no upstream unless it is right",
    ["hmac-signature: { collectBody: 32B, digest: optional }"],
    [
        send("POST", headers=signed("POST", names="(request-target) host date digest", headers=DIGEST), body=BODY, expect={"status": 200, "upstream": {"body": BODY}}),
        send("POST", headers=signed("POST", names="(request-target) host date digest", headers=DIGEST), body="other", expect={"status": 400, "reason": "digest_mismatch", "upstream": "none"}),
        send("POST", headers=signed("POST", names="(request-target) host date digest", headers=DIGEST), body={"size": "33B"}, expect=refused("request_too_large", 413)),
        send("POST", headers=signed("POST"), body=BODY),
    ], CONSUMERS)
write(
    "hmac-signature/once", "a signature is accepted once, also behind a reload",
    ["hmac-signature: { once: true }"],
    [send(headers=good), send(headers=good, expect=refused()), send(target="/other", headers=signed(target="/other")), send(target="/other", headers=signed(target="/other"), expect=refused()),
     {"reload": {"gateway": {"consumers": [{"name": "mobile", "credentials": [{"hmac": {"keyId": "mobile-1", "secret": SECRET}}]}]}, "policies": [{"hmac-signature": {"once": True, "clockSkew": "10m"}}]}},
     send(headers=good, expect=refused()), send(target="/third", headers=signed(target="/third"))], CONSUMERS)
write(
    "hmac-signature/kept", "the signature is forwarded where that is wanted, and who calls is known",
    ["hmac-signature: { hideCredentials: false, headers: [] }", "headers: { request: { set: { x-who: '{= consumer.name =}' } } }"],
    [send(headers=signed(names="(request-target) date"), expect={"status": 200, "upstream": {"headers": {"authorization": "present", "x-who": "mobile"}}})], CONSUMERS)

# ---- http-signature --------------------------------------------------------------------------------------------------


def message(method="GET", target="/orders", names=("@method", "@authority", "@path", "@query"), headers=None, key="mobile-1", secret=SECRET, parameters="", created=NOW, label="sig1"):
    """Headers of a request that is signed by RFC 9421 with hmac-sha256."""
    headers = dict(headers or {})
    path, _, query = target.partition("?")
    lines = []
    for name in names:
        value = {"@method": method, "@authority": HOST, "@path": path, "@query": "?" + query, "@target-uri": f"http://{HOST}{target}", "@request-target": target}.get(name)
        lines.append(f'"{name}": {headers[name] if value is None else value}')
    covered = "(" + " ".join(f'"{name}"' for name in names) + ")" + (f";created={created}" if created is not None else "") + (f';keyid="{key}"' if key else "") + parameters
    lines.append(f'"@signature-params": {covered}')
    headers["signature-input"] = f"{label}={covered}"
    headers["signature"] = f"{label}=:{b64(mac(secret, chr(10).join(lines)).digest())}:"
    return headers


USUAL = ("@method", "@authority", "@path", "@query")
good = message(target="/orders?q=1")
write(
    "http-signature/example", "a signed request gets in, and one that is not learns what to sign",
    ['http-signature: { components: ["@method", "@authority", "@path", "@query", content-type], maxAge: 1m }'],
    [
        send(target="/orders?q=1", headers=message(target="/orders?q=1", names=USUAL + ("content-type",), headers={"content-type": "text/plain"}), expect={"status": 200, "upstream": {"headers": {"signature": "absent", "signature-input": "absent"}}}),
        send(expect={**refused("credentials_missing"), "headers": {"www-authenticate": 'Signature realm="API"', "accept-signature": 'sig1=("@method" "@authority" "@path" "@query" "content-type");created;keyid'}}),
    ], CONSUMERS)
write(
    "http-signature/refused", "nothing of what is signed may be altered, and the rules are kept",
    ["http-signature: { tag: app, requireExpires: true }"],
    [send(headers=message(parameters=f';expires={NOW + 60};tag="app"'), expect={"status": 200})]
    + [send(**{"target": "/orders", "expect": refused(), **change}) for change in [
        {"headers": message(parameters=f';expires={NOW + 60};tag="app"'), "target": "/orders?x"},
        {"headers": message(parameters=f';expires={NOW + 60};tag="app"'), "method": "DELETE"},
        {"headers": message(parameters=f';expires={NOW + 60};tag="other"')}, {"headers": message(parameters=f";expires={NOW + 60}")},
        {"headers": message(parameters=f';expires={NOW - 31};tag="app"')}, {"headers": message(parameters=';tag="app"')},
        {"headers": message(parameters=f';expires={NOW + 60};tag="app"', created=NOW - 331)}, {"headers": message(parameters=f';expires={NOW + 60};tag="app"', created=NOW + 31)},
        {"headers": message(parameters=f';expires={NOW + 60};tag="app"', created=None)}, {"headers": message(parameters=f';expires={NOW + 60};tag="app"', key=None)},
        {"headers": message(parameters=f';expires={NOW + 60};tag="app"', key="mobile-2")}, {"headers": message(parameters=f';expires={NOW + 60};tag="app"', secret="x")},
        {"headers": message(parameters=f';expires={NOW + 60};tag="app";alg="ed25519"')}, {"headers": message(parameters=f';expires={NOW + 60};tag="app"', names=USUAL[1:])},
        {"headers": message(parameters=f';expires={NOW + 60};tag="app"', names=USUAL + ("@method",))},
    ]], CONSUMERS)
write(
    "http-signature/alternatives", "what covers more covers less, the algorithm may be stated, and one of several signatures does",
    ["http-signature: {}"],
    [
        send(target="/orders?q=1", headers=message(target="/orders?q=1", names=("@method", "@target-uri"))),
        send(headers=message(names=("@method", "@authority", "@path"))),
        send(target="/orders?q=1", headers=message(target="/orders?q=1", names=("@method", "@authority", "@path")), expect=refused()),
        send(headers=message(parameters=';alg="hmac-sha256"')),
        send(headers={"signature-input": [message(secret="x", label="a")["signature-input"], message(label="b")["signature-input"]], "signature": [message(secret="x", label="a")["signature"], message(label="b")["signature"]]}),
        send(headers={"signature-input": message()["signature-input"]}, expect=refused("credentials_missing")),
        send(headers={"signature-input": "sig1=(", "signature": "sig1=:AAAA:"}, expect=refused()),
    ], CONSUMERS)
write(
    "http-signature/body", "a body is compared with its signed digest as it passes",
    ["http-signature: {}"],
    [
        send("POST", headers=message("POST", names=USUAL + ("content-digest",), headers={"content-digest": content_digest(BODY)}), body=BODY, expect={"status": 200, "upstream": {"body": BODY}}),
        send("POST", headers=message("POST", names=USUAL + ("content-digest",), headers={"content-digest": content_digest(BODY)}), body=BODY + " ", expect={"status": 400, "reason": "digest_mismatch"}),
        send("POST", headers=message("POST", headers={"content-digest": content_digest(BODY)}), body=BODY, expect=refused()),
        send("POST", headers=message("POST", names=USUAL + ("content-digest",), headers={"content-digest": "md5=:AAAA:"}), body=BODY, expect=refused()),
        send("POST", headers=message("POST", names=USUAL + ("content-digest",), headers={"content-digest": "sha-256=:AAAA:"}), body=BODY, expect=refused()),
    ], CONSUMERS)
write(
    "http-signature/nonce", "a nonce is accepted once",
    ["http-signature: { nonce: once, hideCredentials: false }"],
    [
        send(headers=message(parameters=';nonce="n1"'), expect={"status": 200, "upstream": {"headers": {"signature": "present"}}}),
        send(headers=message(parameters=';nonce="n1"'), expect=refused()), send(headers=message(parameters=';nonce="n1"', created=NOW - 1), expect=refused()),
        send(headers=message(parameters=';nonce="n2"')), send(headers=message(), expect=refused()),
    ], CONSUMERS)


def seal(lines, covered):
    return f"sluice=:{b64(mac('gateway-secret', chr(10).join(lines + [chr(34) + '@signature-params' + chr(34) + ': ' + covered])).digest())}:"


covered = f'("@method" "@target-uri" "content-digest");created={NOW};keyid="gw"'
covered2 = f'("@method" "@target-uri");created={NOW};keyid="gw"'
answered = f'("@status" "content-digest" "@method";req "x-id";req);created={NOW};expires={NOW + 60};keyid="gw";alg="hmac-sha256";tag="t"'
digest = content_digest(BODY)
write(
    "http-signature/sign", "requests to upstreams and responses are signed, with the digests of their bodies",
    ["http-signature: { verify: false, sign: { request: { keyId: gw, algorithm: hmac-sha256, secret: gateway-secret } } }",
     "headers: { request: { remove: [x-id] } }",
     'http-signature: { verify: false, sign: { response: { keyId: gw, algorithm: hmac-sha256, secret: gateway-secret, components: ["@status", content-digest, "@method;req", "x-id;req"], lifetime: 1m, tag: t, stateAlgorithm: true } } }'],
    [
        {"send": {"method": "POST", "target": "/orders?q=1", "headers": {"x-id": "7"}, "body": BODY}, "answer": {"status": 201, "body": BODY},
         "expect": {"status": 201, "body": BODY,
                    "upstream": {"headers": {"content-digest": digest, "signature-input": f"sluice={covered}", "signature": seal(['"@method": POST', f'"@target-uri": http://{HOST}/orders?q=1', f'"content-digest": {digest}'], covered)}},
                    "headers": {"content-digest": digest}}},
        send(headers={"signature": "theirs=:AAAA:", "signature-input": "theirs=()"}, expect={"status": 200, "upstream": {"headers": {"signature-input": ["theirs=()", f"sluice={covered2}"], "signature": ["theirs=:AAAA:", seal(['"@method": GET', f'"@target-uri": http://{HOST}/orders'], covered2)]}}}),
    ])
write(
    "http-signature/sign-response", "a response is signed together with what it answers",
    ['http-signature: { verify: false, sign: { response: { keyId: gw, algorithm: hmac-sha256, secret: gateway-secret, components: ["@status", content-digest, "@method;req", "x-id;req"], lifetime: 1m, tag: t, stateAlgorithm: true } } }',
     "headers: { request: { remove: [x-id] } }"],
    [
        {"send": {"method": "POST", "headers": {"x-id": "7"}}, "answer": {"status": 201, "body": BODY},
         "expect": {"status": 201, "body": BODY, "headers": {"content-digest": digest, "signature-input": f"sluice={answered}", "signature": seal(['"@status": 201', f'"content-digest": {digest}', '"@method";req: POST', '"x-id";req: 7'], answered)}}},
    ])

# ---- aws-sigv4 -------------------------------------------------------------------------------------------------------


def key(service, secret):
    derived = ("AWS4" + secret).encode()
    for part in (STAMP[:8], "eu-central-1", service, "aws4_request"):
        derived = mac(derived, part).digest()
    return derived


def aws(method="GET", target="/orders", headers=None, body="", service="execute-api", secret=SECRET, access="mobile-1", stated=None, signs=()):
    """Headers of a request that is signed by SigV4; the path must be one that needs no encoding."""
    headers = {"x-amz-date": STAMP, **(headers or {})}
    path, _, query = target.partition("?")
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(query, keep_blank_values=True))
    payload = stated or hashlib.sha256(body.encode()).hexdigest()
    if stated:
        headers["x-amz-content-sha256"] = stated
    every = {"host": HOST, **{name: value for name, value in headers.items() if name.startswith("x-amz-") or name in signs}}
    names = ";".join(sorted(every))
    canonical = "\n".join([method, path, "&".join(f"{k}={v}" for k, v in pairs), *(f"{name}:{every[name]}" for name in sorted(every)), "", names, payload])
    scope = f"{STAMP[:8]}/eu-central-1/{service}/aws4_request"
    code = mac(key(service, secret), "\n".join(["AWS4-HMAC-SHA256", STAMP, scope, hashlib.sha256(canonical.encode()).hexdigest()])).hexdigest()
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={code}"
    return headers


def presigned(target="/orders", expires=60, service="execute-api", payload=hashlib.sha256(b"").hexdigest(), secret=SECRET):
    scope = f"{STAMP[:8]}/eu-central-1/{service}/aws4_request"
    parameters = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"mobile-1/{scope}", "X-Amz-Date": STAMP, "X-Amz-Expires": str(expires), "X-Amz-SignedHeaders": "host"}
    query = "&".join(f"{k}={quote(v, safe='-_.~')}" for k, v in sorted([*parameters.items(), ("q", "1")]))
    canonical = "\n".join(["GET", target, query, f"host:{HOST}", "", "host", payload])
    code = mac(key(service, secret), "\n".join(["AWS4-HMAC-SHA256", STAMP, scope, hashlib.sha256(canonical.encode()).hexdigest()])).hexdigest()
    return f"{target}?{query}&X-Amz-Signature={code}"


def chunked(pieces, service="s3"):
    """A request whose body is signed chunk by chunk, and the body."""
    headers = aws("PUT", headers={"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(sum(map(len, pieces)))}, service=service, stated="STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    previous = headers["authorization"][-64:]
    body = ""
    for piece in [*pieces, ""]:
        text = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", STAMP, f"{STAMP[:8]}/eu-central-1/{service}/aws4_request", previous, hashlib.sha256(b"").hexdigest(), hashlib.sha256(piece.encode()).hexdigest()])
        previous = mac(key(service, SECRET), text).hexdigest()
        body += f"{len(piece):x};chunk-signature={previous}\r\n{piece}\r\n"
    return headers, body


sum_of = lambda body: hashlib.sha256(body.encode()).hexdigest()
write(
    "aws-sigv4/example", "a request that AWS's kits have signed gets in",
    ["aws-sigv4: { services: [execute-api], regions: [eu-central-1] }"],
    [
        send(target="/orders?b=2&a=1", headers=aws(target="/orders?b=2&a=1"), expect={"status": 200, "upstream": {"headers": {"authorization": "absent"}, "target": "/orders?b=2&a=1"}}),
        send(expect={**refused("credentials_missing"), "headers": {"www-authenticate": "AWS4-HMAC-SHA256"}}),
    ], CONSUMERS)
write(
    "aws-sigv4/refused", "nothing of what is signed may be altered, and the rules are kept",
    ["aws-sigv4: { services: [execute-api], presigned: false }"],
    [send(**{"headers": aws(), "expect": refused(), **change}) for change in [
        {"target": "/orders?x"}, {"method": "DELETE"}, {"headers": aws(secret="x")}, {"headers": aws(access="mobile-2")}, {"headers": aws(service="sqs")},
        {"headers": {**aws(), "x-amz-target": "Other"}}, {"headers": {**aws(), "x-amz-date": "20260101T000001Z"}}, {"headers": aws(stated="UNSIGNED-PAYLOAD")},
        {"headers": {}, "target": presigned()}, {"headers": {**aws(), "authorization": [aws()["authorization"], "Basic YTpi"]}}, {"headers": {**aws(), "authorization": "AWS4-HMAC-SHA256 Credential=x"}},
    ]], CONSUMERS)
write(
    "aws-sigv4/body", "a body whose digest is stated is compared as it passes; one whose digest is not is collected",
    ["aws-sigv4: { mostBody: 32B }"],
    [
        send("POST", headers=aws("POST", body=BODY, stated=sum_of(BODY)), body=BODY, expect={"status": 200, "upstream": {"body": BODY}}),
        send("POST", headers=aws("POST", body=BODY, stated=sum_of(BODY)), body=BODY + " ", expect={"status": 400, "reason": "digest_mismatch"}),
        send("POST", headers=aws("POST", body=BODY), body=BODY, expect={"status": 200, "upstream": {"body": BODY}}),
        send("POST", headers=aws("POST", body=BODY), body="other", expect=refused()),
        send("POST", headers=aws("POST", body=BODY, access="mobile-2"), body=BODY, expect=refused()),
        send("POST", headers=aws("POST", body=BODY), body={"size": "33B"}, expect=refused("request_too_large", 413)),
        send("POST", headers=aws("POST"), expect={"status": 200}),
    ], CONSUMERS)
write(
    "aws-sigv4/presigned", "a presigned URL is good for its time, and the upstream does not see its signature",
    ["aws-sigv4: {}"],
    [
        send(target=presigned(), expect={"status": 200, "upstream": {"target": "/orders?q=1"}}), send(target=presigned(secret="x"), expect=refused()),
        send(target=presigned(expires=0), expect=refused()), send(target=presigned(expires=604801), expect=refused()),
        {"advance": "61s"}, send(target=presigned(), expect=refused()),
    ], CONSUMERS)
write(
    "aws-sigv4/unsigned", "bodies that are not signed pass where that is allowed",
    ["aws-sigv4: { s3: true, unsignedPayload: true }"],
    [send("PUT", headers=aws("PUT", service="s3", stated="UNSIGNED-PAYLOAD"), body=BODY), send(target=presigned(service="s3", payload="UNSIGNED-PAYLOAD"))], CONSUMERS)
headers, body = chunked(["hello, ", "world"])
write(
    "aws-sigv4/chunks", "signed chunks are checked as they pass, and the upstream gets what is in them",
    ["aws-sigv4: { s3: true }"],
    [
        send("PUT", headers=headers, body=body, expect={"status": 200, "upstream": {"body": "hello, world", "headers": {"content-encoding": "absent"}}}),
        send("PUT", headers=headers, body=body.replace("world", "World"), expect={"status": 400, "reason": "digest_mismatch"}),
        send("PUT", headers=headers, body=body[: body.rindex("0;chunk")], expect={"status": 400, "reason": "digest_mismatch"}),
        send("PUT", headers=headers, body="hello, world", expect={"status": 400, "reason": "digest_mismatch"}),
    ], CONSUMERS)
write(
    "aws-sigv4/chunks-kept", "chunks are passed on as they are where that is wanted",
    ["aws-sigv4: { s3: true, decodeChunks: false, hideCredentials: false }"],
    [
        send("PUT", headers=headers, body=body, expect={"status": 200, "upstream": {"body": body, "headers": {"content-encoding": "aws-chunked", "authorization": "present"}}}),
        send("PUT", headers=headers, body=body.replace("world", "World"), expect={"status": 400, "reason": "digest_mismatch"}),
    ], CONSUMERS)

# ---- content-digest --------------------------------------------------------------------------------------------------

ANSWER = {"status": 200, "body": BODY}
write(
    "content-digest/example", "a body that has changed on the way is refused, and responses say what they should be",
    ["content-digest: { request: required, response: sha-256 }"],
    [
        {**send("POST", headers={"content-digest": content_digest(BODY)}, body=BODY), "answer": ANSWER, "expect": {"status": 200, "headers": {"content-digest": content_digest(BODY)}, "upstream": {"body": BODY}}},
        send("POST", headers={"content-digest": content_digest(BODY)}, body=BODY + " ", expect={"status": 400, "reason": "digest_mismatch"}),
        send("POST", body=BODY, expect={**refused("digest_missing", 400), "headers": {"want-content-digest": "sha-256=10, sha-512=9"}}),
        send(expect={"status": 200}),
    ], rigs=False)
write(
    "content-digest/optional", "a digest that is there is compared; one of an algorithm that no longer counts is passed over",
    ["content-digest: { collectBody: 1KiB }"],
    [
        send("POST", body=BODY), send("POST", headers={"content-digest": "md5=:AAAA:"}, body=BODY),
        send("POST", headers={"content-digest": content_digest(BODY, "sha512")}, body=BODY),
        send("POST", headers={"content-digest": [content_digest(BODY), content_digest(BODY, "sha512")]}, body=BODY),
        send("POST", headers={"content-digest": content_digest(BODY)}, body="other", expect={"status": 400, "reason": "digest_mismatch", "upstream": "none"}),
        send("POST", headers={"content-digest": "sha-256=x"}, body=BODY, expect=refused("digest_malformed", 400)),
        send(headers={"content-digest": content_digest("")}), send(headers={"content-digest": content_digest("x")}, expect=refused("digest_mismatch", 400)),
    ], rigs=False)
write(
    "content-digest/wanted", "responses get the digest that the client prefers, where they have none and are not too long",
    ["content-digest: { mostBody: 32B }"],
    [
        {"send": {"headers": {"want-content-digest": "sha-256=1, sha-512=3"}}, "answer": ANSWER, "expect": {"status": 200, "body": BODY, "headers": {"content-digest": content_digest(BODY, "sha512")}}},
        {"send": {"headers": {"want-content-digest": "md5=10"}}, "answer": ANSWER, "expect": {"status": 200, "headers": {"content-digest": "absent"}}},
        {"send": {}, "answer": ANSWER, "expect": {"status": 200, "headers": {"content-digest": "absent"}}},
        {"send": {"headers": {"want-content-digest": "sha-256=1"}}, "answer": {**ANSWER, "headers": {"content-digest": "sha-256=:AAAA:"}}, "expect": {"status": 200, "headers": {"content-digest": "sha-256=:AAAA:"}}},
        {"send": {"headers": {"want-content-digest": "sha-256=1"}}, "answer": {"status": 200, "body": {"size": "33B"}}, "expect": {"status": 200, "headers": {"content-digest": "absent"}}},
    ], rigs=False)

# ---- upstream-auth ---------------------------------------------------------------------------------------------------

write(
    "upstream-auth/sigv4", "requests are signed for AWS when all of them is known, with their body or without",
    ["upstream-auth: { sigv4: { accessKey: mobile-1, secretKey: %s, region: eu-central-1, service: execute-api, mostBody: 32B } }" % SECRET],
    [
        send("POST", "/orders?b=2&a=1", body=BODY, headers={"authorization": "Bearer x", "x-amz-meta": "m"}, expect={"status": 200, "upstream": {"body": BODY, "headers": {k: v for k, v in aws("POST", "/orders?b=2&a=1", body=BODY, stated=sum_of(BODY), headers={"x-amz-meta": "m"}).items()}}}),
        send(expect={"status": 200, "upstream": {"headers": aws(stated=sum_of(""))}}),
        send("POST", body={"size": "33B"}, expect=refused("request_too_large", 413)),
    ])
write(
    "upstream-auth/sigv4-unsigned", "a body that is not signed need not be collected",
    ["upstream-auth: { sigv4: { accessKey: mobile-1, secretKey: %s, sessionToken: temporary, region: eu-central-1, service: s3, unsignedPayload: true } }" % SECRET],
    [send("PUT", body=BODY, expect={"status": 200, "upstream": {"body": BODY, "headers": aws("PUT", service="s3", stated="UNSIGNED-PAYLOAD", headers={"x-amz-security-token": "temporary"})}})])
