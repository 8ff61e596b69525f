"""The policy `log-fields`: members of the access log, in both formats, whatever a client sends."""

import json

import pytest

from harness.configuration import api, route, upstream as named_upstream

FIELDS = {
    "tenant": 'request.headers["x-tenant"]',
    "count": "size(request.query)",
    "ok": "response.status < 400",
    "parts": 'request.path.split("/")',
    "half": "1.0 / 2.0",
}


def configuration(upstream, *policies, **more):
    return {"upstreams": [named_upstream("up", upstream)], "apis": [api("all", route("all", "/*", "up", policies=list(policies)))], **more}


def start_as_text(start, settings):
    gateway = start(settings, ready=False)
    full = gateway.complete(settings)
    full["telemetry"]["accessLog"]["format"] = "text"
    gateway.write(full)
    gateway.start()
    return gateway


def entry(gateway, path):
    return json.loads(gateway.wait_log(f'"{path}"')[0])


def test_members_keep_their_types(start, upstream):
    gateway = start(configuration(upstream, {"log-fields": {"fields": FIELDS}}))
    gateway.get("/a/b?x=1&y=2", {"X-Tenant": "acme"})
    line = entry(gateway, "/a/b?x=1&y=2")
    assert (line["tenant"], line["count"], line["ok"], line["parts"], line["half"]) == ("acme", 2, True, ["", "a", "b"], 0.5)
    gateway.get("/without")
    assert "tenant" not in entry(gateway, "/without")


def test_text(start, upstream):
    gateway = start_as_text(start, configuration(upstream, {"log-fields": {"fields": FIELDS}}))
    gateway.get("/a", {"X-Tenant": 'a "b" c'})
    line, = gateway.wait_log("/a ")
    assert line.endswith(r' tenant=a\x20\x22b\x22\x20c count=0 ok=true parts=[\x22\x22,\x22a\x22] half=0.5'), line


@pytest.mark.parametrize("value", ['quo"te', "back\\slash", "tab\tinside", "caf\xe9", "\xf0\x9f\x98\x80", "\xff\xfe", '","status":200,"x":"', "a" * 6000, "\xc3\xa4" * 3000])
def test_nothing_that_a_client_sends_breaks_a_line(start, upstream, value):
    fields = {"tenant": FIELDS["tenant"], "list": '[request.headers["x-tenant"]]', "last": "7"}
    gateway = start(configuration(upstream, {"log-fields": {"fields": fields}}))
    gateway.get("/a", {"X-Tenant": value})
    line, = gateway.wait_log('"/a"')
    assert len(line) < 16 << 10
    members = json.loads(line)
    assert members["status"] == 200
    if len(value) < 1000:
        assert members["last"] == 7 and isinstance(members["list"], list)
    else:
        assert members["tenant"].endswith("...") and members["tenant"][:2] in ("aa", "ää") and len(members["tenant"].encode()) <= 4096


def test_the_innermost_of_one_name_counts(start, upstream):
    inner = {"log-fields": {"fields": {"who": '"route"'}}}
    outer = {"log-fields": {"fields": {"who": '"gateway"', "kept": "1"}}}
    gateway = start(configuration(upstream, inner, policies=[outer]))
    gateway.get("/a")
    line, = gateway.wait_log('"/a"')
    assert line.count('"who"') == 1 and (json.loads(line)["who"], json.loads(line)["kept"]) == ("route", 1)


def test_a_condition_may_ask_for_the_response(start, upstream):
    upstream.on("/bad", lambda exchange: exchange.reply(500))
    gateway = start(configuration(upstream, {"log-fields": {"fields": {"agent": 'request.headers["x-a"]'}}, "when": "response.status >= 500"}))
    gateway.get("/good", {"X-A": "1"})
    gateway.get("/bad", {"X-A": "1"})
    assert "agent" not in entry(gateway, "/good") and entry(gateway, "/bad")["agent"] == "1"


def test_refusals_have_their_members(start, upstream):
    strict = {"request-validation": {"parameters": [{"name": "n", "in": "query", "type": "integer"}]}}
    gateway = start(configuration(upstream, {"log-fields": {"fields": {"ok": FIELDS["ok"]}}}, strict))
    assert gateway.get("/a?n=x").status == 400
    line = entry(gateway, "/a?n=x")
    assert (line["ok"], line["reason"]) == (False, "request_invalid")


def test_violations_that_are_only_reported(start, upstream):
    lenient = {"request-validation": {"parameters": [{"name": "n", "in": "query", "type": "integer"}], "mode": "report"}}
    gateway = start(configuration(upstream, lenient))
    assert gateway.get("/a?n=x").status == 200
    assert entry(gateway, "/a?n=x")["violations"] == "The query parameter `n` must be a whole number."
    gateway.get("/b?n=1")
    assert "violations" not in entry(gateway, "/b?n=1")
