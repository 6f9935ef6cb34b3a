"""Something is wrong with the supply: where, what we know of it already, and a ticket."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import outages, tickets
from core.context import Context
from core.errors import Refused
from core.onboarding.customers import COMMODITIES
from core.parties import queries as parties
from core.parties import sim
from dialogs.brought import without_link
from dialogs.counter.common import Answer, private
from dialogs.model import Asked
from dialogs.values import cut, moment, word

UNTOLD = ("electricity", "water")
"""What a house supplies that has no customer yet and does not say its trades."""
METERED = ("electricity", "water", "gas")


async def places(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The places on file of all their accounts; the only one is taken at once. Before a PIN is proven we name none. A place on a map that
    they sent is where it is, whatever is on file; whose it is stays known where there is one place only."""
    rows: list[dict[str, Any]] = []
    for account_id in () if private(context, asked) else asked.accounts:
        for place in await parties.places_of(conn, account_id):
            spot: dict[str, Any] = {
                "account_id": account_id,
                "premise_id": place.premise_id,
                "area": place.area,
                "commodity": place.commodity,
                "place": cut(place.address, 30),
            }
            called = spot["place"] or cut(place.area, 30) or word(f"bill.commodity.{place.commodity}")
            rows.append({"value": spot, "place": called})
    if told := asked.data.get("typed_place"):
        only = {**rows[0]["value"], "place": ""} if len(rows) == 1 else None
        return {"is": "told", "rows": [], "spot": only, "place": told}
    if not rows:
        return {"is": "none", "rows": [], "spot": None, "place": ""}
    first = rows[0]["value"] if len(rows) == 1 else None
    return {"is": "one" if first else "several", "rows": rows, "spot": first, "place": first["place"] if first else ""}


async def known_outage(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Whether we know of an outage where she is."""
    spot = asked.data["spot"]
    found = None
    if spot["area"]:
        found = await outages.known(conn, context, area=spot["area"], commodity=spot["commodity"])
    told = {"place": spot["place"], "area": cut(spot["area"], 20), "cause": "", "since": "", "until": ""}
    if found is None:
        return {"is": "clear", **told}
    until = word("fault.until", at=moment(found.expected_until)) if found.expected_until else ""
    return {"is": "outage", **told, "cause": cut(found.cause, 30), "since": moment(found.started_at), "until": until}


async def fault_kinds(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Which kinds of trouble a place can have: by what is supplied there; by all that the house supplies where we do not know."""
    spot = asked.data.get("spot")
    if spot:
        trade = spot["commodity"]
        return {**_kinds({trade}), "metered": trade in METERED, "elsewhere": True}
    trades: set[str] = set(context.operator.trades) or await parties.supplied(conn, COMMODITIES) or set(UNTOLD)
    return {**_kinds(trades), "elsewhere": False, "metered": False}


def _kinds(trades: set[str]) -> dict[str, bool]:
    """What may be wrong with these supplies: of gas a leak as with water, of a mobile line what an internet line has."""
    return {
        "electricity": "electricity" in trades,
        "water": "water" in trades,
        "leaks": bool(trades & {"water", "gas"}),
        "internet": bool(trades & {"internet", "mobile"}),
    }


async def fault_summary(_conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """What will be reported, read back."""
    return {"kind_name": _kind(asked.data["kind"]), "place": cut(without_link(str(asked.data["place"])), 30)}


async def report_fault(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """A ticket with a reference to read out; linked to an outage that is known there."""
    spot = asked.data.get("spot") or {}
    if spot and spot["account_id"] not in asked.accounts:
        raise Refused("choose.gone")
    opened = await tickets.open_ticket(
        conn,
        context,
        key=asked.key,
        kind=asked.data["kind"],
        contact_id=asked.contact_id,
        account_id=spot.get("account_id"),
        premise_id=spot.get("premise_id"),
        description="" if spot.get("place") else str(asked.data["place"]),
    )
    return {"is": "done", "reference": opened.reference}


async def my_tickets(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """What this contact reported, newest first. Refused where another SIM came under its number."""
    if asked.contact_id is None or await sim.swapped(conn, context, asked.contact_id):
        raise Refused("sim.cooling")
    found = await tickets.tickets_of(conn, contact_id=asked.contact_id)
    rows = [{"value": one.reference, "reference": one.reference, "state": _state(one.state)} for one in found]
    return {"rows": rows}


async def ticket(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """One of them."""
    if asked.contact_id is None or await sim.swapped(conn, context, asked.contact_id):
        raise Refused("sim.cooling")
    found = await tickets.by_reference(conn, asked.data["reference"])
    if found is None or found.contact_id != asked.contact_id:
        raise Refused("choose.gone")
    return {
        "reference": found.reference,
        "state": _state(found.state),
        "kind": _kind(found.kind),
        "opened": moment(found.opened_at),
        "changed": moment(found.changed_at),
    }


def _kind(name: str) -> list[Any]:
    return word(f"fault.kind.{name}")


def _state(name: str) -> list[Any]:
    return word(f"tickets.state.{name}")
