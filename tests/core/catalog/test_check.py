"""The lint of a tariff: what compiles and is probably not meant."""

import pytest

from core.catalog.check import check
from tests.bills.paper import TARIFFS
from tests.core.catalog.test_refusals import USE, E, only, two


def remarks(text: str) -> set[tuple[str, str]]:
    """(place, what is wrong) of every remark but those on missing names."""
    return {
        (found.where.removeprefix("tariff, "), found.wrong) for found in check(text) if "no name in" not in found.wrong
    }


@pytest.mark.parametrize("path", sorted(TARIFFS.glob("*.yaml")), ids=lambda path: str(path.stem))
def test_the_examples_have_no_remark(path: str) -> None:
    assert check(path) == []


@pytest.mark.parametrize(
    ("text", "place", "wrong"),
    [
        (only(E, 'times: [{code: all}, {code: peak, to: "06:00"}]'), "time peak", "no instant reaches it."),
        (only(f'{{{USE}, model: graduated, tiers: [{{up_to: "30", price: "1"}}, {{price: "1"}}]}}'), "charge e", "blocks 1 and 2 have the same price."),
        (two('{code: vat, type: tax, percent: "0", of: [e]}'), "charge vat", "it is 0 %."),
        (two('{code: vat, type: tax, percent: "5", of: [e]}').replace('price: "1"', 'price: "0"'), "charge vat", "it is taken of lines that cost nothing."),
        (
            two('{code: vat, type: tax, percent: "5", of: [e]}') + '  - {code: off, type: discount, amount: "1", of: [e]}\n',
            "charge off", "it comes after the tax 'vat' of its lines, which is of the full price.",
        ),
        (two('{code: off, type: discount, amount: "1", of: [e], valid_to: 2022-01-01}'), "charge off", "it is never valid while the tariff is."),
        (
            only("{code: c, type: event, meter: v, unit: s, rates: [{steps: [{increment: '1', price: '1'}]}, {to: [x], steps: [{increment: '1', price: '2'}]}]}", 'destinations: {x: ["1"]}'),
            "charge c", "rate 2 is never used.",
        ),
        (
            only(f'{{{USE}, model: sets, sets: [{{average_of: 3, at_most: "50", model: flat, price: "1"}}, {{average_of: 3, at_most: "40", model: flat, price: "2"}}, {{model: flat, price: "3"}}]}}'),
            "charge e", "set 2 is never chosen.",
        ),
        (only(E, 'times: [{code: peak, to: "06:00"}, {code: rest}]'), "times", "no price depends on them."),
        (
            only("{code: c, type: event, meter: v, unit: s, rates: [{to: [x], steps: [{increment: '1', price: '1'}]}]}", 'destinations: {x: ["1"], y: ["2"]}'),
            "destination y", "no rate is for it.",
        ),
        (only(E, "holidays: {country: KE}"), "holidays", "no time of use asks for them."),
        (
            two('{code: least, type: minimum, amount: "9", of: [e]}') + '  - {code: most, type: maximum, amount: "8", of: [e]}\n',
            "charge least", "it is above the maximum 'most'.",
        ),
        (
            two('{code: gst, type: tax, percent: "5", of: [e]}') + '  - {code: vat, type: tax, percent: "5", of: [e, gst], inclusive: true}\n',
            "charge vat", "the tax 'gst' is said to hold it.",
        ),
    ],
)  # fmt: skip
def test_what_is_probably_not_meant_is_remarked(text: str, place: str, wrong: str) -> None:
    assert (place, wrong) in remarks(text)


def test_a_name_missing_in_a_language_is_remarked() -> None:
    found = check(only(E.replace("code: e,", "code: e, name: {en: Energy},"), "name: {en: T, sw: T}"))
    assert [(one.level, one.where, one.wrong) for one in found] == [("warning", "tariff, charge e", "no name in sw.")]


def test_an_error_is_a_finding_too() -> None:
    found = check(only(f"{{{USE}, model: flat}}"))
    assert [str(one) for one in found] == ["error: tariff, charge e: model flat needs 'price'. Add `price`."]
