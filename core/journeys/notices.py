"""Composes what leaves: a batch of claimed outbox rows becomes letters, or reasons why they are not sent any more.

Batch-wise: readers and facts come by set queries (`readers`, `notice_facts`); `notice_words` then decides row by row, purely. A row
whose words cannot be made (a template that lost a field, say) is named as poison and never stops the others.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, get_args

from sqlalchemy.ext.asyncio import AsyncConnection

from core.arrears import StepName
from core.balances import queries as balances
from core.house import House
from core.journeys import ladder_notices, limit_notices, readers
from core.journeys import notice_facts as facts
from core.journeys import notice_words as words
from core.journeys.notice_words import NotYet, Untrue, Words
from core.journeys.quiet import campaigns_had, held_until
from core.journeys.readers import Reader
from core.message import Notice, Option, Template
from core.outbox import Leaving
from core.text import fields, pattern, say


@dataclass(frozen=True, slots=True)
class Letter:
    """A row ready to be sent. `log` is what may be remembered of its text (a one-time code is not)."""

    row: Leaving
    notice: Notice
    reader: Reader
    log: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A row that is not true any more, or that nobody can read."""

    row: Leaving
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A row for which every way to the customer was tried; `reason` tells each and why."""

    row: Leaving
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """A row that waits for the end of the quiet hours, for a paused campaign, or for a provider that is out of order."""

    row: Leaving
    until: datetime
    reason: str = "quiet hours"


@dataclass(frozen=True, slots=True)
class Poison:
    """A row whose words cannot be made: a bug or a broken template, for a person to look at."""

    row: Leaving
    reason: str


PAUSE = timedelta(minutes=1)
"""How soon a row of a paused campaign looks again."""
REST = timedelta(seconds=15)
"""How soon a row whose only provider is out of order looks again."""
Composed = Letter | Dropped | Failed | Held | Poison
Gather = Callable[[AsyncConnection, House, Collection[int]], Awaitable[Mapping[int, Any]]]
Write = Callable[[House, Leaving, Reader, Any], Words | Untrue | NotYet]


@dataclass(frozen=True, slots=True)
class Writer:
    """How one kind of message gets its facts (None: it needs none) and its words."""

    gather: Gather | None
    write: Write


WRITERS: dict[str, Writer] = {
    "notice.ready": Writer(lambda conn, _house, ids: facts.bills(conn, ids), words.ready),
    "notice.reminder": Writer(lambda conn, _house, ids: facts.bills(conn, ids), words.reminder),
    "notice.thanks": Writer(lambda conn, house, ids: facts.receipts(conn, ids, house.currency), words.thanks),
    "notice.failed": Writer(lambda conn, house, ids: facts.attempts(conn, ids, house.currency), words.failed),
    "notice.corrected": Writer(lambda conn, _house, ids: facts.credit_notes(conn, ids), words.credited),
    "notice.credited": Writer(lambda conn, _house, ids: facts.credit_notes(conn, ids), words.credited),
    "notice.waived": Writer(lambda conn, _house, ids: facts.credit_notes(conn, ids), words.credited),
    "bucket.used": Writer(lambda conn, _house, ids: balances.buckets(conn, ids), words.bucket_used),
    **{f"notice.{one}": Writer(ladder_notices.steps, ladder_notices.write) for one in get_args(StepName)},
    **{
        f"notice.limit_{one}": Writer(limit_notices.gather, limit_notices.write)
        for one in ("near", "reached", "barred")
    },
    "campaign": Writer(lambda conn, _house, ids: facts.campaigns(conn, ids), words.campaign),
    **{f"code.{purpose}": Writer(None, words.code) for purpose in ("link", "pin", "page")},
}
"""By the template's first two words. Whatever is not here says what it was put down with: `reply.text`, `ticket.*`."""
PLAIN = Writer(None, words.plain)


@cache
def kind_of(template: str) -> str:
    """The first two words of a template: of `notice.ready.pay` `notice.ready`."""
    return ".".join(template.split(".")[:2])


def writer_of(template: str) -> Writer:
    """The writer of a template."""
    return WRITERS.get(kind_of(template), PLAIN)


async def compose(
    conn: AsyncConnection, house: House, rows: Sequence[Leaving], channels: Collection[str] = readers.PREFERENCE,
    resting: Collection[str] = (),
) -> list[Composed]:  # fmt: skip
    """What becomes of each row, in the order given. `channels`: those that can send; `resting`: those out of order just now."""
    now, rules = house.clock.now(), house.operator.notices
    found = await readers.find(conn, now, rows, channels, house.operator.languages[0], rules.order)
    subjects: dict[str, set[int]] = {}
    for row in rows:
        if row.subject_id is not None and writer_of(row.template).gather:
            subjects.setdefault(kind_of(row.template), set()).add(row.subject_id)
    known: dict[str, Mapping[int, Any]] = {}
    for kind, ids in subjects.items():
        gather = WRITERS[kind].gather
        if gather is not None:
            known[kind] = await gather(conn, house, ids)
    had = await campaigns_had(conn, now, rows)
    until = held_until(now, house.zone, rules)
    made: list[Composed] = []
    for row in rows:
        contact_id = row.contact_id or 0
        if row.kind == "campaign" and had.get(contact_id, 0) >= rules.campaigns_per_week:
            made.append(Dropped(row, "she has had enough campaigns this week"))
            continue
        one = _first(house, row, found[row.id], known, until, resting)
        if row.kind == "campaign" and isinstance(one, Letter):
            had[contact_id] = had.get(contact_id, 0) + 1
        made.append(one)
    return made


def _first(
    house: House, row: Leaving, found: Sequence[Reader], known: dict[str, Mapping[int, Any]], until: datetime | None,
    resting: Collection[str],
) -> Composed:  # fmt: skip
    """The letter to the first reader that can be written to; else why there is none."""
    if not found:
        return Failed(row, row.tried) if row.tried else Dropped(row, "nobody to send it to")
    awake = [reader for reader in found if reader.channel not in resting]
    for reader in awake:
        made = _one(house, row, reader, known, until)
        if not isinstance(made, Letter) or not reader.closed or made.notice.template:
            return made
    if len(awake) < len(found):
        return out_of_order(house, row)
    return Failed(row, row.after("whatsapp", "window_closed"))


def out_of_order(house: House, row: Leaving) -> Held:
    """Its provider is left alone just now; no try is counted."""
    return Held(row, house.clock.now() + REST, "the provider is out of order")


def _one(
    house: House, row: Leaving, reader: Reader, known: dict[str, Mapping[int, Any]], until: datetime | None
) -> Composed:
    try:
        made = _words(house, row, reader, known)
        if isinstance(made, Untrue):
            return Dropped(row, made.reason)
        if isinstance(made, NotYet):
            return Held(row, made.until or house.clock.now() + PAUSE, made.reason)
        if made.can_wait and until is not None:
            return Held(row, until)
        return _letter(house, row, reader, made)
    except Exception as bug:  # one row's broken template must not stop the others
        return Poison(row, f"{type(bug).__name__}: {bug}"[:200])


def _words(house: House, row: Leaving, reader: Reader, known: dict[str, Mapping[int, Any]]) -> Words | Untrue | NotYet:
    kind = kind_of(row.template)
    writer = writer_of(row.template)
    if writer.gather is None:
        return writer.write(house, row, reader, None)
    subject = known.get(kind, {}).get(row.subject_id or 0)
    return words.GONE if subject is None else writer.write(house, row, reader, subject)


def _letter(house: House, row: Leaving, reader: Reader, made: Words) -> Letter:
    if made.text is None:
        text = say(reader.language, made.key, **made.params)
    else:
        fields(made.text)
        text = made.text.format(**made.params)
    if made.smile:
        text += " " + say(reader.language, "notice.smile")
    log = pattern(reader.language, made.key) if row.kind == "code" else text
    options = tuple(Option(str(key), str(label)) for key, label in row.params.get("options", ()))
    template = _template(house, reader, made, text)
    sender = row.params.get("from")
    notice = Notice(row.key, reader.channel, reader.to, text, sender, options, template, reader.closed)
    return Letter(row, notice, reader, log)


def _template(house: House, reader: Reader, made: Words, text: str) -> Template | None:
    """The approved wording of a message, where its channel has such and the operator named it."""
    places = house.operator.notices.whatsapp_templates.get(made.key)
    if reader.channel != "whatsapp" or places is None:
        return None
    fields = {**made.params, "text": text}
    return Template(made.key.replace(".", "_"), reader.language, tuple(str(fields[name]) for name in places))
