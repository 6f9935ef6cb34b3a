"""A bill says which instalments were agreed: on the bills they pay and those that came since, with what is left, while they run."""

from datetime import date, timedelta

from core.billing.model import ServicePlan
from core.clock import SetClock
from core.context import App
from core.journeys import bill_shown
from core.journeys.bill_shown import spread
from core.journeys.dunning import arrangement
from tests.core.payments.made import a_bill
from tests.journeys.arrears_at_work import DUE, Late, a_late_account

D = timedelta(days=1)


def test_what_was_paid_goes_to_the_earliest_instalments() -> None:
    day = date(2026, 3, 1)
    assert [one.left_minor for one in spread([(day, 50), (day, 50), (day, 50)], 70)] == [0, 30, 50]
    assert [one.left_minor for one in spread([(day, 50)], 80)] == [0]


async def test_a_plan_is_on_the_bills_it_pays_and_on_later_ones_until_it_is_over(app: App, clock: SetClock) -> None:
    late = Late(app, clock)
    late.at(DUE + 5 * D)
    async with app.db.writing() as conn:
        account_id, covered, _ = await a_late_account(conn, app, minor=60_000)
        old = (await a_bill(conn, app, account_id, 100, due_on=DUE + 20 * D, issued_on=DUE)).invoice_id
        await arrangement.agree(conn, app, account_id, 3, "k")
        new = (await a_bill(conn, app, account_id, 7_000, due_on=DUE + 40 * D, issued_on=app.today())).invoice_id

    async def plan(invoice_id: int) -> ServicePlan | None:
        async with app.db.reading() as conn:
            found = await bill_shown.bill(conn, invoice_id=invoice_id, context=app)
            assert found is not None
            return found.plan

    first, later = await plan(covered), await plan(new)
    assert first is not None and first.covers and first.left_minor == 60_000
    assert later is not None and not later.covers and later.next == first.next
    assert await plan(old) is None
    await late.pay("ACC100", 25_000, "T1")
    now = await plan(covered)
    assert now is not None and [one.left_minor for one in now.instalments] == [0, 15_000, 20_000]
    await late.pay("ACC100", 42_100, "T2")
    late.at(DUE + 6 * D)
    await late.day(DUE + 6 * D)
    assert await plan(covered) is None
