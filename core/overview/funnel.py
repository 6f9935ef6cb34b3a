"""What a campaign came to, for each wording and for those who were left out: told, reached, answered, and paid within a week.

Only the people left out say what would have happened anyway: a wording is worth its cost when more of its people paid than of them.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.campaigns.model import Campaign
from core.campaigns.tables import campaign_member
from core.care.tables import interaction
from core.outbox.queue import outbox
from core.parties.tables import contact_account
from core.payments.tables import receipt

ANSWER_WITHIN, PAY_WITHIN = timedelta(days=3), timedelta(days=7)
STEPS = ("chosen", "sent", "delivered", "answered", "paid")


@dataclass(frozen=True, slots=True)
class Arm:
    """One wording (`a`, `b`) or those left out (`none`), in people."""

    arm: str
    chosen: int
    sent: int
    delivered: int
    answered: int
    paid: int

    def steps(self) -> list[tuple[str, int]]:
        """The steps that mean something for this arm, each with its people: who was left out was sent nothing."""
        text = [(step, int(getattr(self, step))) for step in STEPS]
        return text if self.arm != "none" else [text[0], text[-1]]


async def funnel(conn: AsyncConnection, campaign: Campaign) -> list[Arm]:
    """Every arm of a campaign that has people, in one query."""
    member, start = campaign_member.c, campaign.starts_at
    answered = exists().where(
        interaction.c.contact_id == member.contact_id,
        interaction.c.direction == "in",
        interaction.c.at >= start,
        interaction.c.at >= outbox.c.settled_at,
        interaction.c.at < start + ANSWER_WITHIN,
    )
    paid = exists().where(
        contact_account.c.contact_id == member.contact_id,
        receipt.c.account_id == contact_account.c.account_id,
        receipt.c.received_at >= start,
        receipt.c.received_at < start + PAY_WITHIN,
        receipt.c.state != "reversed",
    )
    rows = await conn.execute(
        select(
            member.arm,
            func.count(),
            func.sum(case((outbox.c.state.in_(("sent", "delivered")), 1), else_=0)),
            func.sum(case((outbox.c.state == "delivered", 1), else_=0)),
            func.sum(case((answered, 1), else_=0)),
            func.sum(case((paid, 1), else_=0)),
        )
        .select_from(campaign_member.outerjoin(outbox, outbox.c.id == member.outbox_id))
        .where(member.campaign_id == campaign.id)
        .group_by(member.arm)
        .order_by(member.arm)
    )
    return [Arm(row[0], *(int(count) for count in row[1:])) for row in rows]
