"""Points are earned once, spent once, and always add up."""

import asyncio
import random
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from channels.contract import ByMessage
from core.context import App
from core.errors import Refused
from core.journeys import verify_books
from core.ledger import queries
from core.ledger.tables import balance, ledger_account
from core.message import Delivery, Sent
from core.outbox.queue import outbox
from core.rewards import airtime, earn, points, redeem, units
from core.rewards.model import MICRO, PaidBill
from core.rewards.tables import redemption
from scheduler.dispatch import Dispatcher
from tests.people import Customer, a_branch, a_customer

DUE = date(2026, 3, 24)


def a_paid_bill(invoice_id: int, total: int, *, late: int = 0) -> PaidBill:
    return PaidBill(invoice_id, total, "KES", DUE + timedelta(days=late), DUE)


async def someone(app: App, earned: int = 0) -> Customer:
    """A customer with so many points."""
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        await earn.for_paid_bills(conn, app, customer.account_id, [a_paid_bill(1, earned * 100_00)])
    return customer


async def has(app: App, customer: Customer) -> int:
    async with app.db.reading() as conn:
        assert (await points.totals(conn)).even
        return await points.balance(conn, customer.account_id)


async def test_a_bill_paid_by_its_due_day_earns_a_point_for_each_full_hundred(app: App) -> None:
    customer = await someone(app)
    async with app.db.writing() as conn:
        earned = await earn.for_paid_bills(
            conn,
            app,
            customer.account_id,
            [a_paid_bill(1, 1_299_99), a_paid_bill(2, 99_99), a_paid_bill(3, 500_00, late=1), a_paid_bill(4, -100_00)],
        )
    assert (earned, await has(app, customer)) == (12, 12)


async def test_a_payment_told_five_times_earns_once_and_a_reversed_one_earns_nothing(app: App) -> None:
    customer = await someone(app)
    for _ in range(5):
        async with app.db.writing() as conn:
            await earn.for_paid_bills(conn, app, customer.account_id, [a_paid_bill(1, 1_000_00)])
    assert await has(app, customer) == 10
    async with app.db.writing() as conn:
        assert await earn.take_back(conn, app, [1, 2]) == 1
        assert await earn.take_back(conn, app, [1]) == 0
    assert await has(app, customer) == 0


async def test_fifty_taps_at_once_redeem_once(app: App) -> None:
    customer = await someone(app, 100)

    async def tap() -> int:
        async with app.db.writing() as conn:
            return (await redeem.kwh(conn, app, account_id=customer.account_id, units=2, key="tap")).id

    assert len(set(await asyncio.gather(*(tap() for _ in range(50))))) == 1
    assert await has(app, customer) == 60


async def test_fifty_different_wishes_spend_no_more_than_there_is(app: App) -> None:
    customer = await someone(app, 100)

    async def wish(number: int) -> bool:
        async with app.db.writing() as conn:
            try:
                await redeem.kwh(conn, app, account_id=customer.account_id, units=2, key=f"w{number}")
            except Refused as why:
                assert why.code == "rewards.too_few"
                return False
        return True

    assert sum(await asyncio.gather(*(wish(number) for number in range(50)))) == 2
    assert await has(app, customer) == 20


async def test_units_are_taken_up_by_bills_oldest_first_and_what_was_not_used_stays(app: App) -> None:
    customer = await someone(app, 200)
    account = customer.account_id
    async with app.db.writing() as conn:
        for number in (1, 2):
            await redeem.kwh(conn, app, account_id=account, units=2, key=f"k{number}")
        assert await units.free_units(conn, [account, 99]) == {account: 4 * MICRO}
        assert await units.take_up(conn, app, {account: (501, 3 * MICRO)}) == 2
        assert await units.free_units(conn) == {account: MICRO}
        assert await units.take_up(conn, app, {account: (502, 5 * MICRO), 99: (503, MICRO)}) == 1
        assert await units.free_units(conn, [account]) == {}
        spent = (await conn.execute(select(func.sum(redemption.c.points), func.sum(redemption.c.amount)))).one()
        bills = (await conn.execute(select(redemption.c.invoice_id).order_by(redemption.c.id))).scalars().all()
    assert (int(spent[0]), int(spent[1])) == (80, 4 * MICRO)
    assert bills == [501, 501, 502]
    assert await has(app, customer) == 120


async def test_units_are_for_who_has_electricity(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app, commodity="water")
        with pytest.raises(Refused, match=r"rewards\.no_electricity"):
            await redeem.kwh(conn, app, account_id=customer.account_id, units=1, key="k")


class Provider:
    """Airtime's provider: answers as told, and counts what it was asked for."""

    def __init__(self, state: str) -> None:
        self.state, self.asked = state, list[tuple[str, int, str]]()

    async def __call__(self, phone: str, amount_minor: int, currency: str, key: str) -> Sent:
        self.asked.append((phone, amount_minor, key))
        return Sent(key, self.state, "ATQid_1" if self.state == "done" else None)


class Phone(ByMessage):
    """Collects the SMS that left."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def send(self, notices: "list[object]") -> list[Sent]:
        self.texts += [str(getattr(notice, "text", "")) for notice in notices]
        return [Sent(str(getattr(notice, "key", "")), "done") for notice in notices]


async def _order(app: App, customer: Customer, key: str = "a") -> int:
    async with app.db.writing() as conn:
        made = await redeem.airtime(
            conn, app, account_id=customer.account_id, phone=customer.phone, amount_minor=20_00, key=key
        )
    return made.id


async def _state(app: App) -> str:
    async with app.db.reading() as conn:
        return str((await conn.execute(select(redemption.c.state))).scalar_one())


async def _report(app: App, state: str, ref: str = "ATQid_1", **more: object) -> bool:
    async with app.db.writing() as conn:
        report = Delivery("airtime", ref, state, True, **more)
        return await airtime.reported(conn, app, report)


async def test_airtime_is_reserved_sent_and_confirmed_and_its_cost_booked(app: App) -> None:
    customer, port = await someone(app, 50), Provider("done")
    await _order(app, customer)
    await _order(app, customer)
    assert (await _state(app), await has(app, customer)) == ("reserved", 30)
    await Dispatcher(app, {}, {"airtime": airtime.handler(port)}).drain()
    assert len(port.asked) == 1 and port.asked[0][:2] == (customer.phone, 20_00)
    assert await _state(app) == "sent"
    assert [await _report(app, "delivered") for _ in range(3)] == [True, True, True]
    assert (await _state(app), await has(app, customer)) == ("confirmed", 30)
    async with app.db.reading() as conn:
        assert await queries.balance(conn, "rewards_cost", 0, "KES") == 20_00


async def test_airtime_that_was_refused_gives_the_points_back_and_says_so_once(app: App) -> None:
    customer, phone = await someone(app, 50), Phone()
    await _order(app, customer)
    await Dispatcher(app, {"sms": phone}, {"airtime": airtime.handler(Provider("refused"))}).drain()
    assert (await _state(app), await has(app, customer)) == ("reversed", 50)
    assert phone.texts == ["Sorry, the airtime could not be sent. Your 20 points are back in your account. Mwangaza"]


async def test_a_timeout_is_unknown_and_never_sent_again_until_the_provider_speaks(app: App, clock) -> None:
    customer, port = await someone(app, 50), Provider("unknown")
    await _order(app, customer)
    dispatcher = Dispatcher(app, {}, {"airtime": airtime.handler(port)})
    for _ in range(3):
        await dispatcher.drain()
        clock.forward(timedelta(hours=2))
        await airtime.poll(app)
    assert (len(port.asked), await _state(app), await has(app, customer)) == (1, "unknown", 30)
    assert await _report(app, "failed", "ATQid_9", phone=customer.phone, details={"value": "KES 20.0000"})
    assert (await _state(app), await has(app, customer)) == ("reversed", 50)


async def test_where_the_provider_can_be_asked_polling_settles_the_unknown(app: App, clock) -> None:
    customer = await someone(app, 50)
    await _order(app, customer)
    await Dispatcher(app, {}, {"airtime": airtime.handler(Provider("unknown"))}).drain()

    async def ask(key: str) -> Sent:
        return Sent(key, "done")

    assert await airtime.poll(app, ask) == {}
    clock.forward(timedelta(minutes=6))
    assert await airtime.poll(app, ask) == {"asked": 1}
    assert await _state(app) == "confirmed"


async def test_a_crash_while_the_provider_was_called_is_unknown_not_a_second_order(app: App) -> None:
    customer, port = await someone(app, 50), Provider("done")
    redemption_id = await _order(app, customer)

    async def dies(phone: str, amount_minor: int, currency: str, key: str) -> Sent:
        raise KeyboardInterrupt

    async with app.db.reading() as conn:
        row_id = (await conn.execute(select(outbox.c.id).where(outbox.c.kind == "airtime"))).scalar_one()
    from core.outbox.queue import OutboxRow

    row = OutboxRow(
        row_id, "k", "airtime", "rewards.airtime", None, None, customer.account_id, redemption_id, {}, 1, False
    )
    with pytest.raises(KeyboardInterrupt):
        await airtime.handler(dies)(app, row)
    told = await airtime.handler(port)(app, row)
    assert (told.state, port.asked, await _state(app)) == ("unknown", [], "unknown")


async def test_a_clerk_who_asked_the_provider_settles_it(app: App) -> None:
    customer = await someone(app, 50)
    redemption_id = await _order(app, customer)
    await Dispatcher(app, {}, {"airtime": airtime.handler(Provider("unknown"))}).drain()
    async with app.db.writing() as conn:
        assert await airtime.unknown(conn) == 1
        await airtime.decided(conn, app, redemption_id, arrived=False, actor="user:ann")
    assert (await _state(app), await has(app, customer)) == ("reversed", 50)


async def test_the_books_of_points_are_even_after_many_random_steps(app: App) -> None:
    random.seed(7)
    customer = await someone(app, 30)
    account = customer.account_id
    for step in range(0, 250, 10):
        async with app.db.writing() as conn:
            for number in range(step, step + 10):
                what = random.randrange(4)
                if what == 0:
                    await earn.for_paid_bills(conn, app, account, [a_paid_bill(number, random.randrange(90_000_00))])
                elif what == 1:
                    await earn.take_back(conn, app, [random.randrange(number + 1)])
                else:
                    await _redeem_or_not(conn, app, account, number)
    async with app.db.reading() as conn:
        totals = await points.totals(conn)
    assert totals.even and min(totals.earned, totals.burned, totals.reversed) > 0


async def _redeem_or_not(conn, app: App, account: int, number: int) -> None:
    try:
        if number % 2:
            await redeem.kwh(conn, app, account_id=account, units=random.choice((1, 2, 5)), key=str(number))
        else:
            made = await redeem.airtime(
                conn, app, account_id=account, phone="+254700000001", amount_minor=10_00, key=str(number)
            )
            if number % 3 == 0:
                await airtime.failed(conn, app, made, "no")
    except Refused as why:
        assert why.code == "rewards.too_few"


async def test_points_from_nowhere_are_found_by_db_verify(app: App) -> None:
    customer = await someone(app, 31)
    async with app.db.writing() as conn:
        await earn.for_paid_bills(conn, app, customer.account_id, [a_paid_bill(1, 90_000_00)])
        assert await verify_books.problems(conn) == []
        await conn.execute(
            update(balance)
            .where(
                balance.c.ledger_account_id.in_(select(ledger_account.c.id).where(ledger_account.c.code == "points"))
            )
            .values(amount=balance.c.amount + 7)
        )
        assert any(problem.startswith("points: ") for problem in await verify_books.problems(conn))
