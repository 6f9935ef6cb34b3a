"""A message that is authentic and meant for somebody else is taken and is nothing; a button that carries its own words always means them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from core.care.tables import interaction
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.parties import contacts
from core.parties.tables import contact
from gateway.admin import routes as ops
from tests.doubles.meta import webhook
from tests.gateway.admin.console import signed_in
from tests.gateway.open_doors import SECRET, Doors, open_doors
from tests.gateway.talking import HOOKS, WANJIKU, a_customer
from tests.gateway.test_doors import press, tg
from tests.gateway.test_flows import rows
from tests.gateway.ways import Telegram, WhatsApp


def with_console(web_app: web.Application) -> None:
    ops.setup(web_app)
    web_app.add_routes(ops.routes())


STOP = {"id": "wamid.1", "from": WANJIKU[1:], "timestamp": "1795300000", "type": "text", "text": {"body": "STOP"}}


@pytest.fixture
async def doors(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> AsyncIterator[Doors]:
    app = App(clock, operator, sqlite_db, settings, follow)
    await a_customer(app)
    async with open_doors(app, tmp_path, with_console) as opened:
        yield opened


async def stopped(doors: Doors, channel: str = "whatsapp", user: str = WANJIKU[1:]) -> bool:
    async with doors.app.db.reading() as conn:
        found = await contacts.find(conn, channel, user)
        return found is not None and found.stopped_at is not None


async def nothing_came(doors: Doors) -> bool:
    """No answer, no line, no contact but the one on file."""
    known = [row.channel for row in await rows(doors.app, contact)]
    return (await rows(doors.app, outbox), await rows(doors.app, interaction), known) == ([], [], ["phone"])


@pytest.mark.parametrize(
    "value",
    [
        {"metadata": {"phone_number_id": "2222"}, "messages": [STOP]}, {"metadata": {}, "messages": [STOP]},
        {"metadata": None, "messages": [STOP]}, {"messages": [{**STOP, "group_id": "120363@g.us"}]},
        {"metadata": {"phone_number_id": "2222"}, "messages": [{**STOP, "type": "system", "system": {"wa_id": "254711111111"}}]},
        {"metadata": {"phone_number_id": "2222"}, "user_preferences": [{"wa_id": WANJIKU[1:], "value": "stop", "timestamp": "1795300000"}]},
    ],
)  # fmt: skip
async def test_a_webhook_for_another_number_or_from_a_group_is_taken_and_is_nothing(
    value: dict[str, Any], doors: Doors
) -> None:
    assert (await doors.whatsapp(webhook(value))).status == 200
    assert await nothing_came(doors)


async def test_of_a_batch_only_what_was_brought_for_our_number_is_heard(doors: Doors) -> None:
    foreign = {"metadata": {"phone_number_id": "2222"}, "messages": [STOP]}
    ours = {"messages": [{**STOP, "id": "wamid.2", "text": {"body": "BAL"}}]}
    assert (await doors.whatsapp(webhook(foreign, ours, foreign))).status == 200
    assert [row.text for row in await rows(doors.app, interaction)] == ["BAL"]
    assert not await stopped(doors)


async def test_a_report_for_another_number_changes_no_message_of_ours(doors: Doors) -> None:
    they = WhatsApp(doors, "whatsapp")
    await they.type("BAL")
    await doors.sent()
    status = {"id": "wamid.OUT1", "status": "read", "timestamp": "1795300000", "recipient_id": WANJIKU[1:]}
    await doors.whatsapp(webhook({"metadata": {"phone_number_id": "2222"}, "statuses": [status]}))
    assert [row.state for row in await rows(doors.app, outbox)] == ["sent"]
    await doors.whatsapp(webhook({"statuses": [status]}))
    assert [row.state for row in await rows(doors.app, outbox)] == ["delivered"]


async def test_metas_own_switch_for_offers_is_a_stop(doors: Doors) -> None:
    wish = {"wa_id": WANJIKU[1:], "category": "marketing_messages", "value": "stop", "timestamp": "1772000000"}
    for _ in range(2):
        assert (await doors.whatsapp(webhook({"user_preferences": [wish]}))).status == 200
    assert await stopped(doors)


OPT_OUTS = [
    {"payload": "STOP", "text": "No more of this"}, {"payload": "Stop promotions", "text": "Stop promotions"},
    {"payload": "stop-17", "text": "Stop"}, {"text": "Promoties stoppen"}, {"payload": "Arrêter les promotions", "text": "Arrêter les promotions"},
]  # fmt: skip


@pytest.mark.parametrize("button", OPT_OUTS)
@pytest.mark.parametrize("before", [[], ["BAL"], ["MENU", "PAY"], ["LINK"], ["AGENT", "my meter is broken"]])
async def test_the_opt_out_button_of_a_template_works_whatever_was_said_before(
    before: list[str], button: dict[str, str], doors: Doors
) -> None:
    they = WhatsApp(doors, "whatsapp")
    for words in before:
        await they.type(words)
    await doors.sent()
    they.screen, _ = await they.answered("", type="button", button=button, context={"id": "wamid.of-a-campaign"})
    assert await stopped(doors)
    assert "messages" in they.screen


@pytest.mark.parametrize(
    "button", [{"payload": "Pay", "text": "Pay"}, {"payload": "x:17", "text": "Pay"}, {"text": "Lipa"}]
)
@pytest.mark.parametrize("before", [[], ["LINK"], ["MENU", "BAL"]])
async def test_pay_on_the_button_of_a_notice_begins_to_pay(
    before: list[str], button: dict[str, str], doors: Doors
) -> None:
    they = WhatsApp(doors, "whatsapp")
    for words in [*before, "MENU", "PAY"]:
        await they.type(words)
    begins = they.screen
    for words in before or ["BAL"]:
        await they.type(words)
    await doors.sent()
    they.screen, _ = await they.answered("", type="button", button=button, context={"id": "wamid.of-a-notice"})
    assert they.screen == begins


async def test_a_button_of_an_older_screen_of_ours_is_stale_as_ever(doors: Doors) -> None:
    they = WhatsApp(doors, "whatsapp")
    await they.type("MENU")
    await they.type("LINK")
    await doors.sent()
    chosen = {"type": "list_reply", "list_reply": {"id": "1", "title": "x"}}
    asked = they.screen
    they.screen, _ = await they.answered("", type="interactive", interactive=chosen, context={"id": "wamid.OUT1"})
    assert they.screen.endswith(asked)


async def test_a_command_to_another_bot_and_a_group_say_nothing_to_us_and_ours_does(doors: Doors) -> None:
    telegram: Any = doors.channels["telegram"]
    await telegram.prepare()
    for number, text in enumerate(["/bal@other_bot", "/start@other_bot"]):
        assert (await doors.telegram(tg(number, text=text))).status == 200
    assert await nothing_came(doors)
    await doors.telegram(tg(5, text="/help@Mwangaza_Bot"))
    assert len(await rows(doors.app, outbox)) == 1
    group = {"id": -5, "type": "supergroup", "title": "G"}
    await doors.telegram(tg(6, text="/help@mwangaza_bot", chat=group))
    pressed = press(7, "1", 1).replace(b'"type": "private"', b'"type": "group"')
    await doors.telegram(pressed)
    assert len(await rows(doors.app, outbox)) == 1


async def test_a_topic_is_answered_in_its_topic_and_beside_it_once_it_is_gone(doors: Doors) -> None:
    await doors.telegram(tg(1, text="MENU", message_thread_id=42, is_topic_message=True))
    await doors.telegram(tg(2, text="MENU"))
    await doors.sent()
    assert [one.get("topic") for one in doors.bot.taken] == ["42", None]
    button = press(3, doors.bot.taken[1]["buttons"][0]["callback_data"], 2)
    await doors.telegram(
        button.replace(b'"message_id": 2', b'"message_thread_id": 7, "is_topic_message": true, "message_id": 2')
    )
    await doors.sent()
    assert doors.bot.taken[2].get("topic") == "7"
    doors.bot.topics = set()
    await doors.telegram(tg(4, text="MENU", message_thread_id=42))
    assert await doors.sent() == {"sent": 1}
    assert doors.bot.taken[3].get("topic") is None


async def test_sms_to_numbers_that_are_not_ours_is_nothing_where_the_operator_says_which_are(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> None:
    sms = operator.sms.model_copy(update={"receives": ("20880", "MWANGAZA")})
    app = App(clock, operator.model_copy(update={"sms": sms}), sqlite_db, settings, follow)
    await a_customer(app)
    async with open_doors(app, tmp_path, kannel_smsc="OP1, OP2") as doors:
        form = {"from": WANJIKU, "id": "m1", "text": "STOP", "to": "20881", "date": "2026-03-20 09:00:00"}
        assert (await doors.client.post(f"{HOOKS}/sms", data=form)).status == 200
        query = f"from={WANJIKU[1:]}&id=k{{}}&ts=1772000000&coding=0"
        for number, where in enumerate(("to=20881&smsc=OP1", "to=20880&smsc=OTHER")):
            path = f"/hooks/kannel/{SECRET}/sms?{query.format(number)}&{where}"
            assert (await doors.client.post(path, data=b"STOP")).status == 200
        assert await nothing_came(doors)
        await doors.client.post(f"{HOOKS}/sms", data=form | {"to": "mwangaza", "id": "m2"})
        assert await stopped(doors, "sms", WANJIKU)
        await doors.client.post(f"/hooks/kannel/{SECRET}/sms?{query.format(9)}&to=20880&smsc=OP2", data=b"BAL")
        assert len(await rows(doors.app, outbox)) == 2


async def test_a_place_on_the_map_can_be_followed_in_the_ticket_and_no_other_link(doors: Doors) -> None:
    they = Telegram(doors, "telegram")
    venue = {
        "location": {"latitude": -1.28333, "longitude": 36.81667},
        "title": "<b>https://evil.example</b>",
        "address": "Moi Road",
    }
    they.screen, they.options = await they.answered("", location=venue["location"], venue=venue)
    await they.choose("No supply", "Yes")
    browser = await signed_in(doors.client, doors.app)
    page = await browser.get("/console/tickets")
    number = page.split("/console/tickets/")[1].split('"')[0]
    page = await browser.get(f"/console/tickets/{number}")
    link = "https://maps.google.com/?q=-1.28333,36.81667"
    assert f'<a href="{link}"' in page
    assert "&lt;b&gt;https://evil.example&lt;/b&gt;, Moi Road" in page
    assert 'href="https://evil' not in page
