"""Units for a prepaid meter: whose it is, what an amount buys, the prompt, and the last tokens."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.errors import Refused
from core.journeys import top_up
from core.parties import sim
from core.payments import push
from core.vending.model import Vend, spaced
from core.vending.queries import PrepaidMeter
from dialogs.answers import DONE, Answer, ListAnswer, ListRow
from dialogs.counter.common import phone_at_hand, private
from dialogs.counter.pay import typed_minor
from dialogs.model import CounterRequest
from dialogs.values import Text, amount, cut, moment, quantity, word


class PrepaidRow(ListRow, frozen=True):
    """A prepaid meter of their own."""

    serial: str
    place: str


class PrepaidMeters(ListAnswer, frozen=True):
    """Their own meters, and what can be done from here: `menu`, `no_phone`, or an amount that came along (`typed`, `too_much`)."""

    rows: tuple[PrepaidRow, ...]
    serial: str | None
    one: bool
    several: bool
    asked_minor: int | None
    kept: bool
    """Whether there are tokens to look at again."""


class MeterKnown(Answer, frozen=True):
    """Whether a number is a meter that takes tokens: `found` or `unknown`."""


class TopUpMeter(Answer, frozen=True):
    """A meter, and enough of its holder's name to know it by."""

    serial: str
    name: str
    unit: str
    currency: str
    most: Text
    most_minor: int


class TopUpOffer(Answer, frozen=True):
    """What is about to be bought."""

    serial: str
    name: str
    units: Text
    arrears: Text
    amount: Text
    amount_minor: int
    phone: str


class TokenRow(ListRow, frozen=True):
    """A token by its day."""

    at: Text
    serial: str
    units: Text


class LastTokens(ListAnswer, frozen=True):
    """The last tokens."""

    rows: tuple[TokenRow, ...]


class TokenView(Answer, frozen=True):
    """A token in groups of four."""

    token: str
    serial: str
    units: Text


async def prepaid(conn: AsyncConnection, app: App, request: CounterRequest) -> PrepaidMeters:
    """Their own meters, and what can be done from here. An amount that came along (`TOPUP 500`) is used for the only one."""
    meters = await top_up.meters(conn, request.accounts)
    rows = tuple(PrepaidRow(meter.serial, meter.serial, cut(meter.address, 16)) for meter in meters)
    serial = meters[0].serial if len(meters) == 1 else None
    minor = typed_minor(request.data.get("typed_amount"), app.currency, request.lang)
    outcome = "menu"
    if not (await phone_at_hand(conn, request))[0]:
        outcome = "no_phone"
    elif serial and minor:
        outcome = "typed" if minor <= push.most(app, 0, app.currency) else "too_much"
    return PrepaidMeters(
        rows=rows,
        serial=serial,
        one=len(rows) == 1,
        several=len(rows) > 1,
        asked_minor=minor,
        kept=bool(await top_up.tokens(conn, account_ids=request.accounts, contact_id=request.contact_id)),
        outcome=outcome,
    )


async def find_meter(conn: AsyncConnection, _context: Context, request: CounterRequest) -> MeterKnown:
    """Whether the number that was typed is a meter that takes tokens."""
    return MeterKnown(outcome="found" if await top_up.meter(conn, str(request.data["serial"])) else "unknown")


async def chosen_meter(conn: AsyncConnection, app: App, request: CounterRequest) -> TopUpMeter:
    """The meter, and enough of its holder's name to know it by."""
    meter = await _meter(conn, request)
    most = push.most(app, 0, app.currency)
    return TopUpMeter(
        serial=meter.serial,
        name=_name(meter, request),
        unit=app.currency,
        currency=app.currency,
        most=amount(most, app.currency),
        most_minor=most,
    )


async def top_up_offer(conn: AsyncConnection, app: App, request: CounterRequest) -> TopUpOffer:
    """What is about to be bought, read back."""
    meter = await _meter(conn, request)
    offer = await top_up.offer(conn, app, meter, int(request.data["asked_minor"]))
    units = word("top_up.units", units=quantity(offer.units_micro, meter.unit)) if offer.units_micro else ""
    owed = word("top_up.arrears", amount=amount(offer.arrears_minor, offer.currency)) if offer.arrears_minor else ""
    return TopUpOffer(
        serial=meter.serial,
        name=_name(meter, request),
        units=units,
        arrears=owed,
        amount=amount(offer.amount_minor, offer.currency),
        amount_minor=offer.amount_minor,
        phone=(await phone_at_hand(conn, request))[1],
    )


async def buy(conn: AsyncConnection, app: App, request: CounterRequest) -> Answer:
    """The prompt on their phone; the token follows the money."""
    phone, _ = await phone_at_hand(conn, request)
    if phone is None or request.contact_id is None:
        raise Refused("top_up.no_phone")
    try:
        await top_up.order(
            conn,
            app,
            serial=str(request.data["serial"]),
            phone=phone,
            amount_minor=int(request.data["amount_minor"]),
            contact_id=request.contact_id,
            key=request.key,
        )
    except Refused as refused:
        if refused.code != "payments.push.live":
            raise
        return Answer(outcome="pending")
    return DONE


async def last_tokens(conn: AsyncConnection, context: Context, request: CounterRequest) -> LastTokens:
    """The last three tokens."""
    return LastTokens(
        tuple(
            TokenRow(str(vend.id), moment(vend.created_at), vend.serial, _units(vend))
            for vend in await _tokens(conn, context, request)
        )
    )


async def token(conn: AsyncConnection, context: Context, request: CounterRequest) -> TokenView:
    """One of them, in groups of four."""
    vend = await _token(conn, context, request)
    return TokenView(spaced(vend.token or ""), vend.serial, _units(vend))


async def text_token(conn: AsyncConnection, context: Context, request: CounterRequest) -> Answer:
    """The same token once more by SMS."""
    await top_up.tell_again(conn, context, await _token(conn, context, request), request.key)
    return DONE


async def _meter(conn: AsyncConnection, request: CounterRequest) -> PrepaidMeter:
    meter = await top_up.meter(conn, str(request.data["serial"]))
    if meter is None:
        raise Refused("top_up.unknown", serial=str(request.data["serial"]))
    return meter


def _name(meter: PrepaidMeter, request: CounterRequest) -> str:
    """Their own name in full; another's first name and a letter, so that a payer knows it and learns nothing."""
    if meter.account_id in request.accounts:
        return cut(meter.name, 24)
    first, *rest = meter.name.split()
    return cut(" ".join([first, *(part[:1] for part in rest[-1:])]), 24)


def _units(vend: Vend) -> Text:
    return quantity(vend.units_micro or 0, "")


async def _tokens(conn: AsyncConnection, context: Context, request: CounterRequest) -> list[Vend]:
    accounts = () if private(context, request) else request.accounts
    if request.contact_id is None or await sim.swapped(conn, context, request.contact_id):
        raise Refused("sim.cooling")
    return await top_up.tokens(conn, account_ids=accounts, contact_id=request.contact_id)


async def _token(conn: AsyncConnection, context: Context, request: CounterRequest) -> Vend:
    for vend in await _tokens(conn, context, request):
        if str(vend.id) == request.data.get("vend_id"):
            return vend
    raise Refused("choose.gone")
