"""A network behind HTTP that speaks our wire format: it checks signatures and times, does a key once, and ignores an older generation.

It keeps the truth in `lines`. `Manners` make it slow of ear: down, or silent after it has done what it was told.
"""

import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from core.clock import Clock, SystemClock
from core.provisioning.providers.http import signature

STALE_SECONDS = 300


@dataclass(slots=True)
class Double:
    """The double at work."""

    secret: str = "network-secret"
    clock: Clock = field(default_factory=SystemClock)
    lines: dict[str, str] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    """Logins it has never heard of."""
    silent: int = 0
    """So many answers are lost after the work is done."""

    def app(self) -> web.Application:
        """What it serves."""
        made = web.Application(middlewares=[self._signed])
        made.add_routes(
            [
                web.put("/services/{login}", self._apply),
                web.get("/commands/{key}", self._command),
                web.post("/levels", self._levels),
            ]
        )
        return made

    @web.middleware
    async def _signed(self, request: web.Request, handler: Any) -> web.StreamResponse:
        time, told = request.headers.get("X-Hodi-Time", ""), request.headers.get("X-Hodi-Signature", "")
        right = signature(self.secret, request.method, request.rel_url.raw_path, time, await request.read())
        if not hmac.compare_digest(right, told) or not time.isdigit():
            return web.json_response({"reason": "signature"}, status=403)
        if abs(int(time) - int(self.clock.now().timestamp())) > STALE_SECONDS:
            return web.json_response({"reason": "stale"}, status=403)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _apply(self, request: web.Request) -> web.StreamResponse:
        told, login = json.loads(await request.read()), request.match_info["login"]
        if login in self.unknown:
            return web.json_response({"reason": "no such line"}, status=404)
        if told["key"] not in self.done and told["generation"] > self.newest.get(login, 0):
            self.lines[login], self.newest[login] = told["level"], told["generation"]
        self.done[told["key"]] = told["level"]
        if self.silent:
            self.silent -= 1
            return web.Response(status=504)
        return web.json_response({"ref": f"n-{told['generation']}"})

    async def _command(self, request: web.Request) -> web.StreamResponse:
        known = request.match_info["key"] in self.done
        return web.json_response({"state": "done"} if known else {"reason": "unknown"}, status=200 if known else 404)

    async def _levels(self, request: web.Request) -> web.StreamResponse:
        told = json.loads(await request.read())
        return web.json_response({"levels": {one: self.lines.get(one, "none") for one in told["logins"]}})
