"""Something is wrong with the supply: where, what we know of it already, and a ticket."""

from typing import TypedDict

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import outages, tickets
from core.context import Context
from core.errors import Refused
from core.onboarding.customers import COMMODITIES
from core.parties import queries as parties
from core.parties import sim
from dialogs.answers import Answer, ListAnswer, ListRow
from dialogs.attachments import without_link
from dialogs.counter.common import Referenced, private
from dialogs.model import CounterRequest
from dialogs.values import Text, cut, moment, word

UNTOLD = ("electricity", "water")
"""What a house supplies that has no customer yet and does not say its trades."""
METERED = ("electricity", "water", "gas")


class Spot(TypedDict):
    """A place on file and what is supplied there, as the talk keeps it."""

    account_id: int
    premise_id: int | None
    area: str
    commodity: str
    place: str


class PlaceRow(ListRow, frozen=True):
    """A place on file; its value is a `Spot`."""

    place: Text


class Places(ListAnswer, frozen=True):
    """Where it may be: `one` place on file, `several`, `none`, or a place that was `told`."""

    rows: tuple[PlaceRow, ...]
    spot: Spot | None
    place: Text


class KnownOutage(Answer, frozen=True):
    """An `outage` that we know of, or `clear`."""

    place: Text
    area: str
    cause: str = ""
    since: Text = ""
    until: Text = ""


class FaultKinds(Answer, frozen=True):
    """Which kinds of trouble a place can have."""

    electricity: bool
    water: bool
    leaks: bool
    internet: bool
    metered: bool
    elsewhere: bool
    """Whether the trouble may be at another place than the one that is known."""


class FaultSummary(Answer, frozen=True):
    """What will be reported."""

    kind_name: Text
    place: str


class TicketRow(ListRow, frozen=True):
    """A report and how it stands."""

    reference: str
    state: Text


class MyTickets(ListAnswer, frozen=True):
    """What was reported, newest first."""

    rows: tuple[TicketRow, ...]


class TicketView(Answer, frozen=True):
    """One report."""

    reference: str
    state: Text
    kind: Text
    opened: Text
    changed: Text


async def places(conn: AsyncConnection, context: Context, request: CounterRequest) -> Places:
    """The places on file of all their accounts; the only one is taken at once. Before a PIN is proven we name none. A place on a map that
    they sent is where it is, whatever is on file; whose it is stays known where there is one place only."""
    rows = await _on_file(conn, () if private(context, request) else request.accounts)
    only: Spot | None = rows[0].value if len(rows) == 1 else None
    if typed := request.data.get("typed_place"):
        return Places((), {**only, "place": ""} if only else None, typed, outcome="told")
    if not rows:
        return Places((), None, "", outcome="none")
    return Places(rows, only, only["place"] if only else "", outcome="one" if only else "several")


async def _on_file(conn: AsyncConnection, accounts: tuple[int, ...]) -> tuple[PlaceRow, ...]:
    rows = []
    for account_id in accounts:
        for place in await parties.places_of(conn, account_id):
            spot: Spot = {
                "account_id": account_id,
                "premise_id": place.premise_id,
                "area": place.area,
                "commodity": place.commodity,
                "place": cut(place.address, 30),
            }
            name = spot["place"] or cut(place.area, 30) or word(f"bill.commodity.{place.commodity}")
            rows.append(PlaceRow(spot, name))
    return tuple(rows)


async def known_outage(conn: AsyncConnection, context: Context, request: CounterRequest) -> KnownOutage:
    """Whether we know of an outage there."""
    spot: Spot = request.data["spot"]
    outage = None
    if spot["area"]:
        outage = await outages.known(conn, context, area=spot["area"], commodity=spot["commodity"])
    area = cut(spot["area"], 20)
    if outage is None:
        return KnownOutage(spot["place"], area, outcome="clear")
    until = word("fault.until", at=moment(outage.expected_until)) if outage.expected_until else ""
    return KnownOutage(spot["place"], area, cut(outage.cause, 30), moment(outage.started_at), until, outcome="outage")


async def fault_kinds(conn: AsyncConnection, context: Context, request: CounterRequest) -> FaultKinds:
    """Which kinds of trouble a place can have: by what is supplied there; by all that the house supplies where we do not know."""
    spot: Spot | None = request.data.get("spot")
    if spot:
        trade = spot["commodity"]
        return _kinds({trade}, metered=trade in METERED, elsewhere=True)
    trades: set[str] = set(context.operator.trades) or await parties.supplied(conn, COMMODITIES) or set(UNTOLD)
    return _kinds(trades, metered=False, elsewhere=False)


def _kinds(trades: set[str], *, metered: bool, elsewhere: bool) -> FaultKinds:
    """What may be wrong with these supplies: of gas a leak as with water, of a mobile line what an internet line has."""
    return FaultKinds(
        electricity="electricity" in trades,
        water="water" in trades,
        leaks=bool(trades & {"water", "gas"}),
        internet=bool(trades & {"internet", "mobile"}),
        metered=metered,
        elsewhere=elsewhere,
    )


async def fault_summary(_conn: AsyncConnection, _context: Context, request: CounterRequest) -> FaultSummary:
    """What will be reported, read back."""
    return FaultSummary(_kind(request.data["kind"]), cut(without_link(str(request.data["place"])), 30))


async def report_fault(conn: AsyncConnection, context: Context, request: CounterRequest) -> Referenced:
    """A ticket with a reference to read out; linked to an outage that is known there."""
    spot: Spot | None = request.data.get("spot")
    if spot and spot["account_id"] not in request.accounts:
        raise Refused("choose.gone")
    ticket = await tickets.open_ticket(
        conn,
        context,
        key=request.key,
        kind=request.data["kind"],
        contact_id=request.contact_id,
        account_id=spot["account_id"] if spot else None,
        premise_id=spot["premise_id"] if spot else None,
        description="" if spot and spot["place"] else str(request.data["place"]),
    )
    return Referenced(ticket.reference)


async def my_tickets(conn: AsyncConnection, context: Context, request: CounterRequest) -> MyTickets:
    """What this contact reported, newest first. Refused where another SIM came under its number."""
    contact_id = await _unswapped(conn, context, request)
    return MyTickets(
        tuple(
            TicketRow(ticket.reference, ticket.reference, _state(ticket.state))
            for ticket in await tickets.tickets_of(conn, contact_id=contact_id)
        )
    )


async def ticket(conn: AsyncConnection, context: Context, request: CounterRequest) -> TicketView:
    """One of them."""
    contact_id = await _unswapped(conn, context, request)
    view = await tickets.by_reference(conn, request.data["reference"])
    if view is None or view.contact_id != contact_id:
        raise Refused("choose.gone")
    return TicketView(
        view.reference, _state(view.state), _kind(view.kind), moment(view.opened_at), moment(view.changed_at)
    )


async def _unswapped(conn: AsyncConnection, context: Context, request: CounterRequest) -> int:
    """Who asks, if no other SIM came under their number lately."""
    if request.contact_id is None or await sim.swapped(conn, context, request.contact_id):
        raise Refused("sim.cooling")
    return request.contact_id


def _kind(name: str) -> Text:
    return word(f"fault.kind.{name}")


def _state(name: str) -> Text:
    return word(f"tickets.state.{name}")
