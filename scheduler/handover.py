"""Hands composed letters to the channel that sends them, and reads what became of each as the outbox wants to know it.

done -> sent; refused -> by the next channel if the customer has another and nobody named the way, else failed for good; not_reached ->
waiting with its back-off; unknown -> once more only if the row may leave twice (`resend_unknown`), else it stays `unknown` and a person can
see it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from msgspec.structs import replace

from channels.transliteration import shorter
from core.context import App
from core.message import Notice, Sent
from core.notices.compose import Dropped, HeldNotice, Message, NoticeFailed, Poison
from core.outbox.costs import MessageCost
from core.outbox.queue import OutboxRow, Outcome

log = structlog.get_logger()

BUGS = 3
"""A row that made our own code raise so many times is laid aside as poison."""


class Sender(Protocol):
    """A channel, as the dispatcher sees it (`channels/contract.py`)."""

    @property
    def cellular(self) -> bool:
        """Whether one letter beyond GSM-7 halves the room of a message."""

    @property
    def charged_by_report(self) -> bool:
        """Whether what a message cost stands in the report of its delivery."""

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """What became of each notice, in the order given; never raises for what a provider does."""


Handler = Callable[[App, OutboxRow], Awaitable[Outcome]]
"""Sends what is no message (a payment prompt, airtime). It may be asked twice for one row after a crash, so it keeps its own
record before it calls anyone, and answers `unknown` rather than call again."""


@dataclass(frozen=True, slots=True)
class Together:
    """A handler that looks at many rows in one transaction: `most` of them wait for each other, so not too many. It calls nobody
    outside, and a crash before its commit has done nothing."""

    handler: Callable[[App, Sequence[OutboxRow]], Awaitable[list[Outcome]]]
    most: int = 200


def in_plain_letters(letter: Message) -> Message:
    """The letter in plain spelling where that makes it fewer SMS, else as it is."""
    text = shorter(letter.notice.text)
    return letter if text == letter.notice.text else replace(letter, notice=replace(letter.notice, text=text))


async def send(senders: Mapping[str, Sender], line: str, letters: Sequence[Message]) -> list[Outcome]:
    """One wave of one channel (or of one of its providers: `sms.kannel`), in the order given."""
    try:
        told = await senders[line].send([letter.notice for letter in letters])
    except Exception as bug:
        log.exception("dispatch.sender_raised", line=line, letters=len(letters))
        return await _one_by_one(senders, line, letters, bug)
    return [outcome(letter, sent) for letter, sent in zip(letters, told, strict=True)]


async def _one_by_one(
    senders: Mapping[str, Sender], line: str, letters: Sequence[Message], bug: Exception
) -> list[Outcome]:
    """A bug of ours in the midst of a wave: find the letter that makes it, without sending twice what must not be."""
    outcomes: list[Outcome] = []
    for letter in letters:
        if len(letters) == 1 or not letter.row.resend_unknown:
            outcomes.append(_raised(letter.row, bug))
        else:
            outcomes += await send(senders, line, [letter])
    return outcomes


def _raised(row: OutboxRow, bug: Exception) -> Outcome:
    if not row.resend_unknown:
        return Outcome(row.id, "unknown", reason=f"the channel raised {type(bug).__name__}", attempts=row.attempts)
    return poison(row, type(bug).__name__)


def poison(row: OutboxRow, reason: str) -> Outcome:
    """Our own code raised for this row: once or twice that may pass, then it is laid aside."""
    state = "dead" if row.attempts >= BUGS else "waiting"
    return Outcome(row.id, state, reason=f"poison: {reason}", attempts=row.attempts)


def outcome(letter: Message, sent: Sent) -> Outcome:
    """The provider's answer as the outbox keeps it."""
    row = letter.row
    if sent.state == "refused" and row.falls_back:
        tried = row.after(letter.notice.channel, sent.reason or "refused")
        return Outcome(row.id, "waiting", sent.provider_ref, sent.reason, row.attempts, tried=tried)
    states = {"done": "sent", "refused": "failed", "not_reached": "waiting"}
    again = "waiting" if row.resend_unknown else "unknown"
    state = states.get(sent.state, again)
    after = sent.after if state == "waiting" else None
    return Outcome(row.id, state, sent.provider_ref, sent.reason, row.attempts, cost=sent.cost, after=after)


async def handle(app: App, handler: Handler, row: OutboxRow) -> Outcome:
    """One row that is no message, by the handler of its kind."""
    try:
        return await handler(app, row)
    except Exception as bug:
        log.exception("dispatch.handler_raised", kind=row.kind, row=row.id)
        return poison(row, type(bug).__name__)


async def handle_together(app: App, together: Together, rows: Sequence[OutboxRow]) -> list[Outcome]:
    """Many rows by one handler; if that raises, one by one, so that a poison row is alone with it."""
    try:
        return await together.handler(app, rows)
    except Exception as bug:
        if len(rows) == 1:
            log.exception("dispatch.handler_raised", kind=rows[0].kind, row=rows[0].id)
            return [poison(rows[0], type(bug).__name__)]
    return [one for row in rows for one in await handle_together(app, together, [row])]


def unsent(one: Dropped | NoticeFailed | HeldNotice | Poison) -> Outcome:
    """What becomes of a row that is no letter."""
    if isinstance(one, HeldNotice):
        return Outcome(one.row.id, "waiting", reason=one.reason, not_before=one.until, attempts=one.row.attempts)
    if isinstance(one, Dropped):
        return Outcome(one.row.id, "dropped", reason=one.reason, attempts=one.row.attempts)
    if isinstance(one, NoticeFailed):
        return Outcome(one.row.id, "failed", reason=one.reason, attempts=one.row.attempts)
    return poison(one.row, one.reason)


def spent(senders: Mapping[str, Sender], outcomes: Sequence[Outcome], letters: Sequence[Message]) -> list[MessageCost]:
    """What a wave may have cost, where no report tells it later."""
    return [
        MessageCost(outcome.id, letter.notice.channel, outcome.cost)
        for letter, outcome in zip(letters, outcomes, strict=False)
        if outcome.state == "sent" and not senders[letter.line].charged_by_report
    ]
