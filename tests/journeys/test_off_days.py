"""Where the law lets nobody pay for a line that is shut (Nigeria), the whole days it was off are not on the bill, and the bill says so."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from core.billing.render.view_model import shown
from core.clock import SetClock
from core.config.collections import Collections
from core.config.operator import Operator
from core.context import App
from core.journeys.close_cycles import close_cycles
from core.journeys.follow import follow
from core.parties.tables import service_off
from tests.core.metering.conftest import Write, write
from tests.core.metering.events.world import load
from tests.journeys import test_calls_billed as calls
from tests.journeys.arrears_at_work import DUE, Late, a_late_account

__all__ = ["write"]


@pytest.fixture
def london(app: App) -> App:
    operator = app.operator.model_copy(update={"zone": "Europe/London", "currency": "GBP"})
    return replace(app, operator=operator, clock=SetClock(datetime(2026, 4, 1, 9, tzinfo=UTC)))


def test_the_pack_says_and_an_operator_may_be_kinder() -> None:
    assert not Collections().charges_while_off("NG")
    assert Collections().charges_while_off("KE")
    assert not Collections(charge_while_off=False).charges_while_off("KE")


async def test_whole_days_off_are_not_charged_and_a_month_off_is_no_bill(
    london: App, tmp_path: Path, write: Write
) -> None:
    some = await calls.on_plan(london, tmp_path)
    none = await calls.on_plan(london, tmp_path, number="+254700000002")
    whole = await calls.on_plan(london, tmp_path, number="+254700000003")
    await load(london, write(calls.records()))
    rows = [
        {"service_id": some.service_id, "off_on": date(2026, 3, 10), "back_on": date(2026, 3, 13)},
        {"service_id": none.service_id, "off_on": date(2026, 2, 10), "back_on": None},
    ]
    async with london.db.writing() as conn:
        await conn.execute(insert(service_off), rows)
    report = await close_cycles(london, calls.APRIL)
    assert (report.accounts, report.problems, report.parked) == (2, (), ())
    off, full = await calls.the_bill(london, some), await calls.the_bill(london, whole)
    months = [next(one.quantity_micro for one in bill.lines if one.code == "rental") for bill in (full, off)]
    assert months == [1_000_000, 935_484], "29 of 31 days: not the 11th and the 12th"
    assert full.total_minor == 2_500
    assert shown(off, "en").services[0].notes[-1].endswith("off: 2")
    assert not any("off" in note for note in shown(full, "en").services[0].notes)


async def test_the_network_says_from_when_until_when_and_only_where_it_matters(
    app: App, clock: SetClock, operator: Operator
) -> None:
    for country, kept in (("NG", 1), ("KE", 1)):
        rules = operator.collections.model_copy(update={"pack": country})
        late = Late(App(clock, operator.model_copy(update={"collections": rules}), app.db, app.settings, follow), clock)
        late.at(DUE)
        async with app.db.writing() as conn:
            await a_late_account(conn, late.app, number=f"ACC{country}")
        await late.days(DUE + timedelta(days=1), DUE + timedelta(days=40))
        await late.pay(f"ACC{country}", 50_000, f"T{country}")
        await late.send()
        async with app.db.reading() as conn:
            rows = (await conn.execute(select(service_off.c.off_on, service_off.c.back_on))).all()
        assert len(rows) == kept
        assert rows[0].back_on == DUE + timedelta(days=40)
        assert rows[0].off_on < rows[0].back_on
