"""How a bill came about, in the words of a clerk."""

from core.catalog.compile import load_tariff
from core.catalog.explain import explain
from core.catalog.quote_json import parse
from core.catalog.versions import load_for, load_versions
from tests.bills.paper import example
from tests.core.rating.test_language import HEAD, USE, VERSIONS

JULY = {"period": {"from": "2023-07-01", "to": "2023-08-01"}}


def test_the_kenyan_bill_is_told_line_by_line_with_its_average() -> None:
    tariff = example("kenya-domestic")
    months = [{"quantity": kwh} for kwh in ("999", "40", "50", "60")]
    told = explain(tariff, parse(tariff, {**JULY, "usage": [{"quantity": "42"}], "history": months}))
    assert told[0] == "Domestic ordinary, from 2023-07-01 to 2023-08-01:"
    assert (
        told[1] == "Energy: your average use was 50 kWh, which is block 2, so all 42 kWh cost 16.54 each: KES 694.68."
    )
    assert "VAT: 16 % of KES 862.68 (Energy, Fuel cost) is KES 138.03." in told
    assert told[-2:] == ["Rounding: KES 0.25.", "Together: KES 1122.00."]


def test_it_is_told_in_swahili_too() -> None:
    tariff = example("vietnam-six-steps")
    told = explain(tariff, parse(tariff, {**JULY, "usage": [{"quantity": "60"}]}), "sw")
    assert told[2] == "Umeme, kiwango cha 2: 10 kWh kwa 1533 kila moja ni VND 15330."


def test_every_kind_of_line_has_a_sentence() -> None:
    charges = f"""
  - {{code: flat, {USE}, model: flat, price: "1"}}
  - {{code: pack, {USE}, model: package, size: "10", price: "1"}}
  - {{code: step, {USE}, model: stairstep, tiers: [{{price: "1"}}]}}
  - {{code: vol, {USE}, model: volume, tiers: [{{price: "1"}}]}}
  - {{code: kw, {USE}, model: demand, price: "1"}}
  - {{code: sun, type: usage, meter: sun, unit: kWh, model: flat, price: "1", credit: true}}
  - {{code: calls, type: event, meter: voice, unit: s, rates: [{{steps: [{{increment: "1", price: "1"}}]}}]}}
  - {{code: rent, type: fixed, price: "1", per: day}}
  - {{code: vat, type: tax, percent: "1", of: [flat], inclusive: true}}
  - {{code: off, type: discount, percent: "10", of: [flat]}}
  - {{code: least, type: minimum, amount: "1000"}}
  - {{code: most, type: maximum, amount: "500"}}
fair_use: [{{code: speed, meter: voice, unit: s, normal: {{mbps: "8"}}, steps: [{{above: "5", set: {{mbps: "1"}}}}]}}]"""
    tariff = load_tariff(f"{HEAD}charges:{charges}")
    usage = [{"meter": meter, "quantity": "12"} for meter in ("use", "sun", "voice")]
    told = explain(tariff, parse(tariff, {**JULY, "usage": usage}))
    assert told[1:] == [
        "flat: 12 kWh at 1 each make KES 11.88. The vat in its price is shown apart.",
        "pack: 12 kWh, each started pack of 10 kWh at 1: KES 2.00.",
        "step: 12 kWh are in step 1, which costs 1: KES 1.00.",
        "vol: your use is in block 1, so all 12 kWh cost 1 each: KES 12.00.",
        "kw: your highest demand was 12 kWh, at 1 each: KES 12.00.",
        "sun: 12 kWh you delivered, at 1 each, are credited: KES -12.00.",
        "calls: 12 s charged, KES 12.00.",
        "rent: 31 days at 1: KES 31.00.",
        "vat: 1 % is already in the price of flat; of KES 12.00 it is KES 0.12.",
        "off: 10 % off KES 11.88 (flat): KES -1.19.",
        "least: at least 1000 is charged, and flat, pack, step, vol, kw, sun, calls, rent, vat, off came to KES 68.81: KES 931.19 more.",
        "most: at most 500 is charged, and flat, pack, step, vol, kw, sun, calls, rent, vat, off, least came to KES 1000.00: KES -500.00.",
        "speed: with this use it is now mbps 1.",
        "Together: KES 500.00.",
    ]


def test_lines_of_two_versions_say_their_days() -> None:
    versions = load_versions(VERSIONS)
    told = explain(versions, parse(versions[-1], {**JULY, "usage": [{"quantity": "62"}]}))
    assert told[1] == "From 2023-07-01 to 2023-07-11: e, block 1: 10 kWh at 1 each make KES 10.00."


def test_a_file_of_versions_gives_those_of_the_period() -> None:
    august = {"period": {"from": "2023-08-01", "to": "2023-09-01"}}
    assert [str(one.valid_from) for one in load_for(VERSIONS, august)] == ["2023-07-11"]
    assert len(load_for(VERSIONS, JULY)) == 2
