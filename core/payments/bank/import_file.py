"""A file of the bank's is kept, movement by movement: the same file again, or the same statement in another format, changes nothing.

A statement that does not add up was cut short and is refused whole. Which movements are there already is decided in `same.py`; what its
entries mean for customers is `says.py`; whether each of them is explained is `core/payments/reconcile`.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core import files, money
from core.card_numbers import without_cards
from core.context import App, Context
from core.db.engine import SPARE_IDS
from core.errors import BadInput
from core.payments.bank import camt, keep_statement, mt940, pain002
from core.payments.bank.model import Statement


@dataclass(slots=True)
class FileTotals:
    """What a file held: entries that are new and known, and what a person should look at, a sentence each."""

    statements: int
    new: int = 0
    known: int = 0
    otherwise: list[str] = field(default_factory=list)
    """Known, and told otherwise than before."""
    doubts: list[str] = field(default_factory=list)
    """Kept, and nobody's until somebody looks."""


def read(path: Path) -> tuple[list[Statement], list[pain002.DebitRefusal]]:
    """A file in whichever format it is: camt.053, pain.002 or MT940. Raises BadInput. Blocking: call it in a thread."""
    raw = path.read_bytes()
    try:
        text = files.decoded(raw[:4096])
        if text.lstrip()[:1] != "<":
            return _whole(mt940.read(raw)), []
        if "CstmrPmtStsRpt" in files.decoded(raw):
            return [], pain002.read(raw)
        return _whole(camt.read(raw)), []
    except ValueError as why:
        remedy = "Export it again from the bank as camt.053, MT940 or pain.002."
        raise BadInput(str(path), f"cannot be read: {why}.", remedy) from why


def _whole(found: list[Statement]) -> list[Statement]:
    for one in found:
        if one.off_by:
            lacks = money.plain(abs(one.off_by), one.currency)
            raise ValueError(f"statement {one.number} does not add up, by {lacks} {one.currency}")
    return found


async def keep(app: App, path: Path, found: Sequence[Statement]) -> FileTotals:
    """Write statements down, in one transaction; what was new."""
    await app.db.reserve_ids(sum(2 * len(one.entries) + 1 for one in found) + SPARE_IDS)
    digest = await asyncio.to_thread(_digest, path)
    taken = FileTotals(len(found))
    async with app.db.writing() as conn:
        for one in found:
            kept = await keep_statement.keep(conn, app, one, _ours(app, one.account), without_cards(path.name), digest)
            taken.new += kept.new
            taken.known += kept.known
            taken.otherwise += kept.otherwise
            taken.doubts += kept.doubts
    return taken


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _ours(context: Context, told: str) -> str:
    """The account as we call it: formats write the same account differently (an IBAN, or bank code and number in it)."""
    ours = "".join(context.operator.reconcile.bank_account.split()).upper()
    plain = "".join(letter for letter in told.upper() if letter.isalnum())
    figures = plain.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return ours if ours and len(figures) >= 8 and figures in ours else plain
