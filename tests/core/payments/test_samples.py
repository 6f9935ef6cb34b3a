"""The providers' own samples: bodies and signatures as they publish them, read by our adapters. None of these was signed by us."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.clock import SetClock
from core.payments.providers.contract import Forged, NotUnderstood, ProviderEventIn
from core.payments.providers.flutterwave import Flutterwave
from core.payments.providers.gocardless import GoCardless
from core.payments.providers.paystack import Paystack
from core.payments.providers.stripe import Stripe

STRIPE = (
    '{"id": "evt_1", "object": "event", "type": "checkout.session.completed", "created": 1795300000, "livemode": false, '
    '"data": {"object": {"id": "cs_1", "object": "checkout.session", "payment_status": "paid", "amount_total": 120000, '
    '"currency": "kes", "client_reference_id": "pay_1", "payment_intent": "pi_1"}}}'
)
STRIPE_SIGNED = "t=1795300000,v1=68ace151c40884137ccb6ae03de0eff7012430412f34ae0baae022ce76c9a424"
PAYSTACK = (
    '{"event": "charge.success", "data": {"id": 302961, "domain": "live", "status": "success", "reference": "pay_1", '
    '"amount": 120000, "currency": "KES", "channel": "mobile_money", "paid_at": "2026-11-22T00:00:00.000Z", '
    '"fees": 1800, "metadata": {"payment_id": "p1"}, "customer": {"email": "a@x.ke"}}}'
)
PAYSTACK_SIGNED = (
    "004eed421a54c68496dc46add05e8e0df9b5347520ad0759fc4f81a329702fe5"
    "f99b7eed2224e199753c1bde4fe6bbf56d0f90c860d0dcf0761074e94a206624"
)
FLUTTERWAVE_3 = (
    '{"event": "charge.completed", "data": {"id": 285959875, "tx_ref": "pay_1", "flw_ref": "F1", "amount": 1200, '
    '"charged_amount": 1200, "currency": "KES", "status": "successful", "payment_type": "mpesa"}}'
)
FLUTTERWAVE_4 = (
    '{"type": "charge.completed", "timestamp": 1795300000000, "data": {"id": "chg_1", "reference": "pay_1", '
    '"status": "succeeded", "amount": 1200, "currency": "KES", "payment_method": {"type": "mobile_money"}}, '
    '"id": "wbk_1"}'
)
FLUTTERWAVE_4_SIGNED = "2M6Bt1xmz7PCxSfg6aM6E505WQDaqGnwBB5MyPMgsSM="
GOCARDLESS = (
    '{"events": [{"id": "EV123", "created_at": "2026-11-22T00:00:00.000Z", "resource_type": "payments", '
    '"action": "failed", "details": {"origin": "bank", "cause": "insufficient_funds", "description": "x", '
    '"scheme": "sepa_core", "reason_code": "AM04", "will_attempt_retry": false}, "metadata": {}, '
    '"links": {"payment": "PM123"}}, {"id": "EV124", "created_at": "2026-11-22T00:00:01.000Z", '
    '"resource_type": "mandates", "action": "cancelled", "details": {"origin": "bank", '
    '"cause": "bank_account_closed", "scheme": "sepa_core", "reason_code": "AC04"}, '
    '"links": {"mandate": "MD1"}}], "meta": {"webhook_id": "WB1"}}'
)
GOCARDLESS_SIGNED = "7e6e85e20620cede479f7df51fbff9c10ce4ee228c264d9ddd1e6d1a461d82e0"

AT = SetClock(datetime.fromtimestamp(1795300000, UTC))
READERS: dict[str, tuple[Any, str, str, str]] = {
    "stripe": (Stripe("", "", "whsec_test", AT), "Stripe-Signature", STRIPE, STRIPE_SIGNED),
    "paystack": (Paystack("", "sk_test", ""), "x-paystack-signature", PAYSTACK, PAYSTACK_SIGNED),
    "flutterwave3": (Flutterwave("", "", "flwhash", ""), "verif-hash", FLUTTERWAVE_3, "flwhash"),
    "flutterwave4": (
        Flutterwave("", "", "flwhash", ""), "flutterwave-signature", FLUTTERWAVE_4, FLUTTERWAVE_4_SIGNED,
    ),
    "gocardless": (GoCardless("", "", "gcsecret"), "Webhook-Signature", GOCARDLESS, GOCARDLESS_SIGNED),
}  # fmt: skip


def read(name: str) -> list[ProviderEventIn]:
    provider, header, body, signature = READERS[name]
    events: list[ProviderEventIn] = provider.parse_callback({header: signature}, body.encode(), "", "")
    return events


@pytest.mark.parametrize("name", ["stripe", "paystack", "flutterwave3", "flutterwave4"])
def test_a_paid_sample_says_who_paid_what(name: str) -> None:
    [event] = read(name)
    assert (event.kind, event.attempt_key, event.amount_minor, event.currency) == ("succeeded", "pay_1", 120_000, "KES")


def test_what_each_calls_the_money_is_what_it_is_known_by() -> None:
    told = {name: read(name)[0].txn for name in READERS}
    assert told == {
        "stripe": "pi_1",
        "paystack": "pay_1",
        "flutterwave3": "285959875",
        "flutterwave4": "chg_1",
        "gocardless": "PM123",
    }


def test_flutterwave_is_never_believed_and_the_others_are() -> None:
    assert {name: read(name)[0].verified_by for name in READERS} == {
        "stripe": "signature",
        "paystack": "signature",
        "flutterwave3": "query",
        "flutterwave4": "query",
        "gocardless": "signature",
    }


def test_gocardless_tells_many_things_at_once_and_the_cause_is_what_counts() -> None:
    failed, ended = read("gocardless")
    assert (failed.kind, failed.provider_ref, failed.reason, failed.key) == ("failed", "PM123", "funds", "EV123")
    assert (ended.kind, ended.provider_ref, ended.state) == ("mandate", "MD1", "cancelled")


@pytest.mark.parametrize("name", sorted(READERS))
@pytest.mark.parametrize("change", ["body", "cut", "empty", "none", "longer", "secret"])
def test_a_sample_that_was_touched_is_forged(name: str, change: str) -> None:
    provider, header, body, signature = READERS[name]
    given: dict[str, str] = {header: signature}
    match change:
        case "body":
            body = body.replace("1200", "9200").replace("insufficient", "sufficient")
        case "cut":
            given = {header: signature[:-1]}
        case "empty":
            given = {header: ""}
        case "none":
            given = {}
        case "longer":
            given = {header: f"x{signature}"}
        case "secret":
            secrets = {"stripe": "webhook_secret", "paystack": "secret_key", "gocardless": "webhook_secret"}
            field = secrets.get(name, "secret_hash")
            provider = type(provider)(
                **{one: ("" if one == field else getattr(provider, one)) for one in provider.__dataclass_fields__}
            )
    if name == "flutterwave3" and change == "body":
        pytest.skip("the old form signs nothing: that is why it is always asked about")
    with pytest.raises(Forged) as why:
        provider.parse_callback(given, body.encode(), "", "")
    assert why.value.status == (498 if name == "gocardless" else 403)


def test_a_stamp_older_or_newer_than_five_minutes_is_stale() -> None:
    for seconds, fresh in ((299, True), (-299, True), (301, False), (-301, False)):
        late = SetClock(datetime.fromtimestamp(1795300000 + seconds, UTC))
        provider = Stripe("", "", "whsec_test", late)
        if fresh:
            assert provider.parse_callback({"Stripe-Signature": STRIPE_SIGNED}, STRIPE.encode(), "", "")
        else:
            with pytest.raises(Forged, match="stale"):
                provider.parse_callback({"Stripe-Signature": STRIPE_SIGNED}, STRIPE.encode(), "", "")


def test_one_right_signature_among_several_is_enough() -> None:
    stamp, right = STRIPE_SIGNED.split(",")
    header = f"{stamp},v0=abc,v1={'0' * 64},{right}"
    assert READERS["stripe"][0].parse_callback({"Stripe-Signature": header}, STRIPE.encode(), "", "")


@pytest.mark.parametrize("name", sorted(READERS))
@pytest.mark.parametrize("body", ["[]", "null", "x", "{}", '{"event": 1, "type": 2, "data": []}', '{"events": [{}]}'])
def test_a_well_signed_body_that_is_none_of_theirs_is_not_understood(name: str, body: str) -> None:
    import base64
    import hashlib
    import hmac

    provider, header, _, _ = READERS[name]
    raw = body.encode()
    signed = {
        "stripe": lambda: "t=1795300000,v1=" + hmac.new(b"whsec_test", b"1795300000." + raw, "sha256").hexdigest(),
        "paystack": lambda: hmac.new(b"sk_test", raw, hashlib.sha512).hexdigest(),
        "flutterwave3": lambda: "flwhash",
        "flutterwave4": lambda: base64.b64encode(hmac.new(b"flwhash", raw, "sha256").digest()).decode(),
        "gocardless": lambda: hmac.new(b"gcsecret", raw, "sha256").hexdigest(),
    }[name]()
    with pytest.raises(NotUnderstood):
        provider.parse_callback({header: signed}, raw, "", "")


def test_an_event_nobody_acts_on_is_taken_and_ignored() -> None:
    said = json.loads(STRIPE) | {"type": "invoice.paid"}
    from core.payments.providers.stripe_payloads import read as read_stripe

    assert read_stripe(said).kind == "ignored"
