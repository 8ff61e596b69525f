"""An API server of Kubernetes, as far as a reader of secrets sees it: `GET /api/v1/namespaces/{namespace}/secrets/{name}`."""

from __future__ import annotations

import base64
import json
from http.server import BaseHTTPRequestHandler

from .secrets import fresh
from .service import Service


class Kubernetes(Service):
    """`secrets` by `namespace/name`; `token` is what the service account shows; `forbidden` what its role does not allow."""

    def __init__(self, pair):
        self.token = fresh("eyJhbGciOiJSUzI1NiIsImtpZCI6Ik")
        self.secrets: dict[str, dict[str, bytes]] = {}
        self.forbidden: set[str] = set()
        self.requests: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                server.requests.append(self.path)
                status, body = server.answer(self.path, self.headers.get("authorization"))
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        super().__init__(Handler, pair)

    @staticmethod
    def failure(code: int, reason: str, message: str):
        return code, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code}

    def answer(self, path: str, authorization: str | None):
        if authorization != f"Bearer {self.token}":
            return self.failure(401, "Unauthorized", "Unauthorized")
        parts = path.split("/")
        if len(parts) != 7 or parts[:4] != ["", "api", "v1", "namespaces"] or parts[5] != "secrets":
            return self.failure(404, "NotFound", "the server could not find the requested resource")
        key = f"{parts[4]}/{parts[6]}"
        if key in self.forbidden:
            return self.failure(403, "Forbidden", f'secrets "{parts[6]}" is forbidden: User "system:serviceaccount:edge:sluice" cannot get resource "secrets"')
        if key not in self.secrets:
            return self.failure(404, "NotFound", f'secrets "{parts[6]}" not found')
        data = {name: base64.b64encode(value).decode() for name, value in self.secrets[key].items()}
        return 200, {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": parts[6], "namespace": parts[4], "resourceVersion": "1"}, "data": data, "type": "Opaque"}
