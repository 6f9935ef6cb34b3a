"""What code is handed instead of looking it up: `Context` for use cases, `App` for edges and jobs.

A use case takes a `Context` and an open connection; it cannot open a transaction of its own, because a `Context` has no database, so
whoever opened the transaction decides what is one. Edges (a route, a command) and jobs hold the `App`, which is a `Context` and also
has the database and the settings. Two types, so that the rule is the type checker's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core import clock as clocks
from core.clock import Clock
from core.config.operator import Operator, Settings
from core.config.site import Site, site_of
from core.facts import Fact, Follow
from core.ids import Ids

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from core.db.engine import Database


@dataclass(frozen=True, slots=True)
class Context:
    """What a use case may know: the time, the operator's own rules, new ids, and where links lead."""

    clock: Clock
    operator: Operator
    ids: Ids
    site: Site

    @property
    def zone(self) -> ZoneInfo:
        """The operator's time zone: dates on bills and in notices are of this zone."""
        return self.operator.zoneinfo

    @property
    def currency(self) -> str:
        """The operator's currency."""
        return self.operator.currency

    def today(self) -> date:
        """The date it is now where the operator is."""
        return clocks.today(self.clock, self.zone)


@dataclass(frozen=True, slots=True)
class App(Context):
    """What is made once at the composition root: all that a use case may know, and what only edges and jobs may touch."""

    ids: Ids = field(init=False)
    site: Site = field(init=False)
    db: "Database"
    settings: Settings
    follow: Follow
    """What follows from facts (`core/journeys/follow.py`); it has no default, so that nobody forgets it."""

    def __post_init__(self) -> None:
        """Ids are taken from blocks that the database allots; the site is what use cases may know of the settings."""
        object.__setattr__(self, "ids", self.db.ids)
        object.__setattr__(self, "site", site_of(self.settings))

    async def happened(self, conn: "AsyncConnection", facts: Sequence[Fact]) -> None:
        """Carry out what follows from these facts, in the transaction of `conn`."""
        if facts:
            await self.follow(conn, self, facts)
