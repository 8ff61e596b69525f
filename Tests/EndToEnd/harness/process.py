"""What the kernel knows about a process."""

import os
import signal
import subprocess
import threading

from .waiting import limit

#: Set for sanitizer builds, whose memory says nothing about the program's.
SANITIZED = bool(os.environ.get("SLUICE_SANITIZED"))


def _status(pid: int, key: str) -> int:
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    raise KeyError(key)


def memory(pid: int) -> int:
    """Resident bytes."""
    return _status(pid, "VmRSS") * 1024


def threads(pid: int) -> int:
    return _status(pid, "Threads")


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


class Peak:
    """The largest resident size of a process while the block runs."""

    def __init__(self, pid: int, every: float = 0.02):
        self.pid, self.every, self.most = pid, every, memory(pid)
        self.start = self.most
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._done.wait(self.every):
            try:
                self.most = max(self.most, memory(self.pid))
            except (OSError, KeyError):
                return

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    @property
    def growth(self) -> int:
        return self.most - self.start


def unread(port: int) -> int:
    """Bytes that have arrived at sockets bound to this local port and that no one has read yet."""
    suffix, total = f":{port:04X}", 0
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(path) as file:
                next(file)
                for line in file:
                    columns = line.split(None, 5)
                    if columns[1].endswith(suffix) and columns[3] != "0A":
                        total += int(columns[4].split(":")[1], 16)
        except (OSError, StopIteration):
            pass
    return total


def end(process: subprocess.Popen, seconds: float = 20) -> int:
    """SIGTERM, then SIGKILL when that takes too long. The exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(limit(seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def unread_between(local: int, remote: int) -> int:
    """Unread bytes of the one connection from port `local` to port `remote`, as seen by the process that has `local`."""
    here, there = f":{local:04X}", f":{remote:04X}"
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(path) as file:
            next(file)
            for line in file:
                columns = line.split(None, 5)
                if columns[1].endswith(here) and columns[2].endswith(there):
                    return int(columns[4].split(":")[1], 16)
    return 0
