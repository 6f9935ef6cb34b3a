"""Adding a payment provider is one file, one row, one group of settings, one payload folder, one page and one double: each one has them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, get_args

import pytest
from pydantic import SecretStr

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.config.payments import Payments
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.payments.providers import OPENED, SAVES_BY_PAYING, named
from core.payments.providers.contract import Forged, Method
from core.payments.reconcile.formats import FORMATS
from core.payments.schemes import EARLY
from tests.house.sources import ROOT

PAYLOADS = ROOT / "tests" / "core" / "payments" / "payloads"
GUIDES = {"sandbox": "sandbox-payments.md"}
DOUBLES = {"sandbox": "gateway/sandbox/app.py", "sepa": "core/payments/bank/debit_files.py"}
"""The sandbox is its own; a bank is reached by files."""
SECRETS = {
    "stripe": "stripe_webhook_secret", "paystack": "paystack_secret_key", "flutterwave": "flutterwave_secret_hash",
    "flutterwave_v4": "flutterwave_secret_hash", "gocardless": "gocardless_webhook_secret", "sandbox": "sandbox_secret",
}  # fmt: skip


@pytest.fixture
def app(sqlite_db: Database, operator: Operator, settings: Settings) -> App:
    shop = settings.model_copy(update={"daraja_shortcode": "600638"})
    return App(SetClock(datetime.fromtimestamp(1795300000, UTC)), operator, sqlite_db, shop, follow)


@pytest.mark.parametrize("name", sorted(OPENED))
def test_a_provider_is_one_file_one_row_one_page_and_one_double(app: App, name: str) -> None:
    module = import_module(f"core.payments.providers.{name}")
    assert OPENED[name] is module.opened
    assert (ROOT / "docs" / "guides" / GUIDES.get(name, f"payment-{name}.md")).is_file()
    assert (ROOT / DOUBLES.get(name, f"tests/doubles/{name}.py")).is_file()
    provider = named(app, name)
    assert (provider.name, provider.methods <= set(get_args(Method))) == (name, True)
    assert any((PAYLOADS / name).iterdir())
    if name != "sepa":
        assert f"{name}_base_url" in Settings.model_fields, "its address can be pointed at a double"


def test_no_folder_or_page_is_left_of_a_provider_that_is_gone() -> None:
    assert {one.name for one in PAYLOADS.iterdir()} == set(OPENED)
    pages = {one.stem.removeprefix("payment-") for one in (ROOT / "docs" / "guides").glob("payment-*.md")}
    assert pages == set(OPENED) - set(GUIDES)


def test_what_the_operator_may_choose_can_do_it(app: App) -> None:
    able: dict[str, Method] = {"mobile_push": "mobile_push", "paylink": "card"}
    trusted = replace(app, settings=app.settings.model_copy(update={"daraja_initiator": "x"}))
    for field, method in able.items():
        chosen = get_args(Payments.model_fields[field].annotation)
        assert set(chosen) == {name for name in OPENED if method in named(trusted, name).methods}
    collecting = {name for name in OPENED if "direct_debit" in named(trusted, name).methods}
    assert set(get_args(Payments.model_fields["mandates"].annotation)) == collecting
    assert {*SAVES_BY_PAYING, *EARLY, *FORMATS} <= set(OPENED)


@pytest.mark.parametrize("file", sorted(PAYLOADS.glob("*/*.json")), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_what_it_sends_is_understood_and_a_forgery_of_it_is_not(app: App, file: Any) -> None:
    name, sample = file.parent.name, json.loads(file.read_text())
    field = SECRETS.get(name)
    given = {field: SecretStr(sample["secret"])} if field else {}
    provider = named(replace(app, settings=app.settings.model_copy(update=given)), name)
    events = provider.parse_callback(sample["headers"], sample["body"].encode(), sample["topic"], "1")
    assert events
    assert all(event.key for event in events)
    assert all(event.kind != "ignored" for event in events)
    if field:
        signed = name != "flutterwave"  # v3 carries the secret itself, which proves nothing about a body
        for headers, body in (({}, sample["body"]), (sample["headers"], sample["body"] + " " if signed else None)):
            if body is not None:
                with pytest.raises(Forged):
                    provider.parse_callback(headers, body.encode(), sample["topic"], "1")
    else:
        assert all(event.verified_by in ("query", "conversation", "none") for event in events), "it is unsigned"
