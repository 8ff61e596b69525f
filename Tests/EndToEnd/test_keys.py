"""API keys: made and revoked on the command line, kept in a database that nobody has to read at the start, hashed everywhere."""

import base64
import hashlib
import json
import re
import sqlite3
import time

from harness.configuration import api, route, upstream as named_upstream
from harness.gateway import command
from harness.waiting import until

KEY = re.compile(r"slk_[0-9A-Za-z]{8}_[0-9A-Za-z]{32}\Z")


def configuration(upstream, *consumers, policies=None, **more):
    return {
        "upstreams": [named_upstream("up", upstream)],
        "apis": [api("all", route("all", "/*", "up", policies=policies or [{"api-key": {"cache": "200ms"}}]))],
        "consumers": list(consumers),
        **more,
    }


def create(*arguments, cwd=None):
    """A new key, and what was said of it."""
    result = command("keys", "create", *arguments, cwd=cwd)
    assert result.returncode == 0, result.stderr
    key = result.stdout.strip()
    assert KEY.match(key) and key not in result.stderr
    return key, result.stderr


def ask(gateway, key):
    return gateway.get("/", {"x-api-key": key})


def test_a_key_for_the_file(start, upstream, tmp_path):
    """Without a database, the lines to add to the file are printed, and they work."""
    (tmp_path / "sluice.yaml").write_text("listeners: []\n")
    key, said = create("--consumer", "mobile", "--expires", "90d", cwd=tmp_path)
    entry = {name: value for name, value in re.findall(r"(apiKeyHash|name|expires): (\S+)", said)}
    assert set(entry) == {"apiKeyHash", "name", "expires"} and key.startswith(entry["name"] + "_")
    gateway = start(configuration(upstream, {"name": "mobile", "credentials": [entry]}))
    assert ask(gateway, key).status == 200
    assert ask(gateway, key[:-1] + "_").status == 401
    assert ask(gateway, entry["name"]).status == 401
    gateway.stop()
    line = next(line for line in gateway.log() if line["status"] == 200)
    assert line["consumer"] == "mobile" and line["credential"] == entry["name"]
    assert key not in gateway.log_file.read_text() and key not in gateway.stderr()


def test_hash():
    result = command("keys", "hash", input="test\n")
    assert result.returncode == 0 and result.stdout == "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"
    assert command("keys", "hash", input="\n").returncode == 1
    assert command("keys", "hash", input="two words\n").returncode == 1


def test_keys_of_the_database(start, upstream, tmp_path):
    """A key works as soon as it is made, for a consumer of the file or of the database, until it is revoked."""
    database = tmp_path / "sluice.db"
    storage = {"storage": {"database": f"sqlite:{database}"}}
    limited = [{"api-key": {"cache": "200ms"}}, {"headers": {"request": {"set": {"x-consumer": "{consumer.name}/{consumer.application}/{= consumer.groups.size() =}"}}}}]
    gateway = start(configuration(upstream, {"name": "known", "groups": ["a", "b"]}, policies=limited, **storage))
    assert ask(gateway, "slk_00000000_" + "0" * 32).status == 401

    at = ["--database", f"sqlite:{database}"]
    of_file, said = create("--consumer", "known", "--application", "app", *at)
    of_database, said = create("--consumer", "new", "--group", "x", *at)
    assert "Consumer new is new." in said
    for key, who in [(of_file, "known/app/2"), (of_database, "new//1")]:
        for _ in range(3):
            assert ask(gateway, key).status == 200
        assert upstream.requests[-1]["x-consumer"] == who

    name = of_database[:12]
    listed = json.loads(command("keys", "list", "--format", "json", "--config", gateway.file).stdout)
    assert {(row["id"], row["consumer"], row["state"]) for row in listed} == {(of_file[:12], "known", "active"), (name, "new", "active")}
    assert command("keys", "revoke", name, "--consumer", "known", *at).returncode == 1
    assert command("keys", "revoke", name, *at).returncode == 0
    assert command("keys", "revoke", name, *at).returncode == 1
    until(lambda: ask(gateway, of_database).status == 401, 5, "the revoked key is refused")
    assert ask(gateway, of_file).status == 200
    text = command("keys", "list", *at, "--consumer", "new").stdout
    assert re.search(rf"^{name}\s+apiKey\s+new\s+database\s+revoked$", text, re.M)
    for place in (database, gateway.log_file, gateway.stderr_file):
        assert of_file.encode() not in place.read_bytes() and of_database.encode() not in place.read_bytes()


def test_a_database_that_can_not_be_opened(start, upstream, tmp_path):
    folder = tmp_path / "there"
    gateway = start(configuration(upstream, {"name": "a", "credentials": [{"apiKey": "a-key-0123456789abcdef"}]}))
    bad = configuration(upstream, storage={"database": f"sqlite:{folder}/none/sluice.db"})
    assert "can't open" in gateway.reload_refused(bad)
    assert ask(gateway, "a-key-0123456789abcdef").status == 200
    result = command("check", "--config", gateway.file)
    assert result.returncode == 0 and not folder.exists()


def test_a_million_consumers_cost_no_start(start, upstream, tmp_path):
    """The database is not read at the start: it takes no longer with 200,000 keys than with one."""
    database = tmp_path / "sluice.db"
    at = ["--database", f"sqlite:{database}"]
    key, _ = create("--consumer", "one", *at)
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("INSERT INTO consumers (name, groups, attributes, enabled) VALUES ('many', '[]', '{}', 1)")
        connection.execute(
            "INSERT INTO credentials (kind, key, id, consumer, secret, created) "
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT 1, randomblob(32), 'k' || i, 'many', x'', 0 FROM n")
    connection.close()
    began = time.monotonic()
    gateway = start(configuration(upstream, storage={"database": f"sqlite:{database}"}))
    assert time.monotonic() - began < 3
    assert ask(gateway, key).status == 200
    assert gateway.memory() < 200 << 20


def test_a_password_of_the_database(start, upstream, tmp_path):
    """basic-auth finds users in the same place."""
    database = tmp_path / "sluice.db"
    create("--consumer", "mobile", "--database", f"sqlite:{database}")
    hashed = command("hash-password", "--algorithm", "bcrypt", input="secret\n").stdout.strip()
    # What a user is looked up by: SHA-256 over the kind, a zero, and three parts with their lengths.
    parts = b"".join(len(part).to_bytes(8, "little") + part for part in (b"mob", b"", b""))
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("INSERT INTO credentials (kind, key, id, consumer, secret, created) VALUES (2, ?, 'mob', 'mobile', ?, 0)",
                           (hashlib.sha256((2 << 8).to_bytes(2, "little") + parts).digest(), hashed.encode()))
    connection.close()
    gateway = start(configuration(upstream, policies=[{"basic-auth": {}}], storage={"database": f"sqlite:{database}"}))

    def status(user, password):
        return gateway.get("/", {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}).status

    assert status("mob", "secret") == 200 and status("mob", "wrong") == 401 and status("nobody", "secret") == 401
