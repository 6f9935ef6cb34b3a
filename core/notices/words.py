"""Which words a notice takes, given how things stand now; or why it is not sent any more. Pure: facts in, words out.

The four notices (a bill is ready, a reminder, thanks, a payment failed) with and without a mandate, and the simple ones whose
words are settled when they are put down: replies, tickets. A one-time code is filled in at the last moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from core import money
from core.balances.model import OPEN, Bucket
from core.balances.words import called, shown
from core.context import Context
from core.notices.facts import AttemptFacts, BillFacts, CampaignFacts, CreditFacts, ReceiptFacts
from core.notices.quiet_hours import open_from
from core.notices.recipients import Recipient
from core.outbox.queue import OutboxRow
from core.parties import codes
from core.text import days


class NoticeWords(msgspec.Struct, frozen=True):
    """A message of the catalogue with its fields. `can_wait`: the quiet hours hold it."""

    key: str
    params: Mapping[str, object] = msgspec.field(default_factory=dict)
    text: str | None = None
    """The words themselves where they stand in no catalogue (a campaign's)."""
    can_wait: bool = False
    smile: bool = False


@dataclass(frozen=True, slots=True)
class Untrue:
    """It need not be said any more; why."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotDue:
    """It is still true and must wait: for a person's word, or until an hour; why."""

    reason: str
    until: datetime | None = None


PAID, GONE = Untrue("paid meanwhile"), Untrue("not there any more")
HERSELF = ("mobile_push", "card", "mobile_inbound")
"""Ways of paying that a person has just done: she is awake, and waits for the answer."""


def _always(context: Context) -> dict[str, object]:
    return {"operator": context.operator.short_name, "ussd": context.operator.ussd_code}


def _link(context: Context, kind: str, token: str) -> str:
    return f"{context.site.public_url}/{kind}/{token}"


def ready(context: Context, row: OutboxRow, reader: Recipient, bill: BillFacts) -> NoticeWords | Untrue:
    """A bill is ready: what we will collect and when, or what to pay by when; or that her credit has paid it."""
    says = _always(context) | {"link": _link(context, "b", bill.token)}
    if row.template == "notice.ready.covered":
        total = money.show(bill.total_minor, bill.currency, reader.language)
        return NoticeWords(row.template, says | {"total": total}, can_wait=True)
    return _asks(context, "notice.ready", reader, bill)


def reminder(context: Context, row: OutboxRow, reader: Recipient, bill: BillFacts) -> NoticeWords | Untrue:
    """A few days before the due day, if there is still something to pay and the day has not moved."""
    if bill.with_bank:
        return Untrue("with the bank already")
    if bill.due_on is None or row.params.get("due", bill.due_on.isoformat()) != bill.due_on.isoformat():
        return Untrue("the due day moved")
    if context.today() > (bill.collect_on or bill.due_on):
        return Untrue("the day is past")
    return _asks(context, "notice.reminder", reader, bill)


def _asks(context: Context, key: str, reader: Recipient, bill: BillFacts) -> NoticeWords | Untrue:
    day = bill.collect_on or bill.due_on
    if bill.left_minor <= 0 or day is None:
        return PAID
    says = _always(context) | {
        "amount": money.show(bill.left_minor, bill.currency, reader.language),
        "date": days.spoken(reader.language, day),
        "link": _link(context, "b", bill.token),
    }
    return NoticeWords(f"{key}.{'mandate' if bill.collect_on else 'pay'}", says, can_wait=True)


def thanks(context: Context, row: OutboxRow, reader: Recipient, paid: ReceiptFacts) -> NoticeWords | Untrue:
    """Money came in: how much, and what is still open."""
    if paid.reversed:
        return Untrue("the payment was reversed")

    def show(minor: int) -> str:
        return money.show(minor, paid.currency, reader.language)

    says = _always(context) | {"amount": show(paid.amount_minor)}
    if paid.account.left_minor > 0:
        key, more = "notice.thanks.open", {"open": show(paid.account.left_minor)}
    elif paid.account.credit_minor > 0:
        key, more = "notice.thanks.credit", {"credit": show(paid.account.credit_minor)}
    else:
        key, more = "notice.thanks.nothing", {}
    return NoticeWords(key, says | more, can_wait=paid.method not in HERSELF, smile=reader.chats)


def failed(context: Context, row: OutboxRow, reader: Recipient, tried: AttemptFacts) -> NoticeWords | Untrue:
    """A payment did not go through: sorry, what is open (not what failed), and a link to pay it."""
    if not tried.failed:
        return Untrue("it went through after all")
    if tried.tried_again:
        return Untrue("she has tried again")
    if tried.left_minor <= 0:
        return PAID
    if tried.token is None:
        raise LookupError(f"no paylink was made for {row.key}")
    says = _always(context) | {
        "amount": money.show(tried.left_minor, tried.currency, reader.language),
        "link": _link(context, "p", tried.token),
    }
    return NoticeWords("notice.failed", says, can_wait=tried.method not in HERSELF)


def credited(context: Context, row: OutboxRow, reader: Recipient, note: CreditFacts) -> NoticeWords | Untrue:
    """A dispute ended well, or late usage was less: what was taken off, what is left of the bill, and the credit note to see."""
    says = _always(context) | {
        "amount": money.show(note.credited_minor, note.currency, reader.language),
        "link": _link(context, "b", note.token),
    }
    if note.left_minor <= 0:
        return NoticeWords(f"{row.template}.nothing", says, can_wait=True)
    left = money.show(note.left_minor, note.currency, reader.language)
    return NoticeWords(f"{row.template}.open", says | {"open": left}, can_wait=True)


def bucket_used(context: Context, row: OutboxRow, reader: Recipient, bucket: Bucket) -> NoticeWords | Untrue:
    """Half, most or all of what she has beforehand is used, or it runs low; not once it was filled again or is over."""
    if bucket.round != row.params["round"]:
        return Untrue("it was filled meanwhile")
    if bucket.state != OPEN:
        return Untrue("its time is over")
    says = _always(context) | {
        "name": called(bucket.name, bucket.unit, reader.language),
        "percent": row.params["percent"],
    }
    return NoticeWords(row.template, says | {"left": shown(bucket.amount, bucket.unit, reader.language)})


def campaign(context: Context, row: OutboxRow, reader: Recipient, sent: CampaignFacts) -> NoticeWords | Untrue | NotDue:
    """A campaign's own words, if it still runs and this person still agrees to hear from us."""
    if sent.state == "paused":
        return NotDue("the campaign is paused")
    if sent.state not in ("running", "done"):
        return Untrue(f"the campaign is {sent.state}")
    if reader.stopped or not reader.marketing:
        return Untrue("she asked for no campaigns")
    if sent.window and (until := open_from(context.clock.now(), reader.zone or context.zone, *sent.window)):
        return NotDue("outside its hours", until)
    texts = sent.texts_b if row.params.get("arm") == "b" and sent.texts_b else sent.texts
    text = texts.get(reader.language) or texts.get("en") or next(iter(texts.values()))
    return NoticeWords("campaign", _always(context), text=text, can_wait=True)


def code(context: Context, row: OutboxRow, reader: Recipient, _facts: object) -> NoticeWords | Untrue:
    """A one-time code, filled in only now (its row carries no secret); not once it has run out."""
    says = codes.words(context, row.subject_id or 0, row.params)
    return Untrue("the code has run out") if says is None else NoticeWords(row.template, _always(context) | says)


def plain(context: Context, row: OutboxRow, reader: Recipient, _facts: object) -> NoticeWords | Untrue:
    """Words that were settled when the row was put down: its template with its own params."""
    return NoticeWords(row.template, _always(context) | row.params)
