"""One turn under way, and where its conversation stands: what `gateway/conversation/turn.py` passes along."""

import asyncio
from datetime import date
from typing import NamedTuple

from channels.contract import Channel
from core.db.engine import Database
from core.message import Inbound
from core.parties import contacts
from core.phone import from_provider, may_vary
from core.summary.account_summary import AccountSummary, nobodys
from core.summary.reader import Quick
from dialogs.session import Session

PATIENCE_SECONDS = 6.0
"""For one read or one effect: before the network gives up, the customer is told politely."""


class Stands(NamedTuple):
    """A conversation and the version of its session in the store (0: there is none)."""

    version: int
    session: Session | None


class Turn:
    """One turn under way: what came in, where the conversation stands, how long it may take, and its cheap read, asked once."""

    __slots__ = (
        "_db",
        "_proves_since",
        "_quick",
        "_rows",
        "channel",
        "inbound",
        "key",
        "stands",
        "sure",
        "swapped",
        "until",
    )

    def __init__(
        self,
        key: str,
        inbound: Inbound,
        channel: Channel,
        quick: Quick,
        db: Database,
        until: float,
        proves_since: float,
    ) -> None:
        self.key, self.inbound, self.channel, self.until = key, inbound, channel, until
        self.stands: Stands | None = None
        self.sure = False
        """Whether where it stands was read from the store in this turn."""
        self._quick, self._db = quick, db
        self.swapped = False
        """Whether another SIM came under the number lately: it opens no account."""
        self._rows: list[AccountSummary] | None = None
        self._proves_since = proves_since

    async def standing(self) -> list[AccountSummary]:
        """How the caller's accounts stand; empty when we have never met. None of them where the number proves nobody."""
        if self._rows is None:
            channel, user = self.inbound.channel, self.inbound.user
            self._rows = await self._quick.standing(channel, user)
            if not self._rows and may_vary(from_provider(user) or ""):
                self._rows = await self._spelled_otherwise(channel, user)
            self.swapped = bool(self._rows) and self._rows[0].swapped > self._proves_since
            if self.swapped:
                self._rows = [nobodys(self._rows[0])]
        return self._rows

    async def _spelled_otherwise(self, channel: str, user: str) -> list[AccountSummary]:
        """As `standing`, for a number that we know under another spelling."""
        async with self.patience(), self._db.reading() as conn:
            known = await contacts.find(conn, channel, user)
        return await self._quick.standing(channel, known.channel_user) if known else []

    async def offers(self, account_id: int, today: date) -> tuple[bool, bool]:
        """Whether there is a dial she may read, and whether the account is prepaid."""
        return await self._quick.offers(account_id, today)

    def forget(self) -> None:
        """An effect may have changed what was read."""
        self._rows = None

    def patience(self) -> asyncio.Timeout:
        """For one read or effect, within what the whole turn may take."""
        return asyncio.timeout_at(min(self.until, asyncio.get_running_loop().time() + PATIENCE_SECONDS))
