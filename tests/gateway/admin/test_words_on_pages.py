"""What a clerk reads is words: every page of the console, in a house where everything waits or went wrong, shows no name of the code
(`life_support`) and no amount in minor units."""

import html
import re
from collections.abc import Iterable

import pytest
from sqlalchemy import select

from core.approvals import decide as approvals
from core.db.engine import Database
from core.ledger.tables import open_item
from gateway.admin.auth import CONSOLE
from tests.gateway.admin.test_crawl import Crawl, crawl

__all__ = ["crawl"]
_RAW = re.compile(r"(?<![\w{/@.=-])[a-z]{2,}(?:_[a-z]+)+(?![\w}])")
_TAGS = re.compile(r"<(style|script)\b.*?</\1>|<(code|textarea)\b.*?</\2>|<[^>]*>", re.DOTALL)
_OWN = re.compile(r"\{\w+\}")


ASKED = (
    {"verdict": "partly_right", "credit": "1234.5", "amount": "30"},
    {"from": "2025-09-01", "last day": "2025-09-30", "parked because": "no_tariff"},
)
"""What acts of other pages ask a second person about."""


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    """The pages are the subject here."""
    return sqlite_db


def words_of(page: str) -> str:
    """What can be read of a page."""
    return " ".join(html.unescape(_TAGS.sub(" ", page)).split())


def raw(page: str, minors: Iterable[str]) -> list[str]:
    """What is no word for people: names of ours, and amounts that nobody divided."""
    text = words_of(page)
    bare = [one for one in minors if re.search(rf"(?<![\w.,-]){one}(?![\w.,-])", text)]
    return sorted({*_RAW.findall(text), *bare})


async def made_worse(crawl: Crawl) -> None:
    """What the crawl's world lacks: protections, approvals of each kind that a form makes, holds, reasons of each kind."""
    own, seat = crawl.own, crawl.seat
    path = f"/console/collections/{own['account']}"
    for kind in ("life_support", "medical"):
        assert await seat.post(path, do="protect", kind=kind, note="a doctor's letter") == 303
    assert await seat.post(f"/console/accounts/{own['account']}/phone", phone="0799000111") == 303
    receipt = f"/console/receipts/{own['receipt']}"
    assert await seat.post(receipt, do="move", account="10000033", reason="typed wrongly") == 303
    assert await seat.post(receipt, do="refund", amount="10.37", reason="twice", key="k") == 303
    assert (
        await seat.post("/console/mandates", account=own["number"], holder="Wanjiru", iban="DE75512108001245126199")
        == 303
    )
    assert await seat.post("/console/cash", do="open", amount="50") == 303
    assert await seat.post("/console/cash", do="receipt", account=own["number"], amount="300", key="k1") == 303
    async with crawl.app.db.writing() as conn:
        for at, payload in enumerate(ASKED):
            told = {"account": own["number"], "currency": "KES", **payload}
            await approvals.ask(
                conn,
                crawl.app,
                kind="late_credit",
                subject=f"bill:{at}",
                payload=told,
                maker="user:ann",
                branch_id=None,
            )
    await seat.post(f"/console/talks/{own['talk']}", do="take")


async def pages(crawl: Crawl) -> list[str]:
    """Every page of the route table, with each thing that it can be about."""
    found = []
    for method, path, _handler, _told in crawl.routes():
        if method != "get" or not path.startswith(CONSOLE) or path.endswith((".csv", ".xml")):
            continue
        parts = _OWN.findall(path)
        found += [path] if not parts else [_OWN.sub(one, path) for one in sorted(set(crawl.own.values()))]
    return found


async def test_no_page_of_the_console_shows_a_name_of_the_code_or_an_amount_in_minor_units(crawl: Crawl) -> None:
    await made_worse(crawl)
    async with crawl.app.db.reading() as conn:
        rows = await conn.execute(select(open_item.c.open_minor, open_item.c.total_minor))
        minors = sorted(
            {str(one) for row in rows for one in row if one >= 10_000} | {"28555", "30000", "50000", "1037", "128555"}
        )
    seen, wrong = 0, []
    for path in await pages(crawl):
        for seat in (crawl.seat, crawl.whole):
            status, text = await seat.get(path)
            if status == 200 and "<html" in text:
                seen += 1
                wrong += [f"{path}: {one}: {around(text, one)}" for one in raw(text, minors)]
            if path == "/console/approvals" and seat is crawl.whole:
                told = words_of(text)
                assert "credit KES 1,234.50" in told and "1 Sep 2025" in told and "partly right" in told, told
    assert seen > 60, "the pages did not open"
    assert wrong == [], "\n" + "\n".join(sorted(set(wrong)))


def around(page: str, one: str) -> str:
    """Where it stands, for whoever mends it."""
    text = words_of(page)
    at = text.index(one)
    return text[max(0, at - 60) : at + 60]
