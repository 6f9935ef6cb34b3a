"""Points are earned once, spent once, and always add up."""

import asyncio
import random
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from channels.contract import ByMessage
from core.context import House
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


async def someone(house: House, earned: int = 0) -> Customer:
    """A customer with so many points."""
    async with house.db.writing() as conn:
        await a_branch(conn, house)
        customer = await a_customer(conn, house)
        await earn.for_paid_bills(conn, house, customer.account_id, [a_paid_bill(1, earned * 100_00)])
    return customer


async def has(house: House, customer: Customer) -> int:
    async with house.db.reading() as conn:
        assert (await points.totals(conn)).even
        return await points.balance(conn, customer.account_id)


async def test_a_bill_paid_by_its_due_day_earns_a_point_for_each_full_hundred(house: House) -> None:
    customer = await someone(house)
    async with house.db.writing() as conn:
        earned = await earn.for_paid_bills(
            conn,
            house,
            customer.account_id,
            [a_paid_bill(1, 1_299_99), a_paid_bill(2, 99_99), a_paid_bill(3, 500_00, late=1), a_paid_bill(4, -100_00)],
        )
    assert (earned, await has(house, customer)) == (12, 12)


async def test_a_payment_told_five_times_earns_once_and_a_reversed_one_earns_nothing(house: House) -> None:
    customer = await someone(house)
    for _ in range(5):
        async with house.db.writing() as conn:
            await earn.for_paid_bills(conn, house, customer.account_id, [a_paid_bill(1, 1_000_00)])
    assert await has(house, customer) == 10
    async with house.db.writing() as conn:
        assert await earn.take_back(conn, house, [1, 2]) == 1
        assert await earn.take_back(conn, house, [1]) == 0
    assert await has(house, customer) == 0


async def test_fifty_taps_at_once_redeem_once(house: House) -> None:
    customer = await someone(house, 100)

    async def tap() -> int:
        async with house.db.writing() as conn:
            return (await redeem.kwh(conn, house, account_id=customer.account_id, units=2, key="tap")).id

    assert len(set(await asyncio.gather(*(tap() for _ in range(50))))) == 1
    assert await has(house, customer) == 60


async def test_fifty_different_wishes_spend_no_more_than_there_is(house: House) -> None:
    customer = await someone(house, 100)

    async def wish(number: int) -> bool:
        async with house.db.writing() as conn:
            try:
                await redeem.kwh(conn, house, account_id=customer.account_id, units=2, key=f"w{number}")
            except Refused as why:
                assert why.code == "rewards.too_few"
                return False
        return True

    assert sum(await asyncio.gather(*(wish(number) for number in range(50)))) == 2
    assert await has(house, customer) == 20


async def test_units_are_taken_up_by_bills_oldest_first_and_what_was_not_used_stays(house: House) -> None:
    customer = await someone(house, 200)
    account = customer.account_id
    async with house.db.writing() as conn:
        for number in (1, 2):
            await redeem.kwh(conn, house, account_id=account, units=2, key=f"k{number}")
        assert await units.free_units(conn, [account, 99]) == {account: 4 * MICRO}
        assert await units.take_up(conn, house, {account: (501, 3 * MICRO)}) == 2
        assert await units.free_units(conn) == {account: MICRO}
        assert await units.take_up(conn, house, {account: (502, 5 * MICRO), 99: (503, MICRO)}) == 1
        assert await units.free_units(conn, [account]) == {}
        spent = (await conn.execute(select(func.sum(redemption.c.points), func.sum(redemption.c.amount)))).one()
        bills = (await conn.execute(select(redemption.c.invoice_id).order_by(redemption.c.id))).scalars().all()
    assert (int(spent[0]), int(spent[1])) == (80, 4 * MICRO)
    assert bills == [501, 501, 502]
    assert await has(house, customer) == 120


async def test_units_are_for_who_has_electricity(house: House) -> None:
    async with house.db.writing() as conn:
        await a_branch(conn, house)
        customer = await a_customer(conn, house, commodity="water")
        with pytest.raises(Refused, match=r"rewards\.no_electricity"):
            await redeem.kwh(conn, house, account_id=customer.account_id, units=1, key="k")


class Provider:
    """Airtime's provider: answers as told, and counts what it was asked for."""

    def __init__(self, state: str) -> None:
        self.state, self.asked = state, list[tuple[str, int, str]]()

    async def __call__(self, phone: str, amount_minor: int, currency: str, key: str) -> Sent:
        self.asked.append((phone, amount_minor, key))
        return Sent(key, self.state, "ATQid_1" if self.state == "accepted" else None)


class Phone(ByMessage):
    """Collects the SMS that left."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def send(self, notices: "list[object]") -> list[Sent]:
        self.texts += [str(getattr(notice, "text", "")) for notice in notices]
        return [Sent(str(getattr(notice, "key", "")), "accepted") for notice in notices]


async def _order(house: House, customer: Customer, key: str = "a") -> int:
    async with house.db.writing() as conn:
        made = await redeem.airtime(
            conn, house, account_id=customer.account_id, phone=customer.phone, amount_minor=20_00, key=key
        )
    return made.id


async def _state(house: House) -> str:
    async with house.db.reading() as conn:
        return str((await conn.execute(select(redemption.c.state))).scalar_one())


async def _report(house: House, state: str, ref: str = "ATQid_1", **more: object) -> bool:
    async with house.db.writing() as conn:
        report = Delivery("airtime", ref, state, True, **more)
        return await airtime.reported(conn, house, report)


async def test_airtime_is_reserved_sent_and_confirmed_and_its_cost_booked(house: House) -> None:
    customer, port = await someone(house, 50), Provider("accepted")
    await _order(house, customer)
    await _order(house, customer)
    assert (await _state(house), await has(house, customer)) == ("reserved", 30)
    await Dispatcher(house, {}, {"airtime": airtime.handler(port)}).drain()
    assert len(port.asked) == 1 and port.asked[0][:2] == (customer.phone, 20_00)
    assert await _state(house) == "sent"
    assert [await _report(house, "delivered") for _ in range(3)] == [True, True, True]
    assert (await _state(house), await has(house, customer)) == ("confirmed", 30)
    async with house.db.reading() as conn:
        assert await queries.balance(conn, "rewards_cost", 0, "KES") == 20_00


async def test_airtime_that_was_refused_gives_the_points_back_and_says_so_once(house: House) -> None:
    customer, phone = await someone(house, 50), Phone()
    await _order(house, customer)
    await Dispatcher(house, {"sms": phone}, {"airtime": airtime.handler(Provider("refused"))}).drain()
    assert (await _state(house), await has(house, customer)) == ("reversed", 50)
    assert phone.texts == ["Sorry, the airtime could not be sent. Your 20 points are back in your account. Mwangaza"]


async def test_a_timeout_is_unknown_and_never_sent_again_until_the_provider_speaks(house: House, clock) -> None:
    customer, port = await someone(house, 50), Provider("unknown")
    await _order(house, customer)
    dispatcher = Dispatcher(house, {}, {"airtime": airtime.handler(port)})
    for _ in range(3):
        await dispatcher.drain()
        clock.forward(timedelta(hours=2))
        await airtime.poll(house)
    assert (len(port.asked), await _state(house), await has(house, customer)) == (1, "unknown", 30)
    assert await _report(house, "failed", "ATQid_9", phone=customer.phone, details={"value": "KES 20.0000"})
    assert (await _state(house), await has(house, customer)) == ("reversed", 50)


async def test_where_the_provider_can_be_asked_polling_settles_the_unknown(house: House, clock) -> None:
    customer = await someone(house, 50)
    await _order(house, customer)
    await Dispatcher(house, {}, {"airtime": airtime.handler(Provider("unknown"))}).drain()

    async def ask(key: str) -> Sent:
        return Sent(key, "accepted")

    assert await airtime.poll(house, ask) == {}
    clock.forward(timedelta(minutes=6))
    assert await airtime.poll(house, ask) == {"asked": 1}
    assert await _state(house) == "confirmed"


async def test_a_crash_while_the_provider_was_called_is_unknown_not_a_second_order(house: House) -> None:
    customer, port = await someone(house, 50), Provider("accepted")
    redemption_id = await _order(house, customer)

    async def dies(phone: str, amount_minor: int, currency: str, key: str) -> Sent:
        raise KeyboardInterrupt

    async with house.db.reading() as conn:
        row_id = (await conn.execute(select(outbox.c.id).where(outbox.c.kind == "airtime"))).scalar_one()
    from core.outbox.queue import Leaving

    row = Leaving(
        row_id, "k", "airtime", "rewards.airtime", None, None, customer.account_id, redemption_id, {}, 1, False
    )
    with pytest.raises(KeyboardInterrupt):
        await airtime.handler(dies)(house, row)
    told = await airtime.handler(port)(house, row)
    assert (told.state, port.asked, await _state(house)) == ("unknown", [], "unknown")


async def test_a_clerk_who_asked_the_provider_settles_it(house: House) -> None:
    customer = await someone(house, 50)
    redemption_id = await _order(house, customer)
    await Dispatcher(house, {}, {"airtime": airtime.handler(Provider("unknown"))}).drain()
    async with house.db.writing() as conn:
        assert await airtime.unknown(conn) == 1
        await airtime.decided(conn, house, redemption_id, arrived=False, actor="user:ann")
    assert (await _state(house), await has(house, customer)) == ("reversed", 50)


async def test_the_books_of_points_are_even_after_many_random_steps(house: House) -> None:
    random.seed(7)
    customer = await someone(house, 30)
    account = customer.account_id
    for step in range(0, 250, 10):
        async with house.db.writing() as conn:
            for number in range(step, step + 10):
                what = random.randrange(4)
                if what == 0:
                    await earn.for_paid_bills(conn, house, account, [a_paid_bill(number, random.randrange(90_000_00))])
                elif what == 1:
                    await earn.take_back(conn, house, [random.randrange(number + 1)])
                else:
                    await _redeem_or_not(conn, house, account, number)
    async with house.db.reading() as conn:
        totals = await points.totals(conn)
    assert totals.even and min(totals.earned, totals.burned, totals.reversed) > 0


async def _redeem_or_not(conn, house: House, account: int, number: int) -> None:
    try:
        if number % 2:
            await redeem.kwh(conn, house, account_id=account, units=random.choice((1, 2, 5)), key=str(number))
        else:
            made = await redeem.airtime(
                conn, house, account_id=account, phone="+254700000001", amount_minor=10_00, key=str(number)
            )
            if number % 3 == 0:
                await airtime.failed(conn, house, made, "no")
    except Refused as why:
        assert why.code == "rewards.too_few"


async def test_points_from_nowhere_are_found_by_db_verify(house: House) -> None:
    customer = await someone(house, 31)
    async with house.db.writing() as conn:
        await earn.for_paid_bills(conn, house, customer.account_id, [a_paid_bill(1, 90_000_00)])
        assert await verify_books.problems(conn) == []
        await conn.execute(
            update(balance)
            .where(
                balance.c.ledger_account_id.in_(select(ledger_account.c.id).where(ledger_account.c.code == "points"))
            )
            .values(amount=balance.c.amount + 7)
        )
        assert any(problem.startswith("points: ") for problem in await verify_books.problems(conn))
