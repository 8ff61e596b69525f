"""What the kernel knows about a process."""

import ctypes
import os
import signal
import socket
import struct
import subprocess
import threading

from .waiting import limit, until

# From linux/netlink.h, linux/sock_diag.h and the states of TCP.
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, NLMSG_ERROR, NLMSG_DONE = 4, 20, 0x301, 2, 3
TIME_WAIT, LISTEN = 6, 10

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


#: From linux/prctl.h.
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """From now on the processes that a child leaves behind are children of this process, which then learns how they end."""
    assert ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


class Adopted:
    """A process that another one has left to this one, with what is used of `subprocess.Popen`."""

    def __init__(self, pid: int):
        self.pid, self.returncode = pid, None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        try:
            until(lambda: self.poll() is not None, timeout / limit(1))
        except AssertionError:
            raise subprocess.TimeoutExpired(str(self.pid), timeout) from None
        return self.returncode

    def send_signal(self, number: int):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


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


def _queues(local: int, remote: int = 0) -> list[int]:
    """Unread bytes of each connection from port `local` to port `remote` (0: any), from the kernel (sock_diag(7))."""
    found = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink:
        for family in (socket.AF_INET, socket.AF_INET6):
            states = 0xFFF & ~(1 << TIME_WAIT | 1 << LISTEN)
            identity = struct.pack("!HH", local, remote) + bytes(44)
            request = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, states) + identity
            netlink.send(struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, 0, 0) + request)
            done = False
            while not done:
                data = netlink.recv(65536)
                while data:
                    length, kind = struct.unpack_from("=IH", data)
                    if kind in (NLMSG_DONE, NLMSG_ERROR):
                        done = True
                        break
                    source, destination = struct.unpack_from("!HH", data, 16 + 4)
                    if source == local and remote in (0, destination):
                        found.append(struct.unpack_from("=I", data, 16 + 56)[0])
                    data = data[(length + 3) & ~3:]
    return found


def unread(port: int) -> int:
    """Bytes that have arrived at sockets bound to this local port and that no one has read yet."""
    return sum(_queues(port))


def unread_between(local: int, remote: int) -> int:
    """Unread bytes of the one connection from port `local` to port `remote`, as seen by the process that has `local`."""
    return sum(_queues(local, remote))


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
