"""The due day of a bill under a mandate: collect it, and tell the customer if that failed."""

from collections import Counter
from datetime import date

from core.context import App
from core.journeys.payment_doors import FOLLOW
from core.payments import collect


async def collect_due(app: App, on: date) -> Counter[str]:
    """Ask for every collection planned for `on` or before, with what follows from an outcome told at once."""
    return await collect.collect_due(app, on, FOLLOW)
