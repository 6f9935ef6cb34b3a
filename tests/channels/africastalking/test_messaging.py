"""Africa's Talking judges each recipient of a request; so do we, and what it did not say is unknown and not a failure."""

import json

import pytest
from pydantic import SecretStr

from channels.africastalking.messaging import CODES, AfricasTalkingAccount, groups, judge
from channels.africastalking.sms import judge_airtime
from core.message import Notice

ONE = "+254700000001"
TWO = "+254700000002"


def notice(key: str, to: str = ONE, text: str = "hello", sender: str | None = None) -> Notice:
    return Notice(key, "sms", to, text, sender)


def answer(*rows: dict[str, object], message: str = "Sent") -> str:
    return json.dumps({"SMSMessageData": {"Message": message, "Recipients": list(rows)}})


def row(code: int, number: str = ONE, ref: str = "ATXid_1", word: str = "") -> dict[str, object]:
    return {"statusCode": code, "number": number, "status": word, "cost": "KES 0.8000", "messageId": ref}


@pytest.mark.parametrize(
    ("label", "status", "body", "state", "reason"),
    [
        ("processed", 201, answer(row(100)), "done", None),
        ("sent", 201, answer(row(101)), "done", None),
        ("queued, with a bare number", 201, answer(row(102, "254700000001")), "done", None),
        ("risk hold", 201, answer(row(401)), "refused", "held"),
        ("bad sender", 201, answer(row(402)), "refused", "bad_sender"),
        ("invalid number", 201, answer(row(403)), "refused", "invalid_number"),
        ("no credit waits", 201, answer(row(405)), "not_reached", "no_credit"),
        ("blacklisted", 201, answer(row(406)), "refused", "opted_out"),
        ("no route", 201, answer(row(407)), "refused", "no_route"),
        ("a fault of the provider waits", 201, answer(row(500)), "not_reached", "provider_busy"),
        ("a fault of the network waits", 201, answer(row(501)), "not_reached", "provider_busy"),
        ("rejected", 201, answer(row(502)), "refused", "rejected"),
        ("a code nobody wrote down", 201, answer(row(777)), "unknown", "not_said"),
        ("a code in words only", 201, answer({"number": ONE, "status": "UserInBlacklist"}), "refused", "opted_out"),
        ("the whole request refused", 201, answer(message="InvalidSenderId"), "refused", "bad_sender"),
        ("not mentioned", 201, answer(row(101, TWO)), "unknown", "not_said"),
        ("no JSON", 201, "OK", "unknown", "not_said"),
        ("other JSON", 201, "[1]", "unknown", "not_said"),
        ("recipients of nonsense", 201, '{"SMSMessageData": {"Recipients": [7, null]}}', "unknown", "not_said"),
        ("a wrong key waits", 401, "The supplied authentication is invalid", "not_reached", "wrong_key"),
        ("too fast", 429, "", "not_reached", "too_fast"),
        ("busy", 503, "", "not_reached", "provider_busy"),
        ("a plain fault may have come after sending", 500, "<html>", "unknown", "no_answer"),
        ("a wrong form", 400, "missing", "refused", "rejected"),
    ],
)
def test_the_answer_is_judged(label: str, status: int, body: str, state: str, reason: str | None) -> None:
    [sent] = judge(status, body, [notice("k")])
    assert (sent.key, sent.state, sent.reason) == ("k", state, reason), label


def test_each_recipient_is_judged_on_its_own() -> None:
    sent = judge(201, answer(row(403, TWO), row(101, ONE, "ATXid_7")), [notice("a", ONE), notice("b", TWO)])
    assert [(one.key, one.state, one.provider_ref, one.cost) for one in sent] == [
        ("a", "done", "ATXid_7", "KES 0.8000"),
        ("b", "refused", None, None),
    ]


def test_every_failure_code_of_the_provider_has_a_meaning() -> None:
    assert {*range(401, 408), *range(500, 503)} <= set(CODES)


def test_equal_texts_share_a_request_and_a_number_is_never_twice_in_one() -> None:
    notices = [
        notice("a", ONE),
        notice("b", TWO),
        notice("c", ONE),
        notice("d", ONE, "other"),
        notice("e", TWO, sender="X"),
    ]
    assert [[one.key for one in group] for group in groups(notices)] == [["a", "b"], ["c"], ["d"], ["e"]]
    many = [notice(str(n), f"+2547000{n:05d}") for n in range(250)]
    assert [len(group) for group in groups(many)] == [100, 100, 50]


AIRTIME = {
    "phoneNumber": ONE,
    "amount": "KES 50.0000",
    "errorMessage": "None",
    "status": "Sent",
    "requestId": "ATQid_1",
}


@pytest.mark.parametrize(
    ("label", "status", "body", "expected"),
    [
        ("sent", 201, {"errorMessage": "None", "responses": [AIRTIME]}, ("done", None, "ATQid_1")),
        ("a sentence about the phone", 201, {"responses": [{**AIRTIME, "status": "Failed", "errorMessage": "Invalid Phone Number"}]}, ("refused", "invalid_number", None)),
        ("no credit waits", 201, {"responses": [{**AIRTIME, "status": "Failed", "errorMessage": "Insufficient Credit"}]}, ("not_reached", "no_credit", None)),
        ("a repeat says nothing of the first", 201, {"errorMessage": "A duplicate request was received within the last 5 minutes", "responses": []}, ("unknown", "duplicate", None)),
        ("sent without an id", 201, {"responses": [{**AIRTIME, "requestId": "None"}]}, ("unknown", "not_said", None)),
        ("failed for a new reason", 201, {"responses": [{"status": "Failed", "errorMessage": "Cosmic"}]}, ("refused", "rejected", None)),
        ("nothing to read", 201, {"hello": 1}, ("unknown", "not_said", None)),
        ("a fault", 500, {}, ("unknown", "no_answer", None)),
        ("a wrong key", 401, {}, ("not_reached", "wrong_key", None)),
    ],
)  # fmt: skip
def test_an_airtime_answer_is_judged(
    label: str, status: int, body: dict[str, object], expected: tuple[str, str | None, str | None]
) -> None:
    sent = judge_airtime("k", status, json.dumps(body))
    assert (sent.state, sent.reason, sent.provider_ref) == expected, label


def test_other_services_live_on_hosts_of_their_own_and_a_double_on_one() -> None:
    real = AfricasTalkingAccount("u", SecretStr("k"), "https://api.sandbox.africastalking.com")
    assert real.host("insights") == "https://insights.sandbox.africastalking.com"
    double = AfricasTalkingAccount("u", SecretStr("k"), "http://127.0.0.1:9/")
    assert double.host("insights") == "http://127.0.0.1:9"


def test_an_account_never_prints_its_key() -> None:
    assert "opensesame" not in repr(AfricasTalkingAccount("u", SecretStr("opensesame"), "http://x"))
