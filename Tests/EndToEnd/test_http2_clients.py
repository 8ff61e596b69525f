"""Real HTTP/2 clients against the gateway, with prior knowledge: curl, nghttp and h2load."""

import re
import subprocess

import pytest

from harness.configuration import proxy
from harness.waiting import limit


def run(*command: str, input: bytes | None = None) -> str:
    result = subprocess.run(command, input=input, capture_output=True, timeout=limit(60))
    output = (result.stdout + result.stderr).decode(errors="replace")
    assert result.returncode == 0, f"{command}: {result.returncode}\n{output[-3000:]}"
    return output


@pytest.fixture
def gateway(start, upstream):
    return start(proxy(upstream))


@pytest.fixture
def base(gateway):
    return f"http://{gateway.address_text}"


def test_curl_get(base, upstream):
    out = run("curl", "-sS", "--http2-prior-knowledge", "-i", f"{base}/a?b=c")
    assert out.startswith("HTTP/2 200")
    assert out.endswith("ok\n")
    assert upstream.requests[-1].line == "GET /a?b=c HTTP/1.1"


def test_curl_head(base):
    assert run("curl", "-sS", "--http2-prior-knowledge", "-I", f"{base}/a").startswith("HTTP/2 200")


def test_curl_upload(base, upstream):
    body = bytes(range(256)) * 8192  # 2 MiB: many times the first window
    out = run("curl", "-sS", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", "--data-binary", "@-", f"{base}/up", input=body)
    assert out == "2 200"
    assert upstream.requests[-1].body.length == len(body)


def test_curl_download(base, upstream):
    size = 8 << 20
    upstream.on("/large", lambda exchange: exchange.reply(body=b"x" * size))
    assert run("curl", "-sS", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_version} %{size_download}", f"{base}/large") == f"2 {size}"


def test_nghttp(base):
    out = run("nghttp", "-nv", f"{base}/a")
    assert re.search(r":status: 200", out)
    assert "recv GOAWAY" not in out and "RST_STREAM" not in out


def test_nghttp_uploads_together(base, upstream, tmp_path):
    """Uploads at the same time on one connection do not mix."""
    body = tmp_path / "body"
    body.write_bytes(b"hello=world")
    run("nghttp", "-nv", f"-d{body}", *(f"{base}/together/{n}" for n in range(20)))
    seen = upstream.wait_seen("/together/", 20)
    assert sorted(r.target for r in seen) == sorted(f"/together/{n}" for n in range(20))
    assert all(r.body.complete and bytes(r.body.data) == b"hello=world" for r in seen)


def test_nghttp_several_with_padding_and_trailers(base, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b"hello" * 1000)
    out = run("nghttp", "-nv", "-b200", "--trailer=x-sum: 1", f"-d{body}", f"{base}/a", f"{base}/b", f"{base}/c")
    assert len(re.findall(r":status: 200", out)) == 3


def test_nghttp_continuation(base):
    """A head of several CONTINUATION frames, with a field that no limit refuses."""
    out = run("nghttp", "-nv", "--continuation", f"{base}/a")
    assert ":status: 200" in out


@pytest.mark.parametrize("window", ["16", "30"], ids=["usual window", "large window"])
def test_h2load(base, window):
    out = run("h2load", "-n1000", "-c4", "-m10", f"-w{window}", f"{base}/a")
    assert "1000 succeeded, 0 failed, 0 errored" in out
    assert "status codes: 1000 2xx" in out


def test_h2load_uploads(base, tmp_path, upstream):
    """Streams of one connection send bodies at once; each upstream request is whole."""
    body = tmp_path / "body"
    body.write_bytes(b"0123456789" * 3000)
    out = run("h2load", "-n400", "-c4", "-m10", "-d", str(body), f"{base}/up")
    assert "status codes: 400 2xx" in out
    assert len(upstream.requests) == 400
    assert {r.body.sha256 for r in upstream.requests} == {upstream.requests[0].body.sha256}
    assert not [p.malformed for p in upstream.connections if p.malformed and "inside a head" not in p.malformed]


def test_http1_on_the_same_port(base):
    assert run("curl", "-sS", "--http1.1", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"{base}/a") == "1.1 200"
    assert run("curl", "-sS", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"{base}/a") == "2 200"
