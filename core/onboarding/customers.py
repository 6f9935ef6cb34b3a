"""Customers from a file: rows whose account is on file add a service of another kind, are the same again, or are rejected with what differs."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import phone
from core.catalog.queries import codes
from core.context import Context
from core.db.in_list import in_list
from core.onboarding import further
from core.onboarding.fields import FieldError, RowFields
from core.onboarding.model import DUPLICATE, TAKEN, NewCustomer, RowOutcome
from core.onboarding.register import register_many
from core.onboarding.sheet import SheetRow
from core.parties import tables as t

COMMODITIES = ("electricity", "water", "gas", "internet", "mobile")
COMPARED = ("name", "bill_day", "segment", "persons", "national_id")
"""What a repeated row is held against, where it says it."""
OF_SERVICE = ("opened_on", "address", "area", "payment_mode")
"""The same of the one service that the row is about."""
IDS_A_ROW = 9


async def take(conn: AsyncConnection, context: Context, lines: Sequence[SheetRow]) -> list[RowOutcome]:
    """Register the new customers of these rows, then further services of known ones; what became of each, in order."""
    tariffs = set(await codes(conn))
    known = set(await _known(conn, {line.values.get("number", "") for line in lines}))
    outcomes: dict[int, RowOutcome] = {}
    new: list[NewCustomer] = []
    again: dict[int, NewCustomer] = {}
    for at, line in enumerate(lines):
        try:
            customer = read(context, line, tariffs)
        except FieldError as why:
            outcomes[at] = RowOutcome("rejected", str(why))
            continue
        if customer.number in known:
            again[at] = customer
        else:
            known.add(customer.number or "")
            new.append(customer)
            outcomes[at] = TAKEN
    if new:
        await register_many(conn, context, new)
    outcomes |= await _again(conn, context, {at: (lines[at], customer) for at, customer in again.items()})
    return [outcomes[at] for at in range(len(lines))]


async def _again(
    conn: AsyncConnection, context: Context, rows: Mapping[int, tuple[SheetRow, NewCustomer]]
) -> dict[int, RowOutcome]:
    """Rows of accounts on file: the same again, a further service, or a contradiction."""
    if not rows:
        return {}
    numbers = {customer.number or "" for _, customer in rows.values()}
    known, served = await _known(conn, numbers), await further.served(conn, numbers)
    outcomes: dict[int, RowOutcome] = {}
    more: list[further.Further] = []
    for at, (line, customer) in rows.items():
        number = customer.number or ""
        try:
            _same(line, customer, known[number], COMPARED)
            there = served[number].services.get(customer.commodity)
            if there is None:
                more.append(further.add(context, served[number], customer))
                outcomes[at] = TAKEN
            else:
                _same(line, customer, there, OF_SERVICE)
                if line.values.get("tariff") and customer.tariff not in there["tariffs"]:
                    raise FieldError("import.account_differs", number=number, columns="tariff")
                outcomes[at] = DUPLICATE
        except FieldError as why:
            outcomes[at] = RowOutcome("rejected", str(why))
    await further.save(conn, context, more)
    return outcomes


def read(context: Context, line: SheetRow, tariffs: set[str]) -> NewCustomer:
    """The customer of a row; Wrong with the column and the remedy when there is none."""
    fields = RowFields(line.values)
    operator = context.operator
    tariff = fields.text("tariff", operator.default_tariff or "")
    if not tariff or (tariffs and tariff not in tariffs):
        raise FieldError("import.tariff", text=tariff[:40])
    return NewCustomer(
        name=fields.needed("name"),
        number=fields.needed("number"),
        phone=_phone(context, fields),
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


def _phone(context: Context, fields: RowFields) -> str | None:
    typed = fields.given("phone")
    if typed is None:
        return None
    number = phone.parse(typed, context.operator.country)
    if number is None:
        raise FieldError("import.phone", text=typed[:40])
    return number


def _email(fields: RowFields) -> str | None:
    typed = fields.given("email")
    if typed is None:
        return None
    name, at, host = typed.rpartition("@")
    if not (name and at and "." in host and " " not in typed):
        raise FieldError("import.email", text=typed[:40])
    return typed.lower()


async def _known(conn: AsyncConnection, numbers: set[str]) -> dict[str, Mapping[str, Any]]:
    """What is on file under these numbers."""
    a, p = t.account.c, t.party.c
    rows = await conn.execute(
        select(a.number, p.name, a.bill_day, a.segment, a.persons, p.national_id)
        .join_from(t.account, t.party)
        .where(in_list(conn, a.number, numbers))
    )
    return {row["number"]: dict(row) for row in rows.mappings()}


def _same(line: SheetRow, customer: NewCustomer, before: Mapping[str, Any], columns: Sequence[str]) -> None:
    """Wrong when the row says something else than what is on file: an import never changes it."""
    differs = [name for name in columns if line.values.get(name) and getattr(customer, name) != before[name]]
    if differs:
        raise FieldError("import.account_differs", number=customer.number, columns=", ".join(differs))
