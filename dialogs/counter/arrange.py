"""Money that is late: what would come next, paying it in parts as the operator's policy offers, and the agreement."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections import arrange
from core.collections.arrange import Due
from core.context import Context
from core.errors import Refused
from core.journeys.dunning import arrangement, forecast
from dialogs.answers import Answer, ListAnswer, ListRow
from dialogs.counter.common import account_of, actor_of
from dialogs.model import CounterRequest
from dialogs.values import Text, amount, day, lines, word


class NextStepLine(Answer, frozen=True):
    """What comes next, in a line."""

    line: Text
    owes: bool


class PartPlan(ListRow, frozen=True):
    """In how many parts, and what the first comes to."""

    count: int
    amount: Text
    first: Text


class PartPlans(ListAnswer, frozen=True):
    """The plans that are offered."""

    rows: tuple[PartPlan, ...]
    total: Text


class PartLines(Answer, frozen=True):
    """One plan, part by part."""

    lines: Text


class PartsAgreed(Answer, frozen=True):
    """The first part, and when it is due."""

    first: Text
    part: Text


async def next_step(conn: AsyncConnection, context: Context, request: CounterRequest) -> NextStepLine:
    """What comes next if nothing is paid or agreed, and from which day."""
    coming = await forecast.next_step(conn, context, account_of(request))
    if coming is None:
        return NextStepLine(word("ahead.nothing"), False)
    line = word(coming.words, amount=amount(coming.payable_minor, context.currency), date=day(coming.on))
    return NextStepLine(line, True)


async def part_plans(conn: AsyncConnection, context: Context, request: CounterRequest) -> PartPlans:
    """In how many parts, and what the first comes to."""
    offer = await arrange.offer(conn, context, account_of(request))
    rows = tuple(
        PartPlan(len(plan), len(plan), amount(plan[0][1], context.currency), day(plan[0][0])) for plan in offer.plans
    )
    return PartPlans(rows, amount(offer.total_minor, context.currency))


async def part_plan(conn: AsyncConnection, context: Context, request: CounterRequest) -> PartLines:
    """The plan that was chosen, part by part."""
    offer = await arrange.offer(conn, context, account_of(request))
    parts = int(request.data["parts"])
    if not 1 <= parts <= len(offer.plans):
        raise Refused("choose.gone")
    return PartLines(lines([_part(context, due) for due in offer.plans[parts - 1]]))


async def agree(conn: AsyncConnection, context: Context, request: CounterRequest) -> PartsAgreed:
    """Agreed: the ladder leaves the account alone while it is kept."""
    agreement = await arrangement.agree(
        conn, context, account_of(request), int(request.data["parts"]), request.key, actor=actor_of(request)
    )
    first, minor = agreement.instalments[0]
    return PartsAgreed(day(first), amount(minor, context.currency))


def _part(context: Context, due: Due) -> list[object]:
    on, minor = due
    return word("arrange.part", day=day(on), amount=amount(minor, context.currency))
