from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from core.text import LANGUAGES, catalogue
from dialogs.intents import WORDS, find
from dialogs.localize import Localizer
from dialogs.redact import BLOT, blotted, has_card, luhn, unblotted, without_cards
from dialogs.values import amount, cut, day, lines, moment, named, quantity, word

WORDS_ = Localizer(ZoneInfo("Africa/Nairobi"), {"operator": "Mwangaza"})
AT = datetime(2026, 3, 10, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "en", "sw"),
    [
        (amount(1_200_50, "KES"), "KES 1,200.50", "KES 1,200.50"),
        (amount(5, "VND"), "5 VND", "5 VND"),
        (day(date(2026, 3, 24)), "24 Mar", "24 Mac"),
        (moment(AT), "11 Mar 00:30", "11 Mac 00:30"),
        (quantity(1_500_000, "kWh"), "1.5 kWh", "1.5 kWh"),
        (named({"en": "Fuel", "sw": "Mafuta"}), "Fuel", "Mafuta"),
        (named({"fr": "Carburant"}), "Carburant", "Carburant"),
        (word("home.line.owing", amount=amount(1_00, "KES")), "You owe KES 1", "Unadaiwa KES 1"),
        (lines(["a", 2]), "a\n2", "a\n2"),
        ("plain", "plain", "plain"),
    ],
)
def test_each_value_is_written_as_its_language_writes_it(value: object, en: str, sw: str) -> None:
    assert (WORDS_.write("en", value), WORDS_.write("sw", value)) == (en, sw)


def test_a_field_that_nobody_gave_is_filled_by_the_house_or_left_empty() -> None:
    assert WORDS_.say("en", "home.menu", {"line": "x"}) == "Mwangaza\nx"
    assert WORDS_.say("en", "home.menu") == "Mwangaza\n"


@pytest.mark.parametrize(("micro", "said"), [(42_000_000, "42"), (1, "0.000001"), (-1_500_000, "-1.5"), (0, "0")])
def test_quantities_have_no_useless_tail(micro: int, said: str) -> None:
    assert WORDS_.write("en", quantity(micro, "kWh")) == f"{said} kWh"


def test_a_quantity_is_written_in_the_notation_of_its_reader() -> None:
    said = {lang: WORDS_.write(lang, quantity(12_345_678, "kWh")) for lang in ("en", "sw", "nl", "fr", "vi")}
    assert said == dict.fromkeys(("en", "sw"), "12.345678 kWh") | dict.fromkeys(("nl", "fr", "vi"), "12,345678 kWh")


def test_a_long_name_is_cut_to_what_a_small_screen_bears() -> None:
    assert cut("Plot 12,  Moi \n Road", 12) == "Plot 12, M.."
    assert cut("short", 12) == "short"


@pytest.mark.parametrize(
    ("text", "flow"),
    [
        ("BAL", "balance"), (" bal. ", "balance"), ("Salio", "balance"), ("bill", "bill"), ("BILI", "bill"), ("fault", "fault"),
        ("TATIZO", "fault"), ("Help!", "help"), ("MSAADA", "help"), ("stop", "stop"), ("ACHA", "stop"), ("START", "start"),
        ("anza", "start"), ("pointi", "rewards"), ("lugha", "language"), ("hodi", "home"), ("tiketi", "tickets"),
    ],
)  # fmt: skip
def test_keywords_of_both_languages_reach_their_flow(text: str, flow: str) -> None:
    found = find(text)
    assert found is not None
    assert found.flow == flow


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("PAY 500", "500"),
        ("pay kes 1,200.50", "KES 1,200.50"),
        ("Lipa 500/=", "500/="),
        ("LIPA Ksh. 500", "KSH. 500"),
        ("PAY 1 500", "1 500"),
        ("pay ٣٠٠", "300"),
        ("PAY 500 bob", "500 BOB"),
        ("pay 500.", "500"),
    ],
)
def test_pay_may_bring_its_amount(text: str, amount: str) -> None:
    found = find(text)
    assert found is not None
    assert (found.flow, found.keep) == ("pay", {"typed_amount": amount})


@pytest.mark.parametrize(
    "text",
    ["please stop the leak", "stopp", "pay me", "bill gates", "", "PAY -5", "BAL 500", "pay 500 500", "x" * 5000],
)
def test_a_word_in_a_sentence_is_no_keyword(text: str) -> None:
    assert find(text) is None


def test_no_word_means_two_things() -> None:
    every = [one for words in WORDS.values() for one in words]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111", "4111 1111 1111 1111", "my card is 5500-0000-0000-0004 ok", "378282246310005",
        "6011.0000.0000.0004", "1*2*4111111111111111", "5555-5555-5555-4444 12/27 123", "4111 1111 1111 1111 1227",
        "Pay 500 4111\u00a01111\u00a01111\u00a01111", "4111  1111  1111  1111", "4000–0566–5566–5556", "4012888888881881,0827",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "٤١١١ ١١١١ ١١١١ ١١١١", "４２４２４２４２４２４２４２４２", "3530 1113\n3330 0000",
    ],
)  # fmt: skip
def test_card_numbers_are_recognised_and_blotted_out(text: str) -> None:
    assert has_card(text)
    assert not has_card(without_cards(text))
    assert len(without_cards(text)) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",
        "0712345678",
        "+254712345678",
        "12345678901234567890",
        "37 07 12 34 56",
        "2026-03-10 09:00:00",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert not has_card(text)
    assert without_cards(text) == text


def test_luhn_finds_every_single_slip() -> None:
    card = "4111111111111111"
    assert luhn(card)
    for at in range(16):
        for digit in "0123456789":
            assert luhn(card[:at] + digit + card[at + 1 :]) == (digit == card[at])


def test_a_blotted_text_is_compared_without_what_was_blotted() -> None:
    stored = "1*" + blotted("4711")
    assert stored == f"1*{BLOT * 4}"
    assert unblotted(stored, "1*4711*2") == "1*4711"
    assert unblotted(stored, "1*9") == f"1*9{BLOT * 3}"
    assert unblotted("1*2", "9") == "1*2"


def test_every_key_of_the_dialogs_is_said_in_every_language_with_the_same_fields() -> None:
    from core.text import fields

    mine = {
        key
        for key in catalogue("en")
        if key.split(".")[0] in ("talk", "home", "balance", "pay", "fault", "tickets", "pin")
    }
    for lang in LANGUAGES:
        for key in mine:
            assert fields(catalogue(lang)[key]) == fields(catalogue("en")[key]), (lang, key)
