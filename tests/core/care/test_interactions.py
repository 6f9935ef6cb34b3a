"""What passed between a customer and us is remembered, newest first, a page at a time."""

from datetime import timedelta

from core.care import interactions
from core.care.interactions import Interaction
from core.clock import SetClock
from core.context import App


async def test_the_log_of_a_customer_is_read_newest_first_and_paged(app: App, clock: SetClock) -> None:
    for number in range(5):
        async with app.db.writing() as conn:
            await interactions.log(
                conn,
                app,
                channel="sms",
                direction="in",
                kind="turn",
                text=f"m{number}",
                contact_id=1,
                account_id=2 if number % 2 else None,
            )
        clock.forward(timedelta(minutes=1))
    async with app.db.reading() as conn:
        first = await interactions.of_customer(conn, contact_ids=[1], limit=2)
        rest = await interactions.of_customer(conn, contact_ids=[1], before=first[-1].at)
        mine = await interactions.of_customer(conn, account_id=2)
        nobody = await interactions.of_customer(conn)
    assert [one.text for one in first + rest] == ["m4", "m3", "m2", "m1", "m0"]
    assert [one.text for one in mine] == ["m3", "m1"]
    assert nobody == []


async def test_a_message_of_the_outbox_that_left_twice_is_remembered_once(app: App) -> None:
    message = Interaction(1, 2, "sms", "out", "notice", "hello", 77)
    async with app.db.writing() as conn:
        await interactions.log_many(conn, app, [message])
        await interactions.log_many(conn, app, [message], again=True)
        assert len(await interactions.of_customer(conn, account_id=2)) == 1
