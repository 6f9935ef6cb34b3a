"""Units for a prepaid meter: priced by their plan, paid by a prompt, a share for old bills, and the token by SMS.

The purchase hangs on its payment: when the money comes (`paid`) it is vended, when it does not (`not_paid`) nothing was bought.
"""

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncConnection

from core import clock as clocks
from core.billing import queries as billing
from core.catalog import queries as catalog
from core.context import App, Context
from core.errors import Refused
from core.metering.units import MICRO
from core.parties import contacts, plans
from core.payments import push, store
from core.payments.queries import attempt_by, receipt_facts
from core.rating.errors import CannotRate
from core.rating.quote import Quote, QuoteRequest, Row, quote
from core.rating.rounding import Mode, one
from core.vending import model, queries, vending
from core.vending import store as vends
from core.vending.model import Vend
from core.vending.queries import PrepaidMeter
from core.vending.tables import vend


@dataclass(frozen=True, slots=True)
class TopUpOffer:
    """What an amount buys: units (None where the vending system says), and what of the amount goes to old bills."""

    amount_minor: int
    arrears_minor: int
    currency: str
    units_micro: int | None
    tax_minor: int


async def meters(conn: AsyncConnection, account_ids: Collection[int]) -> list[PrepaidMeter]:
    """Their own prepaid meters."""
    return await queries.prepaid_meters(conn, account_ids=account_ids)


async def meter(conn: AsyncConnection, serial: str) -> PrepaidMeter | None:
    """The prepaid meter of a number."""
    match = await queries.prepaid_meters(conn, serial=serial)
    return match[0] if match else None


async def offer(conn: AsyncConnection, app: App, bought: PrepaidMeter, amount_minor: int) -> TopUpOffer:
    """What an amount would buy now. Refused `top_up.too_little` when nothing would be left for units."""
    owing = await billing.owing(conn, bought.account_id)
    amount_minor = push.payable(app, amount_minor)
    share = model.arrears(amount_minor, owing.open_minor - owing.disputed_minor, app.operator.vending.arrears_percent)
    quoted = await _quoted(conn, app, bought, amount_minor - share)
    if quoted is not None and not quoted.units:
        raise Refused("top_up.too_little")
    units = None if quoted is None or quoted.units is None else int(quoted.units * MICRO)
    return TopUpOffer(amount_minor, share, owing.currency or app.currency, units, _tax(quoted))


async def order(
    conn: AsyncConnection, app: App, *, serial: str, phone: str, amount_minor: int, contact_id: int, key: str
) -> None:
    """Ask for the money; the units follow it. `Refused` as `push.ask` is, and `top_up.unknown`."""
    bought = await meter(conn, serial)
    if bought is None:
        raise Refused("top_up.unknown", serial=serial)
    wanted = await offer(conn, app, bought, amount_minor)
    attempt_id = await push.ask(conn, app, bought.account_id, phone, wanted.amount_minor, key)
    tried = await attempt_by(conn, attempt_id=attempt_id)
    asker = await contacts.by_id(conn, contact_id)
    assert tried is not None
    row = {
        "id": app.ids.take(),
        "request_id": tried.request_id,
        "account_id": bought.account_id,
        "meter_id": bought.meter_id,
        "serial": serial,
        "contact_id": contact_id,
        "phone": phone,
        "language": asker.language if asker else app.operator.languages[0],
        "amount_minor": wanted.amount_minor,
        "arrears_minor": wanted.arrears_minor,
        "tax_minor": 0,
        "currency": wanted.currency,
        "state": model.ORDERED,
        "polls": 0,
        "created_at": app.clock.now(),
    }
    await vends.add(conn, row)


async def paid(conn: AsyncConnection, context: Context, receipt_id: int) -> tuple[int, int] | None:
    """If a receipt pays units: put their money aside, and (what for, minor units) for the allocation."""
    request_id, amount_minor = await receipt_facts(conn, receipt_id)
    held = await vends.hold(conn, vend.c.request_id == request_id) if request_id else None
    if held is None or held.state not in (model.ORDERED, model.DROPPED):
        return None
    if amount_minor < held.amount_minor:
        await vends.move(conn, held.id, model.DROPPED, reason="paid short")
        return None
    bought = await meter(conn, held.serial)
    quoted = await _quoted(conn, context, bought, held.units_minor) if bought else None
    units = None if quoted is None or quoted.units is None else int(quoted.units * MICRO)
    await vending.paid(conn, context, held, receipt_id, units_micro=units, tax_minor=_tax(quoted))
    return held.id, held.units_minor


async def not_paid(conn: AsyncConnection, request_id: int) -> bool:
    """The payment failed: nothing was bought. Whether it was for units at all."""
    held = await vends.hold(conn, vend.c.request_id == request_id)
    if held is not None and held.state == model.ORDERED:
        await vends.move(conn, held.id, model.DROPPED, reason="not paid")
    return held is not None


async def tokens(conn: AsyncConnection, *, account_ids: Collection[int], contact_id: int | None) -> list[Vend]:
    """The last three, to be read again."""
    return await queries.last_tokens(conn, account_ids=account_ids, contact_id=contact_id)


async def tell_again(conn: AsyncConnection, context: Context, one_of_theirs: Vend, key: str) -> None:
    """The same token once more by SMS; it costs nothing."""
    token, units = one_of_theirs.token or "", one_of_theirs.units_micro or 0
    await vending.tell_token(conn, context, one_of_theirs, token, units, key=f"token-again:{key}")


async def to_credit(conn: AsyncConnection, context: Context, held: Vend) -> None:
    """There will be no token: what was meant for units is their credit now."""
    assert held.receipt_id is not None
    rows = [(held.receipt_id, held.id, -held.units_minor), (held.receipt_id, None, held.units_minor)]
    await store.allot(conn, context, rows)


async def _quoted(conn: AsyncConnection, context: Context, bought: PrepaidMeter, amount_minor: int) -> Quote | None:
    """The units of an amount by the plan of the meter; None where the plan leaves that to the vending system."""
    today = context.today()
    plan = next(
        (one for one in await plans.plans_of(conn, bought.account_id, today) if one.service_id == bought.service_id),
        None,
    )
    if plan is None or plan.tariff is None:
        return None
    tariff = await catalog.tariff_on(conn, plan.tariff, today)
    if tariff.buy is None:
        return None
    first = today.replace(day=1)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    before = await queries.bought_since(conn, bought.meter_id, clocks.start_of(first, context.zone))
    billed = (Row(tariff.buy.meter, before),) if before else ()
    try:
        return quote(tariff, QuoteRequest(first, after, billed=billed, buy=amount_minor))
    except CannotRate as why:
        raise Refused("top_up.too_little") from why


def _tax(quoted: Quote | None) -> int:
    if quoted is None:
        return 0
    taxes = sum((line.amount for line in quoted.lines if line.kind == "tax"), start=Fraction(0))
    return max(0, one(taxes, Fraction(1), Mode.HALF_UP).numerator)
