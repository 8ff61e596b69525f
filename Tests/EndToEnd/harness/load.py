"""Bounded load that accounts for every request."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from .raw import Connection, Ended, Late, Malformed, format_request


@dataclass
class Tally:
    answered: int = 0
    by_status: dict = field(default_factory=dict)
    failed: list = field(default_factory=list)  # requests that got less than a whole answer
    refused: int = 0  # connections not accepted
    unanswered: int = 0  # sent after `stopping`, and the connection ended without a byte of an answer

    def add(self, other: "Tally"):
        self.answered += other.answered
        for status, count in other.by_status.items():
            self.by_status[status] = self.by_status.get(status, 0) + count
        self.failed += other.failed
        self.refused += other.refused
        self.unanswered += other.unanswered


class Load:
    """Threads that ask the same thing again and again over kept connections.

    A request fails when it is not answered completely with an expected status. After `stopping` is set, two more ends are
    honest: no connection, and a connection that ends before the first byte of an answer (RFC 9112 9.3.1)."""

    def __init__(self, address, target: str = "/", threads: int = 4, statuses=(200,), keep_alive: bool = True, body: bytes | None = None, method: str = "GET", check=None):
        self.address, self.threads, self.statuses, self.keep_alive, self.check = address, threads, statuses, keep_alive, check
        headers = {} if keep_alive else {"Connection": "close"}
        self.request, self.method = format_request(method, target, headers, body), method
        self.stopping = threading.Event()
        self._done = threading.Event()
        self._tallies = [Tally() for _ in range(threads)]
        self._threads = [threading.Thread(target=self._run, args=(tally,), daemon=True) for tally in self._tallies]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.finish()

    def finish(self) -> Tally:
        self._done.set()
        for thread in self._threads:
            thread.join(30)
        return self.tally

    @property
    def tally(self) -> Tally:
        total = Tally()
        for tally in self._tallies:
            total.add(tally)
        return total

    @property
    def answered(self) -> int:
        return sum(t.answered for t in self._tallies)

    def _run(self, tally: Tally):
        connection = None
        while not self._done.is_set():
            try:
                if connection is None:
                    connection = Connection(self.address, 15)
            except OSError as error:
                if self.stopping.is_set():
                    tally.refused += 1
                    return
                tally.failed.append(f"connect: {error!r}")
                time.sleep(0.05)
                continue
            late = self.stopping.is_set()
            received = connection.wire.received
            try:
                connection.send(self.request)
                response = connection.read_response(self.method)
            except (OSError, Ended, Late, Malformed) as error:
                untouched = connection.wire.received == received
                connection.close()
                connection = None
                if untouched and (late or self.stopping.is_set()) and not isinstance(error, Late):
                    tally.unanswered += 1
                else:
                    tally.failed.append(f"{error!r}")
                continue
            tally.by_status[response.status] = tally.by_status.get(response.status, 0) + 1
            if response.status not in self.statuses or not response.complete or (self.check and not self.check(response)):
                tally.failed.append(f"{response}")
            else:
                tally.answered += 1
            if not self.keep_alive or not response.complete or (response["connection"] or "").lower() == "close":
                connection.close()
                connection = None
        if connection:
            connection.close()
