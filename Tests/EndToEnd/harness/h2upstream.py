"""A scripted HTTP/2 upstream in plain text with prior knowledge: handlers answer streams frame by frame."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from .waiting import limit


@dataclass
class Stream:
    """One request, and the means to answer it."""

    connection: "Serving"
    id: int
    headers: list[tuple[str, str]]
    body: bytearray = field(default_factory=bytearray)
    trailers: list[tuple[str, str]] | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    reset: int | None = None

    def __getitem__(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def path(self) -> str:
        return self[":path"]

    def head(self, status=200, *fields, end=False):
        with self.connection.lock:
            self.connection.h2.send_headers(self.id, [(":status", str(status)), *fields], end_stream=end)
            self.connection.flush()

    def data(self, data: bytes, end=False):
        """Sends as the gateway's windows allow."""
        connection = self.connection
        while True:
            with connection.room:
                if not data and not end:
                    return
                window = min(connection.h2.local_flow_control_window(self.id), connection.h2.max_outbound_frame_size)
                if data and window <= 0:
                    if not connection.room.wait(limit(20)):
                        raise TimeoutError("the gateway opens no window")
                    continue
                piece, data = data[:window], data[window:]
                connection.h2.send_data(self.id, piece, end_stream=end and not data)
                connection.flush()
                if not data:
                    return

    def end_with(self, *trailers):
        with self.connection.lock:
            self.connection.h2.send_headers(self.id, list(trailers), end_stream=True)
            self.connection.flush()

    def reply(self, body: bytes = b"", status=200, *fields):
        self.head(status, *fields)
        self.data(body, end=True)

    def abort(self, code=h2.errors.ErrorCodes.INTERNAL_ERROR):
        with self.connection.lock:
            self.connection.h2.reset_stream(self.id, code)
            self.connection.flush()


class Serving:
    """One connection of the gateway's."""

    def __init__(self, server: "H2Upstream", sock: socket.socket, number: int):
        self.server, self.sock, self.number = server, sock, number
        self.lock = threading.RLock()
        self.room = threading.Condition(self.lock)
        self.streams: dict[int, Stream] = {}
        self.closed = threading.Event()
        configuration = h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False,
                                                  normalize_outbound_headers=False)
        self.h2 = h2.connection.H2Connection(configuration)
        if server.settings:
            values = {**dict(self.h2.local_settings), **server.settings}
            self.h2.local_settings = h2.settings.Settings(client=False, initial_values=values)
        threading.Thread(target=self.run, daemon=True).start()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def raw(self, data: bytes):
        with self.lock:
            self.sock.sendall(data)

    def go_away(self, last: int, code=0):
        """GOAWAY, after which the connection serves what it has."""
        self.raw((8).to_bytes(3) + b"\x07\x00" + bytes(4) + last.to_bytes(4) + int(code).to_bytes(4))

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self):
        try:
            with self.lock:
                self.h2.initiate_connection()
                self.flush()
            while data := self.sock.recv(1 << 16):
                self.server.received += len(data)
                with self.room:
                    events = self.h2.receive_data(data)
                    for event in events:
                        self.handle(event)
                    self.flush()
                    self.room.notify_all()
        except (OSError, h2.exceptions.ProtocolError) as error:
            self.server.errors.append(error)
        finally:
            self.closed.set()
            for stream in self.streams.values():
                stream.ended.set()
            self.sock.close()

    def handle(self, event):
        stream = self.streams.get(getattr(event, "stream_id", 0) or 0)
        if isinstance(event, h2.events.RequestReceived):
            stream = Stream(self, event.stream_id, list(event.headers))
            self.streams[event.stream_id] = stream
            self.server.requests.append(stream)
            self.server.most = max(self.server.most, sum(1 for s in self.streams.values() if not s.ended.is_set()))
            threading.Thread(target=self.server.answer, args=(stream,), daemon=True).start()
        elif isinstance(event, h2.events.DataReceived) and stream:
            stream.body += event.data
            if self.server.takes_bodies:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived) and stream:
            stream.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded) and stream:
            stream.ended.set()
        elif isinstance(event, h2.events.StreamReset) and stream:
            stream.reset = int(event.error_code)
            stream.ended.set()


class H2Upstream:
    """`on(path)` sets what answers a path; everything else is answered with `ok`."""

    def __init__(self, **settings):
        self.settings = {getattr(h2.settings.SettingCodes, name.upper()): value for name, value in settings.items()}
        self.handlers, self.requests, self.connections, self.errors = {}, [], [], []
        self.received, self.most, self.takes_bodies = 0, 0, True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def on(self, path: str):
        def take(handler):
            self.handlers[path] = handler
            return handler
        return take

    def seen(self, path: str) -> list[Stream]:
        return [stream for stream in self.requests if stream.path == path]

    def answer(self, stream: Stream):
        try:
            handler = self.handlers.get(stream.path)
            if handler:
                return handler(stream)
            stream.ended.wait(limit(20))
            stream.reply(b"ok")
        except (OSError, TimeoutError, h2.exceptions.ProtocolError) as error:
            self.errors.append(error)

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(Serving(self, sock, len(self.connections)))

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.connections:
            connection.close()
