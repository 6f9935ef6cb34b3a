"""Someone at the console, as a browser without scripts would be: follows redirects, keeps cookies, sends forms with their token."""

import re
from dataclasses import dataclass
from typing import Any

from core.access import staff
from core.context import App
from tests.gateway.conftest import Client

PASSWORD = "three plain words"


@dataclass
class Browser:
    client: Client
    csrf: str = ""

    async def get(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path)
        text = await answer.text()
        assert answer.status == status, f"{path}: {answer.status} {text[:300]}"
        if found := re.search(r'name="csrf" value="([^"]+)"', text):
            self.csrf = found[1]
        return text

    async def post(self, path: str, status: int = 200, **form: Any) -> str:
        answer = await self.client.post(path, data={"csrf": self.csrf, **form})
        text = await answer.text()
        if answer.status == 200 and 'name="agreed"' in text and "agreed" not in form:  # asked whether: yes
            return await self.post(path, status, agreed="yes", **form)
        assert answer.status == status, f"{path}: {answer.status} {text[:300]}"
        return text


async def signed_in(client: Client, app: App, role: str = "admin", branch: str | None = None) -> Browser:
    name = f"{role}-{branch}"
    async with app.db.writing() as conn:
        await staff.create_staff(conn, app, name, role, PASSWORD, branch=branch)
    browser = Browser(client)
    await browser.post("/console/login", name=name, password=PASSWORD)
    await browser.get("/console/day" if role == "marketing" else "/console")
    return browser
