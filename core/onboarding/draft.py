"""Rows for many customers, drawn up without the database: pure, in the order of the columns that `register` writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.context import Context
from core.errors import BadInput
from core.metering.units import micro
from core.onboarding.model import NewCustomer, NewMeter, Registered
from core.parties.account_number import account_number
from core.parties.model import PHONE, subscriber_of
from core.phone import subscriber

Rows = list[tuple[Any, ...]]
ContactKey = tuple[str, str]
"""(channel, channel user)."""


@dataclass(slots=True)
class Draft:
    """What will be written, a list of rows for each table; `adopted`: contacts that were there before their party."""

    parties: Rows = field(default_factory=list)
    accounts: Rows = field(default_factory=list)
    premises: Rows = field(default_factory=list)
    services: Rows = field(default_factory=list)
    plans: Rows = field(default_factory=list)
    contacts: Rows = field(default_factory=list)
    links: Rows = field(default_factory=list)
    meters: Rows = field(default_factory=list)
    adopted: set[int] = field(default_factory=set)
    registered: list[Registered] = field(default_factory=list)


@dataclass(slots=True)
class _Desk:
    """What is known while one customer after the other is drawn up."""

    context: Context
    now: datetime
    branches: Mapping[str, int]
    people: dict[str, int]
    contacts: dict[ContactKey, int]
    by_phone: dict[str, list[int]]
    """Chats by the number they shared, as it is compared."""
    nobodys: dict[str, int]
    """Phones that wrote to us and are nobody's yet, by their number as it is compared."""
    made: Draft


def draft(
    context: Context,
    customers: Sequence[NewCustomer],
    branches: Mapping[str, int],
    people: Mapping[str, int],
    contacts: Sequence[tuple[int, str, str, str | None, int | None]],
) -> Draft:
    """Draw up the rows; `people` are parties by national id, `contacts` (id, channel, user, phone, party) are those on file with the
    customers' phones."""
    by_phone: dict[str, list[int]] = {}
    for contact_id, channel, _, phone, _ in contacts:
        if phone and channel != PHONE:
            by_phone.setdefault(subscriber(phone), []).append(contact_id)
    on_file = {(channel, user): contact_id for contact_id, channel, user, _, _ in contacts}
    nobodys = {
        subscriber(user): contact_id
        for contact_id, channel, user, _, party in contacts
        if channel == PHONE and party is None
    }
    desk = _Desk(context, context.clock.now(), branches, dict(people), on_file, by_phone, nobodys, Draft())
    for customer in customers:
        _one(desk, customer)
    return desk.made


def _one(desk: _Desk, customer: NewCustomer) -> None:
    app, result, take = desk.context, desk.made, desk.context.ids.take
    branch, opened = desk.branches[customer.branch], customer.opened_on or app.today()
    tariff = customer.tariff or app.operator.default_tariff
    if tariff is None:
        raise BadInput(customer.name, "no tariff is given.", "Give one, or set default_tariff in operator.yaml.")
    party_id = _party(desk, customer)
    account_id, premise_id, service_id = take(), take(), take()
    number = customer.number or account_number(account_id)
    result.accounts.append(
        (
            account_id,
            number,
            party_id,
            branch,
            customer.segment,
            app.currency,
            customer.bill_day,
            "active",
            opened,
            customer.persons,
            desk.now,
        )
    )
    result.premises.append((premise_id, customer.address, customer.area, branch))
    result.services.append(
        (service_id, account_id, premise_id, customer.commodity, customer.payment_mode, "active", opened)
    )
    result.plans.append((take(), service_id, tariff, opened))
    contact_id = _reach(desk, customer, party_id, account_id)
    meter_id = None
    if customer.meter is not None:
        meter_id = take()
        result.meters.append(meter_row(meter_id, service_id, customer.meter, opened))
    result.registered.append(Registered(party_id, account_id, number, premise_id, service_id, contact_id, meter_id))


def _language(desk: _Desk, customer: NewCustomer) -> str:
    return customer.language or desk.context.operator.languages[0]


def _party(desk: _Desk, customer: NewCustomer) -> int:
    """The party of this national id, or a new one."""
    if customer.national_id and customer.national_id in desk.people:
        return desk.people[customer.national_id]
    party_id = desk.context.ids.take()
    lang = _language(desk, customer)
    desk.made.parties.append((party_id, customer.name, customer.kind, customer.national_id, lang, desk.now))
    if customer.national_id:
        desk.people[customer.national_id] = party_id
    return party_id


def _reach(desk: _Desk, customer: NewCustomer, party_id: int, account_id: int) -> int | None:
    """Contacts for phone and e-mail, linked to the account; so is every chat that has shared this phone with us."""
    reached: list[int] = []
    for channel, user in ((PHONE, customer.phone), ("email", customer.email)):
        if not user:
            continue
        contact_id = desk.contacts.get((channel, user))
        if contact_id is None and channel == PHONE:
            contact_id = desk.nobodys.pop(subscriber(user), None)
        if contact_id is None:
            contact_id = desk.contacts[channel, user] = desk.context.ids.take()
            phone = user if channel == PHONE else None
            desk.made.contacts.append(
                (
                    contact_id,
                    channel,
                    user,
                    phone,
                    subscriber_of(user, phone),
                    party_id,
                    _language(desk, customer),
                    customer.marketing,
                    desk.now,
                )
            )
        else:
            desk.made.adopted.add(contact_id)
        reached.append(contact_id)
    others = desk.by_phone.get(subscriber(customer.phone or ""), [])
    desk.made.adopted.update(others)
    desk.made.links += [(contact_id, account_id, desk.now, "record") for contact_id in dict.fromkeys(reached + others)]
    return reached[0] if reached else None


def meter_row(meter_id: int, service_id: int | None, meter: NewMeter, opened: object) -> tuple[Any, ...]:
    """A row of `meter`, in the order of `core/metering/store/meters.py: COLUMNS`."""
    return (
        meter_id,
        meter.serial,
        service_id,
        meter.code,
        meter.unit,
        meter.kind,
        meter.dials,
        micro(meter.multiplier),
        meter.interval_minutes,
        meter.installed_on or opened,
        meter.removed_on,
        meter.registers,
    )
