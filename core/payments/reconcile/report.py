"""A provider's own report comes in, line by line, each known by the provider's id: the same report again adds nothing, and a line that is
known and says something else now is refused with both.

In the provider's own format (`formats.py`) as it is; any other CSV with its columns named. Whose report it is must be a provider we have.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import files, money
from core.context import App, Context
from core.dates import DateLayout
from core.db.bulk import insert_many
from core.db.engine import SPARE_IDS
from core.db.in_list import in_list
from core.errors import BadInput
from core.numbers import Notation
from core.payments.named_rows import Ways, rows, text_of
from core.payments.providers import OPENED
from core.payments.reconcile.formats import FORMATS, Format, ReportedLine, transactions
from core.payments.reconcile.load import NOT_REPORTED
from core.payments.reconcile.tables import provider_line
from core.payments.tables import receipt

KINDS = ("payment", "refund", "chargeback")
COLUMNS = ("txn", "amount", "date")
"""What a report must have."""
MORE = ("id", "kind", "fee", "net", "currency", "payout", "provider")
"""What it may have (whose report it is is said once, by `--fill provider=`)."""
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


async def bring_in(app: App, path: Path, provider: str, *, ways: Ways | None = None) -> Reported:
    """Import a provider's report; `ways` says how the file calls ours (`txn` -> `Receipt No.`) where it is not its own format.

    What an API answered is written by machines, whatever `ways` says.
    """
    await _known_provider(app, path, provider)
    ways = ways or Ways()
    layout, text = ways.layout(path), await text_of(path)
    form = FORMATS.get(provider)
    found = _rows(path, text, form) if form and not ways.columns else None
    if found is None or form is None:
        return await _by_columns(app, path, text, provider, ways, layout)
    told: list[tuple[int, ReportedLine]] = []
    wrong: list[tuple[int, str]] = []
    left_out = 0
    for number, row in found:
        try:
            line = form.read(row, app.currency, ways.notation)
        except (ValueError, KeyError, TypeError, AttributeError) as why:
            wrong.append((number, f"it lacks {why}" if isinstance(why, KeyError) else str(why)))
            continue
        left_out += line is None
        if line:
            told.append((number, replace(line, payout=line.payout or ways.fill.get("payout"))))
    return replace(await _keep(app, provider, told, wrong), left_out=left_out)


async def _known_provider(app: App, path: Path, provider: str) -> None:
    """A name nobody knows is a mistake: its lines would match nothing for ever."""
    async with app.db.reading() as conn:
        seen = (await conn.execute(select(receipt.c.provider).distinct())).scalars().all()
    names = sorted({*OPENED, *seen} - set(NOT_REPORTED))
    if provider not in names:
        raise BadInput(str(path), f"is of {provider!r}, which is no provider here.", f"One of: {', '.join(names)}.")


def _rows(path: Path, text: str, form: Format) -> Iterable[tuple[int, Mapping[str, Any]]] | None:
    """The rows of a file in the provider's own format, numbered; None when it is not in it."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            told = list(transactions(json.loads(text, parse_float=Decimal)))
        except (ValueError, KeyError, TypeError) as why:
            raise BadInput(str(path), "is no answer of the provider.", "Save what its API gives, as it is.") from why
        return enumerate(told, 1)
    lines = text.splitlines(keepends=True)
    for at, line in enumerate(lines[:HEAD]):
        names = [name.strip() for name in next((cells for _, cells in files.table(line)), [])]
        if form.needs <= set(names):
            found = files.table("".join(lines[at:]))
            next(found)
            return ((at + number, _named(names, cells)) for number, cells in found)
    return None


def _named(names: list[str], cells: list[str]) -> dict[str, Any]:
    """A row by the names of its columns; what it lacks at its end is nothing."""
    return {name: cells[place] if place < len(cells) else None for place, name in enumerate(names)}


async def _by_columns(app: App, path: Path, text: str, provider: str, ways: Ways, layout: DateLayout) -> Reported:
    told: list[tuple[int, ReportedLine]] = []
    wrong: list[tuple[int, str]] = []
    for number, said in rows(path, text, ways, COLUMNS, MORE):
        try:
            told.append((number, _row(app, said, layout, ways.notation)))
        except ValueError as why:
            wrong.append((number, str(why)))
    return await _keep(app, provider, told, wrong)


async def _keep(
    app: App, provider: str, told: list[tuple[int, ReportedLine]], wrong: list[tuple[int, str]]
) -> Reported:
    """Write down what is new; what is there already and says something else is refused with both."""
    seen: Counter[str] = Counter()
    keyed: dict[str, tuple[int, ReportedLine]] = {}
    twice: list[tuple[int, ReportedLine]] = []
    for number, one in told:
        key = one.key
        if not one.own:
            seen[key] += 1
            key += f"#{seen[key]}" if seen[key] > 1 else ""
        if key in keyed:
            twice.append((number, one))
        else:
            keyed[key] = number, replace(one, key=key)
    await app.db.reserve_ids(len(keyed) + SPARE_IDS)
    async with app.db.writing() as conn:
        known = await _there(conn, provider, list(keyed))
        fresh = [one for _, one in keyed.values() if one.key not in known]
        ready = [(app.ids.take(), provider, *_values(one)) for one in fresh]
        await insert_many(conn, provider_line, _TABLE, ready, skip_known=True)
        there = [(number, one, known[one.key]) for number, one in keyed.values() if one.key in known]
        there += [(number, one, keyed[one.key][1]) for number, one in twice]
        refused = [(number, _otherwise(one, before)) for number, one, before in there if _differs(one, before)]
        await _paid_out(conn, provider, [one for _, one, before in there if one.payout and not before.payout])
    return Reported(len(fresh), len(there) - len(refused), tuple(sorted([*wrong, *refused])))


async def _there(conn: AsyncConnection, provider: str, keys: list[str]) -> dict[str, ReportedLine]:
    """The lines of these keys that are there already."""
    c = provider_line.c
    query = select(
        c.key, c.txn, c.kind, c.gross_minor, c.fee_minor, c.net_minor, c.currency, c.happened_on, c.payout
    ).where(c.provider == provider, in_list(conn, c.key, keys))
    return {row.key: ReportedLine(*row) for row in await conn.execute(query)}


def _values(one: ReportedLine) -> tuple[object, ...]:
    return (
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


def _differs(one: ReportedLine, before: ReportedLine) -> bool:
    """Whether it says something else; which payout it is of may be told later."""
    payout = one.payout != before.payout and bool(one.payout and before.payout)
    return payout or _values(replace(one, payout=None, key="")) != _values(replace(before, payout=None, key=""))


def _otherwise(one: ReportedLine, before: ReportedLine) -> str:
    was, now = (
        f"{each.kind} {each.txn} {money.plain(each.gross_minor, each.currency)} less {money.plain(each.fee_minor, each.currency)} "
        f"{each.currency} of {each.day} in {each.payout or 'no payout'}"
        for each in (before, one)
    )
    return f"line {one.key} is there with other content: {was}, and here {now}"


async def _paid_out(conn: AsyncConnection, provider: str, told: list[ReportedLine]) -> None:
    """Lines that were there without their payout are of it now."""
    by_payout: dict[str, list[str]] = {}
    for one in told:
        by_payout.setdefault(one.payout or "", []).append(one.key)
    c = provider_line.c
    for payout, keys in by_payout.items():
        mine = update(provider_line).where(c.provider == provider, in_list(conn, c.key, keys), c.payout.is_(None))
        await conn.execute(mine.values(payout=payout))


def _row(context: Context, told: Mapping[str, str], layout: DateLayout, notation: Notation) -> ReportedLine:
    kind, currency = told["kind"].lower() or "payment", told["currency"].upper() or context.currency
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind: {', '.join(KINDS)}")
    if not told["txn"]:
        raise ValueError("it has no transaction number")
    gross = money.read(told["amount"], currency, notation)
    gross = gross if kind == "payment" else -abs(gross)
    fee = abs(money.read(told["fee"] or "0", currency, notation))
    net = money.read(told["net"], currency, notation) if told["net"] else gross - fee
    day = layout.day(told["date"])
    key = told["id"] or f"{kind}:{told['txn']}:{day.isoformat()}:{gross}"
    return ReportedLine(
        key, told["txn"], kind, gross, fee, net, currency, day, told["payout"] or None, own=bool(told["id"])
    )
