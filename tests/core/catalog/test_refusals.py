"""A tariff or a usage that has no one meaning is refused with the charge and the remedy, and never priced."""

from pathlib import Path
from typing import Any

import pytest

from core.catalog.compile import load_tariff
from core.catalog.quote_json import load, parse
from core.catalog.versions import load_versions
from core.errors import BadInput
from core.rating.errors import CannotRate
from core.rating.quote import quote

HEAD = "tariff: t\nvalid_from: 2023-01-01\ncurrency: KES\n"
E = '{code: e, type: usage, meter: energy, unit: kWh, model: flat, price: "1"}'
USE = "code: e, type: usage, meter: energy, unit: kWh"


def only(charge: str, head: str = "") -> str:
    return f"{HEAD}{head}\ncharges:\n  - {charge}\n"


def two(second: str, head: str = "") -> str:
    return f"{HEAD}{head}\ncharges:\n  - {E}\n  - {second}\n"


@pytest.mark.parametrize(
    ("text", "place", "wrong", "remedy"),
    [
        (only(f"{{{USE}, model: flat, price: 1.5}}"), "charge e", "1.5 must be a decimal text", "in quotes"),
        (only(f'{{{USE}, model: flat, price: "-1"}}'), "charge e", "-1 is negative", "credit: true"),
        (only(f'{{{USE}, model: flat, price: "1e3"}}'), "charge e", "'1e3' is no number", "write digits"),
        (only(f'{{{USE}, model: flat, prize: "1"}}'), "charge e", "'prize' is no field", "did you mean 'price'"),
        (only(f"{{{USE}, model: flat}}"), "charge e", "model flat needs 'price'", "Add `price`"),
        (only(f'{{{USE}, model: flat, price: "1", tiers: []}}'), "charge e", "takes no 'tiers'", "graduated"),
        (only(f'{{{USE}, model: slab, price: "1"}}'), "charge e", "'slab' is not possible here", "flat, graduated"),
        (only("{code: e, type: usages, meter: energy}"), "charge e", "type 'usages' is unknown", "did you mean 'usage'?"),
        (only("{code: E, type: fixed, price: '1'}"), "charge E, code", "'E' is no code", "small letters"),
        (only("{code: e, type: usage, meter: energy, model: flat, price: '1'}"), "charge e, unit", "'unit' is missing", "add `unit`"),
        (f"{HEAD}charges:\n  - code: e\n   type: usage\n", "tariff", "not YAML, line 6: expected", "that line"),
        (only("{code: e, meter: energy}"), "charge e", "its `type` is missing", "one of: usage"),
        (only(f"{{{USE}, model: graduated, tiers: []}}"), "charge e", "has no blocks", "up_to"),
        (
            only(f'{{{USE}, model: graduated, tiers: [{{up_to: "30", price: "1"}}, {{up_to: "30", price: "2"}}, {{price: "3"}}]}}'),
            "charge e", "block 2 ends at 30", "rise",
        ),
        (only(f'{{{USE}, model: graduated, tiers: [{{up_to: "30", price: "1"}}]}}'), "charge e", "the last block has an end", "leave `up_to` out"),
        (only(f'{{{USE}, model: volume, tiers: [{{price: "1"}}, {{price: "1"}}]}}'), "charge e", "block 1 has no end", "only there"),
        (only(f'{{{USE}, model: volume, select: {{}}, tiers: [{{price: "1"}}]}}'), "charge e", "`select` names not exactly one way", "average_of"),
        (only(f'{{{USE}, model: graduated, select: {{average_of: 3}}, tiers: [{{price: "1"}}]}}'), "charge e", "takes no 'select'", "volume"),
        (only(f'{{{USE}, model: package, price: "1", size: "0"}}'), "charge e", "size is zero", "above zero"),
        (only(f'{{{USE}, model: flat, price: {{peak: "1"}}}}'), "charge e", "'peak' is no time of use", "under `times`"),
        (
            only(f'{{{USE}, model: flat, price: {{peak: "1"}}}}', 'times: [{code: peak, to: "06:00"}, {code: rest}]'),
            "charge e", "no price for the time 'rest'", "every time",
        ),
        (
            only(f'{{{USE}, model: flat, price: {{peak: "1", rest: "2"}}, free: "5"}}', 'times: [{code: peak, to: "06:00"}, {code: rest}]'),
            "charge e", "free units have no time", "allowance",
        ),
        (only(E, 'times: [{code: peak, days: mon-fri}]'), "times", "sat 00:00 in month 1", "only a `code`"),
        (only(E, 'times: [{code: peak, days: monday}]'), "time peak", "'monday' are no days", "mon-fri"),
        (only(E, 'times: [{code: peak, from: "25:00"}, {code: rest}]'), "time peak", "'25:00' is no time", "07:00"),
        (only(E, "times: [{code: free, holidays: only}, {code: rest}]"), "time free", "depends on holidays", "country"),
        (two('{code: vat, type: tax, percent: "16", of: [water]}'), "charge vat", "there is no line 'water'", "one of: e"),
        (two('{code: vat, type: tax, percent: "16", of: []}'), "charge vat", "taken of nothing", "name the lines"),
        (f"{HEAD}charges:\n  - {{code: vat, type: tax, percent: '16', of: [e]}}\n  - {E}\n", "charge vat", "line 'e' comes later", "put this charge after"),
        (f"{HEAD}charges:\n  - {{code: vat, type: tax, percent: '16', of: '*'}}\n", "charge vat", "there are none", "after the charges"),
        (two(E), "charge e", "used twice", "code of its own"),
        (two("{code: f, type: usage, meter: energy, unit: MWh, model: flat, price: '1'}"), "charge f", "kWh elsewhere and in MWh here", "one unit"),
        (two('{code: off, type: discount, of: [e]}'), "charge off", "either a percentage or an amount", "`percent` or `amount`"),
        (two('{code: off, type: discount, percent: "101", of: [e]}'), "charge off", "more than there is", "at most 100"),
        (
            f"{HEAD}charges:\n  - {E}\n  - {{code: a, type: tax, percent: '1', of: [e], inclusive: true}}\n  - {{code: b, type: tax, percent: '1', of: [e], inclusive: true}}\n",
            "charge b", "already holds the inclusive tax 'a'", "sum of the percentages",
        ),
        (
            two('{code: f, type: usage, meter: energy, unit: kWh, model: volume, select: {average_of: 3}, tiers: [{price: "1"}]}').replace(
                E, E.replace('model: flat, price: "1"', 'model: volume, select: {average_of: 6}, tiers: [{price: "1"}]')
            ),
            "charge f", "averages 3 periods", "one `average_of`",
        ),
        (only("{code: c, type: event, meter: v, unit: s, rates: [{to: [mars], steps: [{increment: '1', price: '1'}]}]}"), "charge c", "'mars' is no destination", "under `destinations`"),
        (only("{code: c, type: event, meter: v, unit: s, rates: [{steps: [{increment: '0', price: '1'}]}]}"), "charge c", "is zero", "above zero"),
        (
            only("{code: c, type: event, meter: v, unit: s, rates: [{steps: [{increment: '60', price: '1'}, {from: '90', increment: '1', price: '1'}]}]}"),
            "charge c", "starts within an increment", "multiple of 60",
        ),
        (only(E, "allowances: [{code: a, meter: energy, unit: kWh, units: '1', charges: [water]}]"), "allowance a", "'water' is no charge", "of that meter"),
        (only(E, "buy: {meter: water}"), "buy", "no charge is for the meter 'water'", "energy"),
        (
            only(f'{{{USE}, model: volume, tiers: [{{up_to: "9", price: "2"}}, {{price: "1"}}]}}', "buy: {meter: energy}"),
            "buy", "more kWh can cost less by charge 'e'", "flat or graduated",
        ),
        (two('{code: vat, type: tax, percent: "16", of: [e], when: {months: [6]}}', "buy: {meter: energy, taxes: gross}"), "buy", "tax 'vat' has a condition", "taxes: net"),
        (only(f'{{{USE}, model: percentage, percent: "1", minimum: "9", maximum: "8"}}'), "charge e", "minimum 9 is above its maximum 8", "lower the one"),
        (two('{code: p, type: percent, percent: "1", of: [e], minimum: "9", maximum: "8"}'), "charge p", "minimum 9 is above", "lower"),
        (only(E, "allowances: [{code: a, meter: energy, unit: kWh, units: '1', charges: [e], shared: true, scale_by: persons}]"), "allowance a", "granted once to all who share it", "`scale_by` or `shared`"),
        (only(E, "times: [{code: h, holidays: only}, {code: r}]\nholidays: {country: KE, subdivision: X}"), "holidays", "'X' is no part of KE", "use one of"),
        (only(E, "times: [{code: h, holidays: only}, {code: r}]\nholidays: {country: XX}"), "holidays", "'XX' is no country", "list the `days`"),
        (only(E, "times: [{code: h, holidays: only}, {code: r}]\nholidays: {country: KE, without: [2023-03-03]}"), "holidays", "2023-03-03 is no holiday anyway", "leave it out"),
        (only(E).replace("2023-01-01", "0001-01-01"), "tariff", "it begins in 1", "from 1970 to 2199"),
        (only(E, 'rounding: {line: "0"}'), "rounding", "a step is zero", "`none`"),
        (only(E, "zone: Mars/Olympus"), "tariff", "no time zone", "Africa/Nairobi"),
        (only(E).replace("KES", "XQQ"), "tariff", "'XQQ' is no currency code", "ISO 4217"),
        (only(E).replace("KES", "shillings"), "currency", "'shillings' is no code", "three capital letters"),
        (only(E).replace("2023-01-01", "soon"), "valid_from", "'soon' is no date", "2026-01-01"),
        (only(E, "currency: KES"), "tariff", "'currency' is written twice", "correct that line"),
        (f"{HEAD}charges: []\n", "tariff", "has no charges", "at least one"),
        ("charges: [\n", "tariff", "it is not YAML", "correct that line"),
        ("\n\n", "tariff", "it is empty", "write a tariff"),
    ],
)  # fmt: skip
def test_a_wrong_tariff_is_refused_by_name_with_a_remedy(text: str, place: str, wrong: str, remedy: str) -> None:
    with pytest.raises(BadInput) as refused:
        load_tariff(text)
    assert place in refused.value.where
    assert wrong in refused.value.wrong
    assert remedy.lower() in refused.value.remedy.lower()


def test_ten_thousand_blocks_are_refused() -> None:
    tiers = ", ".join(f'{{up_to: "{n}", price: "1"}}' for n in range(1, 10_000))
    with pytest.raises(BadInput, match="it has 10000 blocks"):
        load_tariff(only(f'{{{USE}, model: graduated, tiers: [{tiers}, {{price: "1"}}]}}'))


def test_a_file_is_named_in_its_error(tmp_path: Path) -> None:
    path = tmp_path / "domestic.yaml"
    path.write_text(only(f"{{{USE}, model: flat}}"))
    with pytest.raises(BadInput, match=r"domestic\.yaml, charge e: model flat needs 'price'\. Add `price`\."):
        load_tariff(path)
    with pytest.raises(BadInput, match="cannot be read"):
        load_tariff(tmp_path / "gone.yaml")


def test_versions_that_start_together_are_refused() -> None:
    with pytest.raises(BadInput, match="two versions start on 2023-01-01"):
        load_versions(f"{only(E)}---\n{only(E)}")


def test_a_charge_may_be_called_off_and_a_holiday_country_no() -> None:
    tariff = load_tariff(two("{code: off, type: discount, amount: '1', of: [e]}", "holidays: {country: NO}"))
    assert [charge.code for charge in tariff.charges] == ["e", "off"]


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ('{"usage": [{"meter": "energy", "quantity": "-1"}]}', "-1 is negative"),
        ('{"usage": [{"meter": "energy", "quantity": NaN}]}', "'NaN' is no plain number"),
        ('{"usage": [{"meter": "energy", "quantity": "NaN"}]}', "'NaN' is no plain number"),
        ('{"usage": [{"meter": "energy", "quantity": 1e400}]}', "no plain number"),
        ('{"usage": [{"meter": "energy", "quantity": Infinity}]}', "no plain number"),
        ('{"usage": [{"meter": "energy", "quantity": "1000000001"}]}', "absurdly large"),
        ('{"usage": [{"meter": "energy", "quantity": "99999999999999999999"}]}', "no plain number"),
        ('{"usage": [{"meter": "energy", "quantity": "0.0000001"}]}', "more than six decimals"),
        ('{"usage": [{"meter": "energy", "quantity": null}]}', "has no quantity"),
        ('{"usage": [{"meter": "energy", "quantity": [1]}]}', "is no number"),
        ('{"usage": [{"meter": "energy", "quantity": true}]}', "is no number"),
        ('{"usage": [{"meter": "water", "quantity": "1"}]}', "'water' is no meter of t"),
        ('{"usage": [{"meter": "energy", "quantity": "1", "unit": "MWh"}]}', "measured in kWh, not in MWh"),
        ('{"usage": [{"meter": "energy", "quantity": "1", "colour": "red"}]}', "'colour' is no part of a row"),
        ('{"usage": [{"meter": "energy", "quantity": "1", "at": "2024-01-01T00:00:00"}]}', "outside the period"),
        ('{"usage": [{"meter": "energy", "quantity": "1", "at": "yesterday"}]}', "no instant"),
        ('{"usage": {"energy": 1}}', "not a list of rows"),
        ('{"usages": []}', "'usages' is no part of a quote"),
        ('{"period": {"from": "2023-08-01", "to": "2023-07-01"}}', "not after"),
        ('{"period": {"from": "1973-07-01", "to": "2023-07-01"}}', "at most three years"),
        ('{"period": {"from": "2023-02-30", "to": "2023-07-01"}}', "is no date"),
        ('{"period": {"from": "2023-07-01", "to": "2023-08-01", "first": "false"}}', "neither true nor false"),
        ('{"period": {"from": "2023-07-01", "to": "2023-08-01", "fraction": "1e-999999999"}}', "is no fraction"),
        ('{"period": {"from": "9999-01-01", "to": "9999-02-01"}}', "not in our time"),
        ('{"period": {"from": "2023-07-01", "to": "2023-08-01", "length": 31}}', "'length' is no part of it"),
        ('{"usage": [{"meter": ["energy"], "quantity": "1"}]}', "is no meter of t"),
        ('{"usage": [{"meter": "energy", "quantity": "٤٢"}]}', "no plain number"),
        ('{"usage": [{"meter": "energy", "quantity": "\\ud800"}]}', "not JSON"),
        ('{"history": [{"usage": "all of it"}]}', "not a list of rows"),
        ('{"carried": [{"allowance": ["a"]}]}', "no allowance of the tariff"),
        ('{"account": {"persons": "²"}}', "no whole number"),
        ('{"account": {"persons": "four"}}', "no whole number"),
        ('{"account": {"persons": 2.5}}', "no whole number"),
        ('{"buy": "100"}', "does not say how an amount becomes units"),
        ("[]", "not an object"),
        ("{", "not JSON"),
    ],
)
def test_a_wrong_request_is_answered_with_a_sentence(request_: str, sentence: str) -> None:
    tariff = load_tariff(only(E))
    with pytest.raises(CannotRate) as refused:
        data = load(request_)
        data.setdefault("period", {"from": "2023-07-01", "to": "2023-08-01"})
        quote(tariff, parse(tariff, data))
    assert sentence in str(refused.value)


def _asked(tariff: str, **given: Any) -> None:
    compiled = load_tariff(tariff)
    quote(compiled, parse(compiled, {"period": {"from": "2023-07-01", "to": "2023-08-01"}, **given}))


def test_use_without_its_time_is_refused_where_the_price_depends_on_it() -> None:
    head = 'times: [{code: peak, from: "06:00", to: "22:00"}, {code: rest}]'
    timed = only(f'{{{USE}, model: flat, price: {{peak: "2", rest: "1"}}}}', head)
    with pytest.raises(
        CannotRate, match="charge e: it depends on the time of use of 'energy': give each usage row its `at`"
    ):
        _asked(timed, usage=[{"quantity": "1"}])
    with pytest.raises(CannotRate, match="lies in two times of use"):
        _asked(timed, usage=[{"quantity": "1", "at": "2023-07-01T21:45:00Z", "until": "2023-07-01T22:15:00Z"}])


def test_what_the_tariff_needs_of_the_account_is_named() -> None:
    water = only(
        f'{{{USE}, model: graduated, blocks: {{scale_by: persons}}, tiers: [{{up_to: "4", price: "1"}}, {{price: "2"}}]}}'
    )
    with pytest.raises(CannotRate, match="charge e: it needs the account's 'persons'"):
        _asked(water, usage=[{"quantity": "1"}])
    with pytest.raises(CannotRate, match="persons must be from 1"):
        _asked(water, usage=[{"quantity": "1"}], account={"persons": 0})


def test_a_call_to_nowhere_is_refused() -> None:
    calls = only(
        "{code: c, type: event, meter: v, unit: s, rates: [{to: [home], steps: [{increment: '1', price: '1'}]}]}",
        'destinations: {home: ["0"], abroad: ["00"]}',
    )
    with pytest.raises(CannotRate, match="no prefix of the tariff fits '1234'"):
        _asked(calls, usage=[{"quantity": "1", "destination": "1234"}])
    with pytest.raises(CannotRate, match="no rate for the destination abroad"):
        _asked(calls, usage=[{"quantity": "1", "destination": "0044"}])
    with pytest.raises(CannotRate, match="give each row its `destination`"):
        _asked(calls, usage=[{"quantity": "1"}])
