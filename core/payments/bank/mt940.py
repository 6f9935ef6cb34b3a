"""Reads MT940 statements (and MT942 reports) line by line, as banks really write them. What each line :86: says is read by `mt940_text.py`.

A message is fields that begin with `:20:` and so on; a field goes on until the next begins. A line :61: may have a supplementary line, and
its :86: may be missing. A :61: that cannot be read costs only itself: what it came to follows from the balances.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from core import files, money
from core.payments.bank.model import NO_REFERENCE, Movement, Statement, StatementEntry, Unread, unread_as_one
from core.payments.bank.mt940_text import said_in

RETURNED = ("NRTI", "NRDT", "FRTI", "FRDT")
RETURN_CODES = ("108", "109", "159", "184")
_FIELD = re.compile(r"^:(\d{2}[A-Z]?):", re.MULTILINE)
_BLOCKS = re.compile(r"\{[1-35][^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\{4:|^-\}?\s*$", re.MULTILINE)
_LINE = re.compile(
    r"(?P<value>\d{6})(?P<entry>\d{4}|\s{4})?(?P<mark>R?[CD]|E[CD])(?P<third>[A-Z])?\s?"
    r"(?P<amount>\d[\d.,]*)(?P<kind>[A-Z][A-Z0-9 ]{3})?(?P<customer>(?:(?!//)[^\n])*)(?://(?P<bank>[^\n]*))?(?:\n(?P<more>[\s\S]*))?"
)
_BALANCE = re.compile(r"(?P<mark>[CD])(?P<on>\d{6})(?P<currency>[A-Z]{3})(?P<amount>[\d.,]+)")
_REASON = re.compile(r"\b([A-Z]{2}\d{2})\b")


class _Balance(NamedTuple):
    minor: int
    on: date
    currency: str


def read(raw: bytes) -> list[Statement]:
    """Every statement of a file; ValueError when it is no MT940."""
    text = files.decoded(raw).replace("\r\n", "\n").replace("\r", "\n")
    messages = list(_messages(_BLOCKS.sub("\n", text)))
    if not messages:
        raise ValueError("it is no MT940")
    return [_statement(fields) for fields in messages]


def _messages(text: str) -> Iterator[list[tuple[str, str]]]:
    """The fields of each message."""
    cut = _FIELD.split(text)
    fields: list[tuple[str, str]] = []
    for tag, value in zip(cut[1::2], cut[2::2], strict=True):
        if tag == "20" and fields:
            yield fields
            fields = []
        fields.append((tag, value.strip("\n")))
    if any(tag in ("25", "61") or tag.startswith(("60", "62")) for tag, _ in fields):
        yield fields


def _statement(fields: list[tuple[str, str]]) -> Statement:
    first = dict(reversed(fields))
    opening, closing = _balance(first, "60F", "60M"), _balance(dict(fields), "62F", "62M")
    currency = next((one.currency for one in (closing, opening) if one), "") or first.get("34F", "")[:3]
    if not money.known(currency):
        raise ValueError("it is no MT940: a statement without balances")
    movements, unread = _movements(fields, currency)
    days = [one.booked_on for one in movements] or [one.on for one in (closing, opening) if one]
    if not days:
        raise ValueError("a statement without a day")
    before, after = (one.minor if one else None for one in (opening, closing))
    movements += unread_as_one(unread, movements, before, after, max(days), currency)
    number, _, page = first.get("28C", first.get("28", "")).strip().partition("/")
    return Statement(
        form="MT940",
        account=first.get("25", "").strip(),
        number=number.strip(),
        page=page.strip(),
        currency=currency,
        from_on=min(days),
        to_on=max(days),
        opening_minor=before,
        closing_minor=after,
        movements=tuple(movements),
    )


def _movements(fields: list[tuple[str, str]], currency: str) -> tuple[list[Movement], list[Unread]]:
    movements: list[Movement] = []
    unread: list[Unread] = []
    for (tag, value), (after, text) in zip(fields, [*fields[1:], ("", "")], strict=True):
        if tag != "61":
            continue
        try:
            movements.append(Movement((_entry(value, text if after == "86" else "", currency),)))
        except ValueError as why:
            unread.append(Unread(" ".join(f"{value} {text if after == '86' else ''}".split()), str(why)))
    return movements, unread


def _entry(line: str, text: str, currency: str) -> StatementEntry:
    told = _LINE.fullmatch(line.strip())
    if told is None:
        raise ValueError("its line :61: is not as MT940 has it")
    size = _minor(told["amount"], currency)
    kind, mark = told["kind"] or "", told["mark"]
    said = said_in(text)
    returned = kind in RETURNED or said.code in RETURN_CODES or said.returned is not None
    purpose = said.purpose or " ".join((told["more"] or "").split())
    reason = _REASON.search(said.returned or purpose) if returned else None
    bank, customer = (told["bank"] or "").strip(), (told["customer"] or "").strip()
    names = (one for one in (said.end_to_end, customer) if one and one.upper() not in NO_REFERENCE)
    return StatementEntry(
        booked_on=_booked(told["value"], told["entry"] or ""),
        amount_minor=size if mark in ("C", "RD", "EC") else -size,
        bank_ref="" if bank.upper() in NO_REFERENCE else bank,
        end_to_end=next(names, None),
        mandate=said.mandate,
        name=said.name,
        purpose=purpose[:1_000],
        returned=returned,
        reason=reason[1] if reason else None,
    )


def _balance(fields: dict[str, str], *tags: str) -> _Balance | None:
    for tag in tags:
        told = _BALANCE.match(fields.get(tag, "").strip())
        if told:
            minor = _minor(told["amount"], told["currency"])
            return _Balance(minor if told["mark"] == "C" else -minor, _day(told["on"]), told["currency"])
    return None


def _minor(text: str, currency: str) -> int:
    """An amount of the format: a comma before the decimals and nothing between the thousands; some banks write a point."""
    plain = text.replace(",", ".")
    if plain.count(".") > 1:
        raise ValueError(f"{text} is no amount of MT940")
    return money.parse(plain.removesuffix("."), currency)


def _day(text: str) -> date:
    """YYMMDD; some banks reckon with 30 days in February."""
    year, month, day = 2000 + int(text[:2]), int(text[2:4]), int(text[4:6])
    if not 1 <= month <= 12:
        raise ValueError(f"{text} is no day")
    return date(year, month, max(1, min(day, monthrange(year, month)[1])))


def _booked(value: str, entry: str) -> date:
    """The day of booking: its month and day, in the year that brings it nearest to the value date."""
    valued = _day(value)
    if not entry.strip():
        return valued
    years = (valued.year + off for off in (0, -1, 1))
    return min((_day(f"{year % 100:02}{entry}") for year in years), key=lambda day: abs(day - valued))
