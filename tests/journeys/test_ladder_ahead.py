"""The ladder ahead: what is foreseen is what then happens, and it writes nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.clock import SetClock
from core.collections.tables import episode, ladder_step
from core.context import App
from core.errors import Refused
from core.journeys.dunning import arrangement, forecast
from core.journeys.follow import follow
from tests.journeys.arrears_at_work import DUE, Late, a_late_account

D = timedelta(days=1)


async def _begin(app: App, clock: SetClock, **more: object) -> tuple[Late, int]:
    late = Late(app, clock)
    late.at(DUE + D, 7)
    async with app.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, app, **more)
    return late, account_id


async def test_what_is_foreseen_is_what_happens_and_nothing_is_written_by_looking(app: App, clock: SetClock) -> None:
    late, account_id = await _begin(app, clock)
    async with app.db.reading() as conn:
        ahead = await forecast.simulate(conn, app, account_id, DUE + 70 * D)
        written = [
            (await conn.execute(select(func.count()).select_from(one))).scalar_one() for one in (episode, ladder_step)
        ]
    assert written == [0, 0]
    await late.days(DUE + D, DUE + 70 * D)
    query = select(ladder_step.c.taken_on, ladder_step.c.step).order_by(ladder_step.c.taken_on)
    async with app.db.reading() as conn:
        taken = [tuple(row) for row in await conn.execute(query)]
    assert [(one.on, one.step) for one in ahead.happens if one.kind == "step"] == taken
    assert [one.kind for one in ahead.happens][:2] == ["start", "step"] and ahead.next is None


async def test_a_customer_sees_the_next_step_and_its_day_and_none_while_it_is_held(app: App, clock: SetClock) -> None:
    late, account_id = await _begin(app, clock)
    await late.days(DUE + D, DUE + 2 * D)
    async with app.db.reading() as conn:
        coming = await forecast.next_step(conn, app, account_id)
    assert coming == forecast.NextStep("firm", DUE + 7 * D, 50_000)
    async with app.db.writing() as conn:
        await arrangement.promise(conn, app, account_id, app.today() + 5 * D, "p1")
    async with app.db.reading() as conn:
        assert await forecast.next_step(conn, app, account_id) is None


async def test_without_a_network_nothing_is_restricted_or_announced(app: App, clock: SetClock) -> None:
    alone = App(clock, app.operator, app.db, app.settings.model_copy(update={"network_url": ""}), follow)
    late, account_id = await _begin(alone, clock)
    await late.days(DUE + D, DUE + 70 * D)
    assert await late.steps(account_id) == [(step, "done") for step in ("overdue", "firm", "final")]


async def test_a_day_that_is_past_or_far_away_is_refused(app: App, clock: SetClock) -> None:
    _, account_id = await _begin(app, clock)
    for days in (-1, 401):
        async with app.db.reading() as conn:
            with pytest.raises(Refused, match=r"simulate\.day"):
                await forecast.simulate(conn, app, account_id, app.today() + days * D)
