"""Many connections at once that send their fragments in step, so that each fragment arrives alone without any sleeping."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .process import unread
from .raw import Connection, Response
from .wire import Ended, Late, Malformed


@dataclass
class Transcript:
    """What one connection got."""

    responses: list[Response] = field(default_factory=list)
    ending: str | None = None  # how the connection ended when a response was missing
    port: int = 0


@dataclass
class Plan:
    fragments: list[bytes]
    methods: list[str]  # of the responses to expect, in order
    end: str = "none"  # none | fin: half-close after the last fragment


def _wait_until_read(port: int, most: float = 0.05):
    """The gateway has taken what was sent. It may legitimately leave bytes alone, so this gives up soon."""
    deadline = time.monotonic() + most
    while unread(port) and time.monotonic() < deadline:
        pass


def run(address, plans: list[Plan], timeout: float = 10, width: int = 200) -> list[Transcript]:
    transcripts = []
    for start in range(0, len(plans), width):
        transcripts += _batch(address, plans[start : start + width], timeout)
    return transcripts


def _batch(address, plans: list[Plan], timeout: float) -> list[Transcript]:
    connections = [Connection(address, timeout) for _ in plans]
    try:
        answered = [False] * len(plans)
        for step in range(max(len(p.fragments) for p in plans)):
            sent = False
            for index, (connection, plan) in enumerate(zip(connections, plans)):
                if step >= len(plan.fragments) or answered[index]:
                    continue
                # A gateway that has refused the request closes: what is left is not sent.
                if len(plan.methods) == 1 and step and connection.wire._poll.poll(0):
                    answered[index] = True
                    continue
                answered[index] = not connection.try_send(plan.fragments[step])
                sent = True
            if sent:
                _wait_until_read(address[1])
        for connection, plan in zip(connections, plans):
            if plan.end == "fin":
                connection.finish_sending()
        return [_collect(c, p, timeout) for c, p in zip(connections, plans)]
    finally:
        for connection in connections:
            connection.close()


def _collect(connection: Connection, plan: Plan, timeout: float) -> Transcript:
    transcript = Transcript(port=connection.port)
    for method in plan.methods:
        try:
            transcript.responses.append(connection.read_response(method, timeout))
        except Ended:
            transcript.ending = connection.wire.how
            break
        except Late:
            transcript.ending = "late"
            break
        except Malformed as error:
            transcript.ending = f"malformed: {error}"
            break
    return transcript


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def cut_at(data: bytes, offset: int) -> list[bytes]:
    return [data[:offset], data[offset:]]
