"""Paybill payments whose notes were lost: every 15 minutes Safaricom's own list of them is compared with what we were told.

A listed payment is the same event as its note (same key), so what we have is not counted again; a note that waited for proof is
believed now. Each pass looks back further than the last one reached, because lists fill late.
"""

from collections import Counter
from datetime import timedelta

from core.context import App
from core.payments import inbox
from core.payments.providers import daraja

LOOK_BACK = timedelta(hours=6)


async def pull(app: App, *, look_back: timedelta = LOOK_BACK) -> Counter[str]:
    """Pull what came to the paybill; how many events ended in each state (nothing when no paybill is set up, or nobody answers)."""
    mpesa = daraja.opened(app)
    if not mpesa.shortcode or not mpesa.consumer_key:
        return Counter()
    now = app.clock.now()
    found = await mpesa.pull(now - look_back, now)
    if not isinstance(found, list):
        return Counter(unanswered=1)
    return await inbox.tell(app, mpesa.name, found)
