"""What the customer has with us, a line each: the plans, the numbers."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.render.view_model import commodity
from core.context import Context
from core.errors import Refused
from core.journeys import price_estimate
from core.overview.serials import serials_of
from core.parties import plans
from core.parties import queries as parties
from dialogs.answers import Answer
from dialogs.counter.common import account_of
from dialogs.model import CounterRequest
from dialogs.values import Text, cut, day, lines, named, word

MOST_LINES = 4


class PlanLines(Answer, frozen=True):
    """Plans or numbers, one below the other."""

    lines: Text


async def my_plans(conn: AsyncConnection, context: Context, request: CounterRequest) -> PlanLines:
    """Each service and the plan it is on."""
    account_id = account_of(request)
    names = {
        priced.service_id: priced.tariff.names
        for priced in await price_estimate.plans_to_price(conn, context, account_id)
    }
    rows = [
        word(
            "plan.line",
            what=commodity(plan.commodity, request.lang),
            plan=_name(names.get(plan.service_id), plan),
            since=day(plan.since) if plan.since else "-",
        )
        for plan in await plans.plans_of(conn, account_id, context.today())
    ]
    if not rows:
        raise Refused("plan.none")
    return PlanLines(lines(rows[:MOST_LINES]))


async def my_numbers(conn: AsyncConnection, context: Context, request: CounterRequest) -> PlanLines:
    """Account, meters, paybill: what is needed to pay elsewhere or to call."""
    account = await parties.account(conn, account_of(request))
    if account is None:
        raise Refused("choose.gone")
    rows = [word("plan.account", number=account.number)]
    serials = await serials_of(conn, account.id)
    if serials:
        rows.append(word("plan.meter", serial=", ".join(cut(serial, 20) for serial in serials[:2])))
    if context.operator.payments.paybill:
        rows.append(word("plan.paybill", paybill=context.operator.payments.paybill))
    return PlanLines(lines(rows))


def _name(names: Mapping[str, str] | None, plan: plans.PlanOfService) -> Text:
    return named(dict(names)) if names else plan.tariff or "-"
