"""Customers from a file: rows whose account is on file already are left alone, and rejected when they say something else."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import phone
from core.catalog.queries import codes
from core.house import House
from core.onboarding.fields import Fields, Wrong
from core.onboarding.model import DUPLICATE, TAKEN, Customer, Outcome
from core.onboarding.register import register_many
from core.onboarding.sheet import Line
from core.parties import tables as t
from core.sets import among

COMMODITIES = ("electricity", "water", "gas", "internet", "mobile")
COMPARED = ("name", "bill_day", "segment", "opened_on", "persons", "national_id")
"""What a repeated row is held against, where it says it."""
IDS_A_ROW = 9


async def take(conn: AsyncConnection, house: House, lines: Sequence[Line]) -> list[Outcome]:
    """Register the new customers of these rows; what became of each, in order."""
    tariffs = set(await codes(conn))
    known = await _known(conn, {line.values.get("number", "") for line in lines})
    outcomes: list[Outcome] = []
    new: list[Customer] = []
    for line in lines:
        try:
            customer = read(house, line, tariffs)
            before = known.get(customer.number or "")
            if before is None:
                known[customer.number or ""] = {name: getattr(customer, name) for name in COMPARED}
                new.append(customer)
                outcomes.append(TAKEN)
            else:
                _same(line, customer, before)
                outcomes.append(DUPLICATE)
        except Wrong as why:
            outcomes.append(Outcome("rejected", str(why)))
    if new:
        await register_many(conn, house, new)
    return outcomes


def read(house: House, line: Line, tariffs: set[str]) -> Customer:
    """The customer of a row; Wrong with the column and the remedy when there is none."""
    fields = Fields(line.values)
    operator = house.operator
    tariff = fields.text("tariff", operator.default_tariff or "")
    if not tariff or (tariffs and tariff not in tariffs):
        raise Wrong("import.tariff", text=tariff[:40])
    return Customer(
        name=fields.needed("name"),
        number=fields.needed("number"),
        phone=_phone(house, fields),
        email=_email(fields),
        language=fields.one_of("language", operator.languages, operator.languages[0]),
        national_id=fields.given("national_id"),
        kind=fields.one_of("kind", ("person", "organisation"), "person"),
        branch=fields.text("branch", "main"),
        segment=fields.text("segment", "residential"),
        bill_day=fields.whole("bill_day", 1, 1, 31) or 1,
        opened_on=fields.day("opened_on"),
        persons=fields.whole("persons", None, 0, 1_000),
        address=fields.text("address"),
        area=fields.text("area"),
        commodity=fields.one_of("commodity", COMMODITIES, "electricity"),
        payment_mode=fields.one_of("payment_mode", ("postpaid", "prepaid"), "postpaid"),
        tariff=tariff,
        marketing=fields.one_of("marketing", ("yes", "no"), "no") == "yes",
    )


def _phone(house: House, fields: Fields) -> str | None:
    typed = fields.given("phone")
    if typed is None:
        return None
    number = phone.parse(typed, house.operator.country)
    if number is None:
        raise Wrong("import.phone", text=typed[:40])
    return number


def _email(fields: Fields) -> str | None:
    typed = fields.given("email")
    if typed is None:
        return None
    name, at, host = typed.rpartition("@")
    if not (name and at and "." in host and " " not in typed):
        raise Wrong("import.email", text=typed[:40])
    return typed.lower()


async def _known(conn: AsyncConnection, numbers: set[str]) -> dict[str, Mapping[str, Any]]:
    """What is on file under these numbers."""
    a, p = t.account.c, t.party.c
    rows = await conn.execute(
        select(a.number, p.name, a.bill_day, a.segment, a.opened_on, a.persons, p.national_id)
        .join_from(t.account, t.party)
        .where(among(conn, a.number, numbers))
    )
    return {row["number"]: dict(row) for row in rows.mappings()}


def _same(line: Line, customer: Customer, before: Mapping[str, Any]) -> None:
    """Wrong when the row says something else than what is on file: an import never changes it."""
    differs = [name for name in COMPARED if line.values.get(name) and getattr(customer, name) != before[name]]
    if differs:
        raise Wrong("import.account_differs", number=customer.number, columns=", ".join(differs))
