"""Money that is late: what would come next, paying it in parts as the operator's policy offers, and the agreement."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections import arrange
from core.collections.arrange import Due
from core.errors import Refused
from core.house import House
from core.journeys import arrangement_agreed, ladder_ahead
from dialogs.counter.common import Answer, account_of
from dialogs.model import CounterRequest
from dialogs.values import amount, day, lines, word


async def next_step(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """What comes next if nothing is paid or agreed, and from which day."""
    coming = await ladder_ahead.next_step(conn, house, account_of(request))
    if coming is None:
        return {"line": word("ahead.nothing"), "owes": False}
    line = word(coming.words, amount=amount(coming.payable_minor, house.currency), date=day(coming.on))
    return {"line": line, "owes": True}


async def part_plans(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """In how many parts, and what the first comes to."""
    offered = await arrange.offer(conn, house, account_of(request))
    rows = [
        {"value": len(plan), "count": len(plan), "amount": amount(plan[0][1], house.currency), "first": day(plan[0][0])}
        for plan in offered.plans
    ]
    return {"rows": rows, "total": amount(offered.total_minor, house.currency)}


async def part_plan(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """The plan that was chosen, part by part."""
    offered = await arrange.offer(conn, house, account_of(request))
    wanted = int(request.data["parts"])
    if not 1 <= wanted <= len(offered.plans):
        raise Refused("choose.gone")
    return {"lines": lines([_part(house, due) for due in offered.plans[wanted - 1]])}


async def agree(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """Agreed: the ladder leaves her alone while she keeps it."""
    made = await arrangement_agreed.agree(
        conn,
        house,
        account_of(request),
        int(request.data["parts"]),
        request.key,
        actor=f"customer:{request.contact_id}",
    )
    first, minor = made.instalments[0]
    return {"is": "done", "first": day(first), "part": amount(minor, house.currency)}


def _part(house: House, due: Due) -> list[object]:
    on, minor = due
    return word("arrange.part", day=day(on), amount=amount(minor, house.currency))
