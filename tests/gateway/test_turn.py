import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from channels.africastalking.ussd import AfricasTalkingUssd
from channels.paging import Budget
from core.context import App
from core.parties.tables import contact, interest
from dialogs.counter import caller
from dialogs.counter import contact as contact_counter
from gateway.app_keys import CHANNELS
from tests.gateway.talking import HOOKS, WANJIKU, Phone, a_customer, counter

CARD = "4111 1111 1111 1111"


async def count(app: App, table: Any) -> int:
    async with app.db.reading() as conn:
        return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())


async def test_a_customer_dials_and_their_balance_stands_on_the_first_line(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        screen = await Phone(client).dial()
    assert screen.startswith("CON Mwangaza Power\nYou owe nothing\n1. Balance\n")


async def test_a_repeat_of_the_same_text_gets_the_same_screen(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        first = await phone.dial()
        assert await phone.again() == first
        second = await phone.answer("1")
        assert await phone.again() == second
        phone.text = ""
        assert await phone.again() == second, "a late repeat shows where they are now"


async def test_zero_goes_back_and_two_zeros_home(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        home = await phone.dial()
        more = await phone.answer("6")
        await phone.answer("2")
        assert await phone.answer("0") == more
        assert await phone.answer("2", "00") == home


async def test_a_long_screen_is_read_page_by_page_and_back_to_its_first(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        ussd = client.app[CHANNELS]["ussd"]
        assert isinstance(ussd, AfricasTalkingUssd)
        ussd.budget = Budget(gsm7=50)
        phone = Phone(client)
        pages = [await phone.dial()]
        while "98. " in pages[-1]:
            pages.append(await phone.answer("98"))
        assert len(pages) > 2
        assert len(set(pages)) == len(pages)
        for before in reversed(pages[:-1]):
            assert await phone.answer("0") == before


async def test_a_wrong_answer_is_told_so_and_asked_again(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        home = await phone.dial()
        again = await phone.answer("77")
        assert again == "CON Please choose from the list.\n" + home.removeprefix("CON ")


async def test_a_text_of_two_thousand_letters_is_answered_kindly(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        assert (await phone.answer("x" * 2000)).startswith("CON That is too long.")


async def test_a_star_that_the_customer_typed_is_part_of_their_answer(app: App, tmp_path: Path) -> None:
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        assert (await phone.dial()).startswith("CON Welcome to Mwangaza Power.")
        await phone.answer("2")
        await phone.answer("Amina * Hassan")
        assert "Amina * Hassan, Kisumu" in await phone.answer("Kisumu")


async def test_an_unknown_number_registers_interest_once_however_often_the_yes_arrives(
    app: App, tmp_path: Path
) -> None:
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        await phone.answer("2", "Amina", "Kisumu")
        phone.text += "*1"
        screens = await asyncio.gather(*[phone.again() for _ in range(5)])
    assert set(screens) == {"CON Thank you. We will call you soon.\n0. Back\n00. Home"}
    assert await count(app, interest) == 1
    assert await count(app, contact) == 1


async def test_what_is_done_is_not_gone_back_into(app: App, tmp_path: Path) -> None:
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        home = await phone.dial()
        await phone.answer("2", "Amina", "Kisumu", "1")
        assert await phone.answer("0") == home


async def test_a_deep_dial_walks_the_same_steps(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        walked = await phone.answer("6", "2")
        assert await Phone(client, session="s2").dial(ahead="6*2") == walked


async def test_a_deep_dial_stops_before_an_effect_that_needs_a_yes(app: App, tmp_path: Path) -> None:
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        screen = await phone.dial(ahead="2*Amina*Kisumu*1")
        assert screen.startswith("CON Amina, Kisumu. Shall we call you back?")
        assert await count(app, interest) == 0
        await phone.answer("1")
    assert await count(app, interest) == 1


async def test_a_dropped_session_is_offered_to_be_continued(app: App, tmp_path: Path) -> None:
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        asked = await phone.answer("2", "Amina")
        offered = await phone.dial("s2")
        assert offered.startswith("CON You were in the middle of something.\n1. Continue\n2. Start again")
        assert await phone.answer("1") == asked
        assert (await phone.answer("Kisumu")).startswith("CON Amina, Kisumu.")


async def test_a_dropped_session_may_be_started_again(app: App, tmp_path: Path) -> None:
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        home = await phone.dial()
        await phone.answer("2", "Amina")
        await phone.dial("s2")
        assert await phone.answer("2") == home
        assert await phone.dial("s3") == home, "nothing is left to continue"


async def test_after_half_an_hour_nothing_is_offered_to_be_continued(app: App, tmp_path: Path, clock: Any) -> None:
    from datetime import timedelta

    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        home = await phone.dial()
        await phone.answer("2", "Amina")
        clock.forward(timedelta(minutes=31))
        assert await phone.dial("s2") == home


async def test_a_session_that_was_lost_is_walked_again_from_what_the_provider_repeats(app: App, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        await phone.answer("2", "Amina")
        text = phone.text
    async with counter(app, tmp_path / "other") as client:
        phone = Phone(client, text=text)
        assert (await phone.answer("Kisumu")).startswith("CON Amina, Kisumu.")


async def test_two_phones_at_the_same_instant_each_hear_their_own(app: App, tmp_path: Path) -> None:
    numbers = [f"+2547000000{n:02}" for n in range(8)]
    for at, number in enumerate(numbers):
        await a_customer(app, number=f"20{at:02}", phone=number, name=f"Customer {at}")
    async with counter(app, tmp_path) as client:
        phones = [Phone(client, number, session=number) for number in numbers]
        await asyncio.gather(*[phone.dial() for phone in phones])
        screens = await asyncio.gather(*[phone.answer("1") for phone in phones])
    assert [screen.splitlines()[0] for screen in screens] == [f"CON Account 20{at:02}" for at in range(8)]


async def test_swahili_is_spoken_from_the_next_screen_on_and_in_the_next_session(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        home = await phone.answer("6", "4", "3", "2")
        assert home.startswith("CON Mwangaza Power\nHuna deni\n1. Salio")
        assert await phone.dial("s2") == home


async def test_one_phone_with_two_accounts_is_asked_which(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    await a_customer(app, number="1002", name="The shop")
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        assert "You have 2 accounts" in await phone.dial()
        assert "Which account?\n1. 1001 Wanjiku Kamau\n2. 1002 The shop" in await phone.answer("1")
        assert (await phone.answer("2")).startswith("CON Account 1002\n")
        assert "You owe nothing" in await phone.answer("00"), "the choice holds"


async def test_a_card_number_is_refused_and_kept_nowhere(
    app: App, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        await phone.answer("2")
        asked = await phone.answer(CARD)
        assert asked.startswith("CON Never send card numbers here")
        assert (await phone.answer("Amina")).startswith("CON Where would you like to be connected?")
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("sessions.db*"))
    assert CARD.encode() not in kept
    logged = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("aiosqlite"))
    assert CARD not in logged + capsys.readouterr().out


async def test_what_we_did_not_foresee_ends_politely_and_repeats_nothing_in_the_log(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_given: Any) -> Any:
        raise ValueError("the customer typed 1234")

    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        monkeypatch.setattr(contact_counter.interests, "register", broken)
        with capture_logs() as logged:
            screen = await phone.answer("2", "Amina", "Kisumu", "1")
        assert screen.startswith("END Sorry, something went wrong on our side.")
        reference = screen.split("Reference: ")[1]
        [line] = [entry for entry in logged if entry["event"] == "turn.broke"]
        assert (line["reference"], line["channel"], line["error"]) == (reference, "ussd", "ValueError")
        assert line["frames"][-1].startswith("test_turn.py:")
        assert "1234" not in str(logged)
        assert "Amina" not in str(logged)
        monkeypatch.undo()
        assert (await phone.again()).startswith("CON Thank you."), "the repeat finds nothing done and does it"


async def test_a_database_that_is_gone_ends_politely_in_their_language(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_given: Any) -> Any:
        raise ConnectionRefusedError

    await a_customer(app)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        await phone.answer("6", "4", "3", "2")
        monkeypatch.setattr(caller.parties, "accounts_of", gone)
        monkeypatch.setattr("core.summary.reader.QuickSqlite.standing", gone)
        monkeypatch.setattr("core.summary.reader.QuickPostgres.standing", gone)
        assert (await phone.answer("1")).startswith("END Samahani, hatuwezi kujibu sasa.")


async def test_a_stranger_we_could_not_meet_is_not_led_on(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_given: Any) -> Any:
        raise ConnectionRefusedError

    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        monkeypatch.setattr(caller.contacts, "find_or_make", gone)
        assert (await phone.dial()).startswith("END Sorry, we cannot answer just now.")
        monkeypatch.undo()
        assert (await phone.dial("s2")).startswith("CON Welcome")


async def test_what_another_worker_did_meanwhile_is_seen_before_an_effect(app: App, tmp_path: Path) -> None:
    async with counter(app, tmp_path) as one, counter(app, tmp_path) as two:
        form = {"from": "+254700000001", "to": "40400", "date": "2026-03-10 09:00:00"}
        for at, (client, text) in enumerate([(one, "hi"), (one, "2"), (one, "Amina"), (one, "Kisumu"), (two, "00")]):
            await client.post(f"{HOOKS}/sms", data=form | {"id": f"m{at}", "text": text})
        await one.post(f"{HOOKS}/sms", data=form | {"id": "m9", "text": "1"})
    assert await count(app, interest) == 0, "the first worker still had the question of the yes at hand"


async def test_two_workers_over_one_store_give_one_effect(app: App, tmp_path: Path) -> None:
    async with counter(app, tmp_path) as one, counter(app, tmp_path) as two:
        phone, same = Phone(one), Phone(two)
        await phone.dial()
        await phone.answer("2", "Amina", "Kisumu")
        phone.text = same.text = phone.text + "*1"
        screens = await asyncio.gather(*[p.again() for p in (phone, same) * 4])
    assert len(set(screens)) == 1
    assert await count(app, interest) == 1


async def test_a_late_repeat_of_the_session_before_begins_no_new_one(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        old = Phone(client, session="old")
        await old.dial()
        await old.answer("1")
        new = Phone(client, session="new")
        await new.dial()
        home = await new.answer("2")
        await old.again()
        assert await new.again() == home


async def test_a_phone_that_is_on_file_is_known_at_its_first_call(app: App, tmp_path: Path) -> None:
    made = await a_customer(app)
    async with counter(app, tmp_path) as client:
        assert f"Account {made.number}" in await Phone(client).dial(ahead="1")
        assert "Welcome" in await Phone(client, "+254799999999", "s2").dial()
    assert WANJIKU not in {"+254799999999"}
