"""An HTTP/2 upstream (prior knowledge) that plays the steps of a case for the first request on its first connection, and answers all others well.

With `warm: true` these are the steps for the second request: then the gateway has seen the SETTINGS.
"""

from __future__ import annotations

import socket
import threading

import h2.config
import h2.connection
import h2.exceptions

from .http2_peer import Peer
from .http2_steps import Script
from .ports import free_port

#: The good answer.
AGAIN = [{"headers": {"with": ["content-length: 5"]}}, {"data": {"text": "again"}}]


class ScriptedUpstream:
    """`requests`: (number of the connection, stream, head) in the order of their coming. `problems`: what went otherwise than the steps say."""

    def __init__(self, spec: dict):
        self.spec = spec
        self.peers: list[Peer] = []
        self.requests: list[tuple[int, int, list]] = []
        self.problems: list[str] = []
        self._lock, self._closing = threading.Lock(), False
        self.address = f"127.0.0.1:{free_port()}"
        self.sock = socket.create_server(("127.0.0.1", int(self.address.split(":")[1])))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._closing = True
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        for peer in self.peers:
            try:
                peer.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while not self._closing:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            peer = Peer(sock, serves=True)
            self.peers.append(peer)
            threading.Thread(target=self._serve, args=(peer, len(self.peers) - 1), daemon=True).start()

    def _serve(self, peer: Peer, number: int):
        script = Script(peer, "", response=True)
        try:
            greeting = self.spec.get("greeting") if number == 0 else None
            script.run(greeting or [{"settings": self.spec.get("settings", {}) if number == 0 else {}}])
            answered: set[int] = set()
            while not peer.ended and not self._closing:
                fresh = lambda: sorted(n for n, s in list(peer.streams.items()) if s.heads and n not in answered)  # noqa: E731
                if not peer.wait(fresh, 30):
                    continue
                for stream in fresh():
                    answered.add(stream)
                    with self._lock:
                        self.requests.append((number, stream, peer.streams[stream].heads[0]))
                    script.own = stream
                    if number == 0 and len(answered) == (2 if self.spec.get("warm") else 1):
                        script.run(self.spec["reply"])
                    else:
                        script.run([{"wait": {"settings_acks": 1}}, *AGAIN])
        except AssertionError as error:
            self.problems.append(str(error))
        finally:
            peer.sock.close()

    def verdict(self) -> list[str]:
        """What h2, as the server, says to everything that the gateway sent; and what the harness found itself."""
        wrong = [w for peer in self.peers for w in peer.wrong]
        for peer in self.peers:
            server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=False))
            server.initiate_connection()
            try:
                server.receive_data(bytes(peer.received))
            except h2.exceptions.FlowControlError:
                pass  # the windows that steps open are not known to h2; steps themselves say how much may come
            except h2.exceptions.ProtocolError as error:
                wrong.append(f"h2 refuses what the gateway sent: {error!r}")
        return wrong
