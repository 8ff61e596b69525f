"""Certificates for tests, made with the openssl command."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .secrets import secret_key


def openssl(*arguments, input: bytes | None = None) -> bytes:
    result = subprocess.run(["openssl", *map(str, arguments)], input=input, capture_output=True, timeout=30)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


@dataclass
class Pair:
    """A certificate and its key."""

    certificate: Path
    key: Path

    @property
    def settings(self) -> dict:
        return {"certificate": str(self.certificate), "key": str(self.key)}

    @property
    def serial(self) -> str:
        return openssl("x509", "-in", self.certificate, "-noout", "-serial").decode().strip().removeprefix("serial=")


class Authority:
    """Signs certificates; its own is `certificate`."""

    def __init__(self, folder: Path, name: str = "authority"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.key, self.certificate = self.folder / f"{name}.key", self.folder / f"{name}.crt"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out", self.certificate,
                "-days", "2", "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        secret_key(self.key)

    def issue(self, *names: str, kind: str = "ec", file: str | None = None, days: int = 2, extensions: str = "") -> Pair:
        """A certificate for the DNS names; `kind` is `ec` or `rsa`. `extensions` are lines of x509v3_config(5)."""
        base = self.folder / (file or f"{names[0].replace('*', 'any')}-{kind}")
        key, request, certificate, extension = (Path(f"{base}.{suffix}") for suffix in ("key", "csr", "crt", "ext"))
        algorithm = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["rsa:2048"]
        openssl("req", "-new", "-newkey", *algorithm, "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={names[0]}")
        secret_key(key)
        extension.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + f"\n{extensions}\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", days,
                "-extfile", extension, "-out", certificate)
        return Pair(certificate, key)

    def revoke(self, *pairs: Pair) -> Path:
        """A list of revoked certificates with these in it."""
        index, settings, result = self.folder / "index.txt", self.folder / "ca.cnf", self.folder / "revoked.pem"
        index.write_text("")
        settings.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={index}\ndefault_md=sha256\ndefault_crl_days=2\n")
        for pair in pairs:
            openssl("ca", "-config", settings, "-revoke", pair.certificate, "-cert", self.certificate, "-keyfile", self.key)
        openssl("ca", "-config", settings, "-gencrl", "-out", result, "-cert", self.certificate, "-keyfile", self.key)
        return result
