"""The doors through which a payment's outcome reaches us; each hands what happened to `App.happened` in its own transaction.

The gateway opens `told`, the dispatcher `push`, the scheduler `poll` and `collect_due`.
"""

from collections import Counter
from collections.abc import Sequence

from core.context import App
from core.outbox.queue import OutboxRow, Outcome
from core.payments import cards, inbox, mandate_pages, redirect, refund_sender
from core.payments import paybill_pull as pulls
from core.payments import poll as polls
from core.payments import push as pushes
from core.payments.providers.contract import ProviderEventIn


async def told(app: App, provider: str, events: Sequence[ProviderEventIn]) -> None:
    """What a provider called back about (`inbox.read` understood it) is kept and made true, however often it is told."""
    await inbox.take_in(app, provider, events)


async def push(app: App, leaving: OutboxRow) -> Outcome:
    """A prompt leaves for a phone (outbox kind `push`)."""
    return await pushes.send(app, leaving)


async def refund(app: App, leaving: OutboxRow) -> Outcome:
    """Money goes back (outbox kind `refund`)."""
    return await refund_sender.send(app, leaving)


async def forget(app: App, leaving: OutboxRow) -> Outcome:
    """A card or mandate she removed is forgotten by its provider (outbox kind `forget`)."""
    return await cards.forget(app, leaving)


async def pull(app: App) -> Counter[str]:
    """Paybill payments whose notes were lost; run it every quarter of an hour."""
    return await pulls.pull(app)


async def mandate_page(app: App, account_id: int, *, actor: str) -> str:
    """The provider's page on which she gives a mandate (or saves a card): its address."""
    return await mandate_pages.start(app, account_id, actor=actor)


async def page(app: App, token: str) -> str:
    """A paylink is followed to the provider's page: its address."""
    return await redirect.start(app, token)


async def back(app: App, token: str) -> str | None:
    """She returns from the provider's page: why her last try failed, if it did (a word of `payments.reason.*`)."""
    return await redirect.back(app, token)


async def poll(app: App) -> Counter[str]:
    """Ask about what is unknown, and take up events that wait; run it every half minute or so."""
    found = await polls.poll_unknown(app)
    found["waiting"] += await inbox.work_off(app)
    return found
