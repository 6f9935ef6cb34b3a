"""The JSON of a quote (contract.md): a request read strictly, an answer written without a float.

Numbers are texts; what is negative, not a number, absurd, of an unknown meter or of another unit is refused in a sentence.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from core.catalog.numbers import plain
from core.catalog.quote_rows import Asked, amount_of, day_of, quantity_of, row_of, seconds_of
from core.catalog.scope import number_of
from core.rating.charges.limits import Commitment
from core.rating.errors import CannotRate
from core.rating.exact import MICRO
from core.rating.quote import Quote, QuoteLine, QuoteRequest, quote
from core.rating.spans import plus_months
from core.rating.tariff import Tariff

MOST_ROWS = 200_000
MOST_DAYS = 1_100
FIRST_YEAR, LAST_YEAR = 1970, 2199
_HALF_LETTER = re.compile(r"\\u[dD][89a-fA-F]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FRACTION = re.compile(r"[01]|[0-9]{1,4}/[1-9][0-9]{0,3}")
_WHOLE = re.compile(r"-?[0-9]{1,17}")
_KNOWN = {"tariff", "account", "period", "usage", "billed", "history", "buy", "carried"}


def load(text: str) -> dict[str, Any]:
    """JSON text with every number kept as the text it was written in, so that no float is ever made."""
    try:
        data = json.loads(text, parse_float=str, parse_constant=str)
        if _HALF_LETTER.search(text):
            json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as why:
        raise CannotRate("request", f"it is not JSON ({why})", "see the guide for the format") from why
    if not isinstance(data, dict):
        raise CannotRate("request", "it is not an object", 'begin with {"period": ...}')
    return data


def parse(tariff: Tariff | Sequence[Tariff], data: Mapping[str, Any]) -> QuoteRequest:
    """The request for this tariff, or for its versions. Raises `CannotRate` with a sentence."""
    versions = (tariff,) if isinstance(tariff, Tariff) else tuple(tariff)
    tariff = together(versions)
    strange = sorted(set(data) - _KNOWN)
    if strange:
        raise CannotRate("request", f"{strange[0]!r} is no part of a quote", f"use {', '.join(sorted(_KNOWN))}")
    usage = _list(data, "usage")
    since, until, period = _period(data.get("period"), usage)
    question = Asked(versions, tariff, since, until)
    rows = tuple(row_of(question, row, f"usage row {n}") for n, row in enumerate(usage, 1))
    billed = tuple(row_of(question, row, f"billed row {n}") for n, row in enumerate(_list(data, "billed"), 1))
    buy = None if data.get("buy") is None else amount_of(data["buy"], tariff, "buy")
    if buy is not None and rows:
        raise CannotRate("buy", "it stands instead of usage", "leave `usage` out")
    return QuoteRequest(
        since,
        until,
        rows,
        billed,
        _history(tariff, _list(data, "history")),
        _attributes(tariff, data.get("account") or {}),
        _carried(tariff, _list(data, "carried")),
        _fraction(period.get("fraction")),
        _yes(period, "first"),
        _yes(period, "last"),
        buy,
    )


def together(versions: Sequence[Tariff]) -> Tariff:
    """The last version, knowing the meters, allowances and words of all of them."""
    if len(versions) == 1:
        return versions[0]
    allowances = {a.code: a for version in versions for a in version.allowances}
    return replace(
        versions[-1],
        meters={meter: unit for version in versions for meter, unit in version.meters.items()},
        sums={meter: parts for version in versions for meter, parts in version.sums.items()},
        allowances=tuple(allowances.values()),
        labels={name: words for version in versions for name, words in version.labels.items()},
    )


def period_of(data: Mapping[str, Any]) -> tuple[date, date]:
    """The first day of the request's period, and the first day after it."""
    since, until, _ = _period(data.get("period"), _list(data, "usage"))
    return since, until


def _list(data: Mapping[str, Any], name: str) -> Sequence[Any]:
    given = data.get(name)
    if given is None:
        return ()
    if not isinstance(given, list) or any(not isinstance(row, dict) for row in given):
        raise CannotRate(name, "it is not a list of rows", f'write "{name}": [{{"meter": "energy", "quantity": "42"}}]')
    if len(given) > MOST_ROWS:
        raise CannotRate(name, f"it has {len(given)} rows", f"give at most {MOST_ROWS}")
    return given


def _period(given: Any, usage: Sequence[Any]) -> tuple[date, date, Mapping[str, Any]]:
    if given is None and usage and isinstance(usage[0].get("at"), str):
        first = _date(usage[0]["at"][:10], "at").replace(day=1)
        return first, plus_months(first, 1), {}
    if not isinstance(given, dict) or "from" not in given or "to" not in given:
        raise CannotRate("period", "it is missing", 'write "period": {"from": "2023-07-01", "to": "2023-08-01"}')
    since, until = _date(given["from"], "period from"), _date(given["to"], "period to")
    strange = sorted(map(str, set(given) - {"from", "to", "fraction", "first", "last"}))
    if strange:
        raise CannotRate("period", f"{strange[0]!r} is no part of it", "use from, to, fraction, first, last")
    if until <= since:
        raise CannotRate("period", f"it ends on {until}, not after {since}", "`to` is the first day after the period")
    if (until - since).days > MOST_DAYS:
        raise CannotRate("period", f"it has {(until - since).days} days", "quote at most three years")
    return since, until, given


def _date(text: Any, where: str) -> date:
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        raise CannotRate(where, f"{str(text)[:40]!r} is no date", "write 2023-07-01")
    try:
        day = date.fromisoformat(text)
    except ValueError as why:
        raise CannotRate(where, f"{text!r} is no date", "write 2023-07-01") from why
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise CannotRate(where, f"{text} is not in our time", f"write a year from {FIRST_YEAR} to {LAST_YEAR}")
    return day


def _yes(period: Mapping[str, Any], name: str) -> bool:
    given = period.get(name, False)
    if not isinstance(given, bool):
        raise CannotRate(f"period {name}", f"{str(given)[:40]!r} is neither true nor false", "write true or false")
    return given


def _fraction(text: Any) -> Fraction | None:
    if text is None:
        return None
    if not isinstance(text, str) or not _FRACTION.fullmatch(text):
        raise CannotRate("period fraction", f"{str(text)[:40]!r} is no fraction", "write 9/28")
    value = Fraction(text)
    if not 0 <= value <= 1 or value.denominator > 400:
        raise CannotRate("period fraction", f"{text!r} is no part of a period", "write days over days, such as 9/28")
    return value


def _attributes(tariff: Tariff, account: Any) -> dict[str, int]:
    if not isinstance(account, dict):
        raise CannotRate("account", "it is not an object", 'write "account": {"persons": 4}')
    money = {charge.spent for charge in tariff.charges if isinstance(charge, Commitment)}
    return {
        name: amount_of(value, tariff, name) if name in money else _number(tariff, name, value)
        for name, value in account.items()
    }


def _number(tariff: Tariff, name: str, value: Any) -> int:
    """An attribute as the whole number that rating knows it by; words have numbers of their own."""
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, str) and name in tariff.labels:
        return number_of(value)
    raise CannotRate(f"account {name}", f"{str(value)[:40]!r} is no whole number", "write it such as 4")


def _history(tariff: Tariff, rows: Sequence[Any]) -> dict[str, tuple[int, ...]]:
    """Totals of earlier periods, in the order given (the latest last); a row may be a period with its usage."""
    totals: dict[str, list[int]] = {}
    ordered = sorted(rows, key=lambda row: str(row["period"].get("from", ""))) if _dated(rows) else rows
    for number, row in enumerate(ordered, 1):
        sums: dict[str, int] = {}
        for one in _list(row, "usage") if "usage" in row else [row]:
            meter, quantity = quantity_of(tariff, one, f"history row {number}")
            sums[meter] = sums.get(meter, 0) + quantity
        for meter, total in sums.items():
            totals.setdefault(meter, []).append(total)
    return {meter: tuple(values) for meter, values in totals.items()}


def _dated(rows: Sequence[Any]) -> bool:
    return bool(rows) and all(isinstance(row.get("period"), dict) for row in rows)


def _carried(tariff: Tariff, rows: Sequence[Any]) -> dict[str, tuple[tuple[int, int | None], ...]]:
    """`[{"allowance": "bundle", "units": "200", "until": "2023-07-15"}]`: what earlier periods left."""
    match: dict[str, list[tuple[int, int | None]]] = {}
    meters = {a.code: a.meter for a in tariff.allowances}
    for row in rows:
        code = str(row.get("allowance"))
        if code not in meters:
            known = ", ".join(meters) or "none"
            raise CannotRate("carried", f"{code[:40]!r} is no allowance of the tariff", f"use {known}")
        _, units = quantity_of(tariff, {"meter": meters[code], "quantity": row.get("units")}, "carried")
        until = None if row.get("until") is None else _date(row["until"], "carried until")
        match.setdefault(code, []).append((units, None if until is None else seconds_of(until)))
    return {code: tuple(buckets) for code, buckets in match.items()}


def answer(tariff: Tariff, quoted: Quote) -> dict[str, Any]:
    """The answer as JSON-ready values: texts only."""
    result: dict[str, Any] = {
        "tariff": quoted.tariff,
        "currency": quoted.currency,
        "lines": [_line(tariff, line) for line in quoted.lines],
        "total": money_text(tariff, quoted.total),
    }
    if quoted.units is not None:
        result["units"] = plain(quoted.units)
    if quoted.left:
        result["left"] = {code: plain(units) for code, units in quoted.left.items()}
    if any(quoted.carry.values()):
        result["carry"] = [_bucket(code, *bucket) for code, kept in quoted.carry.items() for bucket in kept]
    if quoted.service:
        result["service"] = {code: dict(step) for code, step in quoted.service.items()}
    return result


def answered(versions: Sequence[Tariff], data: Mapping[str, Any]) -> dict[str, Any]:
    """The whole way: a request as JSON gives it, priced by the versions of a tariff, as JSON takes it."""
    return answer(versions[-1], quote(tuple(versions), parse(versions, data)))


def _bucket(code: str, units: int, until: int | None) -> dict[str, str]:
    """What the next quote takes as `carried`."""
    bucket = {"allowance": code, "units": plain(Fraction(units, MICRO))}
    return bucket if until is None else {**bucket, "until": day_of(until).isoformat()}


def money_text(tariff: Tariff, minor: Fraction) -> str:
    """`694.68`: the currency's decimals, more only where the tariff leaves amounts exact."""
    return plain(minor / 10**tariff.exponent, tariff.exponent)


def _line(tariff: Tariff, line: QuoteLine) -> dict[str, Any]:
    result: dict[str, Any] = {"code": line.code}
    for name in ("block", "time", "destination"):
        if getattr(line, name) is not None:
            result[name] = getattr(line, name)
    if line.since is not None and line.until is not None:
        result |= {"from": line.since.isoformat(), "to": line.until.isoformat()}
    if line.quantity is not None:
        result["quantity"] = plain(line.quantity)
        result["unit"] = line.unit
    if line.price:
        result["price"] = line.price
    result["amount"] = money_text(tariff, line.amount)
    if line.rest:
        result["rest"] = money_text(tariff, line.rest)
    if line.parts:
        result["parts"] = [{"of": list(codes), "amount": money_text(tariff, part)} for codes, part in line.parts]
    return result
