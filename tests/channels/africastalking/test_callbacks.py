"""Every callback of Africa's Talking about SMS, airtime and SIM changes is read, and what is unknown is kept, not refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.africastalking import callbacks
from channels.contract import Event, Malformed, RawRequest, SimChange
from core.message import Delivery, Inbound, OptOut
from tests.channels.payloads import body

PHONE = "+254700000001"
Parse = Callable[[RawRequest], list[Event]]


def report(status: str, extra: str = "") -> bytes:
    return f"id=ATXid_9&status={status}&phoneNumber=%2B254700000001{extra}".encode()


@pytest.mark.parametrize(
    ("label", "parse", "raw", "expected"),
    [
        (
            "an inbound message",
            callbacks.inbound,
            body("africastalking/sms_inbound.form"),
            Inbound(
                "sms", PHONE, "BAL ACC100", "text", PHONE, "b2a1c0de-0001", None, "20880",
                datetime(2026, 11, 22, 0, 12, 59, tzinfo=UTC), {"link": "SampleLinkId123"},
            ),
        ),
        (
            "an empty message, whose date is unreadable, from a network's own name",
            callbacks.inbound,
            b"date=soon&from=Safaricom&id=7&linkId=&text=&to=HODI",
            Inbound("sms", "Safaricom", "", "text", None, "7", None, "HODI"),
        ),
        (
            "a date at the edge of time",
            callbacks.inbound,
            b"date=0001-01-01T00:00:00%2B23:00&from=%2B254700000001&id=7&text=%F0%9F%98%80&to=1",
            Inbound("sms", PHONE, "😀", "text", PHONE, "7", None, "1"),
        ),
        ("delivered", callbacks.delivery, body("africastalking/delivery_success.form"), Delivery("sms", "ATXid_1", "delivered", True, None, PHONE)),
        ("blacklisted", callbacks.delivery, body("africastalking/delivery_failed.form"), Delivery("sms", "ATXid_2", "failed", True, "opted_out", PHONE)),
        ("on its way", callbacks.delivery, report("Submitted"), Delivery("sms", "ATXid_9", "sent", False, None, PHONE)),
        ("rejected", callbacks.delivery, report("Rejected"), Delivery("sms", "ATXid_9", "failed", True, "rejected", PHONE)),
        ("absent", callbacks.delivery, report("AbsentSubscriber"), Delivery("sms", "ATXid_9", "failed", True, "absent", PHONE)),
        (
            "the provider's misspelling",
            callbacks.delivery,
            report("Failed", "&failureReason=NotNetworkSubcriber"),
            Delivery("sms", "ATXid_9", "failed", True, "unknown_subscriber", PHONE),
        ),
        (
            "a reason nobody wrote down",
            callbacks.delivery,
            report("Failed", "&failureReason=MoonInTheWay"),
            Delivery("sms", "ATXid_9", "failed", True, "undelivered", PHONE, {"told": "MoonInTheWay"}),
        ),
        ("a status nobody wrote down", callbacks.delivery, report("Teleported"), Delivery("sms", "ATXid_9", "unknown", False, "Teleported", PHONE)),
        ("an opt-out", callbacks.optout, body("africastalking/optout.form"), OptOut("sms", PHONE, "HODI")),
        ("a subscription", callbacks.subscription, body("africastalking/subscription.form"), OptOut("sms", PHONE, "20880", False)),
        ("a subscription ended", callbacks.subscription, b"phoneNumber=%2B254700000001&shortCode=20880&updateType=deletion", OptOut("sms", PHONE, "20880", True)),
        (
            "airtime that arrived, as JSON",
            callbacks.airtime,
            b'{"requestId":"ATQid_1","phoneNumber":"+254700000001","status":"Success","description":"Delivered","value":"KES 50.0000","discount":"KES 2"}',
            Delivery("airtime", "ATQid_1", "delivered", True, None, PHONE, {"value": "KES 50.0000", "discount": "KES 2"}),
        ),
        (
            "airtime that did not, as a form",
            callbacks.airtime,
            b"requestId=ATQid_1&phoneNumber=%2B254700000001&status=Failed&description=No",
            Delivery("airtime", "ATQid_1", "failed", True, "undelivered", PHONE),
        ),
        (
            "a SIM that was changed",
            callbacks.sim_swap,
            b'{"status":"Swapped","lastSimSwapDate":"05-12-2026","requestId":"ATSwpid_1","transactionId":"t"}',
            SimChange("ATSwpid_1", True, date(2026, 12, 5)),
        ),
        (
            "a SIM that never was",
            callbacks.sim_swap,
            b'{"status":"NotSwapped","lastSimSwapDate":"01-01-1900","requestId":"ATSwpid_1"}',
            SimChange("ATSwpid_1", False, None),
        ),
        ("a network that cannot tell", callbacks.sim_swap, b"status=Failed&requestId=ATSwpid_1&lastSimSwapDate=x-y", SimChange("ATSwpid_1", None)),
    ],
)  # fmt: skip
def test_a_callback_is_read(label: str, parse: Parse, raw: bytes, expected: Event) -> None:
    assert parse(RawRequest("POST", raw)) == [expected], label


def test_a_subscription_change_we_do_not_know_is_ignored() -> None:
    assert callbacks.subscription(RawRequest("POST", b"phoneNumber=1&shortCode=2&updateType=pause")) == []


@pytest.mark.parametrize(
    ("parse", "raw", "code"),
    [
        (callbacks.inbound, b"", "field.missing"),
        (callbacks.inbound, b"from=%2B254700000001&id=1&to=2", "field.missing"),
        (callbacks.inbound, b"from=%2B254700000001&text=hi&to=2", "field.missing"),
        (callbacks.inbound, b"from=%2B254700000001&id=1&to=2&text=" + b"x" * 4097, "field.too_long"),
        (callbacks.delivery, b"status=Success", "field.missing"),
        (callbacks.delivery, b"id=1", "field.missing"),
        (callbacks.optout, b"senderId=HODI", "field.missing"),
        (callbacks.airtime, b'{"requestId": "1"', "body.not_json"),
        (callbacks.airtime, b'{"requestId": ["1"]}', "field.missing"),
        (callbacks.airtime, b"{" * 70_000, "body.too_long"),
        (callbacks.airtime, b'{"a":' * 12_000, "body.not_json"),
        (callbacks.sim_swap, b"{}", "field.missing"),
    ],
)
def test_what_is_no_callback_is_refused_with_a_reason(parse: Parse, raw: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(RawRequest("POST", raw))
    assert refused.value.code == code


ALL = [
    callbacks.inbound,
    callbacks.delivery,
    callbacks.optout,
    callbacks.subscription,
    callbacks.airtime,
    callbacks.sim_swap,
]


@given(st.sampled_from(ALL), st.one_of(st.binary(max_size=200), st.binary(max_size=80).map(lambda raw: b"{" + raw)))
def test_no_body_whatever_makes_a_callback_stumble(parse: Parse, raw: bytes) -> None:
    try:
        parse(RawRequest("POST", raw))
    except Malformed as refused:
        assert refused.code
