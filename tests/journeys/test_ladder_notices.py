"""The words of the ladder: one SMS in every language, true when they leave, and never a contested cent."""

from datetime import date, timedelta

import pytest

from channels import limits
from core import money
from core.clock import SetClock
from core.config.operator import Operator
from core.context import App
from core.journeys.follow import follow
from core.text import LANGUAGES, days, fields, pattern
from tests.journeys.arrears_at_work import DUE, Late, a_late_account

NOTICES = (
    "overdue", "overdue_fee", "firm", "formal", "formal_fee", "soft_bar", "hard_bar", "final", "restored", "arranged",
)  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NOTICES)
def test_a_step_is_told_in_one_sms(name: str, lang: str) -> None:
    amount = money.show(999_999_999, "KES", lang)
    day = max((days.spoken(lang, date(2024, month, 28)) for month in range(1, 13)), key=len)
    worst = {
        "operator": "M" * 11,
        "amount": amount,
        "fee": money.show(100_000, "KES", lang),
        "date": day,
        "count": 24,
        "link": "h" * 40,
        "ussd": "*384*1000#",
    }
    said = pattern(lang, f"notice.{name}")
    assert fields(said) <= worst.keys()
    units = limits.units(said.format(**worst))[1]
    assert units <= 160 or limits.units(said.format(**worst))[0] != "gsm7", units


async def test_the_formal_notice_names_the_day_the_fee_and_only_what_is_not_contested(
    app: App, clock: SetClock, operator: Operator
) -> None:
    fees = operator.model_copy(
        update={"collections": operator.collections.model_copy(update={"fees": {"reconnection": "250"}})}
    )
    app = App(clock, fees, app.db, app.settings, follow)
    late = Late(app, clock)
    late.at(DUE)
    async with app.db.writing() as conn:
        await a_late_account(conn, app, disputed=12_345)
    await late.days(DUE + timedelta(days=1), DUE + timedelta(days=15))
    told = late.texts()
    assert all("376.55" in text for text in told) and len(told) == 4
    assert "17th March" in told[2] and "KES 250" in told[2]
    assert "limited:" in told[3]


async def test_a_notice_waits_while_a_payment_is_under_way_and_is_dropped_when_it_came(
    app: App, clock: SetClock
) -> None:
    from core.payments import push

    late = Late(app, clock)
    late.at(DUE)
    async with app.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, app)
    from core.journeys.dunning import run

    late.at(DUE + timedelta(days=1), 7)
    await run.run(app, app.today())
    async with app.db.writing() as conn:
        await push.ask(conn, app, account_id, "+254700000001", 50_000, "p1")
    late.at(DUE + timedelta(days=1), 10)
    await late.send()
    assert late.texts() == []
    await late.pay("ACC100", 50_000, "T1")
    late.at(DUE + timedelta(days=1), 12)
    await late.send()
    assert not any("was due" in text for text in late.texts())
