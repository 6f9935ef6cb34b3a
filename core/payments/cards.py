"""Cards on file: the provider's token for a card, kept on the mandate she gave for it, known by brand, last figures and last day.

Never a number of a card. A card that the provider renews (an account updater) keeps its mandate; one that she removes loses its token
here, so that nothing of ours could charge it again, and whatever was planned under it is dropped.
"""

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import Refused
from core.house import House
from core.payments import mandates
from core.payments.providers.contract import Saved
from core.payments.tables import mandate

LONGEST = 60
"""Letters of what its owner recognises."""


async def keep(conn: AsyncConnection, house: House, provider: str, reference: str, saved: Saved) -> None:
    """The card that was paid with to give the mandate `reference`: active from now on, or failed where it cannot be charged again."""
    found = await _of(conn, mandate.c.reference == reference, provider)
    if found is None or found.state != "pending":
        return
    actor = f"provider:{provider}"
    if not saved.reusable or (saved.expires_on and saved.expires_on < house.today()):
        await mandates.cancel(conn, house, reference, actor=actor, state="failed")
        return
    await _write(conn, found.id, saved)
    await mandates.activate(conn, house, reference, actor=actor)


async def renewed(conn: AsyncConnection, provider: str, saved: Saved) -> bool:
    """The provider knows more of a card on file, or its bank replaced it; False when we keep no such token."""
    found = await _of(conn, mandate.c.provider_ref == saved.token, provider)
    if found is None:
        return False
    await _write(conn, found.id, saved)
    return True


async def remove(conn: AsyncConnection, house: House, account_id: int, *, actor: str) -> None:
    """She wants it collected no more: the mandate of the account ends and its token is gone. `Refused` when there is none."""
    found = (await mandates.active_for(conn, [account_id])).get(account_id)
    if found is None:
        raise Refused("payments.mandate.over", status=404, reference="")
    await mandates.cancel(conn, house, found.reference, actor=actor)
    await conn.execute(update(mandate).where(mandate.c.id == found.id).values(provider_ref=None))


async def _write(conn: AsyncConnection, mandate_id: int, saved: Saved) -> None:
    known = {"masked": saved.masked[:LONGEST], "expires_on": saved.expires_on}
    values = {"provider_ref": saved.token, **{name: value for name, value in known.items() if value}}
    await conn.execute(update(mandate).where(mandate.c.id == mandate_id).values(values))


async def _of(conn: AsyncConnection, which: ColumnElement[bool], provider: str) -> Row[int, str] | None:
    query = select(mandate.c.id, mandate.c.state).where(which, mandate.c.provider == provider)
    return (await conn.execute(query.with_for_update())).first()
