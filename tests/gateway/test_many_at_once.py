"""Many phones at once over two workers, with stores that answer late and out of order: nobody hears another, nothing is lost or done twice."""

import asyncio
import os
import random
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from channels.africastalking.ussd import AfricasTalkingUssd
from core.context import App
from core.message import Inbound
from core.parties.tables import interest
from core.summary.account_summary import AccountSummary
from core.summary.reader import Quick, open_quick
from gateway.conversation.sessions import EmbeddedStore, Store, StoredSession
from gateway.conversation.turn import Turns
from tests.gateway.talking import a_customer

SEED = int(os.environ.get("HODI_SEED", "20260301"))
USSD = AfricasTalkingUssd()
LONGEST_DELAY = 0.004


@dataclass
class LateStore:
    """A store that takes its time, each time another."""

    store: Store
    chance: random.Random

    async def load(self, key: str) -> StoredSession | None:
        await asyncio.sleep(self.chance.uniform(0, LONGEST_DELAY))
        kept = await self.store.load(key)
        await asyncio.sleep(self.chance.uniform(0, LONGEST_DELAY))
        return kept

    async def save(self, key: str, kept: StoredSession) -> bool:
        await asyncio.sleep(self.chance.uniform(0, LONGEST_DELAY))
        won = await self.store.save(key, kept)
        await asyncio.sleep(self.chance.uniform(0, LONGEST_DELAY))
        return won

    async def told(self) -> str | None:
        return await self.store.told()

    async def close(self) -> None:
        await self.store.close()


@dataclass
class LateQuick:
    """A cheap read that is not always cheap."""

    quick: Quick
    chance: random.Random

    async def standing(self, channel: str, user: str) -> list[AccountSummary]:
        await asyncio.sleep(self.chance.uniform(0, LONGEST_DELAY))
        return await self.quick.standing(channel, user)

    async def offers(self, account_id: int, today: date) -> tuple[bool, bool]:
        return await self.quick.offers(account_id, today)

    async def close(self) -> None:
        await self.quick.close()


@dataclass
class Caller:
    """One phone. The network sends each step to any worker, now and then twice."""

    number: int
    workers: list[Turns]
    chance: random.Random
    text: str = ""
    heard: list[str] = field(default_factory=list)

    @property
    def phone(self) -> str:
        return f"+2547000{self.number:05}"

    async def step(self, typed: str | None) -> str:
        if typed is not None:
            self.text = f"{self.text}*{typed}" if self.text else typed
        inbound = Inbound("ussd", self.phone, self.text, phone=self.phone, session=f"s{self.number}")
        times = self.chance.choice((1, 1, 2, 3))
        screens = await asyncio.gather(
            *(self.chance.choice(self.workers).take(inbound, USSD) for _ in range(times)), return_exceptions=True
        )
        assert len(set(screens)) == 1, "a repeat gets the same answer"
        return str(screens[0])

    async def asks_for_her_balance(self, times: int) -> None:
        for _ in range(times):
            assert (await self.step(None if not self.text else "00")).startswith("CON Mwangaza Power\nYou owe nothing")
            assert (await self.step("1")).startswith(f"CON Account {self.number + 5000}\n")

    async def registers_interest(self) -> None:
        name = f"Caller {self.number}"
        await self.step(None)
        await self.step("2")
        await self.step(name)
        assert (await self.step("Kisumu")).startswith(f"CON {name}, Kisumu.")
        assert (await self.step("1")).startswith("CON Thank you. We will call you soon.")


@pytest.mark.parametrize("callers", [1, 24, *(pytest.param(many, marks=pytest.mark.soak) for many in (64, 128, 256))])
async def test_every_answer_is_right_and_every_effect_is_done_once(
    app: App, tmp_path: Path, callers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience in ("gateway.conversation.turn_state.PATIENCE_SECONDS", "gateway.conversation.turn.TURN_SECONDS"):
        monkeypatch.setattr(patience, 120.0)  # a hundred effects at once, on a machine that does other things
    chance = random.Random(SEED + callers)
    for number in range(0, callers, 2):
        await a_customer(app, number=str(number + 5000), phone=f"+2547000{number:05}", name=f"Customer {number}")
    stores = [LateStore(EmbeddedStore(tmp_path / "sessions.db"), chance) for _ in range(2)]
    quick = [LateQuick(open_quick(app.db), chance) for _ in range(2)]
    workers = [Turns(app, store, one) for store, one in zip(stores, quick, strict=True)]
    phones = [Caller(number, workers, random.Random(SEED + number)) for number in range(callers)]
    await asyncio.gather(
        *(phone.registers_interest() if phone.number % 2 else phone.asks_for_her_balance(6) for phone in phones)
    )
    async with app.db.reading() as conn:
        names = sorted((await conn.execute(select(interest.c.name))).scalars())
    assert names == sorted(f"Caller {number}" for number in range(1, callers, 2))
    for closing in (*stores, *quick):
        await closing.close()
