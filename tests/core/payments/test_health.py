"""A provider that is silent is left alone, and everything unknown is asked about at once when it answers again."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.errors import Refused
from core.journeys.follow import follow
from core.payments import doors as payment_doors
from core.payments import health, push, redirect, request
from core.payments.providers.contract import StartRequest, StatusQuery, Unreached
from tests.core.payments.made import a_bill, an_account, attempts, cash
from tests.gateway.payments_at_work import at_work

WANTED = StartRequest(
    method="card",
    key="link:1",
    attempt_id=1,
    amount_minor=100,
    currency="KES",
    reference="ACC100",
    description="x",
    callback_url="http://127.0.0.1:9/x",
)


@pytest.fixture
def app(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


def counted(answer: str, verb: str = "start") -> int:
    labels = {"provider": "sandbox", "verb": verb, "answer": answer}
    return int(REGISTRY.get_sample_value("hodi_payment_provider_answers_total", labels) or 0)


async def test_after_five_silences_nothing_is_begun_until_it_answers_a_question(app: App) -> None:
    async with at_work(app) as work:
        away = work.app.settings.model_copy(update={"sandbox_base_url": "http://127.0.0.1:1"})
        gone = App(work.app.clock, work.app.operator, work.app.db, away, follow)
        silent = counted("unreached")
        for _ in range(8):
            assert isinstance(await health.start(gone, "sandbox", WANTED), Unreached)
        assert (counted("unreached") - silent, health.resting(gone, "sandbox")) == (health.SILENCES, True)
        assert REGISTRY.get_sample_value("hodi_payment_provider_resting", {"provider": "sandbox"}) == 1
        asked = StatusQuery("card", "link:1", None, 100, "KES", app.clock.now())
        await health.query(gone, "sandbox", asked)
        assert health.resting(work.app, "sandbox"), "a question that is not answered ends no rest"
        await health.query(work.app, "sandbox", asked)
        assert not health.resting(work.app, "sandbox")
        assert REGISTRY.get_sample_value("hodi_payment_provider_resting", {"provider": "sandbox"}) == 0


async def test_a_rest_ends_by_itself_for_one_try_and_is_longer_the_next_time(app: App) -> None:
    away = app.settings.model_copy(update={"sandbox_base_url": "http://127.0.0.1:1"})
    gone = App(app.clock, app.operator, app.db, away, follow)
    assert isinstance(app.clock, SetClock)
    for _ in range(health.SILENCES):
        await health.start(gone, "sandbox", WANTED)
    rests = []
    for _ in range(6):
        until = health.circuit(gone, "sandbox").until
        assert until is not None
        rests.append(int((until - app.clock.now()).total_seconds()))
        app.clock.forward(until - app.clock.now())
        await health.start(gone, "sandbox", WANTED)
    assert rests == [15, 30, 60, 120, 240, 300]


async def test_a_link_is_refused_at_once_while_its_provider_is_left_alone_and_charges_nothing(app: App) -> None:
    async with at_work(app) as work:
        health.circuit(work.app, "sandbox").until = app.clock.now() + timedelta(minutes=1)
        async with app.db.writing() as conn:
            bill = await a_bill(conn, work.app, await an_account(conn, work.app), 5_000)
            link = await request.paylink(conn, work.app, bill.account_id, key="k")
        before = counted("left_alone")
        with pytest.raises(Refused, match="later"):
            await redirect.start(work.app, link.token)
        assert counted("left_alone") == before + 1
        assert await attempts(app) == [("card", "failed", "never_arrived")]


async def test_what_is_unknown_is_asked_about_at_once_when_the_provider_is_back(app: App) -> None:
    """Five prompts whose callbacks were lost while it was away, due at other times: one knock, and all are settled."""
    async with at_work(app, push="daraja") as work:
        work.daraja.manners.calls = 0
        for number in range(5):
            async with app.db.writing() as conn:
                account_id = await an_account(conn, work.app, f"ACC{number}")
                await push.ask(conn, work.app, account_id, f"+2547000000{number:02}", 100, f"p{number}")
        await work.dispatch()
        work.daraja.manners.answer = "dropped_before"
        for _ in range(3):
            work.forward(minutes=61)
            await payment_doors.poll(work.app)
        assert await cash(app, "daraja") == 0
        work.daraja.manners.answer = "given"
        work.forward(seconds=30)
        found = await payment_doors.poll(work.app)
        assert (found["succeeded"], await cash(app, "daraja")) == (5, 500)
