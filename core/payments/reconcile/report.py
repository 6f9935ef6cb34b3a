"""A provider's own report comes in, line by line, each known by the provider's id: the same report again adds nothing.

In the provider's own format (`formats.py`) as it is; any other CSV with its columns named. Whose report it is must be a provider we have.
"""

import asyncio
import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core import money
from core.bulk import insert_many
from core.db import SPARE_IDS
from core.errors import BadInput
from core.house import House
from core.numbers import UNSTATED, Notation, delimiter_of
from core.payments.providers import OPENED
from core.payments.reconcile.formats import FORMATS, Format, Told, transactions
from core.payments.reconcile.load import NOT_REPORTED
from core.payments.reconcile.tables import provider_line
from core.payments.tables import receipt

KINDS = ("payment", "refund", "chargeback")
COLUMNS = ("txn", "amount", "date")
"""What a report must have; `id`, `kind`, `fee`, `net`, `currency`, `payout` and `provider` it may have."""
HEAD = 12
"""Within so many lines the names of the columns are found: an organisation statement begins with whose it is."""
_TABLE = (
    "id", "provider", "key", "txn", "kind", "gross_minor", "fee_minor", "net_minor", "currency", "happened_on", "payout",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report held."""

    new: int
    known: int
    rejected: tuple[tuple[int, str], ...]
    left_out: int = 0
    """Rows that are no transactions: the payouts themselves."""


async def bring_in(
    house: House,
    path: Path,
    provider: str,
    *,
    columns: Mapping[str, str] | None = None,
    payout: str | None = None,
    notation: Notation = UNSTATED,
) -> Reported:
    """Import a provider's report; `columns` says how the file calls ours (`txn` -> `Receipt No.`) where it is not its own format.

    `notation` is how the file writes amounts; what an API answered is the notation of machines, whatever is said.
    """
    await _known(house, path, provider)
    text = await asyncio.to_thread(path.read_text, "utf-8-sig")
    form = FORMATS.get(provider)
    found = _rows(path, text, form) if form and not columns else None
    if found is None:
        return await _by_columns(house, path, text, provider, columns, notation)
    assert form is not None
    told: list[Told] = []
    wrong: list[tuple[int, str]] = []
    left_out = 0
    for number, row in found:
        try:
            line = form.read(row, house.currency, notation)
        except (ValueError, KeyError, TypeError, AttributeError) as why:
            wrong.append((number, f"it lacks {why}" if isinstance(why, KeyError) else str(why)))
            continue
        left_out += line is None
        if line:
            told.append(replace(line, payout=line.payout or payout))
    rows: list[tuple[object, ...]] = [
        (
            provider,
            one.key,
            one.txn,
            one.kind,
            one.gross_minor,
            one.fee_minor,
            one.net_minor,
            one.currency,
            one.day,
            one.payout,
        )
        for one in told
    ]
    return replace(await _keep(house, rows, wrong), left_out=left_out)


async def _known(house: House, path: Path, provider: str) -> None:
    """A name nobody knows is a mistake: its lines would match nothing for ever."""
    async with house.db.reading() as conn:
        seen = (await conn.execute(select(receipt.c.provider).distinct())).scalars().all()
    names = sorted({*OPENED, *seen} - set(NOT_REPORTED))
    if provider not in names:
        raise BadInput(str(path), f"is of {provider!r}, which is no provider here.", f"One of: {', '.join(names)}.")


def _rows(path: Path, text: str, form: Format) -> Iterable[tuple[int, Mapping[str, Any]]] | None:
    """The rows of a file in the provider's own format, numbered; None when it is not in it."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            rows = list(transactions(json.loads(text, parse_float=Decimal)))
        except (ValueError, KeyError, TypeError) as why:
            raise BadInput(str(path), "is no answer of the provider.", "Save what its API gives, as it is.") from why
        return enumerate(rows, 1)
    lines = text.splitlines()
    for at, line in enumerate(lines[:HEAD]):
        mark = delimiter_of(line)
        names = next(csv.reader([line], delimiter=mark), [])
        if form.needs <= {name.strip() for name in names}:
            reader = csv.DictReader(io.StringIO("\n".join(lines[at:])), delimiter=mark)
            reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
            return enumerate(reader, at + 2)
    return None


async def _by_columns(
    house: House, path: Path, text: str, provider: str, columns: Mapping[str, str] | None, notation: Notation
) -> Reported:
    names = {name: name for name in (*COLUMNS, "id", "kind", "fee", "net", "currency", "payout")} | dict(columns or {})
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter_of(text.partition("\n")[0]))
    lacking = [names[name] for name in COLUMNS if names[name] not in (reader.fieldnames or ())]
    if lacking:
        raise BadInput(str(path), f"has no column {', '.join(lacking)}.", "Name yours: --column txn=YOURS.")
    rows: list[tuple[object, ...]] = []
    seen: Counter[str] = Counter()
    wrong: list[tuple[int, str]] = []
    for number, told in enumerate(reader, 2):
        try:
            said = {name: (told.get(column) or "").strip() for name, column in names.items()}
            rows.append((provider, *_row(house, said, seen, notation)))
        except ValueError as why:
            wrong.append((number, str(why)))
    return await _keep(house, rows, wrong)


async def _keep(house: House, rows: list[tuple[object, ...]], wrong: list[tuple[int, str]]) -> Reported:
    await house.db.reserve_ids(len(rows) + SPARE_IDS)
    async with house.db.writing() as conn:
        ready = [(house.ids.take(), *row) for row in rows]
        new = await insert_many(conn, provider_line, _TABLE, ready, skip_known=True)
    return Reported(new, len(rows) - new, tuple(wrong))


def _row(house: House, told: Mapping[str, str], seen: Counter[str], notation: Notation) -> tuple[object, ...]:
    kind, currency = told["kind"].lower() or "payment", told["currency"].upper() or house.currency
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind: {', '.join(KINDS)}")
    if not told["txn"]:
        raise ValueError("it has no transaction number")
    gross = money.read(told["amount"], currency, notation)
    gross = gross if kind == "payment" else -abs(gross)
    fee = abs(money.read(told["fee"] or "0", currency, notation))
    net = money.read(told["net"], currency, notation) if told["net"] else gross - fee
    day = date.fromisoformat(told["date"][:10])
    key = told["id"] or f"{kind}:{told['txn']}:{day.isoformat()}:{gross}"
    seen[key] += 1
    if seen[key] > 1 and not told["id"]:
        key += f"#{seen[key]}"
    return key, told["txn"], kind, gross, fee, net, currency, day, told["payout"] or None
