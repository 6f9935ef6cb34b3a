"""A segment is offered what its operator says: the rest is on no menu, and refused where it is begun all the same."""

import pytest
from pydantic import ValidationError

from channels.contract import BySession
from core.config.payments import Payments
from core.context import App
from core.errors import Refused
from core.journeys.follow import follow
from core.payments import mandate_pages, mandates, methods, push, redirect, request
from core.payments.desk import drawer
from dialogs.counter import pay
from dialogs.model import CounterRequest
from tests.core.payments.made import a_bill, an_account


def _saying(app: App, **rules: list[str]) -> App:
    payments = Payments.model_validate({"methods": rules})
    return App(app.clock, app.operator.model_copy(update={"payments": payments}), app.db, app.settings, follow)


def test_a_segment_has_what_is_said_of_it_and_one_nothing_is_said_of_has_all() -> None:
    rules = Payments.model_validate({"methods": {"prepaid": ["push", "cash"], "closed": []}}).methods
    assert methods.offered(rules, "prepaid") == {"push", "cash"}
    assert (methods.offered(rules, "closed"), methods.offered(rules, "residential")) == (frozenset(), methods.ALL)
    with pytest.raises(ValidationError):
        Payments.model_validate({"methods": {"prepaid": ["barter"]}})


async def test_what_is_not_offered_is_refused_kindly_wherever_it_begins(app: App) -> None:
    none = _saying(app, residential=[])
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        await a_bill(conn, app, account_id, 50_000)
        await drawer.open_drawer(conn, app, cashier="user:c", branch_id=None, float_minor=0)
        made = await request.paylink(conn, app, account_id, key="k")
        begun = (
            push.ask(conn, none, account_id, "+254700000001", 100, "k"),
            mandate_pages.invite(conn, none, account_id, key="k"),
            mandates.create(conn, none, account_id, actor="user:c"),
            drawer.receipt(conn, none, cashier="user:c", account_number="ACC100", amount_minor=100, key="k"),
        )
        for one in begun:
            with pytest.raises(Refused, match="not_offered"):
                await one
        view = await request.link(conn, none, made.token)
        assert view is not None and view.state == "not_offered"
        other = await request.link(conn, _saying(app, business=[]), made.token)
        assert other is not None and other.state == "open"
        assert not await mandate_pages.offered_to(conn, none, account_id)
    with pytest.raises(Refused, match="not_offered"):
        await redirect.start(none, made.token)


async def test_a_double_tap_on_a_prompt_and_cash_already_taken_stay_what_they_were(app: App) -> None:
    none = _saying(app, residential=["direct_debit"])
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        await drawer.open_drawer(conn, app, cashier="user:c", branch_id=None, float_minor=0)
        request = await push.ask(conn, app, account_id, "+254700000001", 100, "k")
        assert await push.ask(conn, none, account_id, "+254700000001", 100, "k") == request
        took = {"cashier": "user:c", "account_number": "ACC100", "amount_minor": 100, "key": "k"}
        taken, again = await drawer.receipt(conn, app, **took), await drawer.receipt(conn, none, **took)
        assert (taken.receipt_id, again.facts) == (again.receipt_id, ())


LINE = BySession()


async def test_the_dialog_offers_only_their_ways(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        await a_bill(conn, app, account_id, 50_000)
        phone = "+254700000001"
        request = CounterRequest(
            "ussd", phone, phone, "en", None, None, account_id, (account_id,), {}, key="k", traits=LINE
        )
        shown = []
        for ways in (["push"], ["card"], ["cash"], ["direct_debit"]):
            told = await pay.owing(conn, _saying(app, residential=ways), request)
            shown.append([name for name in ("push", "link", "debit", "some") if getattr(told, name)])
        assert shown == [["push", "some"], ["link", "some"], [], ["debit"]]
        told = await pay.to_pay(conn, _saying(app, residential=["card"]), request)
        assert (told.push, told.link) == (False, True)
        told = await pay.to_push(conn, _saying(app, residential=["push"]), request)
        assert told.link is False
        with pytest.raises(Refused, match="not_offered"):
            await pay.give_paylink(conn, _saying(app, residential=["push"]), request)
