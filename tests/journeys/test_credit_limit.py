"""A credit limit: exposure is what is used and not paid; two thresholds told once a crossing; a line limited with care, freed when paid."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event, insert, select

from core.approvals import decide as approvals
from core.clock import SetClock
from core.collections import protect
from core.collections.limits import Exposure, Owes, moved_on
from core.collections.tables import episode, exposure
from core.config.operator import Operator
from core.context import App
from core.errors import Refused
from core.journeys import approved
from core.journeys.credit_limit import change, restrict
from core.journeys.credit_limit import exposure as exposures
from core.journeys.dunning import arrangement, protection, run
from core.journeys.follow import follow
from core.journeys.use_charged import LiveUse, charge
from core.payments.tables import attempt, payment_request
from core.summary.reader import open_quick
from tests.core.payments.made import a_bill
from tests.journeys.arrears_at_work import DUE, Late, a_late_account

LATER = DUE + timedelta(days=60)
TODAY = date(2026, 3, 10)


def _late(app: App, clock: SetClock, operator: Operator, **limit: object) -> Late:
    given = operator.collections.credit_limit.model_copy(update={"amount": "1000", **limit})
    rules = operator.collections.model_copy(update={"credit_limit": given})
    late = Late(App(clock, operator.model_copy(update={"collections": rules}), app.db, app.settings, follow), clock)
    late.dispatcher.handlers["limit_bar"] = restrict.bar
    late.at(TODAY)
    return late


async def _with_debt(late: Late, minor: int = 85_000, **more: object) -> tuple[int, list[int]]:
    async with late.app.db.writing() as conn:
        account_id, _, services = await a_late_account(conn, late.app, minor=minor, due=LATER, **more)
    return account_id, services


async def _tick(late: Late) -> None:
    await exposures.tick(late.app)
    await late.send()


async def _row(late: Late) -> tuple[int, ...]:
    c = exposure.c
    query = select(c.open_minor, c.pending_minor, c.credit_minor, c.total_minor, c.percent, c.told, c.round)
    async with late.app.db.reading() as conn:
        return tuple((await conn.execute(query)).one())


def test_a_crossing_tells_the_higher_threshold_once_and_is_over_below_the_warning() -> None:
    def used(minor: int, before: Exposure) -> tuple[Exposure, int]:
        return moved_on(Exposure(1, 1_000, Owes(minor), before.round, before.told), 80)

    one, told = used(799, Exposure(1, 1_000, Owes()))
    assert told == 0
    one, told = used(800, one)
    assert told == 1
    one, told = used(1_000, one)
    assert (told, one.key) == (2, "limit:1:0:2")
    one, told = used(850, one)
    assert (told, one.told) == (0, 2)
    one, told = used(1_200, one)
    assert told == 0, "still the same crossing"
    one, told = used(799, one)
    assert (told, one.told, one.round) == (0, 0, 1)
    assert used(2_000, one)[1] == 2
    assert Exposure(1, 0, Owes(1)).percent == 100
    assert Exposure(1, 0, Owes()).percent == 0
    assert Exposure(1, None, Owes(9)).percent == 0


async def test_what_is_contested_is_no_exposure_what_is_being_paid_is_and_credit_lowers_it(
    app: App, clock: SetClock, operator: Operator
) -> None:
    late = _late(app, clock, operator)
    account_id, _ = await _with_debt(late, disputed=10_000)
    request, tried = app.ids.take_many(2)
    now = app.clock.now()
    async with app.db.writing() as conn:
        await conn.execute(
            insert(payment_request).values(
                id=request, key="r", kind="push", account_id=account_id, currency="KES", state="open", created_at=now
            )
        )
        await conn.execute(
            insert(attempt).values(
                id=tried,
                key="a",
                request_id=request,
                account_id=account_id,
                provider="daraja",
                method="mobile_push",
                amount_minor=30_000,
                currency="KES",
                state="sent",
                polls=0,
                created_at=now,
            )
        )
    await _tick(late)
    assert await _row(late) == (45_000, 30_000, 0, 75_000, 75, 0, 0)
    await late.pay("ACC100", 90_000, "T1")
    assert await _row(late) == (0, 0, 15_000, 0, 0, 0, 0)


async def test_both_thresholds_are_told_once_and_again_after_a_payment(
    app: App, clock: SetClock, operator: Operator
) -> None:
    late = _late(app, clock, operator)
    account_id, _ = await _with_debt(late)
    for _ in range(3):
        await _tick(late)
    [near] = late.texts()
    assert "KES 850" in near
    assert "85%" in near
    async with app.db.writing() as conn:
        await a_bill(conn, app, account_id, 20_000, due_on=LATER)
    for _ in range(3):
        await _tick(late)
    assert len(late.texts()) == 2
    assert "limit of KES 1,000 is reached" in late.texts()[1]
    assert await late.wanted() == {}, "the policy only tells"
    await late.pay("ACC100", 90_000, "T1")
    async with app.db.writing() as conn:
        await a_bill(conn, app, account_id, 75_000, due_on=LATER)
    await _tick(late)
    assert sum("KES 900" in one for one in late.texts() if "used" in one) == 1, late.texts()


async def test_at_the_limit_a_line_is_limited_after_the_word_and_freed_by_money_at_once(
    app: App, clock: SetClock, operator: Operator
) -> None:
    late = _late(app, clock, operator, action="soft_bar", notice_working_days=0)
    _, [line, prepaid] = await _with_debt(late, 105_000, modes=("postpaid", "prepaid"))
    late.delivers = False
    await _tick(late)
    assert "limited from" in late.texts()[0]
    assert await late.wanted() == {}, "the word has not reached her"
    late.delivers = True
    await late.send()
    late.clock.instant += timedelta(minutes=11)
    await late.send()
    assert await late.wanted() == {line: "soft"}
    assert prepaid not in await late.wanted()
    assert "is limited" in late.texts()[-1]
    await _tick(late)
    assert len(late.texts()) == 2
    await late.pay("ACC100", 6_000, "T1")
    assert await late.wanted() == {line: "none"}
    await late.send()
    assert any("back to normal" in one for one in late.texts())


@pytest.mark.parametrize("shield", ["protected", "arranged", "night", "working days"])
async def test_nothing_is_limited_in_doubt(app: App, clock: SetClock, operator: Operator, shield: str) -> None:
    days = {"working days": None}.get(shield, 0)
    late = _late(app, clock, operator, action="stop", notice_working_days=days)
    account_id, [line] = await _with_debt(late, 150_000)
    async with app.db.writing() as conn:
        if shield == "protected":
            await protect.register(conn, late.app, account_id, "medical", reason="oxygen", actor="user:a")
        if shield == "arranged":
            await a_bill(conn, app, account_id, 20_000, due_on=TODAY - timedelta(days=5))
            await arrangement.agree(conn, late.app, account_id, 1, "k")
    if shield == "night":
        late.at(TODAY, 16)
    for _ in range(2):
        await _tick(late)
        late.clock.instant += timedelta(minutes=11)
    await late.send()
    assert await late.wanted() == {}
    if shield in ("night", "working days"):
        late.at(TODAY + timedelta(days=2), 10)
        await _tick(late)
        assert await late.wanted() == {line: "hard"}


async def test_who_becomes_protected_is_freed_though_the_limit_is_reached(
    app: App, clock: SetClock, operator: Operator
) -> None:
    late = _late(app, clock, operator, action="stop", notice_working_days=0)
    account_id, [line] = await _with_debt(late, 150_000)
    await _tick(late)
    late.clock.instant += timedelta(minutes=11)
    await late.send()
    assert await late.wanted() == {line: "hard"}
    async with app.db.writing() as conn:
        with pytest.raises(Refused, match=r"collections\.limit\.stopped"):
            await charge(conn, late.app, LiveUse(line, "voice", "s", 1_000_000), key="u1")
    async with app.db.writing() as conn:
        await protection.register(conn, late.app, account_id, "medical", reason="oxygen", actor="user:a")
    assert await late.wanted() == {line: "none"}
    await _tick(late)
    assert await late.wanted() == {line: "none"}


async def test_a_line_stays_as_the_harder_of_ladder_and_limit_says_until_both_are_over(
    app: App, clock: SetClock, operator: Operator
) -> None:
    late = _late(app, clock, operator, action="stop", notice_working_days=0)
    late.at(DUE)
    async with app.db.writing() as conn:
        account_id, _, [line] = await a_late_account(conn, late.app, minor=50_000)
    await late.days(DUE + timedelta(days=1), DUE + timedelta(days=15))
    assert await late.wanted() == {line: "soft"}
    async with app.db.writing() as conn:
        await a_bill(conn, app, account_id, 60_000, due_on=LATER)
    await _tick(late)
    late.clock.instant += timedelta(minutes=11)
    await late.send()
    assert await late.wanted() == {line: "hard"}
    async with app.db.writing() as conn:
        await change.change(conn, late.app, account_id, "none", reason="a good payer", actor="user:a")
    assert await late.wanted() == {line: "hard"}, "more than one person may give"
    [waiting] = await _approvals(late)
    async with app.db.writing() as conn:
        await approved.decide(conn, late.app, waiting.id, checker="user:b", seen=waiting.seal, yes=True)
    assert await late.wanted() == {line: "soft"}, "the ladder still says so"
    async with app.db.reading() as conn:
        assert (await conn.execute(select(episode.c.position))).scalar_one() == "soft_bar"
    await late.pay("ACC100", 110_000, "T1")
    assert await late.wanted() == {line: "none"}


async def _approvals(late: Late) -> list[approvals.Approval]:
    async with late.app.db.reading() as conn:
        return await approvals.waiting(conn)


async def test_the_ladder_does_not_lift_what_the_limit_restricts(app: App, clock: SetClock, operator: Operator) -> None:
    late = _late(app, clock, operator, action="soft_bar", notice_working_days=0)
    account_id, [line] = await _with_debt(late, 150_000)
    async with app.db.writing() as conn:
        await a_bill(conn, app, account_id, 5_000, due_on=TODAY - timedelta(days=1))
    await _tick(late)
    late.clock.instant += timedelta(minutes=11)
    await late.send()
    await run.run(late.app, TODAY)
    await late.pay("ACC100", 5_000, "T1")
    await run.run(late.app, TODAY + timedelta(days=1))
    assert await late.wanted() == {line: "soft"}


async def test_a_limit_of_her_own_holds_at_once_when_it_is_lower_and_the_screen_shows_it(
    app: App, clock: SetClock, operator: Operator
) -> None:
    late = _late(app, clock, operator, segments={"residential": None})
    account_id, _ = await _with_debt(late, 50_000, phone="+254700000001")
    await _tick(late)
    quick = open_quick(app.db)
    try:
        assert (await quick.standing("ussd", "+254700000001"))[0].limit is None
        async with app.db.writing() as conn:
            for wrong in ("", "-5", "a lot"):
                with pytest.raises(Refused):
                    await change.change(conn, late.app, account_id, wrong, reason="because", actor="user:a")
        async with app.db.writing() as conn:
            given = await change.change(conn, late.app, account_id, "600", reason="new here", actor="user:a")
            assert given is None
        seen = (await quick.standing("ussd", "+254700000001"))[0].limit
        assert seen is not None
        assert (seen.limit_minor, seen.used_minor, seen.at) == (60_000, 50_000, clock.now())
        await late.send()
        assert "83%" in late.texts()[0]
    finally:
        await quick.close()


async def test_a_thousand_accounts_cost_as_many_statements_as_ten(
    app: App, clock: SetClock, operator: Operator
) -> None:
    late = _late(app, clock, operator)
    count: list[str] = []
    engine = app.db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *told: count.append(told[2]))
    costs = []
    for size in (3, 30):
        async with app.db.writing() as conn:
            for number in range(size):
                await a_late_account(conn, late.app, number=f"N{size}-{number}", minor=85_000, due=LATER)
        count.clear()
        await exposures.tick(late.app)
        costs.append(len(count))
    assert costs[0] == costs[1]
