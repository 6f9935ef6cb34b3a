"""TMF654 Prepay Balance: buckets to read; top-up, reserve, unreserve and deduct to do, each once for its `Idempotency-Key`.

An `amount` is `{"amount": 12.5, "units": "KES"}`: units are a currency, or what usage is counted in (s, min, MB, GB, event, kWh). A
deduct names a reservation it ends, or whom it is drawn from; of a `product` (a service) it is charged as a use: bundles first, then
money at the tariff's price.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import grant, spend
from core.balances.grant import Grant, priority_of
from core.balances.model import Want, is_money
from core.balances.store import held as the_hold
from core.balances.words import called, shown
from core.context import App
from core.errors import Refused
from core.journeys.use_charged import LiveUse, charge
from core.overview.accounts import VisibleAccount, account_of
from core.overview.listing import AnyRow, ListRequest, one
from core.overview.prepaid import BUCKETS, HOLDS
from core.parties import queries as parties
from gateway.admin.auth import WHO
from gateway.admin.described import described
from gateway.admin.json import respond
from gateway.admin.tmf.body import key_of, read
from gateway.admin.tmf.parts import Period, Ref, a_text, account_ref, an_id, party_ref
from gateway.admin.tmf.prepay_shapes import (
    Action,
    Asked,
    Bucket,
    Deduct,
    Impact,
    Named,
    Reservation,
    Reserve,
    Span,
    TopUp,
    Unreserve,
    told,
)
from gateway.admin.tmf.prepay_shapes import asked as asked_of
from gateway.admin.tmf.resource import Served, bad, href, routes_of
from gateway.admin.tmf.resource import shown as shown_one
from gateway.app_keys import APP

API = "prepayBalanceManagement"
_STATUS = {"held": "created", "used": "completed", "released": "cancelled", "expired": "failed"}


def _bucket(row: AnyRow, _more: Any, app: App) -> Bucket:
    lang = app.operator.languages[0]
    free = row.amount - row.reserved
    return Bucket(
        id=str(row.id),
        href=href(BUCKET.path, row.id),
        type="Bucket",
        name=called(row.name, row.unit, lang),
        status="active" if row.state == "open" else row.state,
        usage="monetary" if is_money(row.unit) else (row.uses[0] if len(row.uses) == 1 else "other"),
        remaining=told(free, row.unit),
        reserved=told(row.reserved, row.unit),
        words=shown(free, row.unit, lang),
        shared=row.users > 1,
        valid=Span(start=row.starts_at, end=row.expires_at),
        account=account_ref(row.account_id, row.account_number),
        parties=party_ref(row.party_id, row.party_name),
        product=[Ref(id=str(row.service_id), kind="Product")] if row.service_id else None,
    )


def _hold(row: AnyRow, _more: Any, _house: App) -> Reservation:
    return Reservation(
        id=str(row.id),
        href=href(HOLD.path, row.id),
        type="ReserveBalance",
        amount=told(row.held, row.unit),
        used=told(row.used, row.unit),
        status=_STATUS[row.state],
        requested=row.created_at,
        valid=Period(start=row.created_at, end=row.expires_at),
        account=account_ref(row.account_id, row.account_number),
    )


BUCKET = Served(
    API,
    "bucket",
    BUCKETS,
    "balance.see",
    Bucket,
    {
        "id": ("id", an_id),
        "partyAccount.id": ("account_id", an_id),
        "partyAccount.name": ("account_number", a_text),
        "relatedParty.id": ("party_id", an_id),
        "product.id": ("service_id", an_id),
        "status": ("state", lambda text, _house: "open" if text == "active" else text),
        "remainingValue.units": ("unit", a_text),
    },
    _bucket,
)
HOLD = Served(
    API,
    "reserveBalance",
    HOLDS,
    "balance.see",
    Reservation,
    {
        "id": ("id", an_id),
        "partyAccount.id": ("account_id", an_id),
        "partyAccount.name": ("account_number", a_text),
        "status": ("state", lambda text, _house: {v: k for k, v in _STATUS.items()}.get(text, text)),
    },
    _hold,
)


@described("balance.write", summary="Top up", body=TopUp, answer=Action, status=201)
async def top_up(request: web.Request) -> web.Response:
    """POST topupBalance."""
    app, who, question = request.app[APP], request[WHO], await read(request, TopUp)
    key, (unit, amount) = key_of(request, None, who.actor), asked_of(question.amount)
    until = question.valid.end if question.valid else None
    async with app.db.writing() as conn:
        await _all_named(conn, request, app, question)
        if question.bucket is not None:
            bucket_id = await _bucket_id(conn, request, app, question.bucket)
            await grant.top_up(
                conn,
                app,
                bucket_id,
                amount,
                key=key,
                why=question.reason,
                actor=who.actor,
                expires_at=until,
                gift=question.reason == "gift",
            )
        else:
            given = await _given(conn, request, app, question, unit, amount, until)
            bucket_id = await grant.put_in(conn, app, given, key=key, why=question.reason, actor=who.actor)
    done = Action(type="TopupBalance", status="completed", confirmed=app.clock.now(), bucket=_ref(bucket_id))
    return respond(done.model_dump(by_alias=True, exclude_none=True), status=201)


@described("balance.write", summary="Hold so much for a session", body=Reserve, answer=Reservation, status=201)
async def reserve(request: web.Request) -> web.Response:
    """POST reserveBalance."""
    app, who, question = request.app[APP], request[WHO], await read(request, Reserve)
    key, wait = key_of(request, None, who.actor), timedelta(seconds=question.seconds)
    async with app.db.writing() as conn:
        await _all_named(conn, request, app, question)
        want = await _want(conn, request, app, question)
        await spend.reserve(conn, app, want, key=key, wait=wait, partly=question.partial)
        held = await the_hold(conn, key)
        answer = await shown_one(conn, request, HOLD, str(held.id if held else 0))
    return respond(answer, status=201, headers={"Location": answer["href"]})


@described("balance.write", summary="Let a reservation go", body=Unreserve, answer=Reservation)
async def unreserve(request: web.Request) -> web.Response:
    """POST unreserveBalance: again it does nothing."""
    app, question = request.app[APP], await read(request, Unreserve)
    async with app.db.writing() as conn:
        row = await _held(conn, request, app, question.hold)
        await spend.release(conn, app, row.key)
        return respond(await shown_one(conn, request, HOLD, str(row.id)))


@described("balance.write", summary="Draw, at once or what a session used", body=Deduct, answer=Action, status=201)
async def deduct(request: web.Request) -> web.Response:
    """POST deductBalance."""
    app, who, question = request.app[APP], request[WHO], await read(request, Deduct)
    unit, amount = asked_of(question.amount)
    async with app.db.writing() as conn:
        await _all_named(conn, request, app, question)
        if question.hold is not None:
            row = await _held(conn, request, app, question.hold)
            if row.unit != unit:
                raise bad(f"The reservation is in {row.unit}.")
            spent = await spend.consume(conn, app, row.key, amount, why=question.reason)
        elif question.product and not is_money(unit):
            return await _charged(conn, request, app, question, unit, amount)
        else:
            want = await _want(conn, request, app, question)
            spent = await spend.deduct(conn, app, want, key=key_of(request, None, who.actor), why=question.reason)
    impacts = [Impact(bucket=_ref(part.bucket_id), amount=told(part.amount, unit)) for part in spent.parts]
    done = Action(
        type="DeductBalance",
        status="completed",
        confirmed=app.clock.now(),
        impacted=impacts,
        short=told(spent.short, unit) if spent.short else None,
    )
    return respond(done.model_dump(by_alias=True, exclude_none=True), status=201)


async def _charged(
    conn: AsyncConnection, request: web.Request, app: App, asked: Deduct, unit: str, amount: int
) -> web.Response:
    """A use of a service: bundles first, then money."""
    want = await _want(conn, request, app, asked)
    if want.use is None:
        raise bad("Say in usageType what was used: voice, sms, data ...")
    currency, value = (None, None) if asked.value is None else asked_of(asked.value)
    use = LiveUse(want.service_id or 0, want.use, unit, amount, asked.at, asked.destination, value, currency)
    paid = await charge(conn, app, use, key=key_of(request, None, request[WHO].actor))
    done = Action(
        type="DeductBalance",
        status="completed",
        confirmed=app.clock.now(),
        units=told(paid.units_micro, unit),
        money=told(paid.money_minor, paid.currency),
    )
    return respond(done.model_dump(by_alias=True, exclude_none=True), status=201)


def _ref(bucket_id: int) -> Ref:
    return Ref(id=str(bucket_id), href=href(BUCKET.path, bucket_id), kind="Bucket")


async def _account(conn: AsyncConnection, request: web.Request, app: App, named: Named | None) -> VisibleAccount:
    try:
        by_id = an_id(named.id, app) if named and named.id else None
    except ValueError:
        raise bad("partyAccount: an id is a number.") from None
    match = await account_of(conn, by_id, named.name if named else None, request[WHO].branch)
    if match is None:
        raise Refused("bucket.no_account", 404)
    return match


async def _all_named(conn: AsyncConnection, request: web.Request, app: App, asked: Asked) -> None:
    """Look up all that a body names, also what is not needed to do it: a thing of another branch does not exist wherever it stands."""
    accounts = [asked.account] if asked.account else []
    for account in [*accounts, *(asked.shared_with if isinstance(asked, TopUp) else ())]:
        await _account(conn, request, app, account)
    for product in asked.product:
        await _service(conn, request, app, product)
    if asked.bucket:
        await _bucket_id(conn, request, app, asked.bucket)
    if isinstance(asked, Deduct) and asked.hold:
        await _held(conn, request, app, asked.hold)


async def _want(conn: AsyncConnection, request: web.Request, app: App, asked: Asked) -> Want:
    unit, amount = asked_of(asked.amount)
    service_id, account_id = None, None
    if asked.product:
        service_id, account_id = await _service(conn, request, app, asked.product[0])
    if account_id is None:
        account_id = (await _account(conn, request, app, asked.account)).id
    bucket_id = await _bucket_id(conn, request, app, asked.bucket) if asked.bucket else None
    return Want(account_id, unit, amount, asked.usage, service_id, bucket_id)


async def _given(
    conn: AsyncConnection,
    request: web.Request,
    app: App,
    asked: TopUp,
    unit: str,
    amount: int,
    until: datetime | None,
) -> Grant:
    want = await _want(conn, request, app, asked)
    shared = [(await _account(conn, request, app, other)).id for other in asked.shared_with]
    return Grant(
        want.account_id,
        unit,
        amount,
        {"en": asked.name} if asked.name else {},
        uses=[asked.usage] if asked.usage else [],
        service_id=want.service_id,
        priority=priority_of(unit),
        expires_at=until,
        rollovers=asked.rollovers,
        shared_with=shared,
        gift=asked.reason == "gift",
    )


async def _service(conn: AsyncConnection, request: web.Request, app: App, named: Named) -> tuple[int, int]:
    """A service and its account; 404 also when it is of another branch."""
    try:
        service_id = an_id(named.id or "", app)
    except ValueError:
        raise bad("product: an id is a number.") from None
    account_id = await parties.account_of_service(conn, service_id)
    if account_id is None or await account_of(conn, account_id, None, request[WHO].branch) is None:
        raise Refused("bucket.no_service", 404)
    return service_id, account_id


async def _bucket_id(conn: AsyncConnection, request: web.Request, app: App, named: Named) -> int:
    row = await _one(conn, request, app, BUCKET, named)
    if row is None:
        raise Refused("bucket.gone", 404)
    return int(row.id)


async def _held(conn: AsyncConnection, request: web.Request, app: App, named: Named) -> AnyRow:
    row = await _one(conn, request, app, HOLD, named)
    if row is None:
        raise Refused("bucket.hold", 404)
    return row


async def _one(conn: AsyncConnection, request: web.Request, app: App, served: Served, named: Named) -> AnyRow | None:
    try:
        wanted: Sequence[ListRequest] = served.find(named.id or "", app)
    except ValueError:
        raise bad(f"{served.name}: an id is a number.") from None
    return await one(conn, served.listing, wanted, branch=request[WHO].branch)


def routes() -> list[web.RouteDef]:
    """The routes of this API."""
    base = f"/tmf-api/{API}/v4"
    return [
        *routes_of(BUCKET),
        *routes_of(HOLD),
        web.post(f"{base}/topupBalance", top_up),
        web.post(f"{base}/reserveBalance", reserve),
        web.post(f"{base}/unreserveBalance", unreserve),
        web.post(f"{base}/deductBalance", deduct),
    ]
