"""Every door through which providers tell us of money: told five times and twenty at once it has one effect and one answer; forged,
stale, replayed or unsigned it has none. And the one door through which customers come: one link, one charge, however many tabs."""

import asyncio
import json
import os
import random
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from sqlalchemy import func, select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.ledger import verify
from core.payments import collect, inbox, mandates, push, redirect, request
from core.payments.providers.sandbox import HEADER
from core.payments.providers.signatures import stamped
from core.payments.tables import provider_event, receipt
from tests.core.payments.made import Bill, a_bill, an_account, attempts, opened, proven
from tests.gateway.payments_at_work import Work as Box
from tests.gateway.payments_at_work import at_work
from tests.gateway.test_callbacks import confirmation, inbound
from tests.gateway.tills_at_work import Work, tills_at_work

MINOR = 120_000
PAGES = ("stripe", "paystack", "flutterwave")
DOORS = (*PAGES, "gocardless", "sandbox", "daraja/confirmation", "daraja/stk")
SIGNED = ("stripe", "paystack", "flutterwave", "gocardless", "sandbox")
FORGERIES = int(os.environ.get("HODI_FORGERIES", "100000"))
GUESSES = int(os.environ.get("HODI_GUESSES", "100000"))
Said = tuple[str, bytes, Mapping[str, str]]
"""Where it is posted, the body, the headers."""


@pytest.fixture
def single(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


@dataclass(slots=True)
class Door:
    """A bill that a provider says is paid; what it says is right as it stands, and has not been said yet."""

    work: Work | Box
    bill: Bill
    says: list[Said]

    async def tell(self, said: Said) -> tuple[int, str]:
        """The status and the words of our answer."""
        url, body, headers = said
        async with self.work.http.post(url, data=body, headers=headers) as response:
            return response.status, await response.text()


async def _billed(app: App, number: str = "ACC100") -> Bill:
    async with app.db.writing() as conn:
        return await a_bill(conn, app, await an_account(conn, app, number), MINOR)


async def _link(work: Work, bill: Bill, key: str = "k") -> str:
    async with work.app.db.writing() as conn:
        return (await request.paylink(conn, work.app, bill.account_id, invoice_id=bill.invoice_id, key=key)).token


def pay(work: Work, name: str) -> None:
    """She pays on every page that is open."""
    till: Any = work.till(name)
    for page in list(till.things):
        till.pay(page)


@asynccontextmanager
async def door(app: App, name: str) -> AsyncIterator[Door]:
    """One of the doors, with something to be told there."""
    if name in PAGES:
        async with tills_at_work(app, paylink=name) as work:
            bill = await _billed(work.app)
            await redirect.start(work.app, await _link(work, bill))
            till = work.till(name)
            till.manners.shuffled = True
            pay(work, name)
            yield Door(work, bill, [_posted(work, name, one) for one in till._held])
    elif name == "gocardless":
        async with tills_at_work(app, mandates=name) as work:
            bill = await _collected(work)
            work.gocardless.banks()
            yield Door(
                work, bill, [_posted(work, name, {"events": work.gocardless.waiting, "meta": {"webhook_id": "WB1"}})]
            )
    else:
        async with at_work(app, push="daraja") as box:
            bill = await _billed(box.app)
            yield Door(box, bill, [await _boxed(box, bill, name)])


def _posted(work: Work, name: str, told: dict[str, Any]) -> Said:
    body = json.dumps(told).encode()
    return f"{work.url}/hooks/payments/test-hook-secret/{name}", body, work.till(name).signed(body)


async def _collected(work: Work) -> Bill:
    bill = await _billed(work.app)
    async with work.app.db.writing() as conn:
        reference = await mandates.create(
            conn, work.app, bill.account_id, actor="user:a", provider="gocardless", provider_ref="MD1"
        )
        await mandates.activate(conn, work.app, reference, actor="user:a")
        [day] = (await mandates.plan_collections(conn, work.app, [bill])).values()
    work.forward(days=(day - work.app.today()).days)
    assert (await collect.collect_due(work.app, day)).total() == 1
    return bill


async def _boxed(box: Box, bill: Bill, name: str) -> Said:
    if name == "sandbox":
        body = json.dumps(inbound(minor=MINOR)).encode()
        stamp = int(box.app.clock.now().timestamp())
        return f"{box.hook}/sandbox", body, {HEADER: stamped("test-sandbox-secret", body, stamp)}
    if name == "daraja/confirmation":
        return f"{box.hook}/{name}", json.dumps(confirmation()).encode(), {}
    async with box.app.db.writing() as conn:
        await push.ask(conn, box.app, bill.account_id, "+254700000001", MINOR, "k")
    box.daraja.manners.calls = 0
    await box.dispatch()
    [prompt] = box.daraja.prompts.values()
    return prompt.callback_url, json.dumps(box.daraja.result(prompt)).encode(), {}


@pytest.mark.parametrize("name", DOORS)
async def test_told_five_times_in_a_row_and_twenty_at_once_it_has_one_effect_and_one_answer(
    app: App, name: str
) -> None:
    async with door(app, name) as it:
        heard = {await it.tell(said) for said in it.says * 5}
        heard |= set(await asyncio.gather(*(it.tell(said) for said in it.says for _ in range(20))))
        assert len(heard) == 1 and {status for status, _ in heard} == {200}
        assert await opened(app, it.bill) == [0]
        await _one_receipt(app)


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.soak
async def test_twenty_at_once_before_anything_else_have_one_effect_and_one_answer(app: App, name: str) -> None:
    async with door(app, name) as it:
        heard = set(await asyncio.gather(*(it.tell(said) for said in it.says for _ in range(20))))
        assert len(heard) == 1 and await opened(app, it.bill) == [0]
        await _one_receipt(app)


async def _one_receipt(app: App) -> None:
    async with app.db.reading() as conn:
        kept = select(func.count(), func.sum(receipt.c.amount_minor)).select_from(receipt)
        assert tuple((await conn.execute(kept)).one()) == (1, MINOR)
        assert await verify.problems(conn) == []
    await proven(app)


class Forger:
    """Knows what was said once, and not the secret."""

    def __init__(self, seed: int, right: Said, *, replays: bool) -> None:
        self.rng, self.right = random.Random(seed), right
        self.kinds = [self.bare, self.empty, self.cut, self.flipped, self.made_up] + (
            [self.of_another] if replays else []
        )

    def forge(self) -> tuple[Mapping[str, str], bytes]:
        """Headers and body; never right."""
        return self.rng.choice(self.kinds)()

    def body(self) -> bytes:
        """The same, with one byte more."""
        return self.right[1] + self.rng.choice((b" ", b"\n", b"\t"))

    def bare(self) -> tuple[Mapping[str, str], bytes]:
        return {}, self.right[1]

    def empty(self) -> tuple[Mapping[str, str], bytes]:
        return dict.fromkeys(self.right[2], self.rng.choice(("", " ", "t=,v1=", "null"))), self.right[1]

    def cut(self) -> tuple[Mapping[str, str], bytes]:
        return {name: value[: self.rng.randrange(len(value))] for name, value in self.right[2].items()}, self.right[1]

    def flipped(self) -> tuple[Mapping[str, str], bytes]:
        return {
            name: value[:-1] + ("0" if value[-1] != "0" else "1") for name, value in self.right[2].items()
        }, self.right[1]

    def made_up(self) -> tuple[Mapping[str, str], bytes]:
        return {name: f"t=1,v1={self.rng.randbytes(32).hex()}" for name in self.right[2]}, self.body()

    def of_another(self) -> tuple[Mapping[str, str], bytes]:
        """A signature that was right, on a body that is not its own."""
        return self.right[2], self.body()


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize(
    ("seed", "count", "posted"), [(4, 300, 30), pytest.param(5, FORGERIES // 5, 500, marks=pytest.mark.soak)]
)
async def test_what_is_forged_is_refused_and_changes_nothing(
    single: App, name: str, seed: int, count: int, posted: int
) -> None:
    async with door(single, name) as it:
        forger = Forger(seed, it.says[0], replays=name != "flutterwave")
        for _ in range(count):
            headers, body = forger.forge()
            assert isinstance(refused := inbox.read(it.work.app, name, headers, body), inbox.CallbackAnswer), (
                headers,
                body,
            )
            assert refused.status in (403, 498)
        for _ in range(posted):
            headers, body = forger.forge()
            assert (await it.tell((it.says[0][0], body, headers)))[0] in (403, 498)
        if name in ("stripe", "sandbox"):
            it.work.forward(seconds=301)
            assert (await it.tell(it.says[0]))[0] == 403, "recorded, and played again"
        async with single.db.reading() as conn:
            assert (await conn.execute(select(func.count()).select_from(provider_event))).scalar_one() == 0
        assert await opened(single, it.bill) == [MINOR]


@pytest.mark.parametrize("name", PAGES)
async def test_five_tabs_and_two_links_are_one_charge(app: App, name: str) -> None:
    async with tills_at_work(app, paylink=name) as work:
        bill = await _billed(work.app)
        tokens = [await _link(work, bill, "one"), await _link(work, bill, "other")]
        tried = {"amount": "1", "amount_minor": "1", "invoice_id": "7"}

        async def press(token: str) -> str:
            async with work.http.post(f"{work.url}/p/{token}", data=tried, allow_redirects=False) as response:
                return response.headers.get("Location", str(response.status))

        assert len(set(await asyncio.gather(*(press(token) for token in tokens * 5)))) == 1
        pay(work, name)
        await work.idle()
        assert [moved.minor for moved in work.till(name).truth] == [MINOR], "what it asks for is not hers to say"
        assert await opened(app, bill) == [0] and {await press(token) for token in tokens} == {"410"}
        assert await attempts(app) == [("card", "succeeded", None)]
        await _one_receipt(app)


@pytest.mark.parametrize("count", [200, pytest.param(GUESSES, marks=pytest.mark.soak)])
async def test_a_link_cannot_be_guessed_and_is_over_when_it_is_old(single: App, count: int) -> None:
    async with tills_at_work(single, paylink="stripe") as work:
        token = await _link(work, await _billed(work.app))
        near = [token[:-1], token[:-1] + "!", token.swapcase(), f"{token}A", token[::-1]]
        async with single.db.reading() as conn:
            for guess in [*near, *(secrets.token_urlsafe(16) for _ in range(count))]:
                assert await request.link(conn, work.app, guess) is None
        async with aiohttp.ClientSession() as http:
            for guess in near:
                async with http.get(f"{work.url}/p/{guess}") as response:
                    assert response.status == 404
            work.forward(days=work.app.operator.payments.paylink_days)
            async with http.post(f"{work.url}/p/{token}", allow_redirects=False) as response:
                assert response.status == 410
        assert work.stripe.things == {}
