"""The one reader of numbers: what we show is read back as it was, in every language and currency; what has two readings, or none, is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import money, numbers
from core.metering import units
from core.numbers import STATED, UNSTATED, Unreadable, notation_of
from core.text import LANGUAGES

CURRENCIES = ("KES", "EUR", "NGN", "GBP", "USD", "VND", "UGX", "JPY", "KWD", "BHD", "INR", "XOF", "TZS")
LANG, CURRENCY = st.sampled_from(LANGUAGES), st.sampled_from(CURRENCIES)


@given(LANG, CURRENCY, st.integers(-(10**14), 10**14))
def test_an_amount_that_we_show_is_read_back(lang: str, currency: str, minor: int) -> None:
    assert money.typed(money.show(minor, currency, lang), currency, lang) == minor


@given(LANG, st.integers(0, 10**14), st.sampled_from(["kWh", "m3", "MB", ""]))
def test_a_quantity_that_we_show_is_read_back(lang: str, micro: int, unit: str) -> None:
    shown = f"{numbers.show(micro, 6, lang)} {unit}".strip()
    assert units.typed(shown, lang, unit) == micro


@given(CURRENCY, st.integers(-(10**14), 10**14))
def test_what_machines_write_is_read_back(currency: str, minor: int) -> None:
    plain = money.plain(minor, currency)
    assert money.parse(plain, currency) == money.read(plain, currency, STATED["point"]) == minor
    assert money.read(plain.replace(".", ","), currency, STATED["comma"]) == minor


@given(st.text(alphabet="0123456789.,'_ eE-+()xk½²٣", max_size=12), LANG, CURRENCY)
def test_garbage_never_reads_as_a_number(text: str, lang: str, currency: str) -> None:
    """Whatever is read has the digits of the text in their order, and no letter was passed over."""
    try:
        minor = money.typed(text, currency, lang)
    except Unreadable:
        return
    digits = "".join(letter for letter in numbers.tidied(text) if letter.isdigit())
    shown = f"{abs(Decimal(minor).scaleb(-money.exponent(currency))):f}"
    whole, _, part = shown.partition(".")
    assert digits.lstrip("0").rstrip("0").startswith((whole + part.rstrip("0")).strip("0"))
    assert not set(numbers.tidied(text)) & set("eExk½²_")


@given(LANG, st.integers(1, 999), st.integers(0, 999), st.sampled_from([",", "."]))
def test_a_mark_before_three_digits_is_what_the_language_says_or_nothing(
    lang: str, first: int, rest: int, mark: str
) -> None:
    text = f"{first}{mark}{rest:03}"
    known = notation_of(lang)
    try:
        micro = units.typed(text, lang)
    except Unreadable as why:
        assert mark != known.point and mark not in known.groups, why.key
        return
    assert micro == (first * 1_000_000 + rest * 1_000 if mark == known.point else (first * 1_000 + rest) * 1_000_000)


@pytest.mark.parametrize(
    ("text", "currency", "lang", "minor"),
    [
        ("500", "KES", "en", 500_00), ("Ksh 500", "KES", "sw", 500_00), ("500 bob", "KES", "en", 500_00), ("500/=", "KES", "en", 500_00),
        ("KES500", "KES", "en", 500_00), ("Ksh. 1,500/=", "KES", "en", 1_500_00), ("1 500", "KES", "en", 1_500_00),
        ("1\u202f500", "KES", "fr", 1_500_00), ("1\u00a0500,50 €", "EUR", "fr", 1_500_50), ("€ 12,50", "EUR", "nl", 12_50),
        ("12,5", "EUR", "fr", 12_50), ("€ 500,-", "EUR", "nl", 500_00), ("1.234.567", "VND", "vi", 1_234_567), ("1'000", "EUR", "nl", 1_000_00),
        ("٣٠٠", "KES", "en", 300_00), ("１２", "KES", "en", 12_00), ("٣٫٥", "KES", "en", 3_50), ("−5", "KES", "en", -5_00), ("5-", "KES", "en", -5_00),
        ("(5)", "KES", "en", -5_00), ("-KES 5", "KES", "en", -5_00), ("1.500", "KWD", "en", 1_500), ("1,00,000", "INR", "en", 100_000_00),
        ("₫ 5.000", "VND", "vi", 5_000), ("\u200b5\ufe0f\u20e3", "KES", "en", 5_00), ("N1,000", "NGN", "en", 1_000_00),
    ],
)  # fmt: skip
def test_what_people_write_is_read_in_their_notation(text: str, currency: str, lang: str, minor: int) -> None:
    assert money.typed(text, currency, lang) == minor


@pytest.mark.parametrize(
    "text",
    [
        "1e3", "1E3", "1e9", "1_000", "1,,5", "1..5", "1.5.5", "1,5,0", "12,50", "1,2345", "1,00,000", "0,500", ",5", ".5", "5.", "5,", "", " ", "KES",
        "five", "0x10", "½", "5²", "NaN", "Infinity", "+5", "--5", "-(5)", "(5", "5)", "5 KES KES", "USD 5", "$5", "5 5", "1 5000", "1 234,567", "1,234 567",
        "12.345", "9" * 61, "5\n5", "5%", "5k", "QWE123XYZ", "5th", "1/2",
    ],
)  # fmt: skip
def test_what_is_no_amount_of_a_kenyan_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        money.typed(text, "KES", "en")


@pytest.mark.parametrize(
    ("text", "key"), [("12,50", "number.unsure"), ("1e3", "number.none"), ("1.005", "number.too_fine")]
)
def test_the_reason_is_told(text: str, key: str) -> None:
    with pytest.raises(Unreadable) as why:
        money.typed(text, "KES", "en")
    assert (why.value.key, text in str(why.value)) == (key, True)


@pytest.mark.parametrize(
    ("text", "unsaid", "comma", "point"),
    [
        ("12.50", 12_50, None, 12_50), ("12,50", None, 12_50, None), ("1,250", None, 1_25, 1_250_00), ("1.250", None, 1_250_00, 1_25),
        ("1,250.00", 1_250_00, None, 1_250_00), ("1.250,00", None, 1_250_00, None), ("1250", 1_250_00, 1_250_00, 1_250_00),
        ("1 250", 1_250_00, 1_250_00, 1_250_00), ("1,234,567", 1_234_567_00, None, 1_234_567_00), ("-5.00", -5_00, None, -5_00),
        ("5.00-", -5_00, None, -5_00), ("+5.00", 5_00, None, 5_00), ("12.5000", 12_50, None, 12_50), ("1e3", None, None, None),
        ("1_000", None, None, None), ("0.125", None, None, None), ("EUR 5", 5_00, 5_00, 5_00),
    ],
)  # fmt: skip
def test_a_file_is_read_as_it_says_it_writes(
    text: str, unsaid: int | None, comma: int | None, point: int | None
) -> None:
    def told(notation: numbers.Notation) -> int | None:
        try:
            return money.read(text, "EUR", notation)
        except Unreadable:
            return None

    assert (told(UNSTATED), told(STATED["comma"]), told(STATED["point"])) == (unsaid, comma, point)


@pytest.mark.parametrize("text", ["1,000", "1e3", "1_000", " ", "", "1 000", "٣", "5.", ".5", "KES 5", "0x1", "1" * 61])
def test_machines_write_digits_and_a_point(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        money.parse(text, "KES")


def test_no_single_amount_is_beyond_belief() -> None:
    with pytest.raises(Unreadable, match="larger"):
        money.typed("9" * 20, "KES", "en")
