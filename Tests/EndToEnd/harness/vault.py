"""A server that answers as HashiCorp Vault does (https://developer.hashicorp.com/vault/api-docs), as far as a reader of secrets sees it.

Bodies, statuses and error texts are those of Vault 1.15 with a key-value engine of version 2 at `secret`, one of version 1 at `kv`, and a database engine at `database`.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler

from .secrets import fresh
from .service import Service


class Vault(Service):
    """`secrets` is what the key-value engines hold, by path; `requests` what was asked, as `METHOD path`."""

    def __init__(self, pair=None, namespace: str | None = None):
        self.root = fresh("hvs-root")
        self.role_id, self.secret_id = fresh("role"), fresh("secret")
        self.jwt = fresh("eyJhbGciOiJSUzI1NiJ9")
        self.namespace = namespace
        self.secrets: dict[str, dict] = {}
        self.versions: dict[str, int] = {}
        self.deleted: set[str] = set()
        self.tokens: dict[str, dict] = {self.root: {"ttl": 0, "renewable": False, "end": None, "policies": ["root"]}}
        self.leases: dict[str, dict] = {}
        self.requests: list[str] = []
        self.token_ttl, self.token_max, self.lease_ttl, self.lease_max = 3600, 1 << 30, 60, 1 << 30
        self.renewable = True
        self.status = 200  # another one: what everything is answered with
        self.denied: set[str] = set()
        self.counter = itertools.count(1)
        self.lock = threading.RLock()
        vault = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}") if length else {}
                with vault.lock:
                    status, answer = vault.handle(self.command, self.path, self.headers, body)
                data = json.dumps(answer).encode() + b"\n"
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = answer

        super().__init__(Handler, pair)

    def source(self, name: str = "vault", refresh: str = "0s", timeout: str = "5s", auth: dict | None = None, **settings) -> dict:
        """The settings of a source that reads here."""
        return {"name": name, "refresh": refresh, "timeout": timeout, "vault": {"address": self.address, "auth": auth or {"token": "${env:VAULT_TOKEN}"}, **settings}}

    @property
    def environment(self) -> dict:
        return {"VAULT_TOKEN": self.root, "VAULT_ROLE": self.role_id, "VAULT_SECRET": self.secret_id}

    def write(self, path: str, **values):
        with self.lock:
            self.secrets[path] = values
            self.versions[path] = self.versions.get(path, 0) + 1
            self.deleted.discard(path)

    def count(self, text: str) -> int:
        with self.lock:
            return sum(text in request for request in self.requests)

    # ---- the API -----------------------------------------------------------------------------------------------

    def envelope(self, **more) -> dict:
        return {"request_id": "5a1f0b6e-0000-4000-8000-000000000000", "lease_id": "", "renewable": False, "lease_duration": 0, "data": None, "wrap_info": None, "warnings": None, "auth": None, **more}

    def handle(self, method: str, path: str, headers, body: dict):
        self.requests.append(f"{method} {path}")
        if self.status != 200:
            return self.status, {"errors": ["Vault is sealed"] if self.status == 503 else ["internal error"]}
        # As listeners with `require_request_header` do.
        if headers.get("x-vault-request") != "true":
            return 412, {"errors": ["missing 'X-Vault-Request' header"]}
        if self.namespace and headers.get("x-vault-namespace") != self.namespace:
            return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
        if not path.startswith("/v1/"):
            return 404, {"errors": []}
        path = path[4:]
        if path == "auth/approle/login":
            if (body.get("role_id"), body.get("secret_id")) != (self.role_id, self.secret_id):
                return 400, {"errors": ["invalid role or secret ID"]}
            return 200, self.login("approle")
        if path == "auth/kubernetes/login":
            if body.get("role") != "sluice" or body.get("jwt") != self.jwt:
                return 403, {"errors": ["permission denied"]}
            return 200, self.login("kubernetes")
        text = headers.get("x-vault-token")
        token = self.tokens.get(text)
        if token is None or token["end"] is not None and time.monotonic() >= token["end"]:
            return 403, {"errors": ["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}
        return self.authorized(method, path, text, token, body)

    def login(self, method: str) -> dict:
        text = fresh("hvs")
        now = time.monotonic()
        self.tokens[text] = {"ttl": self.token_ttl, "renewable": self.renewable, "end": now + self.token_ttl, "last": now + self.token_max}
        return self.envelope(auth=self.auth(text))

    def auth(self, text: str) -> dict:
        token = self.tokens[text]
        left = 0 if token["end"] is None else max(0, round(token["end"] - time.monotonic()))
        return {"client_token": text, "accessor": "0e9e354a", "policies": ["default"], "token_policies": ["default"], "metadata": None, "lease_duration": left,
                "renewable": token["renewable"], "entity_id": "", "token_type": "service", "orphan": True, "mfa_requirement": None, "num_uses": 0}

    def authorized(self, method: str, path: str, text: str, token: dict, body: dict):
        if path == "auth/token/lookup-self":
            return 200, self.envelope(data={"id": text, "ttl": self.auth(text)["lease_duration"], "renewable": token["renewable"], "policies": ["root"]})
        if path == "auth/token/renew-self" and method == "POST":
            if not token["renewable"]:
                return 400, {"errors": ["lease is not renewable"]}
            token["end"] = min(time.monotonic() + self.token_ttl, token["last"])
            return 200, self.envelope(auth=self.auth(text))
        if path == "sys/leases/renew" and method == "POST":
            lease = self.leases.get(body.get("lease_id"))
            if lease is None or time.monotonic() >= lease["end"]:
                return 400, {"errors": ["lease not found"]}
            lease["end"] = min(time.monotonic() + self.lease_ttl, lease["last"])
            return 200, self.envelope(lease_id=body["lease_id"], renewable=True, lease_duration=max(1, round(lease["end"] - time.monotonic())))
        if path in self.denied:
            return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
        mount, _, rest = path.partition("/")
        if mount == "secret":
            return self.versioned(rest)
        if mount == "kv":
            return (200, self.envelope(lease_duration=2764800, data=self.secrets[rest])) if rest in self.secrets else (404, {"errors": []})
        if mount == "database" and rest.startswith("creds/"):
            number, now = next(self.counter), time.monotonic()
            lease = f"database/{rest}/{number:024d}"
            self.leases[lease] = {"end": now + self.lease_ttl, "last": now + self.lease_max}
            return 200, self.envelope(lease_id=lease, renewable=self.renewable, lease_duration=self.lease_ttl,
                                      data={"username": f"v-{number}", "password": fresh("db")})
        return 404, {"errors": [f"no handler for route \"{path}\". route entry not found."]}

    def versioned(self, rest: str):
        kind, _, name = rest.partition("/")
        if kind != "data":
            return 404, {"request_id": "", "errors": [], "warnings": ["Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use."]}
        if name not in self.secrets:
            return 404, {"errors": []}
        metadata = {"created_time": "2026-01-01T00:00:00Z", "custom_metadata": None, "deletion_time": "", "destroyed": False, "version": self.versions[name]}
        if name in self.deleted:
            return 404, self.envelope(data={"data": None, "metadata": {**metadata, "deletion_time": "2026-01-02T00:00:00Z"}})
        return 200, self.envelope(data={"data": self.secrets[name], "metadata": metadata})
