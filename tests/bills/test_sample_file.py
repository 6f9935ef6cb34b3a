"""Every worked bill of the project's sample file, where it is present, through the tariff language without special cases (`make soak`;
each of them stands retyped in a test beside this one, which always runs)."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.catalog.compile import load_tariff
from tests.bills.paper import asked

_FOUND = [up / "shared" / "data" / "bills_sample.jsonl" for up in Path(__file__).parents]
SAMPLE = next((path for path in _FOUND if path.exists()), None)
CASES = [json.loads(line) for line in SAMPLE.read_text().splitlines()] if SAMPLE else []
OF_THEIR_OWN = {"tel-peak-split-60min", "tel-data-640113", "tel-120s-rt20", "ke-safaricom-fibre-bronze-fup"}
"""Events and fair use say things that the sample's neutral words leave to prose; test_calls.py and test_others.py have them."""

CURRENCIES = {"AUD-cents": ("AUD", 100), "GBP-pence": ("GBP", 100)}


def _price(text: str, by: int) -> str:
    from fractions import Fraction

    from core.catalog.numbers import plain

    return plain(Fraction(text) / by)


def _tariff(case: dict[str, Any]) -> str:
    """The sample's neutral words as a tariff document."""
    told = case["tariff"]
    currency, by = CURRENCIES.get(told["currency"], (told["currency"], 1))
    unit = {"type": "usage", "meter": "use", "unit": "unit"}
    charges: list[dict[str, Any]] = []
    for fixed in told.get("fixed", []):
        per = {"bill": "period"}.get(fixed["per"], fixed["per"])
        first = {"first_purchase": True} if fixed.get("first_purchase_only") else {}
        charges.append(
            {"code": fixed["code"], "type": "fixed", "per": per, "price": _price(fixed["amount"], by), **first}
        )
    if "tiers" in told:
        tiers = [
            {"price": step["rate"], **({"up_to": step["upto"]} if step["upto"] else {})}
            for step in told["tiers"]["steps"]
        ]
        width = {"blocks": {"scale_by": "persons"}} if told["tiers"].get("basis") == "per_person" else {}
        code = told["tiers"]["steps"][0].get("code", "energy")
        charges.append({"code": code, **unit, "model": "graduated", "tiers": tiers, **width})
    for each in told.get("per_unit", []):
        charges.append({"code": each["code"], **unit, "model": "flat", "price": _price(each["rate"], by)})
    for each in told.get("demand", []):
        month = {"per": "month", "year_days": "365.25"}
        price = _price(each["rate"], by)
        charges.append(
            {
                "code": each["code"],
                "type": "usage",
                "meter": "demand",
                "unit": "kW",
                "model": "demand",
                "price": price,
                **month,
            }
        )
    for kind, each in [("percent", x) for x in told.get("levies", [])] + [("tax", x) for x in told.get("taxes", [])]:
        of = each["of"] if each["of"] == "*" else [name.replace("_t*", "") for name in each["of"]]
        charges.append({"code": each["code"], "type": kind, "percent": each["percent"], "of": of})
    document = {"tariff": "sample", "valid_from": "2010-01-01", "currency": currency, "charges": charges}
    document["rounding"] = _rounding(told.get("rounding", {}), by)
    if "purchase_amount" in case["given"]:
        document["buy"] = {"meter": "use", "taxes": "gross" if told.get("special") else "net"}
    return yaml.safe_dump(document)


def _rounding(told: dict[str, Any], by: int) -> dict[str, str]:
    step = {0: "1", 2: "0.01"}
    rule = {"line": step[told["line_dp"]] if "line_dp" in told else "none"}
    if told.get("total_to"):
        rule["total"] = told["total_to"]
    elif "total_dp" in told:
        rule["total"] = "0.01" if by == 100 else step[told["total_dp"]]
    return rule


@pytest.mark.soak
@pytest.mark.parametrize("case", [c for c in CASES if c["id"] not in OF_THEIR_OWN], ids=lambda case: str(case["id"]))
def test_a_bill_of_the_sample_comes_out_to_the_cent(case: dict[str, Any]) -> None:
    given, (_, by) = case["given"], CURRENCIES.get(case["tariff"]["currency"], ("", 1))
    days = int(given.get("days", 31))
    request: dict[str, Any] = {"period": {"from": "2023-01-01", "to": f"2023-{1 + days // 31:02}-{1 + days % 31:02}"}}
    if "persons" in given:
        request["account"] = {"persons": given["persons"]}
    if "purchase_amount" in given:
        request["buy"] = given["purchase_amount"]
    else:
        request["usage"] = [{"meter": "use", "quantity": given["usage"]}]
        request["usage"] += [{"meter": "demand", "quantity": given["demand"]}] if "demand" in given else []
    answer = asked(load_tariff(_tariff(case)), **request)
    if answer.get("units") and "units_kwh" in case["expect"]["lines"]:
        assert answer["units"] == case["expect"]["lines"]["units_kwh"]
        return
    if "units" in answer:
        assert answer["units"] == given["usage"]
    total, tolerance = case["expect"]["total"], float(case["expect"]["tolerance"])
    assert abs(float(answer["total"]) * by - float(total)) <= tolerance
    assert _by_code(answer, by).items() >= _expected(case, by).items()


def _by_code(answer: dict[str, Any], by: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in answer["lines"]:
        name = f"{line['code']}_t{line['block']}" if line["code"] == "energy" and "block" in line else line["code"]
        name = {"rounding": "rounding_adjustment"}.get(name, name)
        found[name] = round(float(line["amount"]) * by, 6)
    return found


def _expected(case: dict[str, Any], by: int) -> dict[str, float]:
    return {name: round(float(amount), 6) for name, amount in case["expect"]["lines"].items()}
