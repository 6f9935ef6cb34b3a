"""Units for a prepaid meter, end to end: the prompt, the money, the vending system (which may fall silent), the token by SMS."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.catalog import store as catalog
from core.context import App
from core.journeys import top_up
from core.ledger import queries as ledger
from core.ledger import verify
from core.onboarding.model import NewMeter, Registered
from core.outbox.queue import OutboxRow, outbox
from core.payments.tables import allocation
from core.vending.model import arrears, is_meter_number, spaced
from core.vending.tables import vend
from gateway.sandbox.vending import VAULT, Vault
from scheduler.dispatch import Dispatcher
from tests.bills.test_kenya import PREPAID
from tests.gateway.payments_at_work import Work, at_work
from tests.gateway.talking import HOOKS, WANJIKU, Phone, a_customer, counter
from tests.gateway.test_flows import a_bill, rows

SERIAL = "04123456784"
METER = NewMeter(SERIAL, kind="register", interval_minutes=None, installed_on=date(2025, 1, 1))


@pytest.fixture
async def customer(app: App, tmp_path: Path) -> Registered:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "prepaid.yaml").write_text(PREPAID)
    async with app.db.writing() as conn:
        await catalog.load_folder(conn, app, tmp_path / "t")
    return await a_customer(app, payment_mode="prepaid", meter=METER, tariff="kplc-prepaid", opened_on=date(2025, 1, 1))


@pytest.fixture
async def town(app: App, customer: Registered, tmp_path: Path) -> AsyncIterator[tuple[Work, Phone, Vault]]:
    async with wired(app, tmp_path) as found:
        yield found


@asynccontextmanager
async def wired(app: App, folder: Path) -> AsyncIterator[tuple[Work, Phone, Vault]]:
    async with at_work(app) as work, counter(work.app, folder) as client:
        yield work, Phone(client), work.box[VAULT]


async def send_all(work: Work) -> None:
    """The prompt is answered with a yes, the money comes, and the purchase leaves for the vending system."""
    from core.payments import doors as payment_doors

    for _ in range(2):
        work.forward(seconds=6)
        await Dispatcher(work.app, {}, {"push": payment_doors.push, "vend": top_up.send}).drain()
        await work.idle()


async def misbehave(work: Work, answer: str) -> None:
    url = f"{work.app.settings.sandbox_base_url}/v1/tokens/behave"
    headers = {"Authorization": "Bearer test-sandbox-secret"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, json={"serial": SERIAL, "answer": answer}, headers=headers) as told,
    ):
        assert told.status == 200


async def one(app: App) -> Any:
    [bought] = await rows(app, vend)
    return bought


async def told(app: App) -> list[Any]:
    return [row for row in await rows(app, outbox) if row.template.startswith("top_up.")]


async def sound(app: App) -> None:
    async with app.db.reading() as conn:
        assert await verify.problems(conn) == []
        assert await ledger.balance(conn, "prepaid", 0, "KES") == 0


async def test_500_shillings_become_32_point_3_units_and_the_token_comes_by_sms(
    app: App, customer: Registered, town: tuple[Work, Phone, Vault]
) -> None:
    work, phone, vault = town
    await phone.dial(ahead="6")
    assert "Meter 04123456784, Wanjiku Kamau. For how much?" in await phone.answer("2", "1")
    confirm = await phone.answer("500")
    assert "Pay KES 500 from +254712345678 for meter 04123456784, Wanjiku Kamau? You get 32.3 kWh." in confirm
    done = await phone.answer("1")
    assert "Please approve KES 500 on your phone. The token comes by SMS." in done
    assert await phone.again() == done
    await send_all(work)
    bought = await one(app)
    assert (bought.state, bought.units_micro, bought.tax_minor) == ("done", 32_300_000, 6_731)
    assert bought.token == vault.vended[f"vend-{bought.id}"]["token"]
    assert bought.token.startswith("000")
    [sms] = await told(app)
    assert (sms.template, sms.channel, sms.params["to"]) == ("top_up.sms", "sms", WANJIKU)
    assert sms.params["token"] == spaced(bought.token)
    async with app.db.reading() as conn:
        assert await ledger.balance(conn, "receivable", customer.account_id, "KES") == 0
        assert await ledger.balance(conn, "tax", 0, "KES") == -6_731
    await sound(app)


async def test_a_share_of_a_purchase_pays_the_old_bill(
    app: App, customer: Registered, town: tuple[Work, Phone, Vault]
) -> None:
    work, phone, _ = town
    await a_bill(app, customer.account_id)
    await phone.dial(ahead="6*2*1")
    assert "KES 150 of it pay your bill." in await phone.answer("500")
    await phone.answer("1")
    await send_all(work)
    bought = await one(app)
    parts = sorted(row.amount_minor for row in await rows(app, allocation))
    assert (bought.state, bought.arrears_minor, parts) == ("done", 150_00, [150_00, 350_00])
    [sms] = await told(app)
    assert "KES 150 paid your bill." in sms.params["more"]
    await sound(app)


@pytest.mark.parametrize(
    ("answer", "state", "asked"), [("dropped_after", "done", 1), ("dropped_before", "failed", 2), ("late", "done", 2)]
)
async def test_when_the_vending_system_falls_silent_we_ask_and_never_vend_again(
    app: App, customer: Registered, town: tuple[Work, Phone, Vault], answer: str, state: str, asked: int
) -> None:
    """`late`: it does not know the purchase when we first ask, and vends it after that."""
    work, phone, vault = town
    await misbehave(work, answer)
    await phone.dial(ahead="6*2*1*500")
    await phone.answer("1")
    await send_all(work)
    assert (await one(app)).state == "unknown"
    assert not await told(app)
    assert not await top_up.poll(work.app)
    for turn in range(asked):
        work.forward(minutes=6)
        assert (await top_up.poll(work.app)).total() == 1
        if turn == 0 and asked == 2:
            assert ((await one(app)).state, await told(app)) == ("unknown", []), "not sure yet"
            vault.come_late()
    work.forward(minutes=90)
    assert not await top_up.poll(work.app)
    assert ((await one(app)).state, vault.calls, len(vault.vended)) == (state, 1, 1 if state == "done" else 0)
    [sms] = await told(app)
    assert sms.template == ("top_up.sms" if state == "done" else "top_up.sms_failed")
    if state == "failed":
        assert sms.params["why"] == "the vending system could not be reached"
        async with app.db.reading() as conn:
            assert await ledger.balance(conn, "receivable", customer.account_id, "KES") == -500_00
        credit = sum(row.amount_minor for row in await rows(app, allocation) if row.invoice_id is None)
        assert credit == 500_00
    await sound(app)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("meter_blocked", "the meter is blocked"), ("meter_unknown", "the vending system does not know the meter"),
        ("ORA-00001: unique constraint", "it was declined"),
    ],
)  # fmt: skip
async def test_why_there_is_no_token_is_said_in_our_words_and_the_money_is_hers(
    app: App, customer: Registered, town: tuple[Work, Phone, Vault], code: str, words: str
) -> None:
    work, phone, _ = town
    await misbehave(work, f"declines:{code}")
    await phone.dial(ahead="6*2*1*500")
    await phone.answer("1")
    await send_all(work)
    [sms] = await told(app)
    assert (sms.template, sms.params["why"]) == ("top_up.sms_failed", words)
    async with app.db.reading() as conn:
        assert await ledger.balance(conn, "receivable", customer.account_id, "KES") == -500_00
    await sound(app)


async def test_units_other_than_our_tariffs_are_kept_and_marked_for_a_clerk(
    app: App, town: tuple[Work, Phone, Vault]
) -> None:
    work, phone, _ = town
    await misbehave(work, "other_units")
    await phone.dial(ahead="6*2*1*500")
    await phone.answer("1")
    await send_all(work)
    bought = await one(app)
    assert (bought.state, bought.units_micro, bought.reason) == (
        "done",
        1_000_000,
        "32300000 micro-units were asked for",
    )


async def test_a_purchase_that_was_handed_over_is_not_handed_over_again(
    app: App, town: tuple[Work, Phone, Vault]
) -> None:
    """As after a crash between the call and the settling: the row comes back, the vending system is not called."""
    work, phone, vault = town
    await phone.dial(ahead="6*2*1*500")
    await phone.answer("1")
    await send_all(work)
    row = next(row for row in await rows(app, outbox) if row.kind == "vend")
    leaving = OutboxRow(row.id, row.key, "vend", "vend", None, None, None, row.subject_id, {}, 2, False)
    for _ in range(2):
        await top_up.send(work.app, leaving)
    assert (vault.calls, len(await told(app))) == (1, 1)


async def test_a_prompt_she_declines_buys_nothing(app: App, town: tuple[Work, Phone, Vault]) -> None:
    work, phone, vault = town
    headers = {"Authorization": "Bearer test-sandbox-secret"}
    async with aiohttp.ClientSession(work.app.settings.sandbox_base_url) as http:
        await http.post("/v1/behave", json={"match": WANJIKU[-4:], "outcome": "failed"}, headers=headers)
    await phone.dial(ahead="6*2*1*500")
    await phone.answer("1")
    await send_all(work)
    assert ((await one(app)).state, vault.calls) == ("dropped", 0)


async def test_the_last_tokens_are_read_again_and_texted_again(app: App, town: tuple[Work, Phone, Vault]) -> None:
    work, phone, vault = town
    await phone.dial(ahead="6*2*1*500")
    await phone.answer("1")
    await send_all(work)
    bought = await one(app)
    await phone.dial("s2", ahead="6*2*3")
    assert "32.3" in phone.screen
    assert f"{spaced(bought.token)}\nMeter 04123456784" in await phone.answer("1")
    assert "on its way to you by SMS" in await phone.answer("1")
    assert [row.params["token"] for row in await told(app)] == [spaced(bought.token)] * 2
    assert vault.calls == 1


async def test_anybody_may_buy_for_a_meter_whose_number_she_knows(
    app: App, customer: Registered, town: tuple[Work, Phone, Vault]
) -> None:
    _, phone, _ = town
    phone.number = "+254700000009"
    await phone.dial(ahead="5*1*1")
    assert "11 or 13 digits" in await phone.answer("04123456785")
    assert "We do not find meter 00000000000" in await phone.answer("00000000000")
    assert "Meter 04123456784, Wanjiku K. For how much?" in await phone.answer("1", "0412 3456 784")


def test_a_meter_number_has_a_check_digit_and_a_token_keeps_its_zeros() -> None:
    assert is_meter_number(SERIAL)
    assert not is_meter_number("04123456785")
    assert not is_meter_number("4123456784")
    assert spaced("00012345678901234567") == "0001 2345 6789 0123 4567"
    assert (arrears(500_00, 0, 30), arrears(500_00, 1000_00, 30), arrears(500_00, 10_00, 30)) == (0, 150_00, 10_00)


async def test_units_for_an_absurd_amount_are_asked_for_again(
    app: App, customer: Registered, town: tuple[Work, Phone, Vault]
) -> None:
    work, phone, _ = town
    await phone.dial(ahead="6*2*1")
    assert "At most KES 100,000 at once." in await phone.answer("999999999")
    assert "Please write it like KES 1,200.50." in await phone.answer("12,50")
    assert "Pay KES 1,500 from" in await phone.answer("Ksh 1 500")
    form = {"from": WANJIKU, "id": "m1", "text": "TOPUP 999999999", "to": "40400", "date": "2026-03-10 09:00:00"}
    assert (await phone.client.post(f"{HOOKS}/sms", data=form)).status == 200
    [reply] = [row for row in await rows(work.app, outbox) if row.kind == "reply"]
    assert reply.params["text"].startswith("That is too much. At most KES 100,000 at once.")
    assert not await rows(work.app, vend)
