"""Machines do not talk to machines: the third answer of the same words to one contact is the last for a while, and offers a person."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from core.care.tables import interaction
from core.clock import SetClock
from core.context import App
from core.outbox.queue import outbox
from tests.gateway.open_doors import SECRET, Doors, open_doors
from tests.gateway.talking import HOOKS, WANJIKU, Phone, a_customer
from tests.gateway.test_flows import rows
from tests.gateway.ways import Telegram, WebChat, WhatsApp, with_pages

AWAY = "Thank you for your message. We are closed for the holidays and will answer soon"


@pytest.fixture
async def doors(app: App, tmp_path: Path) -> AsyncIterator[Doors]:
    await a_customer(app)
    async with open_doors(app, tmp_path, with_pages) as opened:
        yield opened


async def sms(doors: Doors, number: object, text: str) -> None:
    form = {"from": WANJIKU, "id": f"m{number}", "text": text, "to": "40400", "date": "2026-03-10 09:00:00"}
    assert (await doors.client.post(f"{HOOKS}/sms", data=form)).status == 200


async def kannel(doors: Doors, number: object, text: str) -> None:
    query = urlencode({"from": WANJIKU, "to": "20880", "id": f"m{number}", "ts": "1772000000", "coding": "0"})
    assert (await doors.client.post(f"/hooks/kannel/{SECRET}/sms?{query}", data=text.encode())).status == 200


async def letter(doors: Doors, number: object, text: str) -> None:
    head = f"From: X <x@y.example>\nTo: help@mwangaza.example\nSubject: Re: x\nMessage-ID: <m{number}@y.example>\n\n"
    assert (await doors.client.post(f"/hooks/email/{SECRET}", data=(head + text).encode())).status == 200


async def whatsapp(doors: Doors, number: object, text: str) -> None:
    they = WhatsApp(doors, "whatsapp", count=int(str(number)))
    await they.deliver(text)


async def answers(doors: Doors) -> list[str]:
    return [row.params["text"] for row in await rows(doors.app, outbox)]


@pytest.mark.parametrize("say", [sms, kannel, letter, whatsapp])
async def test_of_twenty_five_messages_of_a_machine_few_are_answered_and_the_last_answer_offers_a_person(
    say: object, doors: Doors
) -> None:
    for number in range(25):
        await say(doors, number, AWAY)  # type: ignore[operator]
    told = await answers(doors)
    assert len(told) <= 5
    assert told[-1] == told[-2] + "\nWrite AGENT to reach a person."
    assert len(await rows(doors.app, interaction)) == 25, "each stands in the log"


async def test_who_says_something_else_is_answered_at_once_and_the_count_begins_anew(doors: Doors) -> None:
    for number in range(6):
        await sms(doors, number, "HELP")
    told = await answers(doors)
    assert len(told) == 3 and told[2].startswith(told[0]) and told[0] == told[1]
    await sms(doors, 10, "LANGUAGE")
    await sms(doors, 11, "HELP")
    assert len(await answers(doors)) == 5
    assert (await answers(doors))[-1] == told[0]


async def test_after_a_while_it_is_said_once_more(doors: Doors, clock: SetClock) -> None:
    for number in range(5):
        await sms(doors, number, "HELP")
    clock.forward(timedelta(minutes=61))
    for number in range(5, 9):
        await sms(doors, number, "HELP")
    assert len(await answers(doors)) == 4
    clock.forward(timedelta(hours=25))
    for number in range(10, 15):
        await sms(doors, number, "HELP")
    assert len(await answers(doors)) == 7


async def test_a_message_that_was_met_with_silence_is_met_with_silence_when_it_is_brought_again(doors: Doors) -> None:
    for number in (*range(5), 4, 4, 3):
        await sms(doors, number, "HELP")
    await sms(doors, 9, "LANGUAGE")
    before = await answers(doors)
    await sms(doors, 4, "HELP")
    assert await answers(doors) == before


async def test_a_restart_forgets_nothing_and_workers_count_together(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    for worker in ("one", "two"):
        (tmp_path / worker).mkdir()
    async with open_doors(app, tmp_path / "one") as one, open_doors(app, tmp_path / "two") as two:
        for number in range(2):
            await sms(one, number, "HELP")
        await asyncio.gather(
            *(sms(doors, f"{number}{at}", "HELP") for at in range(4) for number, doors in ((7, one), (8, two)))
        )
        assert len(await answers(one)) == 3
    (tmp_path / "three").mkdir()
    async with open_doors(app, tmp_path / "three") as three:
        await sms(three, 99, "HELP")
        assert len(await answers(three)) == 3


async def test_one_machine_is_not_another(doors: Doors) -> None:
    for number in range(5):
        await sms(doors, number, "HELP")
        await letter(doors, number, "HELP")
    assert len(await answers(doors)) == 6


async def test_ussd_telegram_and_the_web_chat_answer_as_often_as_they_are_asked(doors: Doors) -> None:
    phone = Phone(doors.client)
    screens = [await phone.dial(f"s{number}") for number in range(5)]
    assert len(set(screens)) == 1
    telegram, chat = Telegram(doors, "telegram"), WebChat(doors, "webchat")
    for _ in range(5):
        said = await telegram.type("HELP")
    assert "AGENT" not in said.splitlines()[-1]
    await chat.home()
    assert len({await chat.type("HELP") for _ in range(5)}) == 1
