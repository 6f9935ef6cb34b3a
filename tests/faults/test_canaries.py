"""Canaries: card numbers, PINs and one-time codes said through every channel are found in no log, table, letter, session or file (R25).

What a secret is for may know it: a PIN is kept as its hash, a code as the hash of it, a card number not at all.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from sqlalchemy import select, update

from core.clock import SetClock
from core.config.operator import Identity, Operator, Settings
from core.context import App
from core.db.engine import Database, metadata
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.parties import identity
from gateway.app_keys import SPOOL, TURNS
from gateway.logs import configure
from tests.doubles.meta import webhook
from tests.gateway.open_doors import SECRET, Doors, open_doors
from tests.gateway.talking import Phone, a_customer
from tests.gateway.test_agent import Chat
from tests.gateway.test_doors import tg, wa_text
from tests.gateway.test_pin_and_link import code_of

CARDS = (
    "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "6011.1111.1111.1117", "4012888888881881",
    "4111\u00a01111\u00a01111\u00a01111", "4111  1111  1111  1111", "4000–0566–5566–5556", "3530 1113\n3330 0000",
    "٤١١١ ١١١١ ١١١١ ١١١١", "４２４２４２４２４２４２４２４２",
)  # fmt: skip
PIN, GUESS = "48261937", "97531864"
UNASKED = "86420975"
"""Figures that nobody asked for: where they answer nothing they are not kept, elsewhere they may be a reading or an account number."""
WORDS = ("{}", "My card is {} 12/27 123", "Pay 500 with:{}.")
BETWEEN = r"[\s.\-\u2010-\u2015]{0,3}"
Say = Callable[[str], Awaitable[Any]]


@dataclass
class Ways:
    """Every way by which words come in; each is another person's."""

    doors: Doors
    number: int = 0

    def all(self) -> dict[str, Say]:
        """By name of the way."""
        return {
            "ussd": Phone(self.doors.client, user(0), "s1").answer,
            "sms": self.sms,
            "kannel": self.kannel,
            "whatsapp": self.whatsapp,
            "caption": self.caption,
            "telegram": self.telegram,
            "email": self.email,
            "webchat": Chat(self.doors.client.app[TURNS], "visitor").say,
        }

    def next(self) -> int:
        self.number += 1
        return self.number

    async def sms(self, text: str) -> None:
        form = {"from": user(1), "id": f"a{self.next()}", "to": "40400", "text": text, "date": "2026-03-10 09:00:00"}
        await self._fine(self.doors.client.post(f"/hooks/africastalking/{SECRET}/sms", data=form))

    async def kannel(self, text: str) -> None:
        asked = f"from={quote(user(2))}&to=20880&id=k{self.next()}&ts=1795306504&smsc=F&coding=2&udh="
        kind = {"Content-Type": 'text/plain; charset="UTF-16BE"'}
        await self._fine(
            self.doors.client.post(f"/hooks/kannel/{SECRET}/sms?{asked}", data=text.encode("utf-16-be"), headers=kind)
        )

    async def whatsapp(self, text: str) -> None:
        await self._fine(self.doors.whatsapp(webhook(wa_text(text, f"w{self.next()}", "254700000903"))))

    async def caption(self, text: str) -> None:
        image = {"id": f"m{self.next()}", "mime_type": "image/jpeg", "caption": text}
        await self._fine(
            self.doors.whatsapp(webhook(wa_text("", f"w{self.next()}", "254700000904", type="image", image=image)))
        )

    async def telegram(self, text: str) -> None:
        await self._fine(self.doors.telegram(tg(self.next(), text=text)))

    async def email(self, text: str) -> None:
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = "them@example.org", "help@mwangaza.example", "Hello"
        letter["Message-ID"] = f"<{self.next()}@example.org>"
        letter.set_content(text)
        await self._fine(self.doors.client.post(f"/hooks/email/{SECRET}", data=letter.as_bytes()))

    async def _fine(self, asked: Awaitable[Any]) -> None:
        async with await asked as answer:
            assert answer.status == 200


def user(number: int) -> str:
    return f"+25470000090{number}"


def figures(text: str) -> str:
    """The text with the figures of every script as 0 to 9."""
    return "".join(str(int(c)) if c.isdecimal() else c for c in text)


async def everything(app: App, folder: Path, logged: str) -> dict[str, str]:
    """All that was kept, by where."""
    found = {"the log": logged}
    async with app.db.reading() as conn:
        for table in metadata.sorted_tables:
            found[table.name] = "\n".join(
                json.dumps(row._asdict(), default=str, ensure_ascii=False) for row in await conn.execute(select(table))
            )
    for path in folder.rglob("*"):
        if path.is_file():
            found[path.name] = path.read_bytes().decode("latin-1")
    return found


def leaks(kept: dict[str, str], canaries: set[str]) -> list[str]:
    """Where a canary sings, whatever stands between its figures."""
    songs = {one: re.compile(rf"(?<!\d){BETWEEN.join(one)}(?!\d)") for one in canaries}
    return [
        f"{one} in {where}" for where, text in kept.items() for one, song in songs.items() if song.search(figures(text))
    ]


@pytest.fixture
def logs_as_served() -> Iterator[None]:
    """The log as `hodi serve` writes it: unconfigured, structlog would print the local variables of whatever broke."""
    configure()
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("each", [2, pytest.param(len(CARDS), marks=pytest.mark.soak)])
async def test_no_canary_sings_wherever_it_was_let_in(
    each: int,
    sqlite_db: Database,
    clock: SetClock,
    operator: Operator,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    logs_as_served: None,
) -> None:
    caplog.set_level(logging.INFO)
    strict = operator.model_copy(update={"identity": Identity(ussd="pin", chat="pin", pin_digits=8)})
    app = App(clock, strict, sqlite_db, settings, follow)
    canaries = {re.sub(r"\D", "", figures(card)) for card in CARDS} | {PIN, GUESS}
    async with open_doors(app, tmp_path) as doors:
        ways = Ways(doors).all()
        for number, say in enumerate(ways.values()):
            made = await a_customer(app, number=str(1_000 + number), phone=user(number), name=f"Customer {number}")
            for at in range(each):
                await say(WORDS[(number + at) % 3].format(CARDS[(number * 2 + at) % len(CARDS)]))
            if number % 3 and each < len(CARDS):
                continue  # a PIN is checked slowly by design; here a few ways will do
            async with app.db.writing() as conn:
                await identity.set_pin(conn, app, made.party_id, PIN)
            for text in ("0", "00", GUESS, "BAL", PIN):
                await say(text)
            for text in ("00", "LINK", str(1_000 + number), "2", GUESS, PIN, "00", "LINK", str(1_000 + number), "1"):
                await say(text)
            canaries |= await said_a_code(app, say)
        await away(doors, ways, monkeypatch, tmp_path, canaries)
        doors.meta.outage = 500
        await doors.sent()
        async with app.db.writing() as conn:
            await conn.execute(update(outbox).where(outbox.c.state == "waiting").values(state="dead"))
        printed = capsys.readouterr()
        assert printed.err, "the log is looked at"
        kept = await everything(app, tmp_path, caplog.text + printed.out + printed.err)
        assert kept["outbox"]
        assert kept["interaction"]
        assert leaks(kept, canaries) == []


async def said_a_code(app: App, say: Say) -> set[str]:
    """A code that is on its way is typed in; what it was."""
    async with app.db.reading() as conn:
        if not (await conn.execute(select(outbox.c.id).where(outbox.c.kind == "code"))).first():
            return set()
    code = await code_of(app)
    await say(code)
    return {code}


async def away(
    doors: Doors, ways: dict[str, Say], monkeypatch: pytest.MonkeyPatch, folder: Path, canaries: set[str]
) -> None:
    """While the database is away, what is kept on the disk is sealed."""

    async def gone(*_given: Any) -> Any:
        raise ConnectionRefusedError

    with monkeypatch.context() as there:
        there.setattr("core.summary.reader.QuickSqlite.standing", gone)
        there.setattr("gateway.conversation.turn.Turns.answer", gone)
        for name in ("sms", "kannel", "whatsapp", "caption", "telegram", "email"):
            await ways[name](f"hello {CARDS[0]}")
            await ways[name](UNASKED)
        kept = {path.name: path.read_bytes().decode("latin-1") for path in (folder / "spool").iterdir()}
        assert kept
        assert leaks(kept, canaries | {UNASKED}) == []
    spool = doors.client.app[SPOOL]
    for _ in range(600):
        if not spool.waiting:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it was not taken up")
