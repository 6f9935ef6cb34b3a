"""A new version in mid-period: what is shared by days, what goes on counting, and what is settled once.

Every tariff here changes on 16 June 2023, so that a June is cut into two halves of fifteen days.
"""

from typing import Any

import pytest

from core.catalog.versions import load_versions
from core.rating.errors import CannotRate
from tests.bills.paper import asked

JUNE = {"from": "2023-06-01", "to": "2023-07-01"}
USE = "type: usage, meter: use, unit: kWh"


def versions(first: str, second: str | None = None, head: str = "", new_head: str | None = None) -> Any:
    """Two versions of a tariff; the second with the first one's charges unless given."""
    one = "tariff: t\nvalid_from: {}\ncurrency: KES\n{}\ncharges:\n{}\n"
    new_head = head if new_head is None else new_head
    return load_versions(
        one.format("2023-01-01", head, first) + "---\n" + one.format("2023-06-16", new_head, second or first)
    )


def total(tariffs: Any, **request: Any) -> str:
    return str(asked(tariffs, period=JUNE, **request)["total"])


def used(*rows: tuple[str, str], **more: Any) -> list[dict[str, Any]]:
    """Rows of (day of June, quantity)."""
    return [{"meter": "use", "quantity": quantity, "at": f"2023-06-{day}T12:00:00", **more} for day, quantity in rows]


def paid(*rows: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"meter": "use", "value": value, "at": f"2023-06-{day}T12:00:00"} for day, value in rows]


@pytest.mark.parametrize(
    ("charge", "quantity", "expected"),
    [
        (f'{USE}, model: package, price: "5", size: "100"', "250", "15.00"),
        (f'{USE}, model: stairstep, tiers: [{{up_to: "100", price: "30"}}, {{price: "80"}}]', "60", "30.00"),
        (f'{USE}, model: volume, tiers: [{{price: "1", fee: "10"}}]', "60", "70.00"),
        (f'{USE}, model: graduated, tiers: [{{up_to: "20", price: "1"}}, {{price: "2", fee: "10"}}]', "60", "110.00"),
        (f'{USE}, model: flat, price: "1", free: "30"', "60", "30.00"),
        (f'{USE}, model: volume, blocks: {{per: day}}, tiers: [{{up_to: "2", price: "1"}}, {{price: "3"}}]', "60", "60.00"),
        (f'{USE}, model: volume, select: {{average_of: 3}}, blocks: {{per: day}}, tiers: [{{up_to: "2", price: "1"}}, {{price: "3"}}]', "60", "60.00"),
        ('type: fixed, price: "100"', "0", "100.00"),
        ('type: fixed, price: "100", first_purchase: true', "0", "100.00"),
        ('type: fixed, price: "1", per: day', "0", "30.00"),
        ('type: usage, meter: kw, unit: kW, model: demand, price: "100"', "0", "700.00"),
    ],
    ids=["packs", "stairstep", "fee", "fee of a block", "free units", "blocks a day", "average", "fixed", "first purchase", "daily", "register"],
)  # fmt: skip
def test_a_cut_by_an_equal_version_costs_what_the_uncut_period_costs(charge: str, quantity: str, expected: str) -> None:
    twice = versions(f"  - {{code: e, {charge}}}")
    usage = [{"meter": meter, "quantity": {"kw": "7"}.get(meter, quantity)} for meter in twice[-1].meters]
    assert total(twice, usage=usage) == expected
    assert str(asked(twice[0], period=JUNE, usage=usage)["total"]) == expected


def test_a_pack_started_under_the_old_version_goes_on() -> None:
    """30 before the cut start one pack of 100; 50 after it end in the same pack, 80 after it start another at the new price."""
    old = f'  - {{code: e, {USE}, model: package, price: "5", size: "100"}}'
    new = old.replace('price: "5"', 'price: "7"')
    assert total(versions(old, new), usage=used(("02", "30"), ("20", "50"))) == "5.00"
    assert total(versions(old, new), usage=used(("02", "30"), ("20", "80"))) == "12.00"


def test_free_events_and_free_value_are_free_once_and_not_once_a_version() -> None:
    charge = '  - {code: fee, type: usage, meter: use, unit: payment, model: percentage, percent: "10", '
    twice = versions(charge + "free_events: 2}")
    assert total(twice, usage=paid(("02", "100"), ("20", "200"), ("21", "300"))) == "30.00"
    value = versions(charge + 'free_value: "150"}')
    assert total(value, usage=paid(("02", "100"), ("20", "100"))) == "5.00"


def test_a_limit_is_settled_once_by_what_the_whole_period_comes_to() -> None:
    """60 of the first half lie above its share of the minimum; they make up for the second half's nothing."""
    energy = f'  - {{code: e, {USE}, model: flat, price: "1"}}\n'
    least = versions(energy + '  - {code: least, type: minimum, amount: "50", of: [e]}')
    assert total(least, usage=used(("02", "60"))) == "60.00"
    assert total(least, usage=used(("02", "20"), ("20", "10"))) == "50.00"
    most = versions(energy + '  - {code: most, type: maximum, amount: "50", of: [e]}')
    assert total(most, usage=used(("02", "45"))) == "45.00"
    assert total(most, usage=used(("02", "45"), ("20", "45"))) == "50.00"


def test_a_limit_that_only_one_version_knows_is_for_its_own_days() -> None:
    energy = f'  - {{code: e, {USE}, model: flat, price: "1"}}\n'
    least = energy + '  - {code: least, type: minimum, amount: "50", of: [e]}'
    assert total(versions(energy, least), usage=used(("02", "60"))) == "85.00"  # half of 50 for the second half
    assert total(versions(least, energy), usage=used(("20", "60"))) == "85.00"


def test_a_commitment_is_made_good_once() -> None:
    charges = (
        f'  - {{code: e, {USE}, model: flat, price: "1"}}\n'
        '  - {code: promise, type: commitment, amount: "1200", of: [e], spent: spent, ends: term_ends}'
    )
    account = {"spent": "900.00", "term_ends": 1}
    given = asked(versions(charges), period=JUNE, account=account, usage=used(("02", "60"), ("20", "40")))
    assert [line["amount"] for line in given["lines"] if line["code"] == "promise"] == ["200.00"]
    assert given["total"] == "300.00"


def test_demand_is_each_versions_own_highest_for_its_own_days() -> None:
    old = '  - {code: kw, type: usage, meter: use, unit: kWh, model: demand, interval: "60", price: "100"}'
    new = old.replace('"100"', '"200"')
    assert total(versions(old, new), usage=used(("02", "8"), ("03", "6"), ("20", "4"))) == "800.00"  # 8 x 50 + 4 x 100


def test_what_one_versions_allowance_leaves_the_next_may_use_and_all_of_it_rolls_over_as_one() -> None:
    head = 'allowances: [{code: free, meter: use, unit: kWh, units: "60", charges: [e], rollover: {periods: 1}}]'
    twice = versions(f'  - {{code: e, {USE}, model: flat, price: "1"}}', head=head)
    given = asked(twice, period=JUNE, usage=used(("02", "10"), ("20", "45")))
    assert (given["total"], given["left"]) == ("0.00", {"free": "5"})
    assert given["carry"] == [{"allowance": "free", "units": "5", "until": "2023-08-01"}]


def test_a_call_belongs_to_the_version_and_the_period_in_which_it_starts() -> None:
    call = 'code: calls, type: event, meter: voice, unit: min, rates: [{steps: [{increment: "1", price: "PRICE"}]}]'
    tariffs = versions(f"  - {{{call.replace('PRICE', '1')}}}", f"  - {{{call.replace('PRICE', '3')}}}")
    over = {"meter": "voice", "at": "2023-06-15T23:50:00", "until": "2023-06-16T00:10:00"}
    assert total(tariffs, usage=[over]) == "20.00"
    late = {"meter": "voice", "at": "2023-06-30T23:50:00", "until": "2023-07-01T00:10:00"}
    assert total(tariffs, usage=[late]) == "60.00"


def test_a_destination_is_looked_up_in_the_version_of_the_call() -> None:
    """The second version knows one more group, before the others: places in its list are not places in the first one's."""
    call = "  - {code: calls, type: event, meter: voice, unit: min, rates: ["
    old = (
        call
        + '{to: [home], steps: [{increment: "1", price: "1"}]}, {to: [abroad], steps: [{increment: "1", price: "9"}]}]}'
    )
    new = old.replace("rates: [", 'rates: [{to: [friends], steps: [{increment: "1", price: "0"}]}, ')
    tariffs = versions(
        old,
        new,
        'destinations: {home: ["07"], abroad: ["00"]}',
        'destinations: {friends: ["0711"], home: ["07"], abroad: ["00"]}',
    )
    rows = [
        {"meter": "voice", "quantity": "1", "at": f"2023-06-{day}T12:00:00", "destination": number}
        for day in ("02", "20")
        for number in ("0711222", "00331")
    ]
    given = asked(tariffs, period=JUNE, usage=rows)
    amounts = [(line["destination"], line["amount"]) for line in given["lines"]]
    assert amounts == [("home", "1.00"), ("abroad", "9.00"), ("friends", "0.00"), ("abroad", "9.00")]


def test_a_word_means_the_same_in_every_version() -> None:
    old = '  - {code: poor, type: fixed, price: "10", when: {attribute: class, is: [lifeline]}}'
    new = '  - {code: poor, type: fixed, price: "30", when: {attribute: class, is: [domestic, lifeline]}}'
    assert total(versions(old, new), account={"class": "lifeline"}) == "20.00"
    assert total(versions(old, new), account={"class": "domestic"}) == "15.00"


@pytest.mark.parametrize(
    ("head", "new_head", "new", "sentence"),
    [
        ("zone: Africa/Nairobi", "zone: Europe/Paris", None, "another zone or currency"),
        ("", "", '  - {code: e, type: usage, meter: use, unit: MWh, model: flat, price: "1"}', "measures 'use' in MWh"),
        ("", "", f'  - {{code: e, {USE}, model: volume, select: {{average_of: 6}}, tiers: [{{price: "1"}}]}}', "averages 6"),
    ],
)  # fmt: skip
def test_versions_that_cannot_share_a_period_are_refused(
    head: str, new_head: str, new: str | None, sentence: str
) -> None:
    old = f'  - {{code: e, {USE}, model: volume, select: {{average_of: 3}}, tiers: [{{price: "1"}}]}}'
    with pytest.raises(CannotRate, match=rf"{sentence}.*let this version start with a billing period"):
        total(versions(old, new, head, new_head), usage=[{"meter": "use", "quantity": "1"}])


def test_a_gap_between_versions_is_refused() -> None:
    ended = versions('  - {code: f, type: fixed, price: "1"}', head="valid_to: 2023-06-10", new_head="")
    with pytest.raises(CannotRate, match="no version is in force on 2023-06-10"):
        total(ended)
