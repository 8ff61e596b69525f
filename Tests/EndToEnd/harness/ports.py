"""Free ports on loopback, below the range that the kernel hands to outgoing connections."""

import itertools
import os
import socket

LOW, HIGH = 12000, 31000
_next = itertools.count(LOW + (os.getpid() * 97) % (HIGH - LOW))


def free_port() -> int:
    for candidate in _next:
        port = LOW + (candidate - LOW) % (HIGH - LOW)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")
