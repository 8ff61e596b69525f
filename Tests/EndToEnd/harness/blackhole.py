"""An address that takes no connection and refuses none: a listener whose queue is full."""

import socket
import time

from .ports import free_port
from .waiting import limit


class Blackhole:
    def __enter__(self):
        self.port = free_port()
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(0)
        self.fillers = []
        deadline = time.monotonic() + limit(10)
        # The kernel accepts a few before it drops what asks for more.
        while time.monotonic() < deadline:
            filler = socket.socket()
            filler.settimeout(0.3)
            self.fillers.append(filler)
            try:
                filler.connect(("127.0.0.1", self.port))
            except TimeoutError:
                return self
        raise AssertionError("the queue never fills")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __exit__(self, *_):
        for sock in [self.listener, *self.fillers]:
            sock.close()
