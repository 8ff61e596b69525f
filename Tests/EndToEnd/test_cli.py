"""The command line: exit codes, what goes where, and messages that say what to do."""

import json
import re
import signal
import socket
import subprocess
import time

import pytest
import yaml

from harness import gateway as gateway_module
from harness.configuration import api, proxy, route
from harness.gateway import command
from harness.process import end
from harness.raw import fetch
from harness.secrets import secret
from harness.waiting import until

GOOD = """\
listeners:
  - name: web
    address: 127.0.0.1:18080
upstreams:
  - name: catalog
    endpoints: [{ address: 127.0.0.1:19001 }]
apis:
  - name: shop
    hosts: [api.example.com]
    basePath: /shop
    routes:
      - { name: one-product, match: { path: "/products/{id}", methods: [GET] }, upstream: catalog }
      - { name: products, match: { path: "/products/*" }, upstream: catalog }
      - { name: ping, match: { path: /ping }, respond: { status: 200, body: pong } }
"""


@pytest.fixture
def file(tmp_path):
    def write(text=GOOD, name="sluice.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


# ---- check ---------------------------------------------------------------------------------------------------------


def test_check_of_a_good_file(file):
    result = command("check", "--config", file())
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""


def test_check_finds_the_file_by_itself(file, tmp_path):
    file()
    assert command("check", cwd=tmp_path).returncode == 0
    other = tmp_path / "elsewhere"
    other.mkdir()
    assert command("check", cwd=other, env={"SLUICE_CONFIG": str(tmp_path / "sluice.yaml")}).returncode == 0


BAD = [
    # what is wrong, the file, line, column (None: somewhere in the line), words that the message must hold
    ("unknown key", GOOD.replace("basePath", "basepath"), 10, 5, ["basepath", "basePath"]),
    ("unknown key at the top", GOOD + "telemtry: {}\n", 15, 1, ["telemtry", "telemetry"]),
    ("unknown upstream", GOOD.replace("upstream: catalog }", "upstream: catalgo }", 1), 12, None, ["catalgo", "catalog"]),
    ("bad path", GOOD.replace("/ping", "ping"), 14, None, ["ping"]),
    ("bad method", GOOD.replace("[GET]", "[GTE]"), 12, None, ["GTE"]),
    ("bad address", GOOD.replace("127.0.0.1:18080", "127.0.0.1:99999"), 3, 14, ["99999"]),
    ("bad duration", GOOD + "runtime: { drain: 5 parsecs }\n", 15, 19, ["parsecs"]),
    ("out of range", GOOD + "runtime: { threads: 0 }\n", 15, 21, ["1"]),
    ("wrong type", GOOD.replace("hosts: [api.example.com]", "hosts: { a: b }"), 9, None, ["hosts"]),
    ("missing name", GOOD.replace("  - name: catalog\n    endpoints", "  - endpoints"), None, None, ["name"]),
    ("duplicate key", GOOD.replace("    basePath: /shop\n", "    basePath: /shop\n    basePath: /other\n"), 11, None, ["basePath"]),
    ("no action", GOOD.replace(", upstream: catalog }", " }", 1), 12, None, ["upstream"]),
    ("two actions", GOOD.replace("respond: {", "upstream: catalog, respond: {"), 14, None, ["respond"]),
    ("conflict", GOOD + "      - { name: ping-again, match: { path: /ping }, respond: {} }\n", 15, None, ["ping"]),
    ("bad regex", GOOD.replace("path: /ping", 'pathRegex: "^/(ping"'), 14, None, ["ping"]),
    ("syntax", GOOD.replace("hosts: [api.example.com]", "hosts: [api.example.com"), None, None, []),
    ("tab", GOOD.replace("    hosts:", "\thosts:"), 9, None, []),
    ("duplicate name", GOOD.replace("upstreams:\n", "upstreams:\n  - name: catalog\n    endpoints: [{ address: 127.0.0.1:1 }]\n"), None, None, ["catalog"]),
    ("open admin", GOOD + "admin: { address: 0.0.0.0:9180 }\n", 15, None, ["admin"]),
    ("missing variable", GOOD.replace("body: pong", 'body: "${env:NOT_SET_ANYWHERE}"'), 14, None, ["NOT_SET_ANYWHERE"]),
    ("reserved setting", GOOD + "state: []\n", 15, None, ["state"]),
]


@pytest.mark.parametrize("name, text, line, column, words", BAD, ids=[b[0] for b in BAD])
def test_check_of_a_bad_file(file, name, text, line, column, words):
    path = file(text)
    result = command("check", "--config", path)
    assert result.returncode == 1, result.stderr
    assert result.stdout == ""
    if name == "reserved setting" and "warning" in result.stderr:
        pytest.skip("a warning")
    errors = [li for li in result.stderr.splitlines() if ": error: " in li]
    assert errors, result.stderr
    places = [re.match(r"(.*?):(\d+):(\d+): error: ", e) for e in errors]
    assert all(places) and all(p[1].endswith("sluice.yaml") for p in places), errors
    if line:
        assert any(int(p[2]) == line and (column is None or int(p[3]) == column) for p in places), errors
    assert all(word in result.stderr for word in words), result.stderr


def test_check_reports_everything_at_once(file):
    text = GOOD.replace("basePath", "basepath").replace("[GET]", "[GTE]").replace("/ping", "ping").replace("127.0.0.1:18080", "nonsense:x")
    errors = [li for li in command("check", "--config", file(text)).stderr.splitlines() if ": error: " in li]
    assert len(errors) >= 4, errors
    lines = [int(re.search(r":(\d+):\d+: error", e)[1]) for e in errors]
    assert lines == sorted(lines)


def test_check_as_json(file):
    result = command("check", "--config", file(GOOD.replace("basePath", "basepath")), "--format", "json")
    assert result.returncode == 1
    finding, = json.loads(result.stdout)
    assert finding["severity"] == "error" and finding["line"] == 10 and finding["column"] == 5 and finding["file"].endswith("sluice.yaml")
    assert "basepath" in finding["message"]
    good = command("check", "--config", file(), "--format", "json")
    assert good.returncode == 0 and json.loads(good.stdout) == []


def test_check_of_a_folder(tmp_path):
    folder = tmp_path / "conf"
    folder.mkdir()
    whole = yaml.safe_load(GOOD)
    (folder / "a.yaml").write_text(yaml.safe_dump({"listeners": whole["listeners"], "upstreams": whole["upstreams"]}))
    (folder / "b.yml").write_text(yaml.safe_dump({"apis": whole["apis"]}))
    (folder / "notes.txt").write_text("not yaml: [")
    assert command("check", "--config", folder).returncode == 0
    (folder / "c.yaml").write_text("apis:\n  - name: x\n    routs: []\n")
    result = command("check", "--config", folder)
    assert result.returncode == 1 and re.search(r"c\.yaml:3:5: error", result.stderr)


def test_check_of_a_missing_file(tmp_path):
    result = command("check", "--config", tmp_path / "nowhere.yaml")
    assert result.returncode == 1 and "nowhere.yaml" in result.stderr


def test_secrets_are_not_printed(file):
    value = secret("s3cr3t-without-slash")
    result = command("check", "--config", file(GOOD.replace("basePath: /shop", 'basePath: "${env:SECRET_PATH}"')), env={"SECRET_PATH": value})
    assert result.returncode == 1 and "s3cr3t" not in result.stderr + result.stdout


def test_yaml_bombs_are_refused(file):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9))
    assert command("check", "--config", file(bomb), timeout=20).returncode == 1
    deep = "apis: " + "[" * 100_000
    assert command("check", "--config", file(deep), timeout=20).returncode == 1


# ---- wrong use -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["frobnicate"], ["check", "--nonsense"], ["check", "--config"], ["check", "--format", "xml"], ["completion", "tcsh"], ["completion"], ["run", "extra"], ["--nonsense"]])
def test_wrong_use(arguments, tmp_path):
    result = command(*arguments, cwd=tmp_path)
    assert result.returncode == 2, (result.returncode, result.stderr)
    assert result.stderr and result.stdout == ""


@pytest.mark.parametrize("arguments", [["--help"], ["help"], ["check", "--help"], ["run", "--help"], ["route", "--help"], ["status", "--help"]])
def test_help(arguments, tmp_path):
    result = command(*arguments, cwd=tmp_path)
    assert result.returncode == 0 and "sluice" in result.stdout.lower() and "USAGE" in result.stdout.upper()


def test_version():
    result = command("version")
    assert result.returncode == 0 and re.match(r"sluice \d+\.\d+\.\d+", result.stdout)
    assert command("--version").stdout == result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell):
    result = command("completion", shell)
    assert result.returncode == 0 and "sluice" in result.stdout and "check" in result.stdout and result.stderr == ""


# ---- schema --------------------------------------------------------------------------------------------------------


def test_schema():
    result = command("schema")
    schema = json.loads(result.stdout)
    assert schema["$schema"].startswith("https://json-schema.org/") and schema["type"] == "object"
    assert {"listeners", "upstreams", "apis", "runtime", "admin", "telemetry"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False


# ---- route ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method, url, words", [
    ("GET", "http://api.example.com/shop/products/7", ["one-product", "catalog"]),
    ("POST", "http://api.example.com/shop/products/7", ["products", "catalog"]),
    ("GET", "http://api.example.com/shop/ping", ["ping"]),
    ("GET", "http://api.example.com/shop/x/../ping", ["ping"]),
])
def test_route(file, method, url, words):
    result = command("route", "--config", file(), method, url)
    assert result.returncode == 0, result.stderr
    assert all(word in result.stdout for word in words), result.stdout


def test_route_of_a_call(tmp_path):
    grpc = {"service": "orders.v1.Orders", "method": "Get"}
    target = "http://api.example.com/orders.v1.Orders/Get"
    path = tmp_path / "calls.yaml"
    path.write_text(yaml.safe_dump({"apis": [{"name": "calls", "routes": [
        {"name": "one-call", "match": {"grpc": grpc}, "respond": {"status": 200}}, {"name": "rest", "match": {"path": "/*"}, "respond": {"status": 200}}]}]}))
    call = command("route", "--config", path, "POST", target, "-H", "content-type: application/grpc+proto")
    assert "route calls / one-call" in call.stdout, call.stdout + call.stderr
    assert "route calls / rest" in command("route", "--config", path, "POST", target, "-H", "content-type: application/json").stdout


@pytest.mark.parametrize("method, url, word", [("GET", "http://api.example.com/nothing", "404"), ("GET", "http://other.test/shop/ping", "404")])
def test_route_of_nothing(file, method, url, word):
    result = command("route", "--config", file(), method, url)
    assert word in result.stdout + result.stderr


def test_route_refuses_nonsense(file):
    assert command("route", "--config", file(), "GET").returncode == 2
    assert command("route", "--config", file(), "GET", "not a url").returncode in (1, 2)


# ---- status --------------------------------------------------------------------------------------------------------


def test_status(start, upstream):
    gateway = start(proxy(upstream))
    result = command("status", "--config", gateway.file)
    assert result.returncode == 0, result.stderr
    for word in ("web", gateway.address_text, "up", upstream.address, "all"):
        assert word in result.stdout, result.stdout
    gateway.reload_refused(gateway.complete({"apis": [api("all", route("all", "/*", "nowhere"))]}))
    assert "nowhere" in command("status", "--admin", f"127.0.0.1:{gateway.admin_port}").stdout


def test_status_of_nobody(file):
    result = command("status", "--config", file())
    assert result.returncode == 1 and result.stderr


# ---- run -----------------------------------------------------------------------------------------------------------


def test_run_with_a_bad_file(file):
    result = command("run", "--config", file(GOOD.replace("basePath", "basepath")))
    assert result.returncode == 1
    assert re.search(r"sluice\.yaml:10:5: error: ", result.stderr) and "basePath" in result.stderr


def test_run_with_a_missing_file(tmp_path):
    result = command("run", "--config", tmp_path / "nowhere.yaml")
    assert result.returncode == 1 and "nowhere.yaml" in result.stderr


def free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def test_quick_start(tmp_path):
    """Without any configuration: a demo API, and three things to try."""
    if not (free(8080) and free(9180)):
        pytest.skip("its ports are in use")
    with open(tmp_path / "stderr", "wb") as stderr:
        process = subprocess.Popen([gateway_module.BINARY, "run"], cwd=tmp_path, env=gateway_module.clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        until(lambda: fetch(("127.0.0.1", 9180), target="/readyz").status == 200, 20)
        text = until(lambda: (t := (tmp_path / "stderr").read_text()).count("\n") >= 3 and t)
        tips = [line for line in text.splitlines() if line.startswith("  ")]
        assert len(tips) == 3, text
        url = re.search(r"http://\S+", text)[0]
        assert fetch(("127.0.0.1", 8080), target="/" + url.split("/", 3)[3]).status == 200
        assert "\x1b[" not in text, "no colours where there is no terminal"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        end(process)


def test_start_is_quick(start, upstream):
    """A generous bound, so that it holds for debug builds on slow machines; bench/ measures the real one."""
    since = time.monotonic()
    start(proxy(upstream))
    assert time.monotonic() - since < 5
