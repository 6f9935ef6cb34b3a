"""Letters through the mail server's door and out of the mailbox: only what is new is heard, machines and other people's letters are not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from channels.email.channel import Email
from channels.email.imap import Mailbox
from channels.email.mime import LARGEST_LETTER
from core.care.tables import interaction
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.parties.tables import contact
from gateway.hooks.mailbox import Collector
from tests.gateway.imap_box import ImapServer
from tests.gateway.letters_of_programs import HEAD, MACHINES, NOBODIES, PLAIN, PROGRAMS
from tests.gateway.open_doors import SECRET, Doors, open_doors
from tests.gateway.test_flows import rows

AMINA = "Amina Test <amina.test@mailbox.example>"


@pytest.fixture
async def doors(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> AsyncIterator[Doors]:
    async with open_doors(App(clock, operator, sqlite_db, settings, follow), tmp_path) as opened:
        yield opened


async def post(doors: Doors, letter: str) -> None:
    answer = await doors.client.post(f"/hooks/email/{SECRET}", data=letter.encode())
    assert answer.status == 200, await answer.text()


async def heard(doors: Doors) -> list[str]:
    async with doors.app.db.reading() as conn:
        said = select(interaction.c.text).where(interaction.c.direction == "in").order_by(interaction.c.id)
        return list((await conn.execute(said)).scalars())


@pytest.mark.parametrize("program", PROGRAMS)
async def test_only_what_is_new_in_a_letter_is_heard(program: str, doors: Doors) -> None:
    await post(doors, HEAD.format(sender=AMINA, id="m1") + PROGRAMS[program])
    assert await heard(doors) == ["1"]
    assert len(await rows(doors.app, outbox)) == 1


@pytest.mark.parametrize(
    "words",
    [
        "On Monday your man wrote down:\n12345 on the dial", "From: the corner house\nto the market there is no light",
        "I paid > 500 on 3 March 2026", "De kamer: donker", "Sent it yesterday, 14:30, to 100001",
    ],
)  # fmt: skip
async def test_words_of_hers_that_look_like_a_quotation_are_heard(words: str, doors: Doors) -> None:
    await post(doors, HEAD.format(sender=AMINA, id="m1") + PLAIN + words)
    assert await heard(doors) == [words]


@pytest.mark.parametrize(
    "sender",
    ["Test, Amina <a@b.example>", '"Test, Amina" <a@b.example>', "a@b.example", "a@b.example (Amina, the first)", "Amina <A@B.example>"],
)  # fmt: skip
async def test_a_letter_has_the_sender_whose_address_stands_in_it(sender: str, doors: Doors) -> None:
    await post(doors, HEAD.format(sender=sender, id="m1") + PLAIN + "BAL")
    assert [row.channel_user for row in await rows(doors.app, contact)] == ["a@b.example"]


@pytest.mark.parametrize("machine", MACHINES)
async def test_a_machine_is_not_answered_whatever_header_tells_it(machine: str, doors: Doors) -> None:
    told = MACHINES[machine]
    letter = HEAD.format(sender=AMINA, id="m1") + told + ("" if "Content-Type" in told else PLAIN) + "I am away"
    await post(doors, letter)
    async with ImapServer() as server:
        server.put(letter.encode())
        email = doors.channels["email"]
        assert isinstance(email, Email)
        email.mailbox = Mailbox(SecretStr(server.url), LARGEST_LETTER)
        assert await email.collect(Collector(doors.client.app, email.name, email).take) == 1  # type: ignore[arg-type]
        assert server.letters[0].seen
    assert await rows(doors.app, outbox) == []


@pytest.mark.parametrize("sender", NOBODIES)
async def test_nobody_and_ourselves_are_not_answered(sender: str, doors: Doors) -> None:
    await post(doors, HEAD.format(sender=f"X <{sender}>", id="m1") + PLAIN + "We cannot handle your message")
    assert await rows(doors.app, outbox) == []


@pytest.mark.parametrize(
    "sender", ["norah.replyson@x.example", "not.a.robot@x.example", "noel@x.example", "bouncer@x.example"]
)
async def test_a_person_with_such_a_name_is_answered(sender: str, doors: Doors) -> None:
    await post(doors, HEAD.format(sender=f"X <{sender}>", id="m1") + PLAIN + "BAL")
    assert len(await rows(doors.app, outbox)) == 1


@pytest.mark.parametrize(
    ("to", "answered"),
    [
        ("To: help@mwangaza.example", 1), ("To: sales@mwangaza.example", 0), ("To: sales@mwangaza.example\nCc: HELP@mwangaza.example", 1), ("To: amina@forwards.example", 1),
        ("To: help+bills@mwangaza.example", 1), ("To: undisclosed-recipients:;", 1), ("To: sales@mwangaza.example\nDelivered-To: help@mwangaza.example", 1),
        ("To: maji@mwangaza.example", 1),
    ],
)  # fmt: skip
async def test_a_letter_to_somebody_else_is_not_ours(
    to: str, answered: int, sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> None:
    app = App(clock, operator, sqlite_db, settings, follow)
    async with open_doors(app, tmp_path, email_addresses="maji@mwangaza.example, umeme@mwangaza.example") as doors:
        letter = f"From: {AMINA}\n{to}\nSubject: x\nMessage-ID: <m1@x.example>\n" + PLAIN + "BAL"
        await post(doors, letter)
        assert len(await rows(doors.app, outbox)) == answered
        assert len(await heard(doors)) == answered


async def test_a_letter_that_holds_only_a_file_gets_a_word(doors: Doors) -> None:
    parts = '--b\nContent-Type: application/zip\nContent-Disposition: attachment; filename="x.zip"\n\nPK\n--b--\n'
    await post(doors, HEAD.format(sender=AMINA, id="m1") + 'Content-Type: multipart/mixed; boundary="b"\n\n' + parts)
    [reply] = await rows(doors.app, outbox)
    assert "We cannot open that here" in reply.params["text"]
    assert await heard(doors) == ["[attachment]"]
