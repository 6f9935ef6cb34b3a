"""What every use case is handed: ids, a clock, and the operator's own rules. It opens nothing and commits nothing."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core import clock as clocks
from core.clock import Clock
from core.config.operator import Operator, Settings
from core.ids import Ids

if TYPE_CHECKING:
    from core.db.engine import Database


@dataclass(frozen=True, slots=True)
class House:
    """The operator's house: made once at the composition root and passed down."""

    db: "Database"
    clock: Clock
    operator: Operator
    settings: Settings

    @property
    def ids(self) -> Ids:
        """Where new ids come from."""
        return self.db.ids

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
