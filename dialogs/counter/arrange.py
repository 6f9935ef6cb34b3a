"""Money that is late: what would come next, paying it in parts as the operator's policy offers, and the agreement."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections import arrange
from core.collections.arrange import Due
from core.context import Context
from core.errors import Refused
from core.journeys.dunning import arrangement, forecast
from dialogs.counter.common import Answer, account_of
from dialogs.model import Asked
from dialogs.values import amount, day, lines, word


async def next_step(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """What comes next if nothing is paid or agreed, and from which day."""
    coming = await forecast.next_step(conn, context, account_of(asked))
    if coming is None:
        return {"line": word("ahead.nothing"), "owes": False}
    line = word(coming.words, amount=amount(coming.payable_minor, context.currency), date=day(coming.on))
    return {"line": line, "owes": True}


async def part_plans(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """In how many parts, and what the first comes to."""
    offered = await arrange.offer(conn, context, account_of(asked))
    rows = [
        {
            "value": len(plan),
            "count": len(plan),
            "amount": amount(plan[0][1], context.currency),
            "first": day(plan[0][0]),
        }
        for plan in offered.plans
    ]
    return {"rows": rows, "total": amount(offered.total_minor, context.currency)}


async def part_plan(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The plan that was chosen, part by part."""
    offered = await arrange.offer(conn, context, account_of(asked))
    wanted = int(asked.data["parts"])
    if not 1 <= wanted <= len(offered.plans):
        raise Refused("choose.gone")
    return {"lines": lines([_part(context, due) for due in offered.plans[wanted - 1]])}


async def agree(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Agreed: the ladder leaves her alone while she keeps it."""
    made = await arrangement.agree(
        conn, context, account_of(asked), int(asked.data["parts"]), asked.key, actor=f"customer:{asked.contact_id}"
    )
    first, minor = made.instalments[0]
    return {"is": "done", "first": day(first), "part": amount(minor, context.currency)}


def _part(context: Context, due: Due) -> list[object]:
    on, minor = due
    return word("arrange.part", day=day(on), amount=amount(minor, context.currency))
