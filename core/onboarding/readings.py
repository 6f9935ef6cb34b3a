"""Register readings from a file, each judged by the rules of metering; a doubtful one is kept, and held."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.metering.store.readings import PRECEDENCE, Read, record
from core.metering.units import Unreadable
from core.metering.units import read as amount
from core.onboarding.fields import Fields, Wrong
from core.onboarding.model import DUPLICATE, TAKEN, Outcome
from core.onboarding.sheet import Line

IDS_A_ROW = 1


async def take(conn: AsyncConnection, context: Context, lines: Sequence[Line]) -> list[Outcome]:
    """Record the readings of these rows; what became of each, in order."""
    outcomes: dict[int, Outcome] = {}
    reads: dict[int, Read] = {}
    for at, line in enumerate(lines):
        try:
            reads[at] = read(line)
        except Wrong as why:
            outcomes[at] = Outcome("rejected", str(why))
    for at, answer in zip(reads, await record(conn, context, list(reads.values())), strict=True):
        match answer.state:
            case "accepted":
                outcomes[at] = TAKEN
            case "duplicate":
                outcomes[at] = DUPLICATE
            case state:
                outcomes[at] = Outcome(state, answer.reason or "")
    return [outcomes[at] for at in range(len(lines))]


def read(line: Line) -> Read:
    """The reading of a row; Wrong with the column and the remedy when there is none."""
    fields = Fields(line.values)
    serial, day = fields.needed("meter"), fields.day("read_on")
    if day is None:
        raise Wrong("import.blank", column="read_on")
    try:
        value = amount(fields.needed("value"), line.notation)
    except Unreadable as why:
        raise Wrong(why.key, **why.params) from None
    return Read(serial, day, value, fields.one_of("source", PRECEDENCE, PRECEDENCE[0]), fields.text("register"))
