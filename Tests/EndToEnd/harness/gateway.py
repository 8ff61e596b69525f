"""The real binary, started with a generated configuration on free ports of loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import yaml

from . import process, secrets
from .metrics import Metrics
from .ports import free_port
from .raw import Connection, Ended, Late, Malformed, Response, fetch
from .waiting import limit, until

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("SLUICE_BIN") or str(ROOT / ".build" / "debug" / "sluice")

#: What a crash leaves on standard error.
CRASH = re.compile(r"Fatal error|Precondition failed|Assertion failed|Crash:|AddressSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|Illegal instruction|Segmentation fault|Current stack trace", re.I)


def command(*arguments: str, cwd=None, env=None, input: str | None = None, timeout: float = 30) -> subprocess.CompletedProcess:
    """Runs `sluice ARGUMENTS` to its end."""
    result = subprocess.run([BINARY, *map(str, arguments)], cwd=cwd, env={**clean_environment(), **(env or {})}, input=input,
                            stdin=None if input is not None else subprocess.DEVNULL, capture_output=True, text=True, timeout=limit(timeout))
    secrets.wrote(f"sluice {arguments[0] if arguments else ''}", result.stderr)
    # Some commands make secrets, and print them.
    if arguments and arguments[0] not in ("hash-password", "keys"):
        secrets.wrote(f"sluice {arguments[0]}", result.stdout)
    assert result.returncode >= 0 and not CRASH.search(result.stderr), f"crashed: {result.returncode}\n{result.stderr}"
    return result


def clean_environment() -> dict:
    """The environment without what would change what the binary does."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE_", "NOTIFY_SOCKET", "LISTEN_"))}


class Gateway:
    """One running gateway. `configuration` needs `apis` and `upstreams`; a listener `web`, the admin address, the access log and a short drain are filled in."""

    def __init__(self, folder, configuration: dict | str, env: dict | None = None, arguments: list[str] | None = None, launcher: list[str] | None = None, pass_fds=(), binary=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = self.folder / "sluice.yaml"
        self.log_file = self.folder / "access.log"
        self.stderr_file = self.folder / "stderr.log"
        self.port, self.admin_port = free_port(), free_port()
        path = configuration.get("telemetry", {}).get("accessLog", {}) if isinstance(configuration, dict) else {}
        if isinstance(path, dict) and path.get("path", "-") != "-":
            secrets.writes_to(self.folder / path["path"])
        self.env, self.arguments, self.launcher, self.pass_fds = env or {}, arguments or [], launcher or [], pass_fds
        self.binary = str(binary or BINARY)
        self.process: subprocess.Popen | process.Adopted | None = None
        self.pid = 0
        for file in (self.log_file, self.stderr_file, self.folder / "stdout.log"):
            secrets.writes_to(file)
        self.write(configuration)

    # ---- configuration ---------------------------------------------------------------------------------------------

    def complete(self, configuration: dict) -> dict:
        full = {
            "runtime": {"drain": "5s", **configuration.get("runtime", {})},
            "admin": {"address": f"127.0.0.1:{self.admin_port}", **configuration.get("admin", {})},
            "telemetry": {"accessLog": {"path": str(self.log_file), "format": "json"}, **configuration.get("telemetry", {})},
        }
        listeners = configuration.get("listeners") or [{}]
        full["listeners"] = [{"name": "web", "address": self.address_text, **listeners[0]}, *listeners[1:]]
        for key, value in configuration.items():
            full.setdefault(key, value)
        return full

    def write(self, configuration: dict | str):
        """Replaces the file in one step, so that no reader sees half of it."""
        if isinstance(configuration, dict):
            secrets.configured(configuration)
            configuration = yaml.safe_dump(self.complete(configuration), sort_keys=False, width=1000)
        partial = self.file.with_suffix(".partial")
        partial.write_text(configuration)
        os.replace(partial, self.file)

    # ---- life --------------------------------------------------------------------------------------------------

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            process.end(self.process, 5)
            print(f"---- gateway's standard error\n{self.stderr()[-6000:]}")

    def launch(self):
        """Starts the process without waiting for anything."""
        with open(self.stderr_file, "ab") as stderr, open(self.folder / "stdout.log", "ab") as stdout:
            self.process = subprocess.Popen([*self.launcher, self.binary, "run", "--config", str(self.file), *self.arguments], cwd=self.folder,
                                            env={**clean_environment(), **self.env}, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                                            pass_fds=self.pass_fds)
        self.pid = self.process.pid

    def start(self):
        self.launch()
        self.wait_ready()
        return self

    def wait_ready(self, seconds: float = 20):
        until(self._ready, seconds, "/readyz answers 200")

    def _ready(self):
        if self.process.poll() is not None:
            raise SystemError(f"the gateway ended with {self.process.returncode}:\n{self.stderr()[-4000:]}")
        return self.admin("/readyz").status == 200

    def signal(self, number: int):
        self.process.send_signal(number)

    def terminate(self):
        self.signal(signal.SIGTERM)

    def wait_exit(self, seconds: float = 20) -> int:
        try:
            code = self.process.wait(limit(seconds))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running {limit(seconds):g} s after SIGTERM\n{self.stderr()[-4000:]}") from None
        self.assert_no_crash()
        return code

    def stop(self, seconds: float = 20):
        """Ends the gateway and asserts that it ends well."""
        if self.process.poll() is None:
            self.note_pages()
            self.terminate()
        code = self.wait_exit(seconds)
        assert code == 0, f"exit code {code}\n{self.stderr()[-4000:]}"

    def assert_no_crash(self):
        found = CRASH.search(self.stderr())
        assert not found, f"crashed:\n{self.stderr()[max(0, found.start() - 2000):][:8000]}"
        assert self.process.returncode is None or self.process.returncode >= 0, f"killed by signal {-self.process.returncode}\n{self.stderr()[-4000:]}"

    def note_pages(self):
        """What the admin address tells in the end is looked through for secrets; a gateway that can't answer any more tells nothing."""
        for path in ("/metrics", "/api/v1/status"):
            try:
                secrets.wrote(f"{self.folder.parent.name}{path}", fetch(("127.0.0.1", self.admin_port), "GET", path, host="localhost", timeout=2).body)
            except (OSError, Ended, Late, Malformed):
                return

    def upgrade(self, seconds: float = 20):
        """SIGUSR2: the program at `binary` takes over. When this returns the old process has ended well, and this is the new one."""
        process.adopt_orphans()
        self.signal(signal.SIGUSR2)
        self.follow(seconds)

    def follow(self, seconds: float = 20):
        """Waits until a process that is being upgraded has ended; from then on this is its successor."""
        code = self.wait_exit(seconds)
        assert code == 0, f"exit code {code}\n{self.stderr()[-4000:]}"
        found = re.findall(r"the successor serves.*?process\W+(\d+)", self.stderr())
        assert found, self.stderr()[-4000:]
        self.pid = int(found[-1])
        self.process = process.Adopted(self.pid)

    # ---- traffic -----------------------------------------------------------------------------------------------

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    @property
    def address_text(self) -> str:
        return f"127.0.0.1:{self.port}"

    def connect(self, timeout: float = 10, **more) -> Connection:
        return Connection(self.address, timeout, **more)

    def fetch(self, method: str = "GET", target: str = "/", headers=(), body: bytes | None = None, host: str = "example.test", timeout: float = 10) -> Response:
        return fetch(self.address, method, target, headers, body, host, timeout)

    def get(self, target: str, headers=(), host: str = "example.test", timeout: float = 10) -> Response:
        return self.fetch("GET", target, headers, None, host, timeout)

    # ---- administration ----------------------------------------------------------------------------------------

    def admin(self, path: str, method: str = "GET", headers=()) -> Response:
        return fetch(("127.0.0.1", self.admin_port), method, path, headers, host=f"127.0.0.1:{self.admin_port}")

    def metrics(self) -> Metrics:
        response = self.admin("/metrics")
        assert response.status == 200, response
        return Metrics(response.text)

    def status(self) -> dict:
        response = self.admin("/api/v1/status")
        assert response.status == 200, response
        secrets.wrote(f"{self.folder.parent.name}/status", response.body)
        return json.loads(response.body)

    def generation(self) -> int:
        return self.status()["generation"]

    def hang_up(self):
        self.signal(signal.SIGHUP)

    def reload(self, configuration: dict | str, by_signal: bool = True, seconds: float = 20) -> int:
        """Replaces the file and waits until the new configuration serves. The new generation."""
        before = self.generation()
        self.write(configuration)
        if by_signal:
            self.hang_up()
        return until(lambda: self.generation() > before and self.generation(), seconds, f"a generation after {before}; status {self.status()}")

    def reload_refused(self, configuration: dict | str, by_signal: bool = True, seconds: float = 10) -> str:
        """Replaces the file with a bad one and waits for the reason that the gateway gives for keeping the old one."""
        before, old = self.generation(), self.status().get("lastError")
        self.write(configuration)
        if by_signal:
            self.hang_up()
        error = until(lambda: (e := self.status().get("lastError")) and e != old and e, seconds, "status tells why the file was refused")
        assert self.generation() == before
        return error if isinstance(error, str) else json.dumps(error)

    # ---- what it wrote -----------------------------------------------------------------------------------------

    def stderr(self) -> str:
        return self.stderr_file.read_text(errors="replace") if self.stderr_file.exists() else ""

    def stdout(self) -> str:
        return (self.folder / "stdout.log").read_text(errors="replace")

    def log_lines(self, file: Path | None = None) -> list[str]:
        file = file or self.log_file
        return file.read_text(errors="replace").splitlines() if file.exists() else []

    def log(self, file: Path | None = None) -> list[dict]:
        return [json.loads(line) for line in self.log_lines(file)]

    def wait_log(self, *texts: str, count: int = 1, seconds: float = 10) -> list[str]:
        """The lines of the access log that contain all the texts, once there are that many."""

        def found():
            lines = [line for line in self.log_lines() if all(text in line for text in texts)]
            return len(lines) >= count and lines

        try:
            return until(found, seconds, f"{count} lines of the access log with {texts}", interval=0.03)
        except AssertionError as error:
            raise AssertionError(f"{error}; its end: {self.log_lines()[-5:]}") from None

    # ---- resources ---------------------------------------------------------------------------------------------

    def memory(self) -> int:
        return process.memory(self.pid)

    def descriptors(self) -> int:
        return process.descriptors(self.pid)

    def threads(self) -> int:
        return process.threads(self.pid)

    def client_connections(self) -> float:
        return self.metrics().total("sluice_connections", listener="web")
