"""From a late bill to a restricted service and back: each step once, a last look before each restriction, and money opens at once."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from core.clock import SetClock
from core.collections.tables import episode, protection
from core.context import App
from core.journeys import line_disputed
from core.journeys.dunning import arrangement, restore
from core.ledger.tables import open_item
from core.outbox.queue import outbox
from core.provisioning.tables import bar_command
from tests.journeys.arrears_at_work import DUE, Late, a_late_account

D = timedelta(days=1)
BARRED = DUE + 15 * D


@pytest.fixture
def late(app: App, clock: SetClock) -> Late:
    return Late(app, clock)


async def _late(late: Late, **more: object) -> tuple[int, int, list[int]]:
    late.at(DUE - 14 * D)
    async with late.app.db.writing() as conn:
        return await a_late_account(conn, late.app, **more)


async def test_a_late_account_goes_down_the_ladder_and_money_brings_it_back_at_once(late: Late) -> None:
    account_id, _, [service_id] = await _late(late)
    await late.days(DUE, DUE + 30 * D)
    assert await late.steps(account_id) == [
        (step, "done") for step in ("overdue", "firm", "formal", "soft_bar", "hard_bar")
    ]
    assert late.network.lines == {str(service_id): "hard"}
    assert len(late.texts()) == 5 and "KES 500" in late.texts()[0]
    late.at(DUE + 31 * D, 23)
    await late.pay("ACC100", 50_000, "T1")
    await late.send()
    assert (await late.wanted(), late.network.lines) == ({service_id: "none"}, {str(service_id): "none"})
    assert any("back to normal" in text for text in late.texts())
    async with late.app.db.reading() as conn:
        assert [tuple(row) for row in await conn.execute(select(episode.c.open_id, episode.c.ended_why))] == [
            (None, "paid")
        ]


async def test_the_same_day_run_twice_does_everything_once(late: Late) -> None:
    from core.journeys.dunning import run

    account_id, *_ = await _late(late)
    await late.days(DUE, BARRED)
    for _ in range(2):
        await run.run(late.app, BARRED)
        await late.send()
    assert len(await late.steps(account_id)) == 4
    assert late.network.calls == ["apply soft"]
    assert len(late.texts()) == 4


@pytest.mark.parametrize("doubt", ["paid", "disputed", "protected", "arranged", "pending", "after hours", "weekend"])
async def test_any_doubt_at_the_moment_of_the_restriction_leaves_the_service_alone(late: Late, doubt: str) -> None:
    from core.journeys.dunning import run

    account_id, invoice_id, _ = await _late(late)
    await late.days(DUE, BARRED - D)
    late.at(BARRED, 8)
    await run.due(late.app)
    late.at(BARRED, 10)
    app = late.app
    async with app.db.writing() as conn:
        if doubt == "disputed":
            await line_disputed.dispute(
                conn, app, account_id=account_id, invoice_id=invoice_id, reason="wrong", contact_id=None, key="d1"
            )
        if doubt == "arranged":
            await arrangement.agree(conn, app, account_id, 2, "a1")
        if doubt == "protected":
            await conn.execute(
                insert(protection).values(
                    id=1,
                    account_id=account_id,
                    kind="life_support",
                    open_key=f"{account_id}:life_support",
                    reason="letter",
                    actor="user:a",
                    at=app.clock.now(),
                )
            )
        if doubt == "pending":
            from core.payments import push

            await push.ask(conn, app, account_id, "+254700000001", 50_000, "p1")
    if doubt == "paid":
        await late.pay("ACC100", 50_000, "T1")
    if doubt == "after hours":
        late.at(BARRED, 16)
    if doubt == "weekend":
        late.at(BARRED + 4 * D, 10)
    await late.send()
    assert "none" in (await late.wanted() or {0: "none"}).values()
    assert late.network.lines == {}
    assert ("soft_bar", "done") not in await late.steps(account_id)


async def test_a_restriction_that_missed_its_hours_happens_on_the_next_working_day(late: Late) -> None:
    account_id, _, [service_id] = await _late(late)
    await late.days(DUE, BARRED - D)
    await late.day(BARRED, 16)
    assert ("soft_bar", "waiting") in await late.steps(account_id)
    await late.day(BARRED + D, 7)
    assert late.network.lines == {}
    late.at(BARRED + D, 9)
    await late.send()
    assert (await late.steps(account_id))[-1] == ("soft_bar", "done")
    assert late.network.lines == {str(service_id): "soft"}


async def test_a_notice_that_did_not_arrive_bars_nobody(late: Late) -> None:
    account_id, *_ = await _late(late)
    late.delivers = False
    await late.days(DUE, DUE + 40 * D)
    assert await late.steps(account_id) == [(step, "done") for step in ("overdue", "firm", "formal")]
    assert late.network.lines == {}


async def test_a_service_that_is_prepaid_is_not_cut_for_the_debt_of_another(late: Late) -> None:
    _, _, [postpaid, _prepaid] = await _late(late, modes=("postpaid", "prepaid"))
    await late.days(DUE, BARRED)
    assert late.network.lines == {str(postpaid): "soft"}


async def test_a_dispute_lifts_the_restriction_and_its_rejection_begins_with_fresh_notice(late: Late) -> None:
    account_id, invoice_id, [service_id] = await _late(late)
    await late.days(DUE, BARRED)
    async with late.app.db.writing() as conn:
        await line_disputed.dispute(
            conn, late.app, account_id=account_id, invoice_id=invoice_id, reason="wrong", contact_id=None, key="d1"
        )
    await late.send()
    assert late.network.lines == {str(service_id): "none"}
    await late.days(BARRED + D, BARRED + 10 * D)
    assert len(await late.steps(account_id)) == 4
    async with late.app.db.writing() as conn:
        await conn.execute(update(open_item).values(disputed_minor=0))
    await late.days(BARRED + 11 * D, BARRED + 20 * D)
    assert [step for step, _ in await late.steps(account_id)][4:] == ["formal", "soft_bar"]


async def test_part_of_the_debt_is_paid_and_the_rest_below_the_minimum_restores(late: Late) -> None:
    _, _, [service_id] = await _late(late)
    await late.days(DUE, BARRED)
    await late.pay("ACC100", 39_000, "T1")
    await late.send()
    assert await late.wanted() == {service_id: "soft"}
    await late.pay("ACC100", 2_000, "T2")
    await late.send()
    assert late.network.lines == {str(service_id): "none"}


async def test_a_kept_arrangement_holds_and_a_missed_instalment_resumes(late: Late) -> None:
    account_id, _, [service_id] = await _late(late)
    await late.days(DUE, BARRED)
    async with late.app.db.writing() as conn:
        made = await arrangement.agree(conn, late.app, account_id, 2, "a1")
        again = await arrangement.agree(conn, late.app, account_id, 2, "a1")
    assert made == again and [minor for _, minor in made.instalments] == [25_000, 25_000]
    await late.send()
    assert late.network.lines == {str(service_id): "none"}
    await late.pay("ACC100", 25_000, "T1")
    first, second = (day for day, _ in made.instalments)
    await late.days(BARRED + D, second + 2 * D)
    assert len(await late.steps(account_id)) == 4
    await late.days(second + 3 * D, second + 12 * D)
    assert [step for step, _ in await late.steps(account_id)][4:] == ["formal", "soft_bar"]
    assert first < second


async def test_an_answer_that_is_lost_is_asked_for_and_nothing_is_told_twice(late: Late) -> None:
    await _late(late)
    late.network.manners = ["down", "lost"]
    await late.days(DUE, BARRED)
    for _ in range(4):
        late.clock.forward(timedelta(minutes=3))
        await late.send()
    assert late.network.calls == ["apply soft", "apply soft", "ask"]
    async with late.app.db.reading() as conn:
        assert list((await conn.execute(select(bar_command.c.state))).scalars()) == ["done"]


async def test_a_wish_that_money_overtakes_never_reaches_the_network_after_it(late: Late) -> None:
    _, _, [service_id] = await _late(late)
    late.network.manners = ["down"]
    await late.days(DUE, BARRED)
    await late.pay("ACC100", 50_000, "T1")
    await late.send()
    late.clock.forward(timedelta(minutes=10))
    await late.send()
    assert late.network.calls == ["apply soft", "apply none"]
    assert late.network.lines == {str(service_id): "none"}
    async with late.app.db.reading() as conn:
        states = (await conn.execute(select(bar_command.c.level, bar_command.c.state))).all()
    assert sorted(tuple(row) for row in states) == [("none", "done"), ("soft", "overtaken")]


async def test_what_the_network_does_otherwise_is_found_and_put_right(late: Late) -> None:
    from core.provisioning import compare, queries

    _, _, [service_id] = await _late(late)
    await late.days(DUE, BARRED)
    late.network.lines[str(service_id)] = "none"
    async with late.app.db.reading() as conn:
        assert await queries.differences(conn) == []
    assert (await compare.plan(late.app, BARRED), await compare.plan(late.app, BARRED)) == (1, 0)
    await late.send()
    assert late.network.lines == {str(service_id): "soft"}
    async with late.app.db.reading() as conn:
        kinds = list((await conn.execute(select(outbox.c.kind).where(outbox.c.kind == "provision"))).scalars())
    assert len(kinds) == 2


async def test_reconsidering_an_account_that_still_owes_changes_nothing(late: Late) -> None:
    account_id, _, [service_id] = await _late(late)
    await late.days(DUE, BARRED)
    async with late.app.db.writing() as conn:
        assert not await restore.reconsider(conn, late.app, account_id, "test")
    assert await late.wanted() == {service_id: "soft"}


def test_the_day_of_the_first_restriction_is_a_working_day() -> None:
    assert date(2026, 3, 17) == BARRED
