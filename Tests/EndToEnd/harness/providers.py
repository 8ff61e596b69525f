"""Real providers of OpenID Connect, each a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import requests

from . import django_provider, process
from .ports import free_port
from .waiting import until


class Provider:
    """A process that answers discovery at `issuer`."""

    def __init__(self, issuer: str, arguments: list[str], folder: Path):
        self.issuer = issuer
        self.log = folder / "provider.log"
        folder.mkdir(parents=True, exist_ok=True)
        # -P: the harness has modules that are called like some of Python's.
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([sys.executable, "-P", *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            until(self._ready, 60, f"{arguments[0]} answers")
        except AssertionError:
            self.close()
            raise AssertionError(self.log.read_text(errors="replace")[-4000:]) from None

    def _ready(self):
        if self.process.poll() is not None:
            raise SystemError(f"the provider ended: {self.log.read_text(errors='replace')[-4000:]}")
        return requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=5).status_code == 200

    def close(self):
        process.end(self.process, 5)


def mock(folder: Path, user: str = "alice") -> Provider:
    """oidc-provider-mock: code with PKCE, refresh; one page where a subject is typed."""
    port = free_port()
    return Provider(f"http://127.0.0.1:{port}", ["-m", "oidc_provider_mock", "-p", str(port), "--user", user], folder)


def django(folder: Path, redirect_uri: str, logout_uri: str) -> Provider:
    """django-oauth-toolkit: login, consent, refresh with rotation, logout."""
    port = free_port()
    return Provider(f"http://127.0.0.1:{port}/o", [django_provider.__file__, str(folder), str(port), redirect_uri, logout_uri], folder)
