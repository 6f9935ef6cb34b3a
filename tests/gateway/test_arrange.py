"""What is overdue is paid in parts: agreed by themselves within the policy, once."""

from datetime import UTC, datetime
from pathlib import Path

from core.clock import SetClock
from core.collections.tables import arrangement, instalment
from core.context import App
from tests.gateway.talking import Phone, a_customer, counter
from tests.gateway.test_flows import a_bill, rows


async def test_they_agree_to_pay_in_parts_and_a_repeat_agrees_nothing_more(
    app: App, clock: SetClock, tmp_path: Path
) -> None:
    made = await a_customer(app)
    await a_bill(app, made.account_id)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        assert "in parts" not in await phone.dial(ahead="3")
        clock.instant = datetime(2026, 3, 20, 9, tzinfo=UTC)
        assert "4. Pay later, in parts" in await phone.dial("s2", ahead="3")
        assert "KES 1,234.50 are overdue. In how many parts?" in await phone.answer("4")
        assert "Shall we agree that?" in await phone.answer("2")
        assert not await rows(app, arrangement)
        told = await phone.answer("1")
        assert "Agreed. The first part, KES 617.25" in told
        assert await phone.again() == told
        assert await phone.dial("s3", ahead="3*4") != told
        assert "1. Balance" in phone.screen
    assert [row.amount_minor for row in await rows(app, instalment)] == [617_25, 617_25]
