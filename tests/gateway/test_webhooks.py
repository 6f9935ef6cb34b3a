import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core.care.tables import interaction
from core.context import App
from core.outbox.delivery_reports import catch_up
from core.outbox.queue import enqueue, outbox
from core.parties import consent
from core.parties.contacts import find
from core.parties.tables import contact, interest
from gateway.app_keys import SPOOL
from tests.gateway.talking import HOOKS, WANJIKU, Phone, a_customer, counter
from tests.gateway.test_turn import count

PATHS = ["ussd", "ussd/end", "sms", "delivery", "optout", "airtime"]
SMS = {
    "date": "2026-03-10 09:00:00",
    "from": WANJIKU,
    "id": "m1",
    "linkId": "",
    "text": "BAL",
    "to": "40400",
    "networkCode": "63902",
}


async def replies(app: App) -> list[str]:
    async with app.db.reading() as conn:
        rows = await conn.execute(select(outbox.c.params).where(outbox.c.kind == "reply").order_by(outbox.c.id))
        return [row.params["text"] for row in rows]


async def state_of(app: App, ref: str) -> str:
    async with app.db.reading() as conn:
        return str((await conn.execute(select(outbox.c.state).where(outbox.c.provider_ref == ref))).scalar_one())


async def a_sent_row(app: App, ref: str | None) -> None:
    async with app.db.writing() as conn:
        await enqueue(conn, app, key="k1", kind="notice", template="reply.text", params={"text": "x"}, channel="sms")
        await conn.execute(update(outbox).values(state="sent", provider_ref=ref))


async def test_a_forged_path_secret_is_refused_and_nothing_stored(app: App, tmp_path: Path) -> None:
    async with counter(app, tmp_path) as client:
        for path in PATHS:
            answer = await client.post(f"/hooks/africastalking/forged/{path}", data=SMS)
            assert answer.status == 403
            assert (await answer.json())["code"] == "secret.wrong"
    assert await count(app, outbox) == 0


async def test_what_is_not_understood_is_answered_400_with_a_reason_and_nothing_stored(
    app: App, tmp_path: Path
) -> None:
    bodies = [b"", b"%ff%fe=\x00", b"{not json", b"a" * 70_000, b"sessionId=1&phone=rain&text="]
    async with counter(app, tmp_path) as client:
        for path in PATHS:
            for body in bodies:
                answer = await client.post(f"{HOOKS}/{path}", data=body)
                assert answer.status == 400, (path, body)
                assert set(await answer.json()) == {"code", "reason"}
    assert await count(app, outbox) == 0
    assert await count(app, contact) == 0


async def test_a_keyword_by_sms_is_answered_by_sms(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        answer = await client.post(f"{HOOKS}/sms", data=SMS)
        assert answer.status == 200
    [reply] = await replies(app)
    assert reply.startswith("Account 1001\nYou owe nothing (as of 10 Mar 12:00)")


async def test_the_same_sms_twenty_times_is_one_reply_and_one_effect(app: App, tmp_path: Path) -> None:
    async with counter(app, tmp_path) as client:
        for at, text in enumerate(["hello", "2", "Amina", "Kisumu"]):
            await client.post(f"{HOOKS}/sms", data=SMS | {"id": f"m{at}", "text": text})
        last = SMS | {"id": "m9", "text": "1"}
        answers = await asyncio.gather(*[client.post(f"{HOOKS}/sms", data=last) for _ in range(20)])
        assert {answer.status for answer in answers} == {200}
        await client.post(f"{HOOKS}/sms", data=SMS | {"id": "m0", "text": "hello"})
    assert await count(app, interest) == 1
    assert (await replies(app))[-1].startswith("Thank you. We will call you soon.")
    assert len(await replies(app)) == 5


async def test_stop_by_sms_is_taken_at_its_word_and_start_brings_it_back(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        await client.post(f"{HOOKS}/sms", data=SMS | {"text": "Stop"})
        async with app.db.reading() as conn:
            stopped = await find(conn, "sms", WANJIKU)
        assert stopped is not None
        assert stopped.stopped_at is not None
        await client.post(f"{HOOKS}/sms", data=SMS | {"id": "m2", "text": "anza"})
        async with app.db.reading() as conn:
            back = await find(conn, "sms", WANJIKU)
        assert back is not None
        assert back.stopped_at is None


async def test_what_they_wrote_is_remembered_without_card_numbers(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        await client.post(f"{HOOKS}/sms", data=SMS | {"text": "my card 5500 0000 0000 0004"})
        await client.post(f"{HOOKS}/sms", data=SMS | {"id": "m2", "text": "BAL"})
    async with app.db.reading() as conn:
        told = [row.text for row in await conn.execute(select(interaction.c.text).order_by(interaction.c.id))]
    assert told == ["***", "BAL"]


async def test_while_the_database_is_gone_messages_are_kept_and_answered_in_order_when_it_is_back(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_given: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr("gateway.hooks.spool.REST_SECONDS", 0.05)
    (tmp_path / "spool").mkdir()
    async with counter(app, tmp_path, tmp_path / "spool") as client:
        for name in ("writing", "reading"):
            monkeypatch.setattr(f"core.db.engine.Database.{name}", gone)
        for at, text in enumerate(["hello", "2", "Amina", "Kisumu", "1"]):
            form = SMS | {"id": f"m{at}", "text": text}
            assert [(await client.post(f"{HOOKS}/sms", data=form)).status for _ in range(2)] == [200, 200]
        assert (await client.post(f"{HOOKS}/optout", data={"phoneNumber": WANJIKU})).status == 200
        assert len(list((tmp_path / "spool").iterdir())) == 1
        monkeypatch.undo()
        await until(lambda: client.app is not None and not client.app[SPOOL].waiting)
    assert (await replies(app))[-1].startswith("Thank you. We will call you soon.")
    assert len(await replies(app)) == 5
    assert await count(app, interest) == 1
    async with app.db.reading() as conn:
        found = await find(conn, "sms", WANJIKU)
    assert found is not None
    assert found.stopped_at is not None


async def until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came true")


async def test_delivery_reports_settle_a_message_and_a_final_state_never_goes_back(app: App, tmp_path: Path) -> None:
    await a_sent_row(app, "ATX1")
    async with counter(app, tmp_path) as client:
        for status, expected in [
            ("Sent", "sent"),
            ("Success", "delivered"),
            ("Buffered", "delivered"),
            ("Failed", "delivered"),
        ]:
            form = {"id": "ATX1", "status": status, "phoneNumber": WANJIKU}
            assert (await client.post(f"{HOOKS}/delivery", data=form)).status == 200
            assert await state_of(app, "ATX1") == expected


async def test_a_report_that_overtakes_our_own_note_of_the_reference_is_kept(app: App, tmp_path: Path) -> None:
    await a_sent_row(app, None)
    async with counter(app, tmp_path) as client:
        form = {"id": "ATX1", "status": "Failed", "phoneNumber": WANJIKU, "failureReason": "UserInBlackList"}
        assert (await client.post(f"{HOOKS}/delivery", data=form)).status == 200
        assert (await client.post(f"{HOOKS}/delivery", data=form)).status == 200
    async with app.db.writing() as conn:
        await conn.execute(update(outbox).values(provider_ref="ATX1"))
        assert await catch_up(conn, app, ["ATX1"]) == 1
        assert await catch_up(conn, app, ["ATX1"]) == 0
    assert await state_of(app, "ATX1") == "failed"


async def test_a_status_nobody_knows_is_answered_200_and_changes_nothing(app: App, tmp_path: Path) -> None:
    await a_sent_row(app, "ATX1")
    async with counter(app, tmp_path) as client:
        form = {"id": "ATX1", "status": "Teleported", "phoneNumber": WANJIKU}
        assert (await client.post(f"{HOOKS}/delivery", data=form)).status == 200
    assert await state_of(app, "ATX1") == "sent"


async def test_an_opt_out_at_the_provider_stops_the_sender_it_names_and_is_written_down_once(
    app: App, tmp_path: Path
) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        form = {"senderId": "Mwangaza", "phoneNumber": WANJIKU}
        for _ in range(5):
            assert (await client.post(f"{HOOKS}/optout", data=form)).status == 200
    async with app.db.reading() as conn:
        found = await find(conn, "sms", WANJIKU)
        assert found is not None
        stops, said = await consent.stops_of(conn, [found.id]), await consent.record(conn, [found.id])
    assert (found.stopped_at, found.marketing, stops) == (None, False, {found.id: {"Mwangaza"}})
    assert [(one.said, one.sender, one.channel, one.word) for one in said] == [("stop", "Mwangaza", "sms", "provider")]


async def test_the_end_of_a_session_changes_nothing_and_is_answered(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        screen = await phone.answer("6")
        form = {
            "sessionId": "s1",
            "phoneNumber": WANJIKU,
            "serviceCode": "*384*100#",
            "status": "Incomplete",
            "input": "6",
            "lastAppResponse": screen,
            "date": "2026-03-10 09:00:00",
            "networkCode": "63902",
            "cost": "0",
            "hopsCount": "2",
        }
        answer = await client.post(f"{HOOKS}/ussd/end", data=form)
        assert (answer.status, await answer.text()) == (200, "OK")
        assert await phone.again() == screen
