"""Processes to be killed, without the seconds that each needs to begin: one process of this run imports everything once, and forks.

It begins when the first child is asked for, and ends with the run. It has no loop and no connection of its own, so a child begins as a
process of its own would. For each child it forks one who forks it, waits for it, and says its process id and, when it is over, its status.
"""

import asyncio
import atexit
import functools
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.db import failpoints

ROOT = Path(__file__).parents[2]
LONGEST = 2**17
"""Bytes of what is said to a child."""


@dataclass(slots=True)
class Child:
    """A process that is at work, or was."""

    pid: int
    ended: asyncio.Future[int]
    line: asyncio.StreamWriter

    @property
    def alive(self) -> bool:
        return not self.ended.done()

    async def wait(self) -> int:
        """Its status: the negative number of the signal that killed it."""
        return await asyncio.shield(self.ended)

    async def kill(self) -> None:
        """kill -9, now."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
        await self.wait()


@dataclass(slots=True)
class Nursery:
    """Where children come from; `work` is `module:function`, which gets what is said to it."""

    work: str
    born: list[Child] = field(default_factory=list)

    @property
    def alive(self) -> list[Child]:
        return [child for child in self.born if child.alive]

    async def begin(
        self, said: dict[str, Any] | None = None, fault: str = "", environment: dict[str, str] | None = None
    ) -> Child:
        """A child at work, armed to die at `fault` (`place:2`: at its second pass)."""
        told = {"work": self.work, "said": said or {}, "fault": fault, "environment": environment or {}}
        mine, its = socket.socketpair()
        with its:
            socket.send_fds(_forker(), [json.dumps(told).encode()], [its.fileno()])
        reader, writer = await asyncio.open_connection(sock=mine)
        pid = int(await reader.readline())
        self.born.append(Child(pid, asyncio.ensure_future(_status(reader)), writer))
        return self.born[-1]


async def _status(reader: asyncio.StreamReader) -> int:
    return int(await reader.readline())


@asynccontextmanager
async def nursery(work: str) -> AsyncIterator[Nursery]:
    """No child outlives it."""
    children = Nursery(work)
    try:
        yield children
    finally:
        for child in children.born:
            await child.kill()
            child.line.close()
            await child.line.wait_closed()


@functools.cache
def _forker() -> socket.socket:
    """The line to the process that forks."""
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.faults.nursery", str(its.fileno())]
    with its:
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[its.fileno()])

    def end() -> None:
        mine.close()
        process.wait()

    atexit.register(end)
    return mine


def _serve(line: socket.socket) -> None:
    while True:
        said, handed, _, _ = socket.recv_fds(line, LONGEST, 1)
        if not said:
            return
        told = json.loads(said)
        importlib.import_module(told["work"].partition(":")[0])
        gc.freeze()
        if os.fork() == 0:
            line.close()
            _tend(told, socket.socket(fileno=handed[0]))
        os.close(handed[0])
        _bury()


def _bury() -> None:
    """Those who waited for a child and have said how it ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _tend(told: dict[str, Any], line: socket.socket) -> None:
    pid = os.fork()
    if pid == 0:
        line.close()
        _live(told)
    line.sendall(b"%d\n" % pid)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    line.sendall(b"%d\n" % status)
    os._exit(0)


def _live(told: dict[str, Any]) -> None:
    os.dup2(2, 1)
    os.environ.update(told["environment"], HODI_FAULT=told["fault"])
    failpoints._armed = failpoints._from_environment()
    module, _, name = told["work"].partition(":")
    try:
        asyncio.run(getattr(importlib.import_module(module), name)(told["said"]))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as inbox:
        _serve(inbox)
