"""What every payment double has: books of its own, manners, keys that make a repeat harmless, and callbacks it makes by itself.

A double signs as its provider does, with code of its own: if ours read a signature wrongly, both sides would not agree by accident.
"""

import asyncio
import json
import random
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web

from core.clock import Clock, SystemClock

Thing = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Moved:
    """Money that moved: in, or (negative) back."""

    txn: str
    minor: int
    currency: str
    key: str


@dataclass(slots=True)
class Manners:
    """`answer`: given, dropped_before (nothing done), dropped_after, late (dropped, and done when it catches up); `calls` 0: a lost callback; `shuffled`: told late and out of order."""

    answer: str = "given"
    calls: int = 1
    shuffled: bool = False


@dataclass
class Till:
    """A double at work. `hook` is where it calls back, `truth` what really moved."""

    hook: str = ""
    secret: str = "secret"
    clock: Clock = field(default_factory=SystemClock)
    manners: Manners = field(default_factory=Manners)
    things: dict[str, Thing] = field(default_factory=dict)
    truth: list[Moved] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """What its callbacks were answered."""
    most: int = 100
    """So many things it lists at once."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    queued: list[Callable[[], Awaitable[web.StreamResponse]]] = field(default_factory=list)
    """What it was asked for and has not come to yet; who asked has long hung up."""
    _by_key: dict[str, str] = field(default_factory=dict)
    _held: list[Thing] = field(default_factory=list)

    def name(self, prefix: str) -> str:
        """A new identifier."""
        return f"{prefix}{secrets.token_hex(7)}"

    def now(self) -> int:
        """Unix seconds."""
        return int(self.clock.now().timestamp())

    def listed(self, things: Sequence[Thing], after: str | None, most: int) -> tuple[list[Thing], str | None]:
        """A page of these, after the one of that id; and after which the next begins."""
        start = next((at for at, one in enumerate(things, 1) if one["id"] == after), 0)
        page = list(things[start : start + min(most, self.most)])
        return page, str(page[-1]["id"]) if start + len(page) < len(things) else None

    def before(self, key: str | None) -> Thing | None:
        """What was made under this idempotency key."""
        return self.things.get(self._by_key.get(key or "", ""))

    def keep(self, thing: Thing, key: str | None) -> Thing:
        """Keep something that was made."""
        self.things[str(thing["id"])] = thing
        if key:
            self._by_key[key] = str(thing["id"])
        return thing

    def signed(self, body: bytes) -> Mapping[str, str]:
        """The headers of a callback."""
        return {}

    def tell(self, said: Thing) -> None:
        """Call back, as its manners say."""
        if self.manners.shuffled:
            self._held.append(said)
            return
        for _ in range(self.manners.calls):
            self._start(self.post(said))

    async def tell_held(self, seed: int) -> None:
        """Tell what was held back: each twice, in any order."""
        held = [one for one in self._held for _ in range(2)]
        self._held.clear()
        random.Random(seed).shuffle(held)
        for one in held:
            await self.post(one)

    async def post(self, said: Thing) -> None:
        """One callback, not repeated."""
        body = json.dumps(said).encode()
        headers = {"Content-Type": "application/json", **self.signed(body)}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
                session.post(self.hook, data=body, headers=headers) as response,
            ):
                self.answers.append(response.status)
        except (aiohttp.ClientError, TimeoutError, OSError):
            self.answers.append(0)

    async def catch_up(self) -> None:
        """Do what was queued."""
        queued, self.queued = self.queued, []
        for one in queued:
            await one()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def idle(self) -> None:
        """Until nothing is under way."""
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)


TILL: web.AppKey[Till] = web.AppKey("till", Till)


def drop(request: web.Request) -> web.Response:
    """Hang up without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def app_of(till: Till, routes: list[web.AbstractRouteDef]) -> web.Application:
    """A service of its own, which hangs up as its manners say."""

    @web.middleware
    async def mannered(request: web.Request, handler: Any) -> web.StreamResponse:
        manner = till.manners.answer
        if manner == "dropped_before":
            return drop(request)
        if manner == "late" and request.method == "POST":
            await request.read()
            till.queued.append(partial(handler, request))
            return drop(request)
        answer: web.StreamResponse = await handler(request)
        return drop(request) if manner == "dropped_after" else answer

    app = web.Application(middlewares=[mannered])
    app[TILL] = till
    app.add_routes(routes)
    return app
