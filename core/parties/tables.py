"""Who our customers are, where they live, how they reach us, and what they have.

Party, account, premise and service are separate: one party holds many accounts, and a premise outlives its customer. A phone
is an attribute of a contact, never the key: contacts are known by (channel, channel user id).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from core.db.engine import Instant, metadata
from core.parties.model import subscriber_of

branch = Table(
    "branch",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
)

party = Table(
    "party",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),  # person, organisation
    Column("national_id", Text),
    Column("language", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_party_name", "name"),
    Index("ix_party_national_id", "national_id"),
)

account = Table(
    "account",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Text, nullable=False, unique=True),  # what a person reads out
    Column("party_id", ForeignKey("party.id"), nullable=False, index=True),
    Column("branch_id", ForeignKey("branch.id"), nullable=False, index=True),
    Column("segment", Text, nullable=False),  # residential, business ...
    Column("currency", Text, nullable=False),
    Column("bill_day", SmallInteger, nullable=False),  # the anchor, 1-31, kept: 31 -> 28 Feb -> 31 Mar
    Column("state", Text, nullable=False),  # lead ... active, restricted, suspended, final_billed, closed
    Column("opened_on", Date, nullable=False),
    Column("closed_on", Date),
    Column("persons", SmallInteger),  # who share a water quota; None where it does not matter
    Column("created_at", Instant, nullable=False),
    CheckConstraint("bill_day BETWEEN 1 AND 31", name="bill_day"),
)

premise = Table(
    "premise",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("address", Text, nullable=False),
    Column("area", Text, nullable=False),  # what an outage names
    Column("branch_id", ForeignKey("branch.id"), nullable=False),
    Index("ix_premise_area", "area"),
)

service = Table(
    "service",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("premise_id", ForeignKey("premise.id"), index=True),
    Column("commodity", Text, nullable=False),  # electricity, water, internet, mobile
    Column("payment_mode", Text, nullable=False),  # postpaid, prepaid
    Column("state", Text, nullable=False),  # ordered, active, soft_barred, barred, ended
    Column("started_on", Date, nullable=False),
    Column("ended_on", Date),
    Index("ix_service_commodity", "commodity"),
)

service_plan = Table(
    "service_plan",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("service_id", ForeignKey("service.id"), nullable=False),
    Column("tariff", Text, nullable=False),  # the code of a tariff; its version follows from the date
    Column("from_date", Date, nullable=False),
    Column("to_date", Date),  # half-open; None: still
    UniqueConstraint("service_id", "from_date"),
)

service_off = Table(
    "service_off",
    metadata,
    Column("service_id", ForeignKey("service.id"), primary_key=True, autoincrement=False),
    Column("off_on", Date, primary_key=True),  # the day on which the network shut it
    Column("back_on", Date),  # and opened it again; None: it is shut
)
"""Where the law lets nobody pay for a line that is shut: since when it was, and until when."""


def _subscriber(context: Any) -> str | None:
    given = context.get_current_parameters()
    return subscriber_of(given.get("channel_user"), given.get("phone"))


contact = Table(
    "contact",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", Text, nullable=False),  # ussd and sms share `phone`: see core/parties/contacts.py
    Column("channel_user", Text, nullable=False),
    Column("phone", Text, index=True),
    Column("subscriber", Text, default=_subscriber),  # the phone as its other spellings are compared by: core/phone.py
    Column("party_id", ForeignKey("party.id"), index=True),
    Column("language", Text, nullable=False),
    Column("marketing", Boolean, nullable=False),  # consent to campaigns; statutory notices do not ask
    Column("stopped_at", Instant),  # STOP to all: nothing but statutory notices until START
    Column("parted_at", Instant),  # when it last lost an account: whatever it had open then is over
    Column(
        "bounced_at", Instant
    ),  # mail to this address came back for good; their next letter says that it works again
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("channel", "channel_user"),
    Index("ix_contact_subscriber", "subscriber", "channel"),
)

contact_apart = Table(
    "contact_apart",
    metadata,
    Column("one_id", ForeignKey("contact.id"), primary_key=True),  # the lower id
    Column("other_id", ForeignKey("contact.id"), primary_key=True),
    Column("by", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
"""Two contacts whose numbers are spellings of one, and whom somebody looked at and left apart."""

sender_stop = Table(
    "sender_stop",
    metadata,
    Column("contact_id", ForeignKey("contact.id"), primary_key=True),
    Column("sender", Text, primary_key=True),  # STOP to this sender alone; `contact.stopped_at` is STOP to all of them
    Column("stopped_at", Instant, nullable=False),
)

consent = Table(
    "consent",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact_id", ForeignKey("contact.id"), nullable=False),
    Column("said", Text, nullable=False),  # stop, start, offers, no_offers
    Column("sender", Text),  # None: all of ours
    Column("channel", Text, nullable=False),  # by which way they said so
    Column(
        "word", Text, nullable=False
    ),  # what they wrote; `menu`, `page`, or `provider` where they wrote nothing to us
    Column("at", Instant, nullable=False),
    Index("ix_consent_contact", "contact_id", "at"),
)

contact_account = Table(
    "contact_account",
    metadata,
    Column("contact_id", ForeignKey("contact.id"), primary_key=True),
    Column("account_id", ForeignKey("account.id"), primary_key=True),
    Column("linked_at", Instant, nullable=False),
    Column("how", Text, nullable=False),  # record (the phone on file), code, pin, clerk
    Index("ix_contact_account_account", "account_id"),
)

pin = Table(
    "pin",
    metadata,
    Column("party_id", ForeignKey("party.id"), primary_key=True),
    Column("hash", Text, nullable=False),  # argon2
    Column("set_at", Instant, nullable=False),
)

pin_try = Table(
    "pin_try",
    metadata,
    Column("party_id", ForeignKey("party.id"), primary_key=True),
    Column("contact_id", ForeignKey("contact.id"), primary_key=True),  # who guessed: none locks another out
    Column("wrong", Integer, nullable=False),
    Column("at", Instant, nullable=False),  # the latest
)

page_sitting = Table(
    "page_sitting",
    metadata,
    Column("hash", Text, primary_key=True),  # of the cookie
    Column("contact_id", ForeignKey("contact.id"), nullable=False, index=True),
    Column("opened_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False, index=True),  # unless a page of it is opened before
)

link_code = Table(
    "link_code",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("purpose", Text, nullable=False),  # link, pin, page
    Column("account_id", ForeignKey("account.id")),
    Column("asker", Text, nullable=False),  # who asked, and alone may use it: contact:<id>, browser:<digest>
    Column(
        "contact_id", ForeignKey("contact.id")
    ),  # whom it was sent to; None: a number that is nobody's asked for one
    Column("salt", Text, nullable=False),  # the code is derived from it with the secret key: core/parties/codes.py
    Column("tries_left", Integer, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index("ix_link_code_asker", "asker", "expires_at"),
)

interest = Table(
    "interest",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact_id", ForeignKey("contact.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("effect_key", Text, nullable=False, unique=True),
)

sim_question = Table(
    "sim_question",
    metadata,
    Column("request", Text, primary_key=True),  # the provider's id of the question: its answer names nothing else
    Column("phone", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("answered_at", Instant),
)

sim_change = Table(
    "sim_change",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("phone", Text, nullable=False),
    Column(
        "kind", Text, nullable=False
    ),  # sim: another card under the number; number: a chat moved to it; left: a chat moved away from it
    Column(
        "changed_at", Instant, nullable=False
    ),  # no earlier than it can have been: a day without a time counts to its end
    Column("seen_at", Instant, nullable=False),
    UniqueConstraint("phone", "kind", "changed_at"),
)
