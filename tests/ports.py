"""Ports for servers whose address must be known before they listen.

Each worker of the tests has a range of its own, below those that the system gives to outgoing connections: so nobody takes a port
between our look and our listening.
"""

import contextlib
import os
import socket
from itertools import count

EACH = 2_000
_FIRST = 10_000 + EACH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10)
_turns = count(os.getpid() % EACH)


def free_port() -> int:
    """A port of this worker's range that nobody listens on; another one each time."""
    for _ in range(EACH):
        port = _FIRST + next(_turns) % EACH
        with contextlib.closing(socket.socket()) as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port
    raise AssertionError("every port of this worker's range is taken")
