"""STOP and START by SMS, through the real routes: in each language's words, to the number that was written to, written down for ever."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text
from sqlalchemy.exc import DBAPIError

from core.clock import SetClock
from core.config.messages import SmsSettings
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.parties import consent, contacts
from core.parties import tables as t
from dialogs.intents import WORDS, find
from tests.gateway.talking import HOOKS, WANJIKU, Phone, a_customer, counter
from tests.gateway.test_webhooks import SMS, replies

ROUTES = SmsSettings.model_validate(
    {
        "routes": [
            {"provider": "kannel", "prefixes": ["+25471"], "sender": "22100"},
            {"provider": "africastalking", "sender": "MWANGAZA", "answers": ["40400"]},
        ]
    }
)


def routed(app: App, **more: Any) -> App:
    return replace(app, operator=app.operator.model_copy(update={"sms": ROUTES, **more}))


async def stands(app: App) -> tuple[bool, bool, set[str]]:
    """Whether she stopped all, whether she wants offers, and which senders she stopped by name."""
    async with app.db.reading() as conn:
        found = await contacts.find(conn, "sms", WANJIKU)
        assert found is not None
        stops = (await consent.stops_of(conn, [found.id])).get(found.id, frozenset())
    return found.stopped_at is not None, found.marketing, set(stops)


async def said(app: App) -> list[tuple[str, str | None, str, str]]:
    async with app.db.reading() as conn:
        found = await contacts.find(conn, "sms", WANJIKU)
        assert found is not None
        return [
            (one.said, one.sender, one.channel, one.word) for one in reversed(await consent.record(conn, [found.id]))
        ]


@pytest.mark.parametrize(
    ("to", "sender"), [("22100", "22100"), ("40400", "MWANGAZA"), ("mwangaza", "MWANGAZA"), ("55555", None)]
)
async def test_stop_is_meant_for_the_sender_behind_the_number_that_was_written_to(
    to: str, sender: str | None, app: App, tmp_path: Path
) -> None:
    app = routed(app)
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        for number in (1, 2):
            await client.post(f"{HOOKS}/sms", data=SMS | {"id": f"s{number}", "text": "Stop.", "to": to})
        assert await stands(app) == (sender is None, False, {sender} - {None})
        assert (sender or "from us") in (await replies(app))[-1]
        await client.post(f"{HOOKS}/sms", data=SMS | {"id": "s3", "text": "START", "to": to})
    assert await stands(app) == (False, True, set())
    assert await said(app) == [("stop", sender, "sms", "Stop."), ("start", sender, "sms", "START")]


async def test_start_to_one_sender_leaves_the_stop_to_the_other_and_the_menu_ends_both(
    app: App, tmp_path: Path
) -> None:
    app = routed(app)
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        for number, (word, to) in enumerate([("STOP", "22100"), ("ACHA", "40400"), ("ANZA", "22100")]):
            await client.post(f"{HOOKS}/sms", data=SMS | {"id": f"s{number}", "text": word, "to": to})
        assert await stands(app) == (False, True, {"MWANGAZA"})
        phone = Phone(client)
        await phone.dial()
        async with app.db.writing() as conn:
            found = await contacts.find(conn, "ussd", WANJIKU)
            assert found is not None
            await consent.start(conn, app, found.id, channel="ussd", word="menu")
    assert await stands(app) == (False, True, set())
    assert (await said(app))[-1] == ("start", None, "ussd", "menu")


@pytest.mark.parametrize("flow", ["stop", "start"])
def test_each_word_of_each_language_alone_is_taken_at_its_word_and_in_a_sentence_is_not(flow: str) -> None:
    for word in WORDS[flow]:
        found = find(f" {word.lower()}! ")
        assert found is not None and (found.flow, found.everywhere) == (flow, True), word
        assert find(f"please {word} the leak in my street") is None


@pytest.mark.parametrize(
    ("lang", "stop", "start"),
    [
        ("en", "unsubscribe", "start"), ("sw", "Acha", "anza"), ("ha", "DAINA", "FARA"), ("fr", "Arrêt", "Démarrer"),
        ("vi", "Dừng", "Bắt đầu"), ("nl", "afmelden", "aanmelden"),
    ],
)  # fmt: skip
async def test_stop_and_start_are_heard_and_answered_in_each_language(
    lang: str,
    stop: str,
    start: str,
    sqlite_db: Database,
    clock: SetClock,
    operator: Operator,
    settings: Settings,
    tmp_path: Path,
) -> None:
    app = routed(App(clock, operator, sqlite_db, settings, follow), languages=("en", "sw", "ha", "fr", "vi", "nl"))
    await a_customer(app, language=lang)
    async with counter(app, tmp_path) as client:
        await client.post(f"{HOOKS}/sms", data=SMS | {"id": "s1", "text": stop, "to": "22100"})
        assert (await stands(app))[2] == {"22100"}
        await client.post(f"{HOOKS}/sms", data=SMS | {"id": "s2", "text": start, "to": "22100"})
    assert await stands(app) == (False, True, set())
    assert [word for _, _, _, word in await said(app)] == [stop, start]
    assert "22100" in (await replies(app))[0]


async def test_what_she_said_can_be_neither_changed_nor_taken_away(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        await client.post(f"{HOOKS}/sms", data=SMS | {"text": "STOP"})
    for statement in (delete(t.consent), text("UPDATE consent SET word = 'x'")):
        with pytest.raises(DBAPIError, match="append-only"):
            async with app.db.writing() as conn:
                await conn.execute(statement)
    assert await said(app) == [("stop", None, "sms", "STOP")]
