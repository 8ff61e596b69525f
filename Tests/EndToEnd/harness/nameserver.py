"""A name server on loopback whose answers a test changes while it runs."""

from __future__ import annotations

import socket
import struct
import threading


class NameServer:
    """Answers A questions from `names`: name to (addresses, seconds to live), and SRV questions from `services`: name to
    ((priority, weight, port, host)s, seconds to live). Other names do not exist; a silent server answers nothing."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.names: dict[str, tuple[list[str], int]] = {}
        self.services: dict[str, tuple[list[tuple[int, int, int, str]], int]] = {}
        self.silent = False
        self.questions = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _serve(self):
        while True:
            try:
                data, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            self.questions += 1
            if not self.silent:
                self.socket.sendto(self._answer(data), peer)

    def _answer(self, query: bytes) -> bytes:
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12 : at + 5]
        kind = struct.unpack("!H", query[at + 1 : at + 3])[0]
        name = ".".join(labels).lower()
        addresses, ttl = self.names.get(name, ([], 0))
        records = [socket.inet_aton(a) for a in addresses] if kind == 1 else []
        if kind == 33:
            places, ttl = self.services.get(name, ([], 0))
            records = [struct.pack("!HHH", *place) + wire_name(host) for *place, host in places]
        code = 0 if name in self.names or name in self.services else 3
        head = query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(records), 0, 0)
        return head + question + b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, ttl, len(r)) + r for r in records)


def wire_name(host: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in host.split(".")) + b"\0"
