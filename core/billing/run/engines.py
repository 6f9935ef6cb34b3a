"""Where the arithmetic of a bill run happens: beside the event loop, in a pool of processes, or on a Dask cluster; the same bills.

A partition is pure compute over arrays, so it may be cut between services and put together again. What is read and written stays
with the process that runs the bills.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from importlib import import_module
from itertools import pairwise
from multiprocessing import get_context
from typing import Any, Protocol

from core.errors import BadInput
from core.rating.join import joined
from core.rating.model import Batch, Rated
from core.rating.rate import rate
from core.rating.tariff import Tariff

WORTH_SENDING = 2_000
"""Services; fewer are rated sooner than they are sent anywhere."""


class Engine(Protocol):
    """Rates a batch somewhere."""

    async def rate(self, versions: Sequence[Tariff], batch: Batch) -> Rated:
        """As `core.rating.rate.rate`, errors included."""


class Local:
    """In a thread of this process, so that a gateway that bills goes on answering."""

    async def rate(self, versions: Sequence[Tariff], batch: Batch) -> Rated:
        """See `Engine.rate`."""
        return await asyncio.to_thread(rate, versions, batch)


LOCAL = Local()


class Processes:
    """In a pool of processes of this machine."""

    def __init__(self, pool: ProcessPoolExecutor, workers: int) -> None:
        self._pool, self._workers = pool, workers

    async def rate(self, versions: Sequence[Tariff], batch: Batch) -> Rated:
        """See `Engine.rate`."""
        loop, parts = asyncio.get_running_loop(), apart(batch, self._workers)
        if len(parts) == 1:
            return await LOCAL.rate(versions, batch)
        return joined(await asyncio.gather(*(loop.run_in_executor(self._pool, rate, versions, one) for one in parts)))


class Dask:
    """On the workers of a cluster that runs this version of Hodi."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def rate(self, versions: Sequence[Tariff], batch: Batch) -> Rated:
        """See `Engine.rate`."""
        parts = apart(batch, max(1, len(self._client.scheduler_info()["workers"])))
        if len(parts) == 1:
            return await LOCAL.rate(versions, batch)
        text = [self._client.submit(rate, versions, one, pure=False) for one in parts]
        return joined(await self._client.gather(text))


def apart(batch: Batch, pieces: int) -> list[Batch]:
    """The batch in at most so many pieces; in one where its services share allowances, or where there are few."""
    pieces = min(pieces, batch.size // WORTH_SENDING)
    if pieces < 2 or batch.pool is not None:
        return [batch]
    edges = [batch.size * number // pieces for number in range(pieces + 1)]
    return [batch.part(low, high) for low, high in pairwise(edges)]


@asynccontextmanager
async def opened(name: str, dask_scheduler: str | None = None) -> AsyncIterator[Engine]:
    """The engine of this name (`local`, `processes`, `dask`), there while this is open."""
    if name == "processes":
        workers = os.cpu_count() or 1
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield Processes(pool, workers)
    elif name == "dask":
        async with _client(dask_scheduler) as client:
            yield Dask(client)
    elif name == "local":
        yield LOCAL
    else:
        raise BadInput(f"engine {name}", "there is no such engine.", "Choose local, processes or dask.")


@asynccontextmanager
async def _client(address: str | None) -> AsyncIterator[Any]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise BadInput("engine dask", "Dask is not installed.", "Install it: `pip install 'hodi[dask]'`.") from None
    if not address:
        raise BadInput("engine dask", "no cluster is named.", "Set HODI_DASK_SCHEDULER, such as tcp://10.0.0.1:8786.")
    try:
        client = await distributed.Client(address, asynchronous=True, timeout=5)
    except (OSError, TimeoutError):
        raise BadInput("engine dask", f"no scheduler answers at {address}.", "Start `dask scheduler` there.") from None
    try:
        yield client
    finally:
        await client.close()
