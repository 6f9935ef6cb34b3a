"""The bill behind its link: total and due date first, nobody's token opens nothing, and a name is text whatever it says."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pypdf
import pytest
from sqlalchemy import func, select

from core.context import App
from core.payments.tables import payment_request
from gateway.pages import bill
from tests.gateway.conftest import Client, Serve, ops_app
from tests.gateway.world import Customer, a_branch, a_customer

NAME = "<script>alert('x')</script>{{7*7}} #set text(red)"


@dataclass
class Door:
    client: Client
    app: App
    customer: Customer


@pytest.fixture
async def door(app: App, aiohttp_client: Serve) -> AsyncIterator[Door]:
    async with app.db.writing() as conn:
        customer = await a_customer(conn, app, await a_branch(conn, app, "nakuru"), number="10000017", name=NAME)
    web_app = ops_app(app)
    bill.setup(web_app)
    web_app.add_routes(bill.routes())
    yield Door(await aiohttp_client(web_app), app, customer)


async def test_the_page_says_total_and_due_date_and_what_is_open(door: Door) -> None:
    answer = await door.client.get(f"/b/{door.customer.token}")
    text = await answer.text()
    assert answer.status == 200
    assert "KES 1,285.55" in text
    assert f"/b/{door.customer.token}/pay" in text
    assert text.index("KES 1,285.55") < text.index("Consumption")


async def test_a_name_is_text_on_the_page_and_in_the_pdf(door: Door) -> None:
    page = await (await door.client.get(f"/b/{door.customer.token}")).text()
    assert "<script" not in page
    assert "{{7*7}}" in page
    answer = await door.client.get(f"/b/{door.customer.token}.pdf")
    words = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(await answer.read())).pages)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "{{7*7}} #set text(red)" in " ".join(words.split())


async def test_nothing_of_it_is_kept_on_the_way_and_no_script_may_run(door: Door) -> None:
    for path in ("", ".pdf"):
        answer = await door.client.get(f"/b/{door.customer.token}{path}")
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "script-src" not in answer.headers["Content-Security-Policy"]


async def test_they_may_read_it_in_the_other_language(door: Door) -> None:
    texts = [
        await (await door.client.get(f"/b/{door.customer.token}?lang={lang}")).text() for lang in ("en", "sw", "xx")
    ]
    assert texts[0] != texts[1]
    assert texts[0].replace("?lang=en", "") == texts[2], "what nobody speaks is as if nothing was asked"


async def test_the_pay_button_leads_to_one_paylink_however_often_it_is_pressed(door: Door) -> None:
    places = set()
    for _ in range(3):
        answer = await door.client.get(f"/b/{door.customer.token}/pay", allow_redirects=False)
        assert answer.status == 303
        places.add(answer.headers["Location"])
    assert len(places) == 1
    assert places.pop().startswith("/p/")
    async with door.app.db.reading() as conn:
        assert await conn.scalar(select(func.count()).select_from(payment_request)) == 1


@pytest.mark.parametrize("token", ["x" * 22, "x", "", "x" * 23, "%00" * 22, "..%2f..", "x" * 5000, "\u202e" * 22])
async def test_a_token_that_is_nobodys_opens_nothing(door: Door, token: str) -> None:
    for path in ("", ".pdf", "/pay"):
        answer = await door.client.get(f"/b/{token}{path}", allow_redirects=False)
        assert answer.status in (400, 404)
