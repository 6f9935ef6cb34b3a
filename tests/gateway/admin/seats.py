"""Somebody sits at the console with a cookie of their own: several of them at once over one client, and no redirect followed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import CookieJar
from sqlalchemy import select

from core.access import staff
from core.access.secrets import digest
from core.access.tables import staff_session
from core.approvals.model import Approval
from core.approvals.tables import approval
from core.context import App
from gateway.admin.auth import COOKIE
from tests.gateway.conftest import Client

PASSWORD = "three plain words"
_numbers = count(1)


@dataclass
class Seat:
    """What one person's browser sends."""

    client: Client
    name: str
    cookie: str
    csrf: str
    seen: list[int] = field(default_factory=list)

    async def send(self, method: str, path: str, form: Mapping[str, Any] | None = None) -> tuple[int, str]:
        """(status, text)."""
        assert isinstance(self.client.session.cookie_jar, CookieJar)
        self.client.session.cookie_jar.clear()
        data = None if method == "GET" else {"csrf": self.csrf, **(form or {})}
        headers = {"Cookie": f"{COOKIE}={self.cookie}"}
        async with self.client.request(method, path, data=data, headers=headers, allow_redirects=False) as answer:
            self.seen.append(answer.status)
            return answer.status, await answer.text(errors="replace")

    async def get(self, path: str) -> tuple[int, str]:
        return await self.send("GET", path)

    async def post(self, path: str, **form: Any) -> int:
        status, text = await self.send("POST", path, form)
        if status == 200 and 'name="agreed"' in text:  # asked whether: yes
            status, _ = await self.send("POST", path, {**form, "agreed": "yes"})
        return status


async def sit(client: Client, app: App, role: str = "admin", branch: str | None = None, name: str = "") -> Seat:
    """A new person of this role and branch, signed in."""
    name = name or f"{role}{next(_numbers)}"
    async with app.db.writing() as conn:
        await staff.create_staff(conn, app, name, role, PASSWORD, branch=branch)
    return await sit_again(client, app, name)


async def sit_again(client: Client, app: App, name: str) -> Seat:
    """The same person at another browser."""
    cookie = await staff.sign_in(app, name, PASSWORD)
    assert cookie is not None
    async with app.db.reading() as conn:
        csrf = await conn.scalar(select(staff_session.c.csrf).where(staff_session.c.hash == digest(cookie)))
    return Seat(client, name, cookie, str(csrf))


async def waiting(app: App, kind: str) -> Approval:
    """The one approval of a kind that waits."""
    async with app.db.reading() as conn:
        columns = [approval.c[name] for name in Approval.__dataclass_fields__]
        [row] = await conn.execute(select(*columns).where(approval.c.kind == kind, approval.c.state == "waiting"))
    return Approval(*row)


async def agree(seat: Seat, app: App, kind: str, do: str = "yes") -> int:
    """This person decides what waits of a kind; the status."""
    one = await waiting(app, kind)
    return await seat.post(f"/console/approvals/{one.id}", seal=one.seal, do=do)
