"""Real payloads through the real routes: every door answers as contract.md says, and nothing has two effects."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, update

from channels.kannel import sign
from core.care import media_files
from core.care.tables import interaction, media
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.queue import enqueue, outbox
from core.parties import sim
from core.parties.contacts import find
from core.parties.tables import contact, contact_account
from tests.channels.payloads import body
from tests.doubles.meta import webhook
from tests.gateway.open_doors import SECRET, TELEGRAM_SECRET, Doors, open_doors
from tests.gateway.talking import WANJIKU, a_customer
from tests.gateway.test_turn import count

KANNEL = f"/hooks/kannel/{SECRET}"
MO = "from=%2B254712345678&to=20880&id=0dd0dc6d&ts=1795306504&smsc=FAKE&coding=0&udh="
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 9


@pytest.fixture
async def doors(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> AsyncIterator[Doors]:
    async with open_doors(App(clock, operator, sqlite_db, settings, follow), tmp_path) as opened:
        yield opened


def wa_text(text: str, message_id: str = "wamid.1", sender: str = "254712345678", **more: Any) -> dict[str, Any]:
    told = {"id": message_id, "from": sender, "timestamp": "1795300000", "type": "text", "text": {"body": text}}
    return {"messages": [told | more]}


def tg(update_id: int, **part: Any) -> bytes:
    chat = {"id": 1001, "type": "private", "first_name": "A"}
    who = {"id": 1001, "is_bot": False, "first_name": "A"}
    told = {"message_id": update_id, "date": 1795300000, "chat": chat, "from": who, **part}
    return json.dumps({"update_id": update_id, "message": told}).encode()


async def replies(app: App) -> list[str]:
    async with app.db.reading() as conn:
        rows = await conn.execute(select(outbox.c.params).where(outbox.c.kind == "reply").order_by(outbox.c.id))
        return [row.params["text"] for row in rows]


@pytest.mark.parametrize("name", ["button_reply", "list_reply", "status_delivered", "status_failed", "text_bsuid_only"])
async def test_a_captured_whatsapp_webhook_with_its_own_signature_is_understood(doors: Doors, name: str) -> None:
    raw = body(f"whatsapp/{name}.json")
    headers = doors.meta.signed(raw)
    assert (await doors.whatsapp(raw, headers)).status == 200
    assert len(await replies(doors.app)) == (0 if name.startswith("status") else 1)


async def test_whatsapp_without_or_with_a_wrong_signature_is_refused_and_nothing_is_stored(doors: Doors) -> None:
    raw = webhook(wa_text("BAL"))
    wrong = {"X-Hub-Signature-256": "sha256=" + "0" * 64}
    for headers in ({}, wrong, {"X-Hub-Signature-256": ""}, doors.meta.signed(raw + b" ")):
        answer = await doors.whatsapp(raw, headers)
        assert (answer.status, (await answer.json())["code"]) == (403, "signature.wrong")
    assert await count(doors.app, outbox) == 0


async def test_whatsapp_is_answered_200_whenever_the_signature_is_right(doors: Doors) -> None:
    for raw in (b"", b"{}", b"[]", b"{not json", b'{"entry": 1}', webhook({"messages": [7]})):
        assert (await doors.whatsapp(raw)).status == 200, raw
    assert await count(doors.app, outbox) == 0


async def test_the_challenge_is_echoed_for_the_right_token_only(doors: Doors) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158201444"}
    right = await doors.client.get("/hooks/whatsapp", params=asked)
    assert (right.status, await right.text(), right.content_type) == (200, "1158201444", "text/plain")
    wrong = await doors.client.get("/hooks/whatsapp", params=asked | {"hub.verify_token": "guess"})
    assert wrong.status == 403


async def test_every_message_of_a_batch_has_its_own_reply_and_a_repeat_has_none(app: App, tmp_path: Path) -> None:
    async with open_doors(app, tmp_path) as doors:
        await _five_times_a_batch(doors)


async def _five_times_a_batch(doors: Doors) -> None:
    await a_customer(doors.app)
    one = wa_text("BAL", "wamid.1")
    one["messages"] += wa_text("hello", "wamid.2", "254700000009")["messages"]
    two = wa_text("Bonjour 🙂 مرحبا", "wamid.3", "254700000010")
    raw = webhook(one, two, {"statuses": [{"id": "nobody's", "status": "delivered"}]})
    answers = await asyncio.gather(*[doors.whatsapp(raw) for _ in range(5)])
    assert {answer.status for answer in answers} == {200}
    assert len(await replies(doors.app)) == 3
    async with doors.app.db.reading() as conn:
        said = (await conn.execute(select(interaction.c.text).order_by(interaction.c.text))).scalars().all()
    assert said == ["BAL", "Bonjour 🙂 مرحبا", "hello"]


async def test_a_customer_talks_by_whatsapp_buttons_and_the_answer_reaches_her(doors: Doors) -> None:
    await a_customer(doors.app)
    await doors.whatsapp(webhook(wa_text("hi")))
    assert await doors.sent() == {"sent": 1}
    [menu] = doors.meta.taken
    assert menu["to"] == "254712345678"
    rows = menu["interactive"]["action"]["sections"][0]["rows"]
    chosen = {"list_reply": {"id": rows[0]["id"], "title": rows[0]["title"]}}
    await doors.whatsapp(webhook(wa_text("", "wamid.2", type="interactive", interactive=chosen)))
    assert await doors.sent() == {"sent": 1}
    assert "You owe nothing" in json.dumps(doors.meta.taken[1])


async def test_a_whatsapp_sender_without_a_phone_is_answered_by_her_own_id(doors: Doors) -> None:
    await doors.whatsapp(body("whatsapp/text_bsuid_only.json"))
    assert await doors.sent() == {"sent": 1}
    assert doors.meta.taken[0]["recipient"] == "KE.1002"


async def test_a_picture_is_fetched_checked_and_kept_for_a_clerk(doors: Doors) -> None:
    await a_customer(doors.app)
    doors.meta.files = {"m1": JPEG, "m2": b"MZ\x90 a program", "m3": JPEG + b"x" * 6_000_000}
    for name in ("m1", "m2", "m3", "gone"):
        image = {"id": name, "mime_type": "image/jpeg", "caption": "my meter"}
        raw = webhook(wa_text("", f"wamid.{name}", type="image", image=image))
        assert [(await doors.whatsapp(raw)).status for _ in range(2)] == [200, 200]
    await doors.sent()
    async with doors.app.db.reading() as conn:
        rows = (await conn.execute(select(media).order_by(media.c.ref))).all()
    assert [(row.ref, row.state, row.reason, row.type) for row in rows] == [
        ("gone", "refused", "rejected", None),
        ("m1", "kept", None, "image/jpeg"),
        ("m2", "refused", "type", None),
        ("m3", "refused", "too_long", None),
    ]
    assert media_files.get(doors.app.settings.media_path, rows[1].sha256) == JPEG
    assert all(row.contact_id for row in rows)


async def test_a_chat_that_moved_to_another_number_is_linked_no_more_and_cools_down(doors: Doors) -> None:
    await a_customer(doors.app)
    await doors.whatsapp(webhook(wa_text("hi")))
    system = {"type": "user_changed_number", "wa_id": "254799999999", "body": "A changed"}
    moved = webhook(wa_text("", "wamid.2", type="system", system=system))
    assert [(await doors.whatsapp(moved)).status for _ in range(2)] == [200, 200]
    async with doors.app.db.reading() as conn:
        chat, phone = await find(conn, "whatsapp", "254712345678"), await find(conn, "sms", WANJIKU)
        assert chat is not None
        assert phone is not None
        assert (chat.phone, chat.party_id) == (None, None)
        left = await conn.execute(select(contact_account.c.contact_id))
        assert [row.contact_id for row in left] == [phone.id]
        assert await sim.sim_changed_within(conn, doors.app, phone.id)


async def test_telegram_with_a_wrong_secret_is_refused_and_nothing_is_stored(doors: Doors) -> None:
    for secret in ("", "guess", TELEGRAM_SECRET + "x", "\u00e9"):
        answer = await doors.telegram(body("telegram/message.json"), secret)
        assert (answer.status, (await answer.json())["code"]) == (403, "signature.wrong")
    assert await count(doors.app, outbox) == 0


async def test_what_is_no_telegram_update_is_answered_400_and_nothing_is_stored(doors: Doors) -> None:
    for raw in (b"", b"{}", b"[]", b"{not json", b'{"update_id": "x", "message": 7}'):
        answer = await doors.telegram(raw)
        assert (answer.status, set(await answer.json())) == (400, {"code", "reason"}), raw
    long = await doors.client.post("/hooks/telegram", data=io.BytesIO(b"x" * 1_100_000))
    assert (long.status, (await long.json())["code"]) == (400, "body.too_long")
    assert await count(doors.app, outbox) == 0


async def test_a_telegram_start_is_answered_with_buttons_and_pressing_one_is_a_turn(doors: Doors) -> None:
    assert (await doors.telegram(body("telegram/message.json"))).status == 200
    assert (await doors.telegram(body("telegram/message.json"))).status == 200
    assert await doors.sent() == {"sent": 1}
    [welcome] = doors.bot.taken
    assert welcome["chat"] == "1001"
    button = welcome["buttons"][0]
    assert (await doors.telegram(press(7, button["callback_data"], 1))).status == 200
    assert await doors.sent() == {"sent": 1}
    for _ in range(100):
        if doors.bot.acknowledged:
            break
        await asyncio.sleep(0.01)
    assert doors.bot.acknowledged == ["cb7"]


def press(update_id: int, data: str, message_id: int) -> bytes:
    """A button pressed on the message of this id."""
    chat = {"id": 1001, "type": "private", "first_name": "A"}
    query = {
        "id": f"cb{update_id}",
        "from": {"id": 1001, "is_bot": False, "first_name": "A"},
        "chat_instance": "1",
        "data": data,
        "message": {"message_id": message_id, "date": 1795300000, "chat": chat},
    }
    return json.dumps({"update_id": update_id, "callback_query": query}).encode()


async def test_a_button_pressed_twice_or_on_an_older_screen_shows_where_she_is_and_does_nothing(doors: Doors) -> None:
    await a_customer(doors.app)
    await doors.telegram(tg(1, contact={"phone_number": WANJIKU, "first_name": "W", "user_id": 1001}))
    await doors.sent()
    [home] = doors.bot.taken
    pay = next(one["callback_data"] for one in home["buttons"] if "Pay" in one["text"])
    await doors.telegram(press(2, pay, 1))
    await doors.telegram(press(3, pay, 1))  # twice, before the next screen was even sent
    await doors.sent()
    second, third = doors.bot.taken[1:]
    assert second["buttons"] == third["buttons"] != home["buttons"]
    await doors.telegram(press(4, "1", 1))
    await doors.sent()
    assert doors.bot.taken[3]["buttons"] == second["buttons"]


async def test_groups_and_bots_say_nothing_to_us(doors: Doors) -> None:
    group = tg(1, text="BAL", chat={"id": -5, "type": "group", "title": "G"})
    bot = tg(3, text="BAL", **{"from": {"id": 9, "is_bot": True, "first_name": "B"}})
    for raw in (group, bot):
        assert (await doors.telegram(raw)).status == 200
    assert await count(doors.app, outbox) == 0


async def test_only_her_own_contact_links_a_telegram_chat_to_the_account(doors: Doors) -> None:
    await a_customer(doors.app)
    theirs = {"phone_number": WANJIKU, "first_name": "W", "user_id": 77}
    await doors.telegram(tg(1, contact=theirs))
    assert "1001" not in (await replies(doors.app))[-1]
    async with doors.app.db.reading() as conn:
        stranger = await find(conn, "telegram", "1001")
    assert stranger is None or stranger.phone is None
    await doors.telegram(tg(2, contact=theirs | {"user_id": 1001}))
    async with doors.app.db.reading() as conn:
        found = await find(conn, "telegram", "1001")
        assert found is not None
        assert found.phone == WANJIKU
        linked = await conn.execute(select(contact_account).where(contact_account.c.contact_id == found.id))
        assert len(linked.all()) == 1


async def test_a_blocked_bot_stops_and_an_unblocked_one_is_no_consent_to_campaigns(doors: Doors) -> None:
    await doors.telegram(tg(1, text="hi"))

    def member(number: int, status: str) -> bytes:
        me = {"id": 110, "is_bot": True, "first_name": "M"}
        new = {"user": me, "status": status} | ({"until_date": 0} if status == "kicked" else {})
        change = {
            "chat": {"id": 1001, "type": "private", "first_name": "A"},
            "date": 1795300000,
            "from": {"id": 1001, "is_bot": False, "first_name": "A"},
            "old_chat_member": {"user": me, "status": "member"},
            "new_chat_member": new,
        }
        return json.dumps({"update_id": number, "my_chat_member": change}).encode()

    for number, status, stopped in ((2, "kicked", True), (3, "member", False)):
        assert (await doors.telegram(member(number, status))).status == 200
        async with doors.app.db.reading() as conn:
            found = await find(conn, "telegram", "1001")
        assert found is not None
        assert (found.stopped_at is not None, found.marketing) == (stopped, False)


async def test_kannel_s_own_bytes_are_one_turn_however_often_they_come(doors: Doors) -> None:
    await a_customer(doors.app, phone="+254700000004")
    query = (
        "from=%2B254700000004&to=20880&id=0dd0dc6d-437c-4615-a65d-aee090a7200a&ts=1795306504&smsc=FAKE&coding=2&udh="
    )
    headers = {"Content-Type": 'text/plain; charset="UTF-16BE"', "User-Agent": "Kannel/1.4.5"}
    for _ in range(3):
        answer = await doors.client.post(
            f"{KANNEL}/sms?{query}", data=body("kannel/inbound_ucs2.body"), headers=headers
        )
        assert (answer.status, await answer.text()) == (200, "")
    assert len(await replies(doors.app)) == 1
    async with doors.app.db.reading() as conn:
        assert (await conn.execute(select(interaction.c.text))).scalars().all() == ["pst é€"]


async def test_kannel_s_faults_are_told_apart(doors: Doors) -> None:
    post, get = doors.client.post, doors.client.get
    assert (await post(f"/hooks/kannel/forged/sms?{MO}", data=b"BAL")).status == 403
    assert (await post(f"{KANNEL}/sms?from=&id=1&to=2", data=b"BAL")).status == 400
    assert (await post(f"{KANNEL}/sms?{MO}", data=b"x" * 70_000)).status == 400
    assert (await get(f"{KANNEL}/delivery?id=abc&type=1")).status == 403
    assert (await get(f"{KANNEL}/delivery?id=abc&sig={'0' * 32}&type=1")).status == 403
    assert (await post(f"{KANNEL}/sms?{MO.replace('coding=0', 'coding=1')}", data=b"\x01\x02")).status == 200
    assert await count(doors.app, outbox) == 0
    assert await count(doors.app, contact) == 0


async def test_a_kannel_report_with_our_signature_settles_its_message(doors: Doors) -> None:
    app = doors.app
    async with app.db.writing() as conn:
        await enqueue(conn, app, key="k1", kind="notice", template="reply.text", params={"text": "x"}, channel="sms")
        await conn.execute(update(outbox).values(state="sent", provider_ref="k1"))
    key = "azE"  # k1 in base64
    signature = sign(app.settings.secret_key.get_secret_value(), key)
    reason = quote("id:00000005 sub:001 dlvrd:001 stat:DELIVRD err:000 text:hi")
    for kind, state in (("8", "sent"), ("1", "delivered"), ("2", "delivered"), ("99", "delivered")):
        address = f"{KANNEL}/delivery?id={key}&sig={signature}&type={kind}&reason={reason}&fid=5"
        answer = await doors.client.get(address)
        assert (answer.status, await answer.text()) == (200, "")
        async with app.db.reading() as conn:
            assert (await conn.execute(select(outbox.c.state))).scalar() == state


async def test_a_letter_is_answered_by_letter_and_a_machine_s_letter_is_nothing(doors: Doors) -> None:
    for name, expected in (("reply.eml", 1), ("absence.eml", 1), ("bounce.eml", 1)):
        answer = await doors.client.post(f"/hooks/email/{SECRET}", data=body(f"email/{name}"))
        assert answer.status == 200
        assert len(await replies(doors.app)) == expected
    assert (await doors.client.post(f"/hooks/email/{SECRET}", data=b"")).status == 400
    assert (await doors.client.post("/hooks/email/forged", data=body("email/reply.eml"))).status == 403


async def test_what_comes_while_the_database_is_gone_is_answered_200_and_taken_up_when_it_is_back(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_given: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr("core.summary.reader.QuickSqlite.standing", gone)
    monkeypatch.setattr("core.summary.reader.QuickPostgres.standing", gone)
    raw = webhook(wa_text("BAL"))
    for _ in range(2):
        assert (await doors.whatsapp(raw)).status == 200
        assert (await doors.telegram(body("telegram/message.json"))).status == 200
    assert await count(doors.app, outbox) == 0
    monkeypatch.undo()
    for _ in range(200):
        if len(await replies(doors.app)) == 2:
            break
        await asyncio.sleep(0.05)
    assert len(await replies(doors.app)) == 2
