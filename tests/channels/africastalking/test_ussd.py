"""Every body Africa's Talking posts for USSD is understood, or refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.africastalking.ussd import AfricasTalkingUssd, new_input, parse, parse_end, render
from channels.contract import Malformed, RawRequest
from channels.paging import Budget
from core.message import Inbound, Notice, Option, Screen
from tests.channels.payloads import body

PHONE = "+254700000001"
BASE = "sessionId=s&phoneNumber=%2B254700000001&serviceCode=%2A384%23"


def step(text: str, kind: str = "text", session: str = "ATUid_abc", service: str = "*384*100#") -> Inbound:
    return Inbound("ussd", PHONE, text, kind, PHONE, None, session, service)


@pytest.mark.parametrize(
    ("label", "raw", "expected"),
    [
        ("the first hit", body("africastalking/ussd_first.form"), step("", "new")),
        ("the third hit", body("africastalking/ussd_third.form"), step("1*2")),
        (
            "small escapes",
            b"sessionId=s&phoneNumber=%2b254700000001&serviceCode=%2a384%23&text=1%2a2",
            step("1*2", "text", "s", "*384#"),
        ),
        (
            "no escapes at all",
            b"sessionId=s&phoneNumber=+254700000001&serviceCode=*384#&text=1*2",
            step("1*2", "text", "s", "*384#"),
        ),
        (
            "a number without its plus",
            b"sessionId=s&phoneNumber=254700000001&serviceCode=*384#&text=",
            step("", "new", "s", "*384#"),
        ),
        ("a blank typed", f"{BASE}&text=1%2A+2+%2B3".encode(), step("1* 2 +3", "text", "s", "*384#")),
        ("a percent sign typed", f"{BASE}&text=5%25%2B%26%3D".encode(), step("5%+&=", "text", "s", "*384#")),
        ("an escaped escape", f"{BASE}&text=%252B".encode(), step("%2B", "text", "s", "*384#")),
        ("another script", f"{BASE}&text=%C3%A9%E2%82%AC%F0%9F%98%80".encode(), step("é€😀", "text", "s", "*384#")),
        ("bytes that are no UTF-8", f"{BASE}&text=%FF%FE".encode(), step("��", "text", "s", "*384#")),
        ("a NUL", f"{BASE}&text=1%002\x00".encode(), step("12", "text", "s", "*384#")),
        ("a long text", f"{BASE}&text={'7' * 2000}".encode(), step("7" * 2000, "text", "s", "*384#")),
        ("a field we do not know", f"{BASE}&text=1&network=63902".encode(), step("1", "text", "s", "*384#")),
    ],
)
def test_a_step_is_read(label: str, raw: bytes, expected: Inbound) -> None:
    assert parse(RawRequest("POST", raw)) == [expected], label


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "field.missing"),
        (b"\xff\xfe", "field.missing"),
        (b"{}", "field.missing"),
        (b"phoneNumber=%2B254700000001&serviceCode=1&text=", "field.missing"),
        (b"sessionId=&phoneNumber=%2B254700000001&serviceCode=1&text=", "field.missing"),
        (b"sessionId=s&phoneNumber=%2B254700000001&text=", "field.missing"),
        (b"sessionId=s&phoneNumber=%2B254700000001&serviceCode=1", "field.missing"),
        (b"sessionId=s&phoneNumber=amina&serviceCode=1&text=", "phone.not_a_number"),
        (b"sessionId=s&phoneNumber=%2B254700000001%0A&serviceCode=1&text=" + b"1" * 4097, "field.too_long"),
        (b"sessionId=" + b"s" * 201 + b"&phoneNumber=%2B254700000001&serviceCode=1&text=", "field.too_long"),
        (b"a=" + b"1" * 70_000, "body.too_long"),
    ],
)
def test_what_is_no_step_is_refused_with_a_reason(raw: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(RawRequest("POST", raw))
    assert refused.value.code == code
    assert "254700000001" not in refused.value.reason


def test_the_end_of_a_session_is_told_without_what_was_typed_or_shown() -> None:
    [end] = parse_end(RawRequest("POST", body("africastalking/ussd_end.form")))
    assert isinstance(end, Inbound)
    assert (end.kind, end.session, end.user, end.text) == ("end", "ATUid_abc", PHONE, "")
    assert end.details == {"status": "Incomplete", "cost": "KES 0.10", "milliseconds": "12345", "hops": "2"}
    assert "Your balance" not in repr(end)


def test_a_status_of_an_end_that_we_do_not_know_is_kept() -> None:
    [end] = parse_end(RawRequest("POST", f"{BASE}&status=Evaporated".encode()))
    assert isinstance(end, Inbound)
    assert end.details == {"status": "Evaporated"}


@pytest.mark.parametrize(
    ("label", "stored", "text", "expected"),
    [
        ("the first answer", "", "1", "1"),
        ("the second", "1", "1*2", "2"),
        ("the same answer twice", "1", "1*1", "1"),
        ("a star typed by the customer", "1", "1*2*3", "2*3"),
        ("a star alone", "1", "1**", "*"),
        ("nothing typed, then sent", "1", "1*", ""),
        ("nothing typed twice", "1*", "1**", ""),
        ("a retry", "1*2", "1*2", None),
        ("a retry of the first hit", "", "", None),
        ("a late repeat of an earlier step", "1*2*3", "1*2", None),
        ("a repeated start", "1*2", "", None),
        ("a longer number that only looks alike", "1", "12", "12"),
        ("a deep dial", "", "1*5", "1*5"),
        ("a network that sends the last answer only", "1*2", "3", "3"),
    ],
)
def test_what_is_new_since_the_stored_text(label: str, stored: str, text: str, expected: str | None) -> None:
    assert new_input(stored, text) == expected, label


@given(st.lists(st.text(alphabet="0123456789*# a", max_size=6), max_size=8))
def test_any_walk_gives_back_what_was_typed_and_nothing_twice(typed: list[str]) -> None:
    stored = ""
    for answer in (a for a in typed if a):
        text = f"{stored}*{answer}" if stored else answer
        assert new_input(stored, text) == answer
        assert new_input(text, text) is None
        stored = text


def drawn(screen: Screen, number: int = 0, budget: Budget | None = None) -> str:
    channel = AfricasTalkingUssd(budget) if budget else AfricasTalkingUssd()
    return channel.render(screen, channel.lay_out(screen)[number])


def test_a_screen_that_waits_keeps_the_session_open() -> None:
    assert drawn(Screen("Choose", (Option("1", "Balance"), Option("0", "Home")))) == "CON Choose\n1. Balance\n0. Home"


def test_a_screen_that_ends_closes_the_session() -> None:
    assert drawn(Screen("Asante.", ends=True)) == "END Asante."


def test_a_long_last_screen_closes_the_session_only_on_its_last_page() -> None:
    screen = Screen("word " * 60, ends=True)
    channel = AfricasTalkingUssd()
    answers = [render(screen, page) for page in channel.lay_out(screen)]
    assert len(answers) > 1
    assert all(answer.startswith("CON ") for answer in answers[:-1])
    assert answers[-1].startswith("END ")
    assert "Back" not in answers[-1]


def test_what_is_drawn_can_always_be_encoded() -> None:
    assert drawn(Screen("a\ud800b\x00")).encode() == "CON a\ufffdb".encode()


def test_an_operator_s_own_budget_is_kept() -> None:
    assert len(AfricasTalkingUssd(Budget(60, 40)).lay_out(Screen("word " * 30))) > 2


async def test_a_notice_cannot_start_a_session() -> None:
    [sent] = await AfricasTalkingUssd().send([Notice("k", "ussd", PHONE, "hello")])
    assert (sent.key, sent.state, sent.reason) == ("k", "refused", "cannot_start")


def test_the_gateway_is_told_which_doors_to_open() -> None:
    assert [(door.method, door.path) for door in AfricasTalkingUssd().doors] == [
        ("POST", "/hooks/africastalking/{secret}/ussd"),
        ("POST", "/hooks/africastalking/{secret}/ussd/end"),
    ]


@given(st.binary(max_size=300))
def test_no_body_whatever_makes_the_parser_stumble(raw: bytes) -> None:
    for read in (parse, parse_end):
        try:
            read(RawRequest("POST", raw))
        except Malformed as refused:
            assert refused.code
            assert refused.reason
