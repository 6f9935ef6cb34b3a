"""Letters out of a mailbox: each taken in once whoever looks, marked as read only after that, and what came back is a message not arrived."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from channels.contract import NotReady
from channels.email.channel import Email
from channels.email.imap import Mailbox
from channels.email.mime import LARGEST_LETTER
from core.care import inbound_mail
from core.clock import SetClock
from core.context import App
from core.journeys.follow import follow
from core.outbox import queue
from core.parties.tables import contact, contact_account
from gateway.app_keys import CHANNELS
from gateway.hooks.mailbox import Collector
from scheduler.dispatch import Dispatcher
from tests.gateway.imap_box import ImapServer
from tests.gateway.talking import hooks
from tests.people import a_bill, a_branch, a_customer
from tests.scheduler.test_dispatch import Provider

HELLO = (
    b"From: Amina <amina@example.org>\nTo: help@mwangaza.example\nMessage-ID: <m%d@example.org>\nSubject: x\n\nBAL\n"
)


@asynccontextmanager
async def desk(app: App, folder: Path) -> AsyncIterator[tuple[ImapServer, Collector]]:
    async with hooks(app, folder) as web_app, ImapServer() as server:
        mailbox = Mailbox(SecretStr(server.url), LARGEST_LETTER)
        email = Email(SecretStr("smtp://127.0.0.1:1"), "help@mwangaza.example", "Mwangaza", mailbox=mailbox)
        web_app[CHANNELS]["email"] = email
        yield server, Collector(web_app, email.name, email)


async def answers(app: App) -> list[str]:
    async with app.db.reading() as conn:
        rows = await conn.execute(select(queue.outbox.c.key).where(queue.outbox.c.kind == "reply"))
        return sorted(rows.scalars())


async def test_each_letter_is_answered_once_whoever_looks_and_is_then_read(app: App, tmp_path: Path) -> None:
    async with desk(app, tmp_path) as (server, reader):
        for number in (1, 2, 2):
            server.put(HELLO % number)
        server.put(b"no letter at all")
        server.put(b"From: mailer-daemon@x\nMessage-ID: <b>\n\nsorry")
        assert await reader.channel.collect(reader.take) == 5
        assert all(one.seen for one in server.letters)
        assert await answers(app) == ["reply:email:<m1@example.org>", "reply:email:<m2@example.org>"]
        for one in server.letters:
            one.seen = False
        assert await reader.channel.collect(reader.take) == 5
        assert len(await answers(app)) == 2
        peeks = [one for one in server.log if "FETCH" in one and "RFC822.SIZE" not in one]
        assert set(peeks) == {f"UID FETCH {one.uid} (BODY.PEEK[])" for one in server.letters}, "a look reads nothing"


async def test_a_letter_that_another_has_in_hand_is_left_to_it_until_its_lease_ends(
    app: App, clock: SetClock, tmp_path: Path
) -> None:
    async with desk(app, tmp_path) as (server, reader):
        letter = server.put(HELLO % 1)
        async with app.db.writing() as conn:  # another process claimed it, and was killed
            assert await inbound_mail.claim(conn, app, "<m1@example.org>") == "mine"
        assert (await reader.channel.collect(reader.take), letter.seen, await answers(app)) == (0, False, [])
        clock.forward(inbound_mail.LEASE)
        assert (await reader.channel.collect(reader.take), letter.seen, len(await answers(app))) == (1, True, 1)


async def test_while_the_database_is_away_letters_stay_and_a_letter_that_breaks_us_holds_up_nobody(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_given: Any) -> Any:
        raise ConnectionRefusedError

    async with desk(app, tmp_path) as (server, reader):
        first, second = server.put(HELLO % 1), server.put(HELLO % 2)
        for name in ("writing", "reading"):
            monkeypatch.setattr(f"core.db.engine.Database.{name}", gone)
        with pytest.raises(NotReady):
            await reader.channel.collect(reader.take)
        assert not first.seen
        monkeypatch.undo()

        async def breaks(_app: object, _name: str, event: Any) -> None:
            if event.message_id == "<m1@example.org>":
                raise ZeroDivisionError

        monkeypatch.setattr("gateway.hooks.channels.take_in", breaks)
        seen = []
        for _ in range(3):
            await reader.channel.collect(reader.take)
            seen.append((first.seen, second.seen))
        assert seen == [(False, True), (False, True), (True, True)]


@pytest.mark.parametrize("wrong", ["password", "folder", "server", "down"])
async def test_a_mailbox_that_will_not_have_us_is_told_and_costs_nothing_else(wrong: str) -> None:
    async def nobody(_raw: bytes) -> bool:
        raise AssertionError

    async with ImapServer() as server:
        server.put(HELLO % 1)
        server.up = wrong != "down"
        url = {
            "password": server.url.replace("mail", "male"),
            "folder": server.url + "2",
            "server": "imap://a:b@127.0.0.1:1",
        }
        with pytest.raises(NotReady):
            await Mailbox(SecretStr(url.get(wrong, server.url)), LARGEST_LETTER).look(nobody)


async def test_a_letter_longer_than_we_take_is_not_even_fetched() -> None:
    async def nobody(_raw: bytes) -> bool:
        raise AssertionError

    async with ImapServer() as server:
        letter = server.put(HELLO % 1 + b"x" * 500)
        assert await Mailbox(SecretStr(server.url), 100).look(nobody) == 1
        assert letter.seen and not any("PEEK" in one for one in server.log)


DSN = """From: MAILER-DAEMON@mx.example.org
To: help@mwangaza.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn@mx>
Content-Type: multipart/report; report-type=delivery-status; boundary="=b"

--=b

I'm sorry to have to inform you...
--=b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user

--=b
Content-Type: message/rfc822

From: help@mwangaza.example
To: {to}
Message-ID: {ref}
Subject: Your bill

Dear customer
--=b--
"""


async def a_letter_left(app: App) -> tuple[int, int, dict[str, Provider]]:
    """Her bill went by e-mail first; her contact there, her account, and the ways."""
    rules = app.operator.notices.model_copy(update={"order": ("email", "sms")})
    app = replace(app, operator=app.operator.model_copy(update={"notices": rules}))
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        her = await a_customer(conn, app)
        mail, now = app.ids.take(), app.clock.now()
        for number, address in ((mail, "amina@example.org"), (app.ids.take(), "other@example.org")):
            row = {"id": number, "channel": "email", "channel_user": address, "language": "en", "marketing": False}
            await conn.execute(contact.insert().values(row | {"created_at": now}))
        await conn.execute(
            contact_account.insert().values(contact_id=mail, account_id=her.account_id, linked_at=now, how="record")
        )
        bill = await a_bill(conn, app, her)
    ways = {"email": Provider(), "sms": Provider()}
    await announce(app, her.account_id, bill, "b1", ways)
    return mail, her.account_id, ways


async def announce(app: App, account_id: int, bill: int, key: str, ways: dict[str, Provider]) -> None:
    rules = app.operator.notices.model_copy(update={"order": ("email", "sms")})
    app = replace(app, operator=app.operator.model_copy(update={"notices": rules}))
    async with app.db.writing() as conn:
        await queue.enqueue(
            conn,
            app,
            key=key,
            kind="notice",
            template="notice.ready.pay",
            account_id=account_id,
            subject_id=bill,
            resend_unknown=True,
        )
    assert await Dispatcher(app, ways).drain() == {"sent": 1}


async def bounced(app: App) -> set[str]:
    async with app.db.reading() as conn:
        rows = await conn.execute(select(contact.c.channel_user).where(contact.c.bounced_at.is_not(None)))
        return set(rows.scalars())


async def test_a_letter_that_came_back_goes_the_next_way_and_its_address_is_written_to_no_more_until_she_writes(
    app: App, clock: SetClock, tmp_path: Path
) -> None:
    _, account_id, ways = await a_letter_left(app)
    async with desk(app, tmp_path) as (server, reader):
        told = {"to": "amina@example.org", "action": "failed", "status": "5.1.1", "ref": "ref-b1"}
        for _ in range(2):
            server.put(DSN.format(**told).encode())
        assert await reader.channel.collect(reader.take) == 2
        assert await bounced(app) == {"amina@example.org"}
        assert await Dispatcher(app, ways).drain() == {"sent": 1}
        assert ([one.channel for one in ways["email"].notices], [one.key for one in ways["sms"].notices]) == (
            ["email"],
            ["b1"],
        )
        async with app.db.reading() as conn:
            row = (await conn.execute(select(queue.outbox).where(queue.outbox.c.key == "b1"))).one()
        assert row.tried == "email:unknown_subscriber"
        await announce(app, account_id, row.subject_id, "b2", ways)
        assert [one.key for one in ways["sms"].notices] == ["b1", "b2"]
        server.put(HELLO % 9)
        await reader.channel.collect(reader.take)
        assert await bounced(app) == set()


@pytest.mark.parametrize(
    ("change", "state", "gone"),
    [
        ({"action": "delayed", "status": "4.4.1"}, "sent", set()),
        ({"action": "delivered", "status": "2.0.0"}, "delivered", set()),
        ({"status": "5.2.2"}, "waiting", set()),
        ({"to": "other@example.org"}, "waiting", set()),
        ({"ref": "<not-ours@x>"}, "sent", set()),
        ({"ref": ""}, "sent", set()),
        ({"status": "5.2.1"}, "waiting", {"amina@example.org"}),
    ],
)
async def test_a_report_is_believed_only_about_the_letter_it_names_and_only_for_what_is_for_good(
    change: dict[str, str],
    state: str,
    gone: set[str],
    sqlite_db: Any,
    clock: SetClock,
    operator: Any,
    settings: Any,
    tmp_path: Path,
) -> None:
    app = App(clock, operator, sqlite_db, settings, follow)
    await a_letter_left(app)
    told = {"to": "amina@example.org", "action": "failed", "status": "5.1.1", "ref": "ref-b1"} | change
    async with desk(app, tmp_path) as (server, reader):
        server.put(DSN.format(**told).encode())
        await reader.channel.collect(reader.take)
    async with app.db.reading() as conn:
        assert (await conn.execute(select(queue.outbox.c.state))).scalar_one() == state
    assert await bounced(app) == gone
