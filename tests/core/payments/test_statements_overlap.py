"""However a bank cuts its ledger into files (days, pages, exports that overlap), whatever its references, and in whatever order they come:
what is kept is the ledger, each statement is proved, and nothing is kept twice."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.context import App
from core.db.engine import Database
from core.journeys import bank_statement
from core.journeys.verify_books import problems
from core.payments.bank.tables import statement_entry

FIRST = date(2026, 3, 2)


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@dataclass(frozen=True)
class Booked:
    on: date
    minor: int
    ref: str
    before: int
    text: str

    @property
    def lines(self) -> str:
        size = f"{abs(self.minor) // 100},{abs(self.minor) % 100:02}"
        mark = "C" if self.minor > 0 else "D"
        return f":61:{self.on:%y%m%d}{self.on:%m%d}{mark}{size}NTRFNONREF{self.ref}\n:86:{self.text}"


def ledger(rng: random.Random) -> list[Booked]:
    """Four days of a busy account: equal payments, and references that are missing, or begin anew each day or each page."""
    found: list[Booked] = []
    balance, refs = 50_000, rng.choice(("none", "day", "page", "own"))
    for offset in range(4):
        for number in range(rng.randrange(1, 8)):
            ref = {
                "none": "",
                "day": f"//{number + 1:04}",
                "page": f"//{number % 3 + 1:04}",
                "own": f"//R{offset}-{number}",
            }[refs]
            minor = rng.choice((4_000, 4_000, 6_000, 2_500, -1_700))
            text = rng.choice(("rent", "bill", "November"))
            found.append(Booked(FIRST + timedelta(offset), minor, ref, balance, text))
            balance += minor
    return found


def message(number: str, part: list[Booked]) -> str:
    first, last = part[0], part[-1]
    opening, closing = first.before, last.before + last.minor
    ends = [
        f"C{on:%y%m%d}EUR{minor // 100},{minor % 100:02}" for on, minor in ((first.on, opening), (last.on, closing))
    ]
    rows = "\n".join(one.lines for one in part)
    return f":20:X\n:25:DE89\n:28C:{number}\n:60F:{ends[0]}\n{rows}\n:62F:{ends[1]}\n-\n"


def cut(rng: random.Random, booked: list[Booked]) -> list[str]:
    """The bank's own numbered statements, in pages of three or whole, and exports of any stretch, numbered the same or not at all."""
    files = []
    for number, on in enumerate(sorted({one.on for one in booked}), start=41):
        day = [one for one in booked if one.on == on]
        size = rng.choice((3, len(day)))
        pages = [day[at : at + size] for at in range(0, len(day), size)]
        files += [message(f"{number}/{page}", part) for page, part in enumerate(pages, start=1)]
    for _ in range(rng.randrange(4)):
        begin = rng.choice([at for at, one in enumerate(booked) if at == 0 or booked[at - 1].on != one.on])
        files.append(message("0/1", booked[begin : rng.randrange(begin + 1, len(booked) + 1)]))
    files += rng.sample(files, rng.randrange(3))
    rng.shuffle(files)
    return files


@pytest.mark.parametrize("seed", range(40))
async def test_what_is_kept_is_the_banks_ledger_however_it_is_cut(app: App, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    booked = ledger(rng)
    for at, text in enumerate(cut(rng, booked)):
        path = tmp_path / f"{at}.sta"
        path.write_text(text)
        await bank_statement.bring_in(app, path)
        async with app.db.reading() as conn:
            assert await problems(conn) == []
    async with app.db.reading() as conn:
        rows = (await conn.execute(select(statement_entry))).all()
    kept = Counter((row.booked_on, row.amount_minor, row.bank_ref, row.purpose) for row in rows)
    assert kept == Counter((one.on, one.minor, one.ref.lstrip("/"), one.text) for one in booked), f"seed {seed}"
