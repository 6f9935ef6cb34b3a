"""The house's own tariffs and meters, as a run reads them (the port is in `sources.py`)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from core.catalog import queries as catalog
from core.rating.tariff import Tariff


class HouseSources:
    """Tariff versions from the catalogue, usage from metering."""

    async def tariffs(self, conn: AsyncConnection, code: str, from_: date, to: date) -> Sequence[Tariff]:
        """The versions of a tariff in force in [from_, to), by their first day."""
        return await catalog.versions_between(conn, code, from_, to)
