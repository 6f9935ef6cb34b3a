"""Somebody would like an account: noted once, and not longer than anybody reads."""

from sqlalchemy import select

from core.context import App
from core.parties import contacts, interest
from core.parties.tables import interest as interests


async def test_an_interest_is_noted_once_and_cut_to_a_readable_length(app: App) -> None:
    async with app.db.writing() as conn:
        met = await contacts.find_or_make(conn, app, "ussd", "+254712345678")
        assert await interest.register(conn, app, met.id, " Amina ", "K" * 500, "turn:1")
        assert not await interest.register(conn, app, met.id, "Amina", "Karen", "turn:1")
        row = (await conn.execute(select(interests))).one()
        assert (row.name, len(row.place)) == ("Amina", interest.LONGEST)
