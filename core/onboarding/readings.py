"""Register readings from a file, each judged by the rules of metering; a doubtful one is kept, and held."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.metering.store.readings import PRECEDENCE, Read, record
from core.metering.units import Unreadable
from core.metering.units import read as amount
from core.onboarding.fields import FieldError, RowFields
from core.onboarding.model import DUPLICATE, TAKEN, RowOutcome
from core.onboarding.sheet import SheetRow

IDS_A_ROW = 1


async def take(conn: AsyncConnection, context: Context, lines: Sequence[SheetRow]) -> list[RowOutcome]:
    """Record the readings of these rows; what became of each, in order."""
    outcomes: dict[int, RowOutcome] = {}
    reads: dict[int, Read] = {}
    for at, line in enumerate(lines):
        try:
            reads[at] = read(line)
        except FieldError as why:
            outcomes[at] = RowOutcome("rejected", str(why))
    for at, answer in zip(reads, await record(conn, context, list(reads.values())), strict=True):
        match answer.state:
            case "accepted":
                outcomes[at] = TAKEN
            case "duplicate":
                outcomes[at] = DUPLICATE
            case state:
                outcomes[at] = RowOutcome(state, answer.reason or "")
    return [outcomes[at] for at in range(len(lines))]


def read(line: SheetRow) -> Read:
    """The reading of a row; Wrong with the column and the remedy when there is none."""
    fields = RowFields(line.values)
    serial, day = fields.needed("meter"), fields.day("read_on")
    if day is None:
        raise FieldError("import.blank", column="read_on")
    try:
        value = amount(fields.needed("value"), line.notation)
    except Unreadable as why:
        raise FieldError(why.key, **why.params) from None
    return Read(serial, day, value, fields.one_of("source", PRECEDENCE, PRECEDENCE[0]), fields.text("register"))
