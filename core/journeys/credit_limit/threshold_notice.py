"""A threshold of a credit limit is crossed: the word to the customer, once a crossing, and the restriction looked at, once a day."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections.limits import REACHED, WARNED, Exposure
from core.context import Context
from core.journeys.dunning.lift_restriction import limit_level
from core.outbox import queue
from core.outbox.queue import OutboxDraft

TEMPLATES = {WARNED: "notice.limit_near", REACHED: "notice.limit_reached"}


async def follow(
    conn: AsyncConnection, context: Context, telling: Sequence[Exposure], at_limit: Sequence[Exposure]
) -> None:
    """Put down what leaves: a notice for each of `telling`, and a look at the lines of those at their limit."""
    letters = [
        OutboxDraft(
            f"limit:{one.account_id}:{one.round}:{one.told}",
            "notice",
            TEMPLATES[one.told],
            account_id=one.account_id,
            subject_id=one.account_id,
            params={"round": one.round},
            resend_unknown=True,
        )
        for one in telling
    ]
    if limit_level(context) is not None:
        letters += [
            OutboxDraft(
                f"limit_bar:{one.account_id}:{one.round}:{context.today()}",
                "limit_bar",
                "bar.limit",
                account_id=one.account_id,
                subject_id=one.account_id,
                params={"round": one.round},
                resend_unknown=True,
            )
            for one in at_limit
        ]
    if letters:
        await queue.enqueue_many(conn, context, letters)
