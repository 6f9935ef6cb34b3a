"""Cards on file at Paystack, Flutterwave and Stripe: only a token is kept, charged without them once for a bill, gone when they say so."""

from collections import Counter
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.errors import Refused
from core.journeys.follow import follow
from core.payments import cards, collect, mandates
from core.payments import doors as payment_doors
from core.payments.providers.paystack_payloads import reason as paystack_reason
from core.payments.tables import collection, mandate, receipt
from tests.core.payments.made import Bill, a_bill, an_account, attempts, cash, opened, owed, proven
from tests.gateway.tills_at_work import Work, tills_at_work

CARDS = ["paystack", "flutterwave"]
DAY = date(2026, 3, 23)


@pytest.fixture
def app(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


@pytest.fixture
def both(db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, db, settings, follow)


async def saved(work: Work, name: str, **card: Any) -> int:
    """They leave a card on the provider's page, which costs their a little that is theirs; their account."""
    async with work.app.db.writing() as conn:
        account_id = await an_account(conn, work.app)
    url = await payment_doors.mandate_page(work.app, account_id, actor="customer:1")
    assert url.startswith("https://checkout.")
    till: Any = work.till(name)
    till.pay(next(iter(till.things)), **card)
    await work.idle()
    return account_id


async def planned(work: Work, account_id: int, minor: int = 120_000) -> Bill:
    async with work.app.db.writing() as conn:
        bill = await a_bill(conn, work.app, account_id, minor)
        await mandates.plan_collections(conn, work.app, [bill])
    return bill


async def collected(work: Work, on: date = DAY) -> Counter[str]:
    work.forward(days=(on - work.app.today()).days)
    told = await collect.collect_due(work.app, on)
    await work.idle()
    return told


async def kept(app: App) -> tuple[str, str, date | None, str | None]:
    async with app.db.reading() as conn:
        columns = (mandate.c.state, mandate.c.masked, mandate.c.expires_on, mandate.c.provider_ref)
        return tuple((await conn.execute(select(*columns))).one())


async def plan(app: App) -> tuple[str, date]:
    async with app.db.reading() as conn:
        return tuple((await conn.execute(select(collection.c.state, collection.c.collect_on))).one())


@pytest.mark.parametrize(
    ("name", "shown", "until", "token"),
    [
        ("paystack", "visa ****4081", date(2030, 12, 31), "AUTH_visa:bills@example.org"),
        ("flutterwave", "visa ****2643", date(2027, 3, 10), "flw-t1nf-visa:bills@example.org"),
    ],
)
async def test_a_card_is_saved_by_a_small_payment_that_is_theirs_and_charged_without_them(
    both: App, name: str, shown: str, until: date, token: str
) -> None:
    async with tills_at_work(both, mandates=name) as work:
        account_id = await saved(work, name)
        assert await kept(both) == ("active", shown, until, token)
        assert (await owed(both, account_id), await cash(both, name)) == (-5_000, 5_000)
        bill = await planned(work, account_id)
        assert await collected(work) == Counter(asked=1)
        assert (await opened(both, bill), await cash(both, name)) == ([0], 125_000)
        assert [moved.minor for moved in work.till(name).truth] == [5_000, 120_000]
        assert [one[:2] for one in await attempts(both)] == [("card", "succeeded"), ("direct_debit", "succeeded")]
        await proven(both)


@pytest.mark.parametrize("name", CARDS)
async def test_a_page_whose_webhook_was_lost_is_asked_about_and_the_card_is_kept(app: App, name: str) -> None:
    async with tills_at_work(app, mandates=name) as work:
        work.till(name).manners.calls = 0
        account_id = await saved(work, name)
        assert (await kept(app))[0] == "pending"
        work.forward(minutes=10)
        await payment_doors.poll(work.app)
        assert ((await kept(app))[0], await owed(app, account_id)) == ("active", -5_000)


@pytest.mark.parametrize("name", CARDS)
async def test_a_charge_whose_answer_was_lost_is_asked_about_and_made_once(both: App, name: str) -> None:
    async with tills_at_work(both, mandates=name) as work:
        bill = await planned(work, await saved(work, name))
        till = work.till(name)
        till.manners.answer, till.manners.calls = "dropped_after", 0
        assert await collected(work) == Counter(unknown=1)
        assert await collected(work) == Counter()
        till.manners.answer = "given"
        await payment_doors.poll(work.app)
        assert (await opened(both, bill), len(till.truth)) == ([0], 2)
        await proven(both)


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize(
    ("card", "state", "leave"),
    [
        ("funds", ("planned", date(2026, 3, 30)), "active"), ("issuer", ("planned", date(2026, 3, 30)), "active"),
        ("stolen", ("failed", DAY), "failed"), ("paused", ("failed", DAY), "active"),
    ],
)  # fmt: skip
async def test_a_soft_decline_is_tried_again_a_hard_one_disables_the_card_and_one_that_wants_their_asks_them(
    app: App, name: str, card: str, state: tuple[str, date], leave: str
) -> None:
    async with tills_at_work(app, mandates=name) as work:
        bill = await planned(work, await saved(work, name, card=card))
        assert await collected(work) == Counter(failed=1)
        assert (await plan(app), (await kept(app))[0]) == (state, leave)
        assert await opened(app, bill) == [120_000]


async def test_a_token_the_provider_no_longer_knows_disables_the_card(app: App) -> None:
    async with tills_at_work(app, mandates="paystack") as work:
        await planned(work, await saved(work, "paystack"))
        for one in work.paystack.things.values():
            one["authorization"] = None
        assert await collected(work) == Counter(failed=1)
        assert (await kept(app))[0] == "failed"


async def test_a_card_that_cannot_be_charged_again_is_not_kept_but_its_money_is(app: App) -> None:
    async with tills_at_work(app, mandates="paystack") as work:
        account_id = await saved(work, "paystack", reusable=False)
        assert ((await kept(app))[0], await owed(app, account_id)) == ("failed", -5_000)


async def test_a_card_is_never_charged_past_its_last_day(app: App) -> None:
    async with tills_at_work(app, mandates="flutterwave") as work:
        account_id = await saved(work, "flutterwave")
        work.forward(days=360)
        async with app.db.writing() as conn:
            bill = await a_bill(conn, work.app, account_id, 100, due_on=date(2027, 3, 20))
            assert await mandates.plan_collections(conn, work.app, [bill]) == {}
        work.forward(days=10)
        async with app.db.writing() as conn:
            assert await mandates.lapse(conn, work.app) == 1
        assert (await kept(app))[0] == "expired"


@pytest.mark.parametrize("name", CARDS)
async def test_a_card_they_remove_is_forgotten_and_nothing_planned_is_charged(app: App, name: str) -> None:
    async with tills_at_work(app, mandates=name) as work:
        account_id = await saved(work, name)
        bill = await planned(work, account_id)
        async with app.db.writing() as conn:
            await cards.remove(conn, work.app, account_id, actor="customer:1")
        assert (await kept(app))[0] == "cancelled"
        till = work.till(name)
        till.manners.answer = "dropped_before"
        told = [one.state for one in await work.dispatch()]
        assert told == (["waiting"] if name == "paystack" else ["sent"])
        till.manners.answer = "given"
        work.forward(minutes=1)
        await work.dispatch()
        assert (await kept(app))[::3] == ("cancelled", None)
        assert name != "paystack" or not any(one["authorization"] for one in till.things.values())
        assert (await collected(work), await opened(app, bill)) == (Counter(), [120_000])
        with pytest.raises(Refused):
            async with app.db.writing() as conn:
                await cards.remove(conn, work.app, account_id, actor="customer:1")


async def test_stripe_tells_what_card_it_is_and_when_its_bank_renews_it(app: App) -> None:
    async with tills_at_work(app, mandates="stripe") as work:
        async with work.app.db.writing() as conn:
            account_id = await an_account(conn, work.app)
        await payment_doors.mandate_page(work.app, account_id, actor="customer:1")
        page = next(iter(work.stripe.things.values()))
        shown = {"brand": "visa", "last4": "4242", "exp_month": 8, "exp_year": 2026}
        work.stripe.manners.shuffled = True
        work.stripe.save(page["id"])
        thing = {"id": "pm_card", "object": "payment_method", "customer": page["customer"], "card": shown}
        await work.stripe.post(work.stripe.event("payment_method.attached", thing))
        await work.stripe.tell_held(seed=1)
        await payment_doors.poll(work.app)
        assert (await kept(app))[:3] == ("active", "visa ****4242", date(2026, 8, 31))
        thing["card"] = shown | {"last4": "1881", "exp_year": 2031}
        for _ in range(3):
            await work.stripe.post(work.stripe.event("payment_method.automatically_updated", thing))
        assert (await kept(app))[:3] == ("active", "visa ****1881", date(2031, 8, 31))


@pytest.mark.parametrize("name", ["stripe", "gocardless"])
async def test_what_they_remove_is_forgotten_by_the_provider_too(app: App, name: str) -> None:
    async with tills_at_work(app, mandates=name) as work:
        token = {"stripe": "cus_1:pm_card", "gocardless": "MD1"}[name]
        async with app.db.writing() as conn:
            account_id = await an_account(conn, work.app)
            made = await mandates.create(conn, work.app, account_id, actor="x", provider=name, provider_ref=token)
            await mandates.activate(conn, work.app, made, actor="x")
            await cards.remove(conn, work.app, account_id, actor="customer:1")
        assert [one.state for one in await work.dispatch()] == ["sent"]
        await work.gocardless.flush()
        assert ((await kept(app))[::3], work.stripe.detached) == (
            ("cancelled", None),
            ["pm_card"] if name == "stripe" else [],
        )
        assert (work.gocardless.answers == [200]) == (name == "gocardless")


async def test_nothing_of_a_card_but_its_token_and_last_figures_is_kept(app: App) -> None:
    async with tills_at_work(app, mandates="paystack") as work:
        await saved(work, "paystack")
        async with app.db.reading() as conn:
            rows = [*(await conn.execute(select(mandate))).all(), *(await conn.execute(select(receipt))).all()]
        assert "408408" not in str(rows)


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("Insufficient Funds", "funds"), ("Exceeds withdrawal limit", "funds"), ("Expired Card", "closed"),
        ("Lost Card, Pick-Up", "closed"), ("Stolen Card, Pick-Up", "closed"), ("Restricted Card", "closed"),
        ("Transaction not permitted to cardholder", "closed"), ("Invalid authorization code", "closed"),
        ("Issuer or Switch Inoperative", "technical"), ("System Malfunction", "technical"), ("Do Not Honour", "declined"),
        ("Declined", "declined"), (None, "declined"), ("Token Not Generated. Customer Not Registered on Token Platform", "cancelled"),
    ],
)  # fmt: skip
def test_a_banks_sentence_is_a_word_of_ours(sentence: str | None, word: str) -> None:
    assert paystack_reason(sentence) == word
