"""Which events of a batch can be kept, and of which service they are: decided without the database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from core.metering.events.model import Call, Declared, Filtered
from core.metering.model import Reject
from core.text import say

EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
DAY_SECONDS = 86_400
Row = tuple[int, int, int, str, str, int, str | None, int | None, int, int, int]
"""A row of `usage_event`, in the order of its columns."""
SERVICE: Final = 0
AT: Final = 1
KEY: Final = 2
USE: Final = 3
QUANTITY: Final = 5
DESTINATION: Final = 6
VALUE: Final = 7
ROW: Final = 10


class EventLine(NamedTuple):
    """A number we gave to somebody: the service it is for, and since when until when."""

    service_id: int | None
    installed_on: date
    removed_on: date | None


@dataclass(slots=True)
class SettledEvents:
    """A batch decided: rows to write if they are new, and what was not taken."""

    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    filtered: int = 0
    declared: int | None = None
    records: int = 0


def settle(
    items: Iterable[Call | Reject | Filtered | Declared], lines: Mapping[str, EventLine], file_id: int, now: int
) -> SettledEvents:
    """Decide a batch. `now`: seconds since 1970 in UTC; what begins later is of the future."""
    result = SettledEvents()
    for item in items:
        if isinstance(item, Call):
            result.records += 1
            line = lines.get(item.party)
            why = _wrong(item, line, now)
            if why is not None or line is None or line.service_id is None:
                result.rejects.append(Reject(item.row, item.line, why or ""))
                continue
            result.rows.append(
                (
                    line.service_id,
                    item.at,
                    item.key,
                    item.use,
                    item.unit,
                    item.quantity_micro,
                    item.destination,
                    item.value_minor,
                    item.offset_minutes,
                    file_id,
                    item.row,
                )
            )
        elif isinstance(item, Declared):
            result.declared = item.records
        elif isinstance(item, Filtered):
            result.records += 1
            result.filtered += 1
        else:
            result.records += 1
            result.rejects.append(item)
    return result


def day_of(at: int) -> date:
    """The operator's day of a second of the operator's clock."""
    return date.fromordinal(EPOCH_ORDINAL + at // DAY_SECONDS)


def _wrong(call: Call, line: EventLine | None, now: int) -> str | None:
    if line is None:
        return say("en", "reject.unknown_line", number=call.party[:40])
    if line.service_id is None:
        return say("en", "reject.line_in_store", number=call.party[:40])
    if call.at - call.offset_minutes * 60 > now:
        return say("en", "reject.future")
    day = EPOCH_ORDINAL + call.at // DAY_SECONDS
    if day < line.installed_on.toordinal() or (line.removed_on is not None and day >= line.removed_on.toordinal()):
        return say("en", "reject.line_not_then", number=call.party[:40], day=day_of(call.at))
    return None
