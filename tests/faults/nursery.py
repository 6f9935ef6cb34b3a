"""Processes to be killed, without the seconds that each needs to begin: one process imports everything once, and forks.

`python -m tests.faults.nursery` reads a line of JSON for each child, forks it, says its process id, and when it is over its status.
It has no loop and no connection of its own, so a child begins as a process of its own would.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from core import faults


@dataclass(slots=True)
class Child:
    """A process that is at work, or was."""

    pid: int
    ended: asyncio.Future[int]

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
    """Where children come from, one at a time; `work` is `module:function`, which gets what is said to it."""

    process: Process
    work: str
    born: list[Child] = field(default_factory=list)

    @property
    def alive(self) -> list[Child]:
        return [child for child in self.born if child.alive]

    async def begin(self, said: dict[str, Any], fault: str = "", environment: dict[str, str] | None = None) -> Child:
        """A child at work, armed to die at `fault` (`place:2`: at its second pass)."""
        told = {"work": self.work, "said": said, "fault": fault, "environment": environment or {}}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(told).encode() + b"\n")
        self.born.append(Child(await self._line(), asyncio.ensure_future(self._line())))
        return self.born[-1]

    async def _line(self) -> int:
        assert self.process.stdout is not None
        return int(await self.process.stdout.readline())


@asynccontextmanager
async def nursery(work: str) -> AsyncIterator[Nursery]:
    """The process that forks; it ends with its last child."""
    module = work.partition(":")[0]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.nursery", module, stdin=PIPE, stdout=PIPE
    )
    children = Nursery(process, work)
    try:
        yield children
    finally:
        for child in children.alive:
            await child.kill()
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def _serve() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _live(told)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _live(told: dict[str, Any]) -> None:
    os.dup2(2, 1)
    os.environ.update(told["environment"], HODI_FAULT=told["fault"])
    faults._armed = faults._from_environment()
    module, _, name = told["work"].partition(":")
    try:
        asyncio.run(getattr(importlib.import_module(module), name)(told["said"]))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    importlib.import_module(sys.argv[1])
    _serve()
