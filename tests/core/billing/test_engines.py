"""Wherever the arithmetic of a run happens, it gives the same to the cent, and refuses in the same words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from importlib.resources import as_file, files

import numpy as np
import pytest

from core.billing.run.engines import WORTH_SENDING, apart, opened
from core.catalog.compile import load_tariff
from core.errors import BadInput
from core.rating.errors import CannotRate
from core.rating.model import Batch
from core.rating.rate import rate
from core.rating.tariff import Tariff

SIZE = 2 * WORTH_SENDING + 7


def _tariff() -> Tariff:
    with as_file(files("examples") / "tariffs" / "kenya-domestic.yaml") as path:
        return load_tariff(path)


def _batch(size: int = SIZE) -> Batch:
    used = np.arange(size, dtype=np.int64) * 37_000
    return Batch(size, date(2023, 7, 1), date(2023, 8, 1), {"energy": used})


@asynccontextmanager
async def _cluster() -> AsyncIterator[str]:
    from distributed import LocalCluster

    cluster = await LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp", asynchronous=True
    )
    try:
        yield cluster.scheduler_address
    finally:
        await cluster.close()


@pytest.mark.parametrize("name", ["local", "processes", "dask"])
async def test_every_engine_gives_the_same_to_the_cent(name: str) -> None:
    tariff, batch = _tariff(), _batch()
    straight = rate(tariff, batch)
    async with _cluster() as address, opened(name, address) as engine:
        rated = await engine.rate([tariff], batch)
        with pytest.raises(CannotRate) as refused:
            later = replace(tariff, valid_from=date(2023, 8, 1))
            await engine.rate([tariff, later], Batch(SIZE, date(2020, 1, 1), date(2020, 2, 1)))
    assert refused.value.remedy
    assert rated.total.tolist() == straight.total.tolist()
    assert [line.code for line in rated.lines] == [line.code for line in straight.lines]
    for one, other in zip(rated.lines, straight.lines, strict=True):
        assert one.amount.tolist() == other.amount.tolist()


def test_few_services_and_those_that_share_stay_together() -> None:
    assert len(apart(_batch(WORTH_SENDING), 8)) == 1
    assert [piece.size for piece in apart(_batch(), 8)] == [SIZE // 2, SIZE - SIZE // 2]
    sharing = Batch(SIZE, date(2023, 7, 1), date(2023, 8, 1), pool=np.zeros(SIZE, dtype=np.int64))
    assert len(apart(sharing, 8)) == 1


async def test_an_engine_that_cannot_be_had_is_refused_with_what_to_do() -> None:
    for name, address in (("abacus", None), ("dask", None), ("dask", "tcp://127.0.0.1:1")):
        with pytest.raises(BadInput, match=r"Choose|Set HODI_DASK_SCHEDULER|Start `dask scheduler`"):
            async with opened(name, address):
                pass
