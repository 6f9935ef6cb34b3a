"""The paylink over HTTP: what it shows, when it is dead, one charge for two tabs, and no card field anywhere."""

import asyncio
import re
import secrets

import pytest
from sqlalchemy import func, select, update

from core.context import App
from core.ledger.tables import open_item
from core.payments import request
from core.payments.tables import attempt
from tests.core.payments.made import Bill, a_bill, an_account, attempts, cash, opened, proven
from tests.gateway.payments_at_work import Work, at_work


async def _linked(work: Work, minor: int = 120_000, key: str = "ready:1") -> tuple[Bill, str]:
    async with work.app.db.writing() as conn:
        account_id = await an_account(conn, work.app)
        bill = await a_bill(conn, work.app, account_id, minor)
        made = await request.paylink(conn, work.app, account_id, invoice_id=bill.invoice_id, key=key)
    return bill, made.token


async def get(work: Work, token: str, query: str = "") -> tuple[int, str]:
    async with work.http.get(f"{work.url}/p/{token}{query}") as response:
        return response.status, await response.text()


async def press(work: Work, token: str) -> tuple[int, str]:
    async with work.http.post(f"{work.url}/p/{token}", allow_redirects=False) as response:
        return response.status, response.headers.get("Location", "")


async def checkout(work: Work, url: str, decision: str = "pay") -> str:
    async with work.http.post(url, data={"decision": decision}, allow_redirects=False) as response:
        await work.idle()
        return response.headers.get("Location", "")


async def test_a_link_is_22_letters_and_the_same_key_gives_the_same_one(app: App) -> None:
    async with at_work(app) as work:
        bill, token = await _linked(work)
        async with app.db.writing() as conn:
            again = await request.paylink(conn, work.app, bill.account_id, invoice_id=bill.invoice_id, key="ready:1")
            other = await request.paylink(conn, work.app, bill.account_id, invoice_id=bill.invoice_id, key="ready:2")
        assert (again.token, again.url) == (token, f"{work.url}/p/{token}")
        assert (len(token), other.token != token) == (22, True)


async def test_they_pay_by_the_providers_page_and_the_link_is_dead(app: App) -> None:
    async with at_work(app) as work:
        bill, token = await _linked(work)
        status, page = await get(work, token)
        assert status == 200
        assert ("KES 1,200" in page, "20 Machi 2026" in page) == (True, True)
        assert re.findall(r"<input|<script|iframe", page) == []
        assert [word for word in ("Amina", "ACC100", "Kisumu") if word in page] == []
        status, url = await press(work, token)
        assert status == 303
        back = await checkout(work, url)
        assert back == f"{work.url}/p/{token}?back"
        assert (await opened(app, bill), await cash(app, "sandbox")) == ([0], 120_000)
        status, page = await get(work, token, "?back")
        assert (status, "Asante" in page, "<form" in page) == (200, True, False)
        assert ((await get(work, token))[0], (await press(work, token))[0]) == (410, 410)
        await proven(app)


async def test_the_amount_is_live(app: App) -> None:
    async with at_work(app) as work:
        _, token = await _linked(work)
        async with app.db.writing() as conn:
            await conn.execute(update(open_item).values(open_minor=70_000, disputed_minor=20_000))
        assert "KES 500" in (await get(work, token))[1]
        _, url = await press(work, token)
        await checkout(work, url)
        assert await cash(app, "sandbox") == 50_000


async def test_a_link_whose_bill_was_paid_another_way_is_dead(app: App) -> None:
    async with at_work(app) as work:
        bill, token = await _linked(work)
        async with app.db.writing() as conn:
            await conn.execute(update(open_item).where(open_item.c.invoice_id == bill.invoice_id).values(open_minor=0))
        status, page = await get(work, token)
        assert (status, "<form" in page) == (410, False)
        assert (await press(work, token))[0] == 410
        assert await attempts(app) == []


async def test_two_tabs_are_sent_to_one_checkout_and_charged_once(app: App) -> None:
    async with at_work(app) as work:
        bill, token = await _linked(work)
        answers = await asyncio.gather(*(press(work, token) for _ in range(6)))
        assert len(set(answers)) == 1
        urls = {url for _, url in answers}
        await asyncio.gather(*(checkout(work, url) for url in [*urls] * 6))
        assert (len(work.sandbox.books.all()), await cash(app, "sandbox")) == (1, 120_000)
        assert await opened(app, bill) == [0]


async def test_two_links_for_one_bill_are_one_charge(app: App) -> None:
    async with at_work(app) as work:
        bill, token = await _linked(work)
        async with app.db.writing() as conn:
            other = await request.paylink(conn, work.app, bill.account_id, invoice_id=bill.invoice_id, key="failed:1")
        assert await press(work, token) == await press(work, other.token)


async def test_a_declined_card_says_why_and_can_be_tried_again(app: App) -> None:
    async with at_work(app) as work:
        bill, token = await _linked(work)
        _, first = await press(work, token)
        await checkout(work, first, "decline")
        status, page = await get(work, token, "?back")
        assert (status, "ilikataliwa" in page, "<form" in page) == (200, True, True)
        _, second = await press(work, token)
        assert second != first
        await checkout(work, second)
        assert await opened(app, bill) == [0]
        assert [state for _, state, _ in await attempts(app)] == ["failed", "succeeded"]


async def test_back_before_the_callback_is_asked_for_at_once(app: App) -> None:
    async with at_work(app) as work:
        bill, token = await _linked(work)
        work.sandbox.manners.behave({"calls": 0})
        _, url = await press(work, token)
        await checkout(work, url)
        assert await opened(app, bill) == [120_000]
        assert (await get(work, token, "?back"))[0] == 200
        assert await opened(app, bill) == [0]


async def test_a_provider_that_is_away_is_said_kindly_and_nothing_is_charged(app: App) -> None:
    async with at_work(app) as work:
        _, token = await _linked(work)
        work.sandbox.manners.behave({"answer": "dropped_before", "times": 2})
        assert (await press(work, token))[0] == 503
        assert await attempts(app) == [("card", "unknown", "ServerDisconnectedError")]
        assert (await press(work, token))[0] == 503, "it is asked what became of the first, and that never arrived"
        work.sandbox.manners.forget()
        assert (await press(work, token))[0] == 303


async def test_a_lost_answer_finds_its_checkout_again(app: App) -> None:
    async with at_work(app) as work:
        _, token = await _linked(work)
        work.sandbox.manners.behave({"answer": "dropped_after", "times": 1})
        assert (await press(work, token))[0] == 503
        assert (await press(work, token))[0] == 303
        assert len(work.sandbox.books.all()) == 1


async def test_an_abandoned_checkout_expires_and_the_link_lives_on(app: App) -> None:
    async with at_work(app) as work:
        _, token = await _linked(work)
        _, first = await press(work, token)
        work.forward(hours=1)
        assert (await get(work, token, "?back"))[0] == 200
        status, second = await press(work, token)
        assert (status, second != first) == (303, True)


async def test_an_expired_link_is_over(app: App) -> None:
    async with at_work(app) as work:
        _, token = await _linked(work)
        work.forward(days=31)
        status, page = await get(work, token)
        assert (status, "kipya" in page) == (410, True)
        assert (await press(work, token))[0] == 410


async def test_unknown_tokens_find_nothing_and_start_nothing(app: App) -> None:
    async with at_work(app) as work:
        await _linked(work)
        for token in [*(secrets.token_urlsafe(16) for _ in range(20)), "x", "..", "a" * 300, "%00", "'; DROP TABLE"]:
            assert (await get(work, token))[0] == 404
            assert (await press(work, token))[0] == 404
        async with app.db.reading() as conn:
            assert (await conn.execute(select(func.count()).select_from(attempt))).scalar_one() == 0


@pytest.mark.parametrize("field", ["amount", "amount_minor", "invoice_id"])
async def test_what_a_form_adds_changes_nothing(app: App, field: str) -> None:
    async with at_work(app) as work:
        _, token = await _linked(work)
        async with work.http.post(f"{work.url}/p/{token}", data={field: "1"}, allow_redirects=False) as response:
            assert response.status == 303
        assert [payment.amount_minor for payment in work.sandbox.books.all()] == [120_000]
