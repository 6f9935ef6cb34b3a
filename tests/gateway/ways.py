"""One customer on any channel, through the gateway's real routes: they write or presses, and reads what stands there.

Each way posts what its provider posts. `choose` finds an option by its words, however the channel draws it.
"""

import html
import io
import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientWebSocketResponse, FormData, web
from sqlalchemy import select

from core.access.attempts import Throttle
from core.outbox.queue import outbox
from core.parties import codes
from dialogs.intents import WORDS
from gateway.admin import routes as ops
from gateway.pages import chat, chat_file, mandate_link, me
from tests.doubles.meta import webhook
from tests.gateway.open_doors import SECRET, Doors
from tests.gateway.talking import HOOKS, WANJIKU, Phone
from tests.gateway.test_flows import rows

_LINE = re.compile(r"^(\w{1,4})\. (.+)$", re.MULTILINE)
MORE = "98"


@dataclass
class Way(ABC):
    """One channel as they use it."""

    doors: Doors
    channel: str
    screen: str = ""
    options: dict[str, str] = field(default_factory=dict)
    count: int = 0
    stranger = False
    """Whether we do not know them before they link their account."""

    @abstractmethod
    async def post(self, text: str) -> tuple[str, dict[str, str]]:
        """Brings words (or the key of an option) to us; what stands there now, and the options it has."""

    @abstractmethod
    async def home(self) -> None:
        """To the first menu, as one begins there."""

    async def type(self, text: str) -> str:
        """Writes, and reads everything that comes, page by page."""
        self.count += 1
        self.screen, self.options = await self.post(text)
        while MORE in self.options.values():
            more, options = await self.post(MORE)
            self.screen += "\n" + more
            self.options |= options | {label: key for label, key in self.options.items() if key != MORE}
            if MORE not in options.values():
                break
        return self.screen

    async def choose(self, *labels: str) -> str:
        """Presses what is called so, one after the other."""
        for label in labels:
            key = next((key for words, key in self.options.items() if words.startswith(label)), None)
            assert key is not None, f"{label!r} is not among {list(self.options)} below {self.screen!r}"
            await self.press(key)
        return self.screen

    async def press(self, key: str) -> None:
        """An option, by its key."""
        await self.type(key)

    async def go(self, flow: str, *labels: str) -> str:
        """Into a conversation: by its word, or from the first menu by what the options are called."""
        await self.home()
        return await self.choose(*labels)

    async def code(self) -> str:
        """The code that came to the phone of record."""
        *_, row = [row for row in await rows(self.doors.app, outbox) if row.kind == "code"]
        said = codes.words(self.doors.app, row.subject_id, row.params)
        assert said is not None
        return str(said["code"])


def lines(text: str) -> dict[str, str]:
    """The options that stand in a text as numbered lines."""
    return {label: key for key, label in _LINE.findall(text.removeprefix("CON "))}


class Dial(Way):
    """Africa's Talking's USSD."""

    async def home(self) -> None:
        self.count += 1
        self.phone = Phone(self.doors.client)
        self.screen = await self.phone.dial(f"s{self.count}")
        self.options = lines(self.screen)
        if "Start again" in self.options:
            await self.choose("Start again")

    async def post(self, text: str) -> tuple[str, dict[str, str]]:
        told = await self.phone.answer(text)
        return told, lines(told)


class Written(Way):
    """Channels that are answered through the outbox."""

    newest = 0

    async def home(self) -> None:
        await self.type("MENU")

    async def go(self, flow: str, *labels: str) -> str:
        return await self.type(WORDS[flow][0])

    async def post(self, text: str) -> tuple[str, dict[str, str]]:
        return await self.answered(text)

    async def answered(self, text: str, **more: Any) -> tuple[str, dict[str, str]]:
        self.count += 1
        await self.deliver(text, **more)
        query = select(outbox.c.id, outbox.c.params).where(outbox.c.key.startswith("reply:"))
        async with self.doors.app.db.reading() as conn:
            after = (await conn.execute(query.order_by(outbox.c.id.desc()).limit(1))).one()
        assert after.id != self.newest, f"no answer to {text!r}"
        self.newest = after.id
        options = {label: key for key, label in after.params.get("options", ())}
        return after.params["text"], options or lines(after.params["text"])

    @abstractmethod
    async def deliver(self, text: str, **more: Any) -> None:
        """As its provider does."""


class Sms(Written):
    async def deliver(self, text: str, **more: Any) -> None:
        form = {"from": WANJIKU, "id": f"m{self.count}", "text": text, "to": "40400", "date": "2026-03-20 09:00:00"}
        assert (await self.doors.client.post(f"{HOOKS}/sms", data=form)).status == 200


class Kannel(Written):
    async def deliver(self, text: str, **more: Any) -> None:
        query = urlencode({"from": WANJIKU, "to": "20880", "id": f"k{self.count}", "ts": "1795306504", "coding": "0"})
        answer = await self.doors.client.post(f"/hooks/kannel/{SECRET}/sms?{query}", data=text.encode())
        assert answer.status == 200


class Letter(Written):
    stranger = True

    async def deliver(self, text: str, **more: Any) -> None:
        letter = (
            f"From: Wanjiku <wanjiku@example.org>\r\nTo: help@mwangaza.example\r\nMessage-ID: <{self.count}@example.org>\r\n"
            f"Subject: Re: your question\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\r\n> what we wrote\r\n"
        )
        assert (await self.doors.client.post(f"/hooks/email/{SECRET}", data=letter.encode())).status == 200


class WhatsApp(Written):
    async def press(self, key: str) -> None:
        chosen = {"list_reply": {"id": key, "title": "x"}}
        self.screen, self.options = await self.answered("", type="interactive", interactive=chosen)

    async def deliver(self, text: str, **more: Any) -> None:
        told = {"id": f"wamid.{self.count}", "from": WANJIKU[1:], "timestamp": "1795300000", "type": "text"}
        message = told | ({"text": {"body": text}} if not more else {}) | more
        assert (await self.doors.whatsapp(webhook({"messages": [message]}))).status == 200

    async def picture(self, body: bytes) -> str:
        self.doors.meta.files = {"p1": body}
        self.screen, self.options = await self.answered("", type="image", image={"id": "p1", "mime_type": "image/jpeg"})
        return self.screen


class Telegram(Written):
    stranger = True

    async def deliver(self, text: str, **more: Any) -> None:
        chat, who = {"id": 1001, "type": "private", "first_name": "W"}, {"id": 1001, "is_bot": False, "first_name": "W"}
        message = {"message_id": self.count, "date": 1795300000, "chat": chat, "from": who, **(more or {"text": text})}
        raw = json.dumps({"update_id": self.count, "message": message}).encode()
        assert (await self.doors.telegram(raw)).status == 200

    async def picture(self, body: bytes) -> str:
        self.doors.bot.files = {"p1": body}
        photo = [{"file_id": "p1", "file_unique_id": "u1", "width": 800, "height": 600}]
        self.screen, self.options = await self.answered("", photo=photo)
        return self.screen


class WebChat(Way):
    stranger = True
    socket: ClientWebSocketResponse

    async def home(self) -> None:
        if not self.count:
            await self.doors.client.get("/chat")
            self.socket = await self.doors.client.ws_connect("/chat/socket")
            await self.socket.send_json({"since": 0})
        await self.type("MENU")

    async def go(self, flow: str, *labels: str) -> str:
        if not self.count:
            await self.home()
        return await self.type(WORDS[flow][0])

    async def post(self, text: str) -> tuple[str, dict[str, str]]:
        self.count += 1
        await self.socket.send_json({"id": f"c{self.count}", "text": text})
        return await self._heard("done")

    async def press(self, key: str) -> None:
        self.count += 1
        await self.socket.send_json({"id": f"c{self.count}", "choice": key})
        self.screen, self.options = await self._heard("done")

    async def picture(self, body: bytes) -> str:
        sent = await self.doors.client.post("/chat/file", params={"id": "p1"}, data=body)
        assert sent.status == 202, await sent.text()
        self.screen, self.options = await self._heard("options")
        return self.screen

    async def _heard(self, until: str) -> tuple[str, dict[str, str]]:
        text, options = "", {}
        while True:
            frame = await self.socket.receive_json(timeout=10)
            if frame.get("side") == "hodi":
                text, options = frame["text"], {one["label"]: one["key"] for one in frame["options"]}
            if until in frame:
                return text, options


class Page(Way):
    turn = csrf = ""

    async def home(self) -> None:
        if not self.count:
            await self.doors.client.post("/me/enter", data={"phone": WANJIKU})
            came = await self.doors.client.post("/me/enter", data={"code": await self.code()})
            assert came.status == 200, await came.text()
        self.count += 1
        self.screen, self.options = self._read(await (await self.doors.client.get("/me/ask")).text())

    async def go(self, flow: str, *labels: str) -> str:
        if not self.count or flow in ("stop", "start"):
            return await super().go(flow, *labels)
        page = await self.doors.client.get("/me/ask", params={"do": flow})
        self.screen, self.options = self._read(await page.text())
        return self.screen

    async def post(self, text: str) -> tuple[str, dict[str, str]]:
        form = {"csrf": self.csrf, "turn": self.turn, "answer": text}
        answer = await self.doors.client.post("/me/ask", data=form)
        page = await answer.text()
        assert answer.status == 200, page
        return self._read(page)

    async def picture(self, body: bytes) -> str:
        form = FormData({"csrf": self.csrf})
        form.add_field("file", io.BytesIO(body), filename="meter.jpg")
        answer = await self.doors.client.post("/me/picture", data=form)
        self.screen, self.options = self._read(await answer.text())
        return self.screen

    def _read(self, page: str) -> tuple[str, dict[str, str]]:
        said = re.search(r'<div class="said".*?>(.*?)</div>', page, re.DOTALL)
        assert said, page
        found = re.search(r'name="csrf" value="(.*?)">\s*<input type="hidden" name="turn" value="(.*?)"', page)
        if found:
            self.csrf, self.turn = found[1], found[2]
        text = html.unescape(re.sub(r"<[^>]+>", "\n", said[1]))
        buttons = re.findall(r'<button name="answer" value="(.*?)"[^>]*>(.*?)</button>', page)
        return text, {html.unescape(label): key for key, label in buttons}


def with_pages(web_app: web.Application) -> None:
    """The chat and their own pages beside the doors, for a visitor in a hurry."""
    ops.setup(web_app)
    chat.setup(web_app)
    me.setup(web_app)
    web_app[chat.THROTTLE] = Throttle(10_000, 1)
    web_app.add_routes([*chat.routes(), *chat_file.routes(), *me.routes(), *mandate_link.routes()])


WAYS: dict[str, type[Way]] = {
    "ussd": Dial, "sms": Sms, "kannel": Kannel, "whatsapp": WhatsApp, "telegram": Telegram, "webchat": WebChat,
    "email": Letter, "page": Page,
}  # fmt: skip
