"""Feeds the outbox with the members of the campaigns that run, in batches, each in a transaction of its own."""

from core.campaigns import store
from core.context import App
from core.db.failpoints import point


async def feed_all(app: App) -> int:
    """Begin what is due and put as much of every running campaign into the outbox as may wait there; how many members."""
    async with app.db.writing() as conn:
        running = await store.begin_due(conn, app)
    return sum([await _fill(app, campaign_id) for campaign_id in running])


async def _fill(app: App, campaign_id: int) -> int:
    total = 0
    while True:
        async with app.db.writing() as conn:
            fed = await store.feed(conn, app, campaign_id)
            point("campaign.feeding")
        point("campaign.fed")
        if not fed:
            return total
        total += fed
