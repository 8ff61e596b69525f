"""Certificate authorities and certificates for tests, made with the openssl command."""

import datetime
import itertools
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .secrets import secret_key

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def _openssl(*arguments):
    result = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr


@dataclass
class Pair:
    """A certificate and its key, in files."""

    certificate: Path
    key: Path


class Authority:
    numbers = itertools.count(1)

    def __init__(self, folder: Path, name: str = "Test CA"):
        self.folder, self.name = Path(folder), name
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = self.folder / f"ca{next(self.numbers)}"
        self.pair = Pair(stem.with_suffix(".crt"), stem.with_suffix(".key"))
        _openssl("req", "-x509", *CURVE, "-subj", f"/CN={name}", "-days", 3650, "-keyout", self.pair.key, "-out", self.pair.certificate,
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        secret_key(self.pair.key)

    @property
    def file(self) -> str:
        return str(self.pair.certificate)

    def issue(self, *names: str, days: int = 365, expired: bool = False, usage: str = "critical,digitalSignature", authority: bool = False,
              subject: str = "service") -> Pair:
        """A certificate for subject alternative names such as `DNS:a.test`."""
        stem = self.folder / f"leaf{next(self.numbers)}"
        pair, request, extensions = Pair(stem.with_suffix(".crt"), stem.with_suffix(".key")), stem.with_suffix(".csr"), stem.with_suffix(".ext")
        _openssl("req", "-new", *CURVE, "-subj", f"/CN={subject}", "-keyout", pair.key, "-out", request)
        secret_key(pair.key)
        lines = [f"basicConstraints=critical,CA:{'TRUE' if authority else 'FALSE'}", f"keyUsage={usage}"]
        if names:
            lines.append(f"subjectAltName={','.join(names)}")
        extensions.write_text("\n".join(lines) + "\n")
        if expired:
            return self._expired(pair, request, extensions)
        _openssl("x509", "-req", "-in", request, "-CA", self.pair.certificate, "-CAkey", self.pair.key, "-set_serial", next(self.numbers),
                 "-days", days, "-extfile", extensions, "-out", pair.certificate)
        return pair

    def _expired(self, pair: Pair, request: Path, extensions: Path) -> Pair:
        """`openssl x509` makes none that ends in the past, `openssl ca` does."""
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text(f"{next(self.numbers):08x}\n")
        settings = self.folder / "ca.cnf"
        settings.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={self.folder}/index.txt\nserial={self.folder}/serial\nnew_certs_dir={self.folder}\n"
                            "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        end = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
        begin = end - datetime.timedelta(days=30)
        _openssl("ca", "-batch", "-config", settings, "-in", request, "-cert", self.pair.certificate, "-keyfile", self.pair.key, "-startdate",
                 f"{begin:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}", "-extfile", extensions, "-out", pair.certificate, "-notext")
        return pair
