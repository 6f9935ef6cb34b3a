"""Which callback held the loop longest, and for how long.

Each callback of the default asyncio loop is timed by the wall clock, for a callback that waits on a disk holds everybody too. One
during which the system took the processor away is left out: on a machine that is shared that would measure the others.
"""

import asyncio
import resource
import time
from pathlib import Path
from typing import Any

LIMIT_MS = 10.0
"""A customer's answer waits that long at most for another's: the ratio of a figure is this by the longest."""
HANDLE: Any = asyncio.Handle
"""Where a callback is run: there is no public place to time it."""
OURS = str(Path(__file__).parents[1])


class Watch:
    """From `begin` on; `longest_ms` and `which` hold what was found since."""

    def __init__(self) -> None:
        self.longest_ms, self.which = 0.0, ""

    def begin(self) -> None:
        """Time every callback of this process from here on. For a process that is thrown away afterwards, or until `end`."""
        run = self._run = HANDLE._run

        def timed(handle: Any) -> None:
            switched = _switched()
            started = time.perf_counter()
            run(handle)
            took = (time.perf_counter() - started) * 1000
            if took > self.longest_ms and _switched() == switched:
                self.longest_ms, self.which = took, called(handle)

        HANDLE._run = timed

    def end(self) -> None:
        """Time no more."""
        HANDLE._run = self._run

    def told(self) -> tuple[float, str]:
        """(milliseconds, which callback), and begin anew."""
        found = self.longest_ms, self.which
        self.longest_ms, self.which = 0.0, ""
        return found


def _switched() -> int:
    """How often the system took the processor from this thread."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw


def called(handle: Any) -> str:
    """A callback by its name; a step of a task by its coroutine and, of those it waits in, the innermost of ours."""
    callback = handle._callback
    task = getattr(callback, "__self__", None)
    if not isinstance(task, asyncio.Task):
        return str(getattr(callback, "__qualname__", type(callback).__name__))
    coroutine: Any = task.get_coro()
    name = inner = coroutine.__qualname__
    while (coroutine := getattr(coroutine, "cr_await", None)) is not None:
        code = getattr(coroutine, "cr_code", None)
        if code is not None and code.co_filename.startswith(OURS):
            inner = code.co_qualname
    return name if inner == name else f"{name} in {inner}"
