"""The mobile example's newcomer finds her welcome bundles on her phone at once, in her language, and after a use what is left."""

from dataclasses import replace
from importlib.resources import as_file, files

from channels.contract import BySession
from core.balances import queries, spend, verify
from core.balances.model import Want
from core.config.operator import read_operator
from core.context import App
from core.metering.store import sources
from core.onboarding.model import NewCustomer, Registered
from core.onboarding.register import register_customer
from core.summary.reader import open_quick
from dialogs.counter import caller
from dialogs.localize import Localizer
from dialogs.model import CounterRequest
from tests.core.balances.world import MB

PHONE = "+447700900001"


def mobile(app: App) -> App:
    with as_file(files("examples") / "mobile") as folder:
        assert sources.of_folder(folder).keys() == {"switch"}
        return replace(app, operator=read_operator(folder))


async def newcomer(app: App) -> Registered:
    async with app.db.writing() as conn:
        return await register_customer(conn, app, NewCustomer("Ann", phone=PHONE, commodity="mobile", number="77"))


async def balances(app: App, account_id: int, lang: str = "en") -> str:
    quick = open_quick(app.db)

    class Glance:
        async def standing(self) -> list[object]:
            return list(await quick.standing("ussd", PHONE))

    request = CounterRequest("ussd", PHONE, PHONE, lang, 1, 1, account_id, (account_id,), {}, traits=BySession())
    told = await caller.balances(Glance(), app, request)  # a glance without a turn
    await quick.close()
    return Localizer(app.zone).write(lang, told.lines)


async def test_a_newcomer_sees_her_bundles_and_what_is_left_after_a_use(app: App) -> None:
    app = mobile(app)
    ann = await newcomer(app)
    assert await balances(app, ann.account_id) == (
        "You owe nothing (as of 10 Mar 09:00)\nWelcome data: 500 MB until 9 Apr (as of 10 Mar 09:00)\n"
        "Welcome texts: 20 until 9 Apr (as of 10 Mar 09:00)\nPoints: 0 (as of 10 Mar 09:00)"
    )
    async with app.db.writing() as conn:
        want = Want(ann.account_id, "MB", 120 * MB, "data", ann.service_id)
        await spend.deduct(conn, app, want, key="k", why="data")
    assert "Data ya karibu: 380 MB hadi 9 Apr" in await balances(app, ann.account_id, "sw")
    async with app.db.reading() as conn:
        assert await verify.problems(conn) == []


async def test_a_welcome_of_money_is_known_to_the_ledger_and_only_for_its_commodity(app: App) -> None:
    rules = app.operator.balances.model_validate(
        {"welcome": [{"name": {"en": "Hello"}, "amount": "5", "unit": "KES", "commodity": "mobile"}]}
    )
    app = replace(app, operator=app.operator.model_copy(update={"balances": rules}))
    ann = await newcomer(app)
    async with app.db.writing() as conn:
        other = await register_customer(conn, app, NewCustomer("Bob"))
    async with app.db.reading() as conn:
        assert [one.amount for one in await queries.buckets_of(conn, ann.account_id)] == [500]
        assert await queries.buckets_of(conn, other.account_id) == []
        assert await verify.problems(conn) == []


async def test_no_more_than_three_buckets_are_told_and_how_many_more(app: App) -> None:
    many = [{"name": {"en": f"B{at}"}, "amount": "1", "unit": "MB"} for at in range(5)]
    rules = app.operator.balances.model_validate({"welcome": many})
    ann = await newcomer(replace(app, operator=app.operator.model_copy(update={"balances": rules})))
    told = await balances(app, ann.account_id)
    assert told.count(" MB ") == 3
    assert "and 2 more" in told
