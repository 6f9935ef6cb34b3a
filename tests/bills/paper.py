"""Prints a quote as a bill, so that a worked bill of a published tariff can be compared as it was printed."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

from core.catalog.compile import load_tariff
from core.catalog.quote_json import answer, load, parse
from core.rating.quote import quote
from core.rating.tariff import Tariff

TARIFFS = Path(__file__).parents[2] / "examples" / "tariffs"


def example(name: str) -> Tariff:
    """One of the tariffs that ship as examples."""
    return load_tariff(TARIFFS / f"{name}.yaml")


def asked(tariff: Tariff | tuple[Tariff, ...], **request: Any) -> dict[str, Any]:
    """The answer to a request, both as JSON would carry them."""
    given = {"period": {"from": "2023-07-01", "to": "2023-08-01"}, **request}
    last = tariff if isinstance(tariff, Tariff) else tariff[-1]
    return answer(last, quote(tariff, parse(tariff, load(json.dumps(given)))))


def bill(tariff: Tariff, **request: Any) -> str:
    """The bill as lines of text: code, what it is reckoned from, amount; at the end the total."""
    given = asked(tariff, **request)
    rows = [(_title(line), _reckoned(line), line["amount"]) for line in given["lines"]]
    rows.append(("total", "", f"{given['total']} {given['currency']}"))
    if "units" in given:
        rows.append(("units", "", given["units"]))
    return "\n".join(f"{code:<16} {how:<28} {amount:>12}".rstrip() for code, how, amount in rows)


def printed(text: str) -> str:
    """An expected bill, with its margin taken off and its columns set as `bill` sets them."""
    rows = [line.split("|") for line in dedent(text).strip().splitlines()]
    cells = [[cell.strip() for cell in row] for row in rows]
    return "\n".join(f"{code:<16} {how:<28} {amount:>12}".rstrip() for code, how, amount in cells)


def _title(line: dict[str, Any]) -> str:
    return " ".join(str(line[part]) for part in ("code", "block", "time", "destination") if part in line)


def _reckoned(line: dict[str, Any]) -> str:
    if "quantity" in line:
        return f"{line['quantity']} {line['unit']} x {line.get('price', '')}".removesuffix(" x ")
    return str(line.get("price", ""))
