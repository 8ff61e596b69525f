"""Autobahn's test suite for WebSockets. It runs on Python 2.7 only, which keeps it out of requirements.txt: it is installed once, beside the build."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .gateway import ROOT
from .ports import free_port
from .process import end
from .waiting import limit, until

VERSION = "25.10.1"
FOLDER = ROOT / ".build" / "autobahn"
#: Speed, and compression in hundreds of sizes: with `all`, these run as well, for an hour.
SLOW = [] if os.environ.get("SLUICE_AUTOBAHN") == "all" else ["9.*", "12.*", "13.*"]


def _python2() -> str | None:
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    for candidate in (shutil.which("python2.7"), *sorted(glob.glob(f"{pyenv}/versions/2.7.*/bin/python2.7"))):
        # What is found may only stand for one that is not installed.
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
            return candidate
    return None


def tool() -> tuple[str | None, str]:
    """The path of `wstest`, or why there is none."""
    own = os.environ.get("SLUICE_WSTEST") or shutil.which("wstest")
    if own:
        return own, ""
    ready = FOLDER / "bin" / "wstest"
    if ready.exists():
        return str(ready), ""
    python = _python2()
    if not python:
        return None, "no python2.7 for Autobahn's wstest, and no SLUICE_WSTEST"
    try:
        with tempfile.TemporaryDirectory() as maker:
            # The last one that makes environments for Python 2.7.
            _run([sys.executable, "-m", "venv", maker])
            _run([f"{maker}/bin/pip", "install", "--quiet", "virtualenv==20.21.1"])
            _run([f"{maker}/bin/virtualenv", "--quiet", "--clear", "-p", python, FOLDER])
        _run([FOLDER / "bin" / "pip", "install", "--quiet", f"autobahntestsuite=={VERSION}"])
    except (subprocess.SubprocessError, OSError) as error:
        shutil.rmtree(FOLDER, ignore_errors=True)
        return None, f"Autobahn can't be installed: {error}"
    return str(ready), ""


def _run(command: list):
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=limit(120))


class EchoServer:
    """Autobahn's own server."""

    def __init__(self, wstest: str, folder: Path):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._log = open(folder / "echo.log", "wb")
        self._process = subprocess.Popen([wstest, "-m", "testeeserver", "-w", f"ws://{self.address}", "-u", "0"], cwd=folder, stdout=self._log,
                                         stderr=self._log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        import socket

        until(lambda: socket.create_connection(("127.0.0.1", self.port), 1).close() or True, 20, "Autobahn's server listens")
        return self

    def __exit__(self, *_):
        end(self._process)
        self._log.close()


def fuzz(wstest: str, folder: Path, servers: dict[str, str]) -> dict[str, dict[str, dict]]:
    """Runs the fuzzing client against `servers`, by name; the results of its cases, by name and number."""
    (folder / "spec.json").write_text(json.dumps({
        "outdir": str(folder / "reports"), "cases": ["*"], "exclude-cases": SLOW, "exclude-agent-cases": {},
        "servers": [{"agent": name, "url": url} for name, url in servers.items()]}))
    with open(folder / "client.log", "wb") as log:
        subprocess.run([wstest, "-m", "fuzzingclient", "-s", folder / "spec.json"], cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                       check=True, timeout=limit(3600 if not SLOW else 100))
    return json.loads((folder / "reports" / "index.json").read_text())
