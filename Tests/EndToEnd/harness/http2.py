"""A client of HTTP/2 without TLS, over the `h2` package, for tests that look at streams rather than bytes."""

from __future__ import annotations

import socket
import time
from collections import defaultdict
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events

from .waiting import limit


@dataclass
class Stream:
    headers: dict = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    trailers: dict = field(default_factory=dict)
    interim: list = field(default_factory=list)
    ended: bool = False
    reset: int | None = None

    @property
    def status(self) -> int:
        return int(self.headers[":status"])


class Connection(h2.connection.H2Connection):
    """Goes on after a GOAWAY, as clients do whose streams are under way."""

    def _receive_goaway_frame(self, frame):
        events = super()._receive_goaway_frame(frame)
        self.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN
        return events


class Client:
    """`takes`: windows are opened as DATA comes."""

    def __init__(self, address, takes: bool = True):
        self.sock = socket.create_connection(address, limit(10))
        # What the gateway refuses must get out first.
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False)
        self.h2 = Connection(config)
        self.h2.initiate_connection()
        self.streams: dict[int, Stream] = defaultdict(Stream)
        self.goaway: list[tuple[int, int]] = []
        self.closed = False
        self.takes = takes
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def request(self, method: str = "GET", path: str = "/", headers=(), ends: bool = True, authority: str = "example.test") -> int:
        stream = self.h2.get_next_available_stream_id()
        pseudo = [(":method", method), (":scheme", "http"), (":path", path), (":authority", authority)]
        self.h2.send_headers(stream, pseudo + list(headers), end_stream=ends)
        self.flush()
        return stream

    def send(self, stream: int, body: bytes, ends: bool = True):
        """As fast as the windows allow."""
        at = 0
        while at < len(body):
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room == 0:
                self.read()
                continue
            piece = body[at : at + room]
            at += len(piece)
            self.h2.send_data(stream, piece, end_stream=ends and at == len(body))
            self.flush()

    def read(self, seconds: float = 10) -> bool:
        """One read. False: the gateway has closed the connection."""
        self.sock.settimeout(limit(seconds))
        try:
            data = self.sock.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            self.closed = True
            return False
        for event in self.h2.receive_data(data):
            self.take(event)
        if not self.closed:
            self.flush()
        return True

    def take(self, event):
        match event:
            case h2.events.ResponseReceived():
                self.streams[event.stream_id].headers = dict(event.headers)
            case h2.events.InformationalResponseReceived():
                self.streams[event.stream_id].interim.append(dict(event.headers))
            case h2.events.TrailersReceived():
                self.streams[event.stream_id].trailers = dict(event.headers)
            case h2.events.DataReceived():
                self.streams[event.stream_id].body += event.data
                if self.takes:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                self.streams[event.stream_id].ended = True
            case h2.events.StreamReset():
                self.streams[event.stream_id].reset = event.error_code
            case h2.events.ConnectionTerminated():
                self.goaway.append((event.last_stream_id, event.error_code))

    def wait(self, *streams: int, seconds: float = 20):
        """Until the streams have ended; the first of them."""
        end = time.monotonic() + limit(seconds)
        while not all(self.streams[s].ended or self.streams[s].reset is not None for s in streams):
            assert time.monotonic() < end and self.read(), f"the connection ended first: {dict(self.streams)} {self.goaway}"
        return self.streams[streams[0]]

    def wait_closed(self, seconds: float = 20):
        end = time.monotonic() + limit(seconds)
        while self.read():
            assert time.monotonic() < end
