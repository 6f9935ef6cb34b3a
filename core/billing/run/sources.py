"""Where a run reads tariffs and usage from: a port, so that the arithmetic of a run is tried without a meter in sight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.run.live_uses import Live
from core.context import Context
from core.metering.consumption.late import Arrivals, Changed
from core.metering.consumption.timed import Grain
from core.metering.events.queries import UseColumns
from core.metering.vee.lifted import Lifted
from core.rating.exact import Column
from core.rating.model import Events
from core.rating.tariff import Tariff


@dataclass(frozen=True, slots=True)
class Used:
    """What services used in a period, per meter code: int64 micro-units, aligned with the services asked for.

    `parked` names (by index) the services whose usage is not fit to be billed, and why. `events`: when it was used, where that
    was asked for.
    """

    quantity: Mapping[str, Column]
    estimated: Mapping[str, Column]
    missing: Mapping[str, Column] = field(default_factory=dict)
    method: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parked: Mapping[int, str] = field(default_factory=dict)
    events: Mapping[str, Events] = field(default_factory=dict)
    split: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Which services (by index) have a meter with several registers, and the codes that each of them is billed by."""
    uses: Mapping[str, UseColumns] | None = None
    """Calls, messages and sessions as they were collected (`events.py` makes `events` of them); None: by meters alone."""
    live: Live | None = None
    """What was charged live of such services beside that."""


@dataclass(frozen=True, slots=True)
class UsedRow:
    """What one service was billed for, to be recorded with the invoice."""

    service_id: int
    meter_code: str
    from_date: date
    to_date: date
    quantity_micro: int
    estimated_micro: int
    missing: int
    method: str
    invoice_id: int
    revision: int = 0
    """0 on the bill of the period; one more each time a later bill corrects it."""


class Sources(Protocol):
    """Set-wise questions only: none is asked per account."""

    async def tariffs(self, conn: AsyncConnection, code: str, from_: date, to: date) -> Sequence[Tariff]:
        """The versions of a tariff in force in [from_, to), by their first day."""

    async def used(
        self,
        conn: AsyncConnection,
        context: Context,
        service_ids: Sequence[int],
        from_: date,
        to: date,
        *,
        grain: Grain | None = None,
        lifted: Lifted | None = None,
    ) -> Used:
        """What the services used; with `grain` also when. `lifted`: who is billed on an estimate where nothing is fit to be billed."""

    async def history(
        self, conn: AsyncConnection, service_ids: Sequence[int], meter_code: str, before: date, periods: int
    ) -> tuple[Column, Column]:
        """(sum, how many) of the periods billed before."""

    async def record(self, conn: AsyncConnection, context: Context, rows: Sequence[UsedRow]) -> None:
        """Keep what was billed."""

    async def arrivals(self, conn: AsyncConnection, context: Context, since: date) -> Arrivals:
        """What usage came since that day of days before it."""

    async def late(
        self, conn: AsyncConnection, context: Context, service_ids: Sequence[int], to: date, came: Arrivals
    ) -> Sequence[Changed]:
        """The periods of these services, billed before `to`, whose usage is another now."""
