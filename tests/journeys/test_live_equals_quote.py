"""For any tariff the language can say and any uses, in whatever order they come: live charges come to the quote, to the cent."""

import asyncio
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from sqlalchemy import update

from core.balances import verify
from core.balances.queries import buckets_of
from core.catalog import quote_json
from core.catalog import store as tariffs
from core.catalog.queries import versions_between
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.errors import BadInput
from core.journeys import live_closed
from core.journeys.follow import follow
from core.journeys.use_charged import LiveUse, charge
from core.money import parse
from core.parties.tables import service
from core.rating.live import AT_THE_END
from tests.conftest import NOON
from tests.core.balances.world import put
from tests.core.metering.events.world import a_line
from tests.databases import Sqlite
from tests.journeys import made_live

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
UNITS = {"voice": "s", "data": "MB", "sms": "event"}
RICH = 10**9


class Lives:
    """A house of many lines, each on a tariff of its own, and one loop for all examples."""

    def __init__(self, db: Database, operator: Operator, settings: Settings, runner: asyncio.Runner) -> None:
        self.app, self.runner, self.count = App(SetClock(NOON), operator, db, settings, follow), runner, 0

    def total(self, documents: list[dict[str, Any]], uses: made_live.Uses) -> tuple[int, int, int]:
        """(what was taken of the purse while March ran, and when it was closed; what the quote says)."""
        try:
            tariffs.check(text_of(documents))
        except BadInput:
            reject()
        self.count += 1
        return self.runner.run(self._total([{**one, "tariff": f"made-{self.count}"} for one in documents], uses))

    async def _total(self, documents: list[dict[str, Any]], uses: made_live.Uses) -> tuple[int, int, int]:
        app, code = (
            App(SetClock(NOON), self.app.operator, self.app.db, self.app.settings, follow),
            documents[0]["tariff"],
        )
        async with app.db.writing() as conn:
            await tariffs.load(conn, app, tariffs.check(text_of(documents)), by="test")
        line = await a_line(app, f"+2547{self.count:08}", payment_mode="prepaid", tariff=code)
        await put(app, line.account_id, RICH, f"purse {self.count}", unit="KES", priority=90)
        for number, (use, quantity, minute, to) in enumerate(uses):
            asked = LiveUse(line.service_id, use, UNITS[use], quantity, at(minute), to)
            async with app.db.writing() as conn:
                await charge(conn, app, asked, key=f"{self.count}:{number}")
        before = await self._taken(line.account_id)
        app.clock.forward(timedelta(days=30))  # type: ignore[attr-defined]
        await live_closed.tick(app)
        after = await self._taken(line.account_id)
        async with app.db.reading() as conn:
            versions = await versions_between(conn, code, MARCH, APRIL)
        async with app.db.writing() as conn:
            await conn.execute(update(service).where(service.c.id == line.service_id).values(payment_mode="postpaid"))
        rows = [
            {"meter": use, "quantity": str(quantity // 10**6), "at": at(minute).isoformat(), "destination": to}
            for use, quantity, minute, to in uses
        ]
        asked = {"period": {"from": str(MARCH), "to": str(APRIL)}, "usage": rows}
        return before, after, _minor(quote_json.answered(versions, asked)["total"])

    async def _taken(self, account_id: int) -> int:
        async with self.app.db.reading() as conn:
            assert await verify.problems(conn) == []
            return RICH - sum(one.free for one in await buckets_of(conn, account_id))


def text_of(documents: list[dict[str, Any]]) -> str:
    return "\n---\n".join(json.dumps(one) for one in documents)


def at(minute: int) -> datetime:
    return datetime(2026, 3, 1, tzinfo=ZoneInfo("Africa/Nairobi")) + timedelta(minutes=minute)


def _minor(text: str) -> int:
    return -parse(text[1:], "KES") if text.startswith("-") else parse(text, "KES")


@pytest.fixture
def lives(sqlite_server: Sqlite, tmp_path: Path, operator: Operator, settings: Settings) -> Iterator[Lives]:
    with asyncio.Runner() as runner:
        db = Database(runner.run(sqlite_server.fresh(tmp_path)))
        yield Lives(db, operator, settings, runner)
        runner.run(db.close())


calm = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


@calm
@given(documents=made_live.versions(), uses=made_live.uses(), in_order=st.booleans())
def test_live_charges_come_to_the_quote(
    lives: Lives, documents: list[dict[str, Any]], uses: made_live.Uses, in_order: bool
) -> None:
    before, after, quoted = lives.total(documents, sorted(uses, key=lambda one: one[2]) if in_order else uses)
    assert after == quoted
    if not any(charge["type"] in AT_THE_END for one in documents for charge in one["charges"]):
        assert before == quoted
