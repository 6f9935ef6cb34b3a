"""Why a debit came back decides what follows: again on a pay day, a word with them, or the end of the mandate; and on which days."""

from dataclasses import replace
from datetime import date

import pytest

from core import bankdays
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.config.payments import DirectDebit
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.payments import schemes
from core.payments.bank.model import RETURNS
from core.payments.failed_debit import STEPS, next_day, next_step
from core.payments.model import REASONS
from core.payments.providers.gocardless_payloads import CAUSES, read
from core.payments.providers.stripe_payloads import REASONS as STRIPE

BANK = {
    "AC01": "cancel", "AC04": "cancel", "AC06": "cancel", "AC13": "cancel", "AG01": "cancel", "AG02": "retry",
    "AM04": "retry", "AM05": "ask", "BE05": "ask", "CNOR": "retry", "DNOR": "retry", "ED05": "retry", "FF01": "retry",
    "FOCR": "ask", "MD01": "cancel", "MD02": "cancel", "MD06": "ask", "MD07": "cancel", "MS02": "ask", "MS03": "ask",
    "RC01": "cancel", "RR01": "ask", "RR04": "ask", "SL01": "ask", "SL14": "ask", "TM01": "retry",
}  # fmt: skip
"""The bank's code -> what follows the first time."""
GOCARDLESS = {
    "insufficient_funds": "retry", "direct_debit_limit_exceeded": "retry", "bank_account_closed": "cancel",
    "bank_account_transferred": "cancel", "invalid_bank_details": "cancel", "direct_debit_not_enabled": "cancel",
    "account_blocked": "cancel", "mandate_cancelled": "cancel", "mandate_expired": "cancel", "no_mandate": "cancel",
    "authorisation_disputed": "ask", "refund_requested": "ask", "refer_to_payer": "ask", "other": "ask",
    "initiation_failed": "retry", "what_is_this": "ask",
}  # fmt: skip


@pytest.fixture
def app(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


@pytest.mark.parametrize(("code", "step"), BANK.items())
def test_a_banks_code_says_what_follows(code: str, step: str) -> None:
    assert next_step(RETURNS.get(code, "returned"), 1, 2) == step


@pytest.mark.parametrize(("cause", "step"), GOCARDLESS.items())
def test_a_cause_of_gocardless_says_what_follows_and_its_code_does_not(cause: str, step: str) -> None:
    event = read(
        {
            "id": "EV1",
            "resource_type": "payments",
            "action": "failed",
            "links": {"payment": "PM1"},
            "details": {"cause": cause, "reason_code": "AM04", "scheme": "bacs"},
        }
    )
    assert next_step(event.reason or "", 1, 2) == step


@pytest.mark.parametrize("word", sorted({*RETURNS.values(), *CAUSES.values(), *STRIPE.values(), *STEPS}))
def test_every_reason_has_words_for_them(word: str) -> None:
    assert word in REASONS


@pytest.mark.parametrize("reason", sorted(STEPS))
def test_no_debit_is_tried_for_ever(reason: str) -> None:
    assert next_step(reason, 3, 2) in ("ask", "cancel")


def test_a_mandate_that_moved_to_another_bank_keeps_being_ours() -> None:
    links = {"mandate": "MD1", "new_mandate": "MD2"}
    event = read({"id": "EV1", "resource_type": "mandates", "action": "replaced", "links": links})
    assert (event.kind, event.reference, event.provider_ref, event.state) == ("mandate", "MD1", "MD2", "named")


@pytest.mark.parametrize(
    ("calendar", "day", "works_on"),
    [
        ("ECB", date(2026, 4, 3), date(2026, 4, 7)), ("ECB", date(2026, 5, 1), date(2026, 5, 4)),
        ("ECB", date(2026, 12, 24), date(2026, 12, 24)), ("BACS", date(2026, 4, 6), date(2026, 4, 7)),
        ("BACS", date(2026, 8, 31), date(2026, 9, 1)), ("BACS", date(2026, 5, 1), date(2026, 5, 1)),
        ("KE", date(2026, 6, 1), date(2026, 6, 2)), ("NL", date(2026, 4, 27), date(2026, 4, 28)),
    ],
)  # fmt: skip
def test_a_collection_day_is_a_day_of_the_schemes_own_banks(calendar: str, day: date, works_on: date) -> None:
    """TARGET keeps Labour Day and works on the king's; Bacs keeps England's bank holidays; else the country's."""
    assert bankdays.on_or_after(day, calendar) == works_on


@pytest.mark.parametrize(
    ("scheme", "on", "until"),
    [
        ("bacs", date(2026, 4, 1), date(2026, 4, 9)), ("sepa_core", date(2026, 4, 1), date(2026, 4, 9)),
        ("sepa_core", date(2026, 4, 29), date(2026, 5, 6)), ("bacs", date(2026, 4, 29), date(2026, 5, 6)),
        ("bacs", date(2026, 4, 30), date(2026, 5, 7)), ("sepa_core", date(2026, 4, 30), date(2026, 5, 7)),
        ("faster_payments", date(2026, 4, 1), date(2026, 4, 1)), ("ach", date(2026, 6, 30), date(2026, 7, 7)),
        ("bacs", date(2026, 8, 27), date(2026, 9, 3)), ("one_of_next_year", date(2026, 3, 9), date(2026, 3, 13)),
    ],
)  # fmt: skip
def test_how_early_it_is_handed_in_is_the_schemes(app: App, scheme: str, on: date, until: date) -> None:
    there = replace(app, settings=app.settings.model_copy(update={"gocardless_scheme": scheme}))
    assert schemes.hand_in_until(there, "gocardless", on) == until


def test_a_second_try_falls_on_a_pay_day_of_the_schemes_banks(app: App) -> None:
    assert next_day(date(2026, 4, 22), DirectDebit(pay_days=(3, 1)), schemes.calendar(app, "sepa")) == date(2026, 5, 4)
    assert schemes.calendar(app, "stripe") == app.operator.country == "KE"
