"""testssl.sh against a listener: it finds nothing above LOW."""

import json
import shutil
import subprocess

import pytest

from harness.certificates import Authority
from harness.configuration import api, route
from harness.waiting import limit

TESTSSL = shutil.which("testssl") or shutil.which("testssl.sh")
#: What a certificate has that is not made for a test: a place where revocation is told, and months to go.
REVOCATION = "crlDistributionPoints=URI:http://revocation.test/list.crl"
#: What is up to whoever writes the pages behind the gateway.
PAGE = {
    "content-security-policy": "default-src 'self'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not TESTSSL, reason="no testssl.sh")
@pytest.mark.parametrize("minimum", ["1.2", "1.3"])
def test_nothing_above_low(start, tmp_path, minimum):
    authority = Authority(tmp_path / "authority")
    pairs = [authority.issue("a.test", kind=kind, days=90, extensions=REVOCATION) for kind in ("ec", "rsa")]
    tls = {"certificates": [pair.settings for pair in pairs], "minimumVersion": minimum, "hsts": {"maxAge": "365d"}}
    page = api("all", route("all", "/*", respond={"body": "hello", "headers": PAGE}))
    gateway = start({"listeners": [{"tls": tls}], "apis": [page]})
    report = tmp_path / "report.json"
    # Protocols, ciphers, server defaults, headers, vulnerabilities.
    subprocess.run([TESTSSL, "--quiet", "--color", "0", "--warnings", "off", "--jsonfile", report, "--add-ca", authority.certificate, "--ip", "127.0.0.1",
                    "-p", "-s", "-f", "-P", "-S", "-h", "-U", f"a.test:{gateway.port}"], stdin=subprocess.DEVNULL, capture_output=True, timeout=limit(250))
    findings = json.loads(report.read_text())
    assert len(findings) > 60, findings
    bad = [f"{f['severity']} {f['id']}: {f['finding']}" for f in findings if f["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL")]
    assert not bad
    assert gateway.get("/").status == 400, "plain HTTP is still told"
