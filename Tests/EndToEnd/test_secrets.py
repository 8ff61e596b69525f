"""Values from sources of secrets: fetched when a configuration is loaded, kept when the source is down, followed when they change, and never shown."""

import json

import pytest

from harness.configuration import api, route
from harness.gateway import command
from harness.pki import Authority
from harness.secrets import fresh, secret
from harness.vault import Vault
from harness.waiting import until


@pytest.fixture
def vault():
    with Vault() as server:
        yield server


def answering(body: str, *sources: dict, **more) -> dict:
    return {"secrets": list(sources), "apis": [api("all", route("all", "/*", respond={"body": body}))], **more}


def check(tmp_path, configuration, *arguments, env=None):
    file = tmp_path / "checked.yaml"
    file.write_text(json.dumps({"listeners": [{"name": "web", "address": "127.0.0.1:1"}], **configuration}))
    return command("check", "--config", file, *arguments, env=env)


# ---- Vault: reading --------------------------------------------------------------------------------------------------


def test_values_of_a_secret(start, vault):
    vault.write("web/database", user="orders", password=(password := fresh()), port=5432, tags=["a"])
    gateway = start(answering("${secret:vault/web/database#user} ${secret:vault/web/database#password} ${secret:vault/web/database#port} ${secret:vault/web/database#tags}",
                              vault.source()), env=vault.environment)
    assert gateway.get("/").text == f'orders {password} 5432 ["a"]'
    assert vault.count("GET /v1/secret/data/web/database") == 1, "one request for all of its values"


@pytest.mark.parametrize("path, engine, mount, asked", [("app", "kv1", "kv", "/v1/kv/app"), ("creds/app", "dynamic", "database", "/v1/database/creds/app")])
def test_other_engines(start, vault, path, engine, mount, asked):
    vault.write("app", username="plain")
    gateway = start(answering("${secret:vault/%s#username}" % path, vault.source(engine=engine, mount=mount)), env=vault.environment)
    assert gateway.get("/").text in ("plain", "v-1") and vault.count(f"GET {asked}") == 1


@pytest.mark.parametrize("auth, path", [
    ({"appRole": {"roleId": "${env:VAULT_ROLE}", "secretId": "${env:VAULT_SECRET}"}}, "approle"),
    ({"kubernetes": {"role": "sluice", "tokenFile": "token"}}, "kubernetes"),
])
def test_logins(start, vault, tmp_path, auth, path):
    vault.write("app", key=(key := fresh()))
    (tmp_path / "gateway0").mkdir()
    (tmp_path / "gateway0/token").write_text(vault.jwt + "\n")
    gateway = start(answering("${secret:vault/app}", vault.source(auth=auth)), env=vault.environment)
    assert gateway.get("/").text == key, "the only field needs no name"
    assert vault.count(f"auth/{path}/login") == 1
    gateway.hang_up()
    until(lambda: vault.count("GET /v1/secret/data/app") == 2, 10, "a reload asks again")
    assert vault.count(f"auth/{path}/login") == 1, "the login outlasts the reload"


def test_namespace_and_own_authority(start, tmp_path):
    authority = Authority(tmp_path / "pki")
    with Vault(authority.issue("IP:127.0.0.1"), namespace="team-a") as vault:
        vault.write("app", key=(key := fresh()))
        configuration = answering("${secret:vault/app#key}", vault.source(namespace="team-a", authorities=authority.file))
        assert start(configuration, env=vault.environment).get("/").text == key
        result = check(tmp_path, answering("${secret:vault/app#key}", vault.source(namespace="team-a", timeout="1s")), env=vault.environment)
        assert result.returncode == 1 and "certificate" in result.stderr


def test_many_secrets_are_fetched_at_the_same_time(start, vault):
    for n in range(40):
        vault.write(f"app/{n}", key=f"value{n:02}")
    gateway = start(answering(",".join("${secret:vault/app/%d#key}" % n for n in range(40)), vault.source()), env=vault.environment)
    assert gateway.get("/").text == ",".join(f"value{n:02}" for n in range(40))


# ---- what is wrong is said -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference, message", [
    ("vault/none#key", "Vault at http://127.0.0.1:PORT has no secret/none; check the path"),
    ("vault/app#other", "app: the secret has no field `other`; it has `key`, `name`"),
    ("vault/app", "app: the secret has several fields; append `#` and one of them: `key`, `name`"),
    ("vault/gone#key", "the current version of secret/gone is deleted; undelete it"),
    ("vault/closed#key", "does not let the gateway read secret/closed; its policy must allow `read` on it"),
    ("volt/app#key", "there is no source of secrets called `volt`"),
    ("old/app#key", "has no secret/app; the engine is of another version: set `engine` of the source"),
])
def test_what_is_wrong_with_a_reference_is_said(tmp_path, vault, reference, message):
    vault.write("app", key=fresh(), name=fresh())
    vault.write("gone", key="x")
    vault.deleted.add("gone")
    vault.denied.add("secret/data/closed")
    configuration = answering("${secret:%s}" % reference, vault.source(), vault.source("old", engine="kv1"))
    result = check(tmp_path, configuration, env=vault.environment)
    assert result.returncode == 1 and message.replace("PORT", str(vault.port)) in result.stderr, result.stderr
    assert "checked.yaml:1:" in result.stderr and "(apis[0].routes[0].respond.body)" in result.stderr


@pytest.mark.parametrize("source, message", [
    ({"name": "vault"}, "nothing says where the secrets are; give one of `vault`"),
    ({"name": "vault", "vault": {"address": "vault:8200", "auth": {"token": "${env:VAULT_TOKEN}"}}}, "the address of Vault is no URL"),
    ({"name": "vault", "vault": {"address": "http://127.0.0.1:1", "auth": {}}}, "nothing says how to log in"),
    ({"name": "vault", "vault": {"address": "https://127.0.0.1:1", "authorities": "none.pem", "auth": {"token": "${env:VAULT_TOKEN}"}}}, "none.pem"),
    ({"name": "a/b", "files": {"folder": "/"}}, "a source is called by letters"),
    ({"name": "vault", "vault": {"address": "http://127.0.0.1:1", "auth": {"token": "${secret:vault/x#y}"}}}, "can't have its settings from a source"),
])
def test_what_is_wrong_with_a_source_is_said_where_it_is_declared(tmp_path, vault, source, message):
    result = check(tmp_path, answering("${secret:vault/app#key}" if source["name"] == "vault" else "", source), env=vault.environment)
    assert result.returncode == 1 and message in result.stderr, result.stderr


def test_a_token_in_the_file_is_warned_of(tmp_path, vault):
    vault.write("app", key=fresh())
    result = check(tmp_path, answering("${secret:vault/app#key}", vault.source(auth={"token": vault.root})))
    assert result.returncode == 0 and "stands in the file for everybody to read" in result.stderr


# ---- sources that are down -------------------------------------------------------------------------------------------


def test_check_without_the_sources(tmp_path, vault):
    configuration = answering("${secret:vault/app#key}", vault.source(timeout="1s"), consumers=[
        {"name": "mobile", "credentials": [{"basic": {"username": "m", "passwordHash": "${secret:vault/app#hash}"}}]}], policies=[{"basic-auth": {}}])
    vault.status = 503
    result = check(tmp_path, configuration, env=vault.environment)
    assert result.returncode == 1 and "answers 503: Vault is sealed" in result.stderr
    asked = len(vault.requests)
    result = check(tmp_path, configuration, "--no-secrets", env=vault.environment)
    assert result.returncode == 0 and "2 secrets were not asked for" in result.stderr, result.stderr
    assert len(vault.requests) == asked


def test_a_gateway_does_not_start_without_its_secrets(start, vault):
    vault.status = 503
    gateway = start(answering("${secret:vault/app#key}", vault.source(timeout="1s")), ready=False, env=vault.environment)
    gateway.launch()
    assert gateway.wait_exit() == 1 and "Vault is sealed" in gateway.stderr()


def test_last_good_values_outlast_a_source_that_is_down(start, vault):
    vault.write("app", key=(key := fresh()))
    configuration = answering("${secret:vault/app#key}", vault.source(timeout="1s"))
    gateway = start(configuration, env=vault.environment)
    vault.status = 503
    gateway.reload({**configuration, "apis": [api("all", route("all", "/*", respond={"body": "new ${secret:vault/app#key}"}))]})
    assert gateway.get("/").text == f"new {key}"
    assert "`${secret:vault/app#key}` keeps its last value: Vault at" in gateway.stderr()
    # What was never known can't be kept.
    error = gateway.reload_refused(answering("${secret:vault/other#key}", vault.source(timeout="1s")))
    assert "Vault is sealed" in error and gateway.get("/").text == f"new {key}"


# ---- rotation --------------------------------------------------------------------------------------------------------


def test_a_changed_value_is_applied_without_restart(start, vault):
    vault.write("app", key=(key := fresh()), other="x")
    gateway = start(answering("${secret:vault/app#key}", vault.source(refresh="100ms")), env=vault.environment)
    assert gateway.get("/").text == key
    generation = gateway.generation()
    vault.write("app", key=key, other="y")
    asked = vault.count("data/app")
    until(lambda: vault.count("data/app") > asked + 2, 10, "it is asked for")
    assert gateway.generation() == generation, "a field that nobody refers to changes nothing"
    vault.write("app", key=(changed := fresh()), other="y")
    until(lambda: gateway.get("/").text == changed, 10, "the new value is served")
    assert 'cause="a secret has changed"' in gateway.stderr() and "apis: 1 changed (all)" in gateway.stderr()
    vault.status = 503
    until(lambda: "app keeps its last value" in gateway.stderr(), 10, "it is said once that the source is down")
    vault.status = 200
    vault.write("app", key=(third := fresh()))
    until(lambda: gateway.get("/").text == third, 60, "it is asked again")


def test_a_token_is_renewed_and_replaced(start, vault):
    vault.token_ttl, vault.token_max = 3, 5
    vault.write("app", key=fresh())
    login = {"appRole": {"roleId": "${env:VAULT_ROLE}", "secretId": "${env:VAULT_SECRET}"}}
    gateway = start(answering("${secret:vault/app#key}", vault.source(auth=login)), env=vault.environment)
    until(lambda: vault.count("renew-self") >= 1, 10, "two thirds of its life are over")
    until(lambda: vault.count("approle/login") >= 2, 20, "its longest life is over")
    assert "error" not in gateway.stderr()


def test_a_lease_is_renewed_and_then_replaced(start, vault):
    vault.lease_ttl, vault.lease_max = 3, 5
    gateway = start(answering("${secret:vault/creds/app#username}", vault.source(engine="dynamic", mount="database")), env=vault.environment)
    assert gateway.get("/").text == "v-1"
    gateway.hang_up()
    until(lambda: vault.count("leases/renew") >= 1, 10, "two thirds of the lease are over")
    assert gateway.get("/").text == "v-1" and vault.count("creds/app") == 1, "neither a reload nor a renewal makes new credentials"
    until(lambda: gateway.get("/").text == "v-2", 20, "the longest lease is over")


# ---- files -----------------------------------------------------------------------------------------------------------


def test_mounted_secrets_are_followed(start, tmp_path):
    """As Kubernetes mounts them: a symbolic link is turned from one set of files to the next."""
    mounted = tmp_path / "mounted/database"
    for version, value in (("..1", secret("first-of-the-files")), ("..2", secret("second-of-the-files"))):
        (mounted / version).mkdir(parents=True)
        (mounted / version / "password").write_text(value + "\n")
    (mounted / "..data").symlink_to("..1")
    (mounted / "password").symlink_to("..data/password")
    gateway = start(answering("${secret:disk/database#password} ${file:%s/password}" % mounted, {"name": "disk", "files": {"folder": str(tmp_path / "mounted")}}))
    assert gateway.get("/").text == "first-of-the-files first-of-the-files"
    (mounted / "..new").symlink_to("..2")
    (mounted / "..new").rename(mounted / "..data")
    until(lambda: gateway.get("/").text == "second-of-the-files second-of-the-files", 10, "the files are followed")


@pytest.mark.parametrize("path", ["../a#b", "a#..", "a//b#c", "a#b/c"])
def test_files_stay_below_their_folder(tmp_path, path):
    result = check(tmp_path, answering("${secret:disk/%s}" % path, {"name": "disk", "files": {"folder": str(tmp_path)}}))
    assert result.returncode == 1 and "names no file below" in result.stderr
