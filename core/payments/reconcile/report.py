"""A provider's own report (settlement CSV) comes in, line by line, each known by the provider's id: the same report again adds nothing."""

import asyncio
import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core import money
from core.bulk import insert_many
from core.db import SPARE_IDS
from core.errors import BadInput
from core.house import House
from core.payments.reconcile.tables import provider_line

KINDS = ("payment", "refund", "chargeback")
COLUMNS = ("txn", "amount", "date")
"""What a report must have; `id`, `kind`, `fee`, `net`, `currency`, `payout` and `provider` it may have."""
_TABLE = (
    "id", "provider", "key", "txn", "kind", "gross_minor", "fee_minor", "net_minor", "currency", "happened_on", "payout",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report held."""

    new: int
    known: int
    rejected: tuple[tuple[int, str], ...]


async def bring_in(house: House, path: Path, provider: str, *, columns: Mapping[str, str] | None = None) -> Reported:
    """Import a provider's report; `columns` says how the file calls ours (`txn` -> `Receipt No.`)."""
    names = {name: name for name in (*COLUMNS, "id", "kind", "fee", "net", "currency", "payout")} | dict(columns or {})
    text = await asyncio.to_thread(path.read_text, "utf-8-sig")
    reader = csv.DictReader(io.StringIO(text))
    lacking = [names[name] for name in COLUMNS if names[name] not in (reader.fieldnames or ())]
    if lacking:
        raise BadInput(str(path), f"has no column {', '.join(lacking)}.", "Name yours: --column txn=YOURS.")
    rows: list[tuple[object, ...]] = []
    seen: Counter[str] = Counter()
    wrong: list[tuple[int, str]] = []
    for number, told in enumerate(reader, 2):
        try:
            said = {name: (told.get(column) or "").strip() for name, column in names.items()}
            rows.append((provider, *_row(house, said, seen)))
        except ValueError as why:
            wrong.append((number, str(why)))
    await house.db.reserve_ids(len(rows) + SPARE_IDS)
    async with house.db.writing() as conn:
        ready = [(house.ids.take(), *row) for row in rows]
        new = await insert_many(conn, provider_line, _TABLE, ready, skip_known=True)
    return Reported(new, len(rows) - new, tuple(wrong))


def _row(house: House, told: Mapping[str, str], seen: Counter[str]) -> tuple[object, ...]:
    kind, currency = told["kind"].lower() or "payment", told["currency"].upper() or house.currency
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind: {', '.join(KINDS)}")
    if not told["txn"]:
        raise ValueError("it has no transaction number")
    gross = money.parse(told["amount"], currency)
    gross = gross if kind == "payment" else -abs(gross)
    fee = abs(money.parse(told["fee"] or "0", currency))
    net = money.parse(told["net"], currency) if told["net"] else gross - fee
    day = date.fromisoformat(told["date"][:10])
    key = told["id"] or f"{kind}:{told['txn']}:{day.isoformat()}:{gross}"
    seen[key] += 1
    if seen[key] > 1 and not told["id"]:
        key += f"#{seen[key]}"
    return key, told["txn"], kind, gross, fee, net, currency, day, told["payout"] or None
