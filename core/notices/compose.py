"""Composes what leaves: a batch of claimed outbox rows becomes letters, or reasons why they are not sent any more.

Batch-wise: readers and facts come by set queries (`readers`, `notice_facts`); `notice_words` then decides row by row, purely. A row
whose words cannot be made (a template that lost a field, say) is named as poison and never stops the others.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import queries as balances
from core.config.collections import StepName
from core.context import Context
from core.message import Notice, Option, Template
from core.notices import credit_limit, dunning, facts, own_texts, recipients, words
from core.notices.quiet_hours import campaigns_had, held_until
from core.notices.recipients import Recipient
from core.notices.words import NotDue, NoticeWords, Untrue
from core.outbox.queue import OutboxRow
from core.parties import senders
from core.parties.senders import SenderRoute
from core.text import fields, pattern, say


class Message(msgspec.Struct, frozen=True):
    """A row ready to be sent. `log` is what may be remembered of its text (a one-time code is not)."""

    row: OutboxRow
    notice: Notice
    reader: Recipient
    log: str
    line: str
    """Who sends it: the channel, or one of its providers (`sms.kannel`)."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A row that is not true any more, or that nobody can read."""

    row: OutboxRow
    reason: str


@dataclass(frozen=True, slots=True)
class NoticeFailed:
    """A row for which every way to the customer was tried; `reason` tells each and why."""

    row: OutboxRow
    reason: str


@dataclass(frozen=True, slots=True)
class HeldNotice:
    """A row that waits for the end of the quiet hours, for a paused campaign, or for a provider that is out of order."""

    row: OutboxRow
    until: datetime
    reason: str = "quiet hours"


@dataclass(frozen=True, slots=True)
class Poison:
    """A row whose words cannot be made: a bug or a broken template, for a person to look at."""

    row: OutboxRow
    reason: str


PAUSE = timedelta(minutes=1)
"""How soon a row of a paused campaign looks again."""
REST = timedelta(seconds=15)
"""How soon a row whose only provider is out of order looks again."""
NO_OPTIONS: tuple[Option, ...] = ()
Composed = Message | Dropped | NoticeFailed | HeldNotice | Poison
Gather = Callable[[AsyncConnection, Context, Collection[int]], Awaitable[Mapping[int, Any]]]
Known = Mapping[Gather, Mapping[int, Any]]
"""What was gathered for a batch: the steps of a ladder at once, whatever their notices say."""
Write = Callable[[Context, OutboxRow, Recipient, Any], NoticeWords | Untrue | NotDue]


@dataclass(frozen=True, slots=True)
class Writer:
    """How one kind of message gets its facts (None: it needs none) and its words."""

    gather: Gather | None
    write: Write


WRITERS: dict[str, Writer] = {
    "notice.ready": Writer(lambda conn, _house, ids: facts.bills(conn, ids), words.ready),
    "notice.reminder": Writer(lambda conn, _house, ids: facts.bills(conn, ids), words.reminder),
    "notice.thanks": Writer(lambda conn, context, ids: facts.receipts(conn, ids, context.currency), words.thanks),
    "notice.failed": Writer(lambda conn, context, ids: facts.attempts(conn, ids, context.currency), words.failed),
    "notice.corrected": Writer(lambda conn, _house, ids: facts.credit_notes(conn, ids), words.credited),
    "notice.credited": Writer(lambda conn, _house, ids: facts.credit_notes(conn, ids), words.credited),
    "notice.waived": Writer(lambda conn, _house, ids: facts.credit_notes(conn, ids), words.credited),
    "bucket.low": Writer(lambda conn, _house, ids: balances.buckets(conn, ids), words.bucket_used),
    "bucket.used": Writer(lambda conn, _house, ids: balances.buckets(conn, ids), words.bucket_used),
    **{f"notice.{one}": Writer(dunning.steps, dunning.write) for one in get_args(StepName)},
    **{f"notice.limit_{one}": Writer(credit_limit.gather, credit_limit.write) for one in ("near", "reached", "barred")},
    "campaign": Writer(lambda conn, _house, ids: facts.campaigns(conn, ids), words.campaign),
    **{f"code.{purpose}": Writer(None, words.code) for purpose in ("link", "pin", "page")},
}
"""By the template's first two words. Whatever is not here says what it was put down with: `reply.text`, `ticket.*`."""
PLAIN = Writer(None, words.plain)
STOPPABLE = frozenset({"campaign", "bucket.used"})
"""What STOP keeps from them. The rest is statutory (bills, what is owed, what was paid) or the answer to what they just did."""


@cache
def kind_of(template: str) -> str:
    """The first two words of a template: of `notice.ready.pay` `notice.ready`."""
    return ".".join(template.split(".")[:2])


def writer_of(template: str) -> Writer:
    """The writer of a template."""
    return WRITERS.get(kind_of(template), PLAIN)


async def compose(
    conn: AsyncConnection,
    context: Context,
    rows: Sequence[OutboxRow],
    lines: Collection[str] = recipients.PREFERENCE,
    resting: Collection[str] = (),
) -> list[Composed]:
    """What becomes of each row, in the order given. `lines`: who can send (`telegram`, `sms`, `sms.kannel`); `resting`: those of them
    that are out of order just now."""
    await own_texts.refresh(conn)
    now, rules = context.clock.now(), context.operator.notices
    open_ones = {line.split(".", 1)[0] for line in lines}
    match = await recipients.find(conn, now, rows, open_ones, context.operator.languages[0], rules.order)
    match = await recipients.at_home(conn, context.operator, rows, match)
    subjects: dict[Gather, set[int]] = {}
    for row in rows:
        gather = writer_of(row.template).gather
        if row.subject_id is not None and gather:
            subjects.setdefault(gather, set()).add(row.subject_id)
    known: Known = {gather: await gather(conn, context, ids) for gather, ids in subjects.items()}
    had = await campaigns_had(conn, now, rows)
    paths = Paths(context, frozenset(lines), frozenset(resting))
    result: list[Composed] = []
    for row in rows:
        contact_id = row.contact_id or 0
        if row.kind == "campaign" and had.get(contact_id, 0) >= rules.campaigns_per_week:
            result.append(Dropped(row, "they have had enough campaigns this week"))
            continue
        one = _first(paths, row, match[row.id], known)
        if row.kind == "campaign" and isinstance(one, Message):
            had[contact_id] = had.get(contact_id, 0) + 1
        result.append(one)
    return result


@dataclass(frozen=True, slots=True)
class Paths:
    """Who can send just now, for one batch."""

    context: Context
    lines: frozenset[str]
    resting: frozenset[str]
    nights: dict[ZoneInfo, datetime | None] = field(default_factory=dict)

    def of(self, row: OutboxRow, reader: Recipient) -> list[SenderRoute]:
        """The ways to a reader, the best first: for an offer none from a sender that they stopped, for the rest those last."""
        ways = senders.ways(self.context, self.lines, reader.channel, reader.to, row.kind, row.params.get("from"))
        if not reader.stops:
            return ways
        free = [way for way in ways if not senders.has_stopped(reader.stops, way.sender)]
        return free if may_be_stopped(row) else free + [way for way in ways if way not in free]

    def until(self, reader: Recipient) -> datetime | None:
        """Until when what can wait does, by the clock of this reader."""
        zone = reader.zone or self.context.zone
        if zone not in self.nights:
            self.nights[zone] = held_until(self.context.clock.now(), zone, self.context.operator.notices)
        return self.nights[zone]


def may_be_stopped(row: OutboxRow) -> bool:
    """Whether STOP keeps it from them: offers, and hints about what is used. Bills, what is owed and codes go to everybody."""
    return kind_of(row.template) in STOPPABLE


def _first(paths: Paths, row: OutboxRow, found: Sequence[Recipient], known: Known) -> Composed:
    """The letter to the first reader that can be written to; else why there is none."""
    if not found:
        return NoticeFailed(row, row.tried) if row.tried else Dropped(row, "nobody to send it to")
    willing = [one for one in found if not (may_be_stopped(row) and one.stopped)]
    reached = [(one, ways) for one in willing if (ways := paths.of(row, one))]
    if not reached:
        return Dropped(row, "they said STOP")
    awake = [(one, way) for one, ways in reached if (way := next(_awake(paths, ways), None))]
    for reader, way in awake:
        result = _one(paths, row, reader, way, known)
        if not isinstance(result, Message) or not reader.closed or result.notice.template:
            return result
    if len(awake) < len(reached):
        return out_of_order(paths.context, row)
    return NoticeFailed(row, row.after("whatsapp", "window_closed"))


def _awake(paths: Paths, ways: Sequence[SenderRoute]) -> Iterator[SenderRoute]:
    return (way for way in ways if way.line not in paths.resting)


def out_of_order(context: Context, row: OutboxRow) -> HeldNotice:
    """Its provider is left alone just now; no try is counted."""
    return HeldNotice(row, context.clock.now() + REST, "the provider is out of order")


def _one(paths: Paths, row: OutboxRow, reader: Recipient, way: SenderRoute, known: Known) -> Composed:
    app = paths.context
    try:
        result = _words(app, row, reader, known)
        if isinstance(result, Untrue):
            return Dropped(row, result.reason)
        if isinstance(result, NotDue):
            return HeldNotice(row, result.until or app.clock.now() + PAUSE, result.reason)
        waits = result.can_wait and kind_of(row.template) not in app.operator.notices.urgent
        if waits and (until := paths.until(reader)) is not None:
            return HeldNotice(row, until)
        return _letter(app, row, reader, way, result)
    except Exception as bug:  # one row's broken template must not stop the others
        return Poison(row, f"{type(bug).__name__}: {bug}"[:200])


def _words(context: Context, row: OutboxRow, reader: Recipient, known: Known) -> NoticeWords | Untrue | NotDue:
    writer = writer_of(row.template)
    if writer.gather is None:
        return writer.write(context, row, reader, None)
    subject = known.get(writer.gather, {}).get(row.subject_id or 0)
    return words.GONE if subject is None else writer.write(context, row, reader, subject)


def _letter(context: Context, row: OutboxRow, reader: Recipient, way: SenderRoute, made: NoticeWords) -> Message:
    if made.text is None:
        text = say(reader.language, made.key, **made.params)
    else:
        fields(made.text)
        text = made.text.format(**made.params)
    if made.smile:
        text += " " + say(reader.language, "notice.smile")
    log = pattern(reader.language, made.key) if row.kind == "code" else text
    options, share = NO_OPTIONS, ""
    if row.params:
        options = tuple(Option(str(key), str(label)) for key, label in row.params.get("options", ()))
        share = str(row.params.get("share", ""))
    template = _template(context, reader, made, text) if reader.channel == "whatsapp" else None
    topic = str(row.params.get("topic", "")) if row.params else ""
    notice = Notice(
        row.key, reader.channel, reader.to, text, way.sender, options, template, share, reader.closed, topic
    )
    return Message(row, notice, reader, log, way.line)


def _template(context: Context, reader: Recipient, made: NoticeWords, text: str) -> Template | None:
    """The approved wording of a message on WhatsApp, where the operator named one."""
    places = context.operator.notices.whatsapp_templates.get(made.key)
    if places is None:
        return None
    fields = {**made.params, "text": text}
    return Template(made.key.replace(".", "_"), reader.language, tuple(str(fields[name]) for name in places))
