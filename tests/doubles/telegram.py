"""A double of Telegram's Bot API: who am I, webhooks, messages with keyboards, buttons pressed, files; with its own ledger.

It refuses what Telegram refuses: a text over 4,096 letters, button data over 64 bytes, a chat that blocked the bot.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "110:double"


@dataclass
class BotApi:
    """What the double knows. `down`: how many calls fail before it answers; `blocked`: chats that shut the bot out; `busy`: chats that
    take nothing for so many seconds; `topics`: those there are (None: any)."""

    down: int = 0
    blocked: set[str] = field(default_factory=set)
    busy: dict[str, int] = field(default_factory=dict)
    topics: set[str] | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    webhook: dict[str, Any] | None = None
    taken: list[dict[str, Any]] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        """The double's routes."""
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self.call)
        app.router.add_get("/file/bot{token}/{file}", self.file)
        return app

    async def call(self, request: web.Request) -> web.Response:
        """POST /bot<token>/<method>."""
        if request.match_info["token"] != TOKEN:
            return _no(401, "Unauthorized")
        if self.down:
            self.down -= 1
            return web.Response(status=502, text="<html>")
        told = dict(await request.post())
        answer = {
            "getMe": self._me,
            "setWebhook": self._hook,
            "sendMessage": self._send,
            "answerCallbackQuery": self._acknowledge,
            "getFile": self._where,
        }.get(request.match_info["method"])
        return answer(told) if answer else _no(404, "Not Found")

    def _me(self, _told: dict[str, Any]) -> web.Response:
        return _yes({"id": 110, "is_bot": True, "first_name": "Mwangaza", "username": "mwangaza_bot"})

    def _hook(self, told: dict[str, Any]) -> web.Response:
        self.webhook = told | {"allowed_updates": json.loads(told.get("allowed_updates", "[]"))}
        return _yes(True)

    def _send(self, told: dict[str, Any]) -> web.Response:
        chat, text = str(told["chat_id"]), str(told["text"])
        markup = json.loads(told.get("reply_markup", "{}"))
        keyboard = markup.get("inline_keyboard", [])
        if chat in self.blocked:
            return _no(403, "Forbidden: bot was blocked by the user")
        if chat in self.busy:
            return _no(429, f"Too Many Requests: retry after {self.busy[chat]}", {"retry_after": self.busy[chat]})
        topic = told.get("message_thread_id")
        if topic is not None and self.topics is not None and str(topic) not in self.topics:
            return _no(400, "Bad Request: message thread not found")
        if not 0 < len(text) <= 4096:
            return _no(400, "Bad Request: message is too long")
        if any(len(button["callback_data"].encode()) > 64 for row in keyboard for button in row):
            return _no(400, "Bad Request: BUTTON_DATA_INVALID")
        self.taken.append(
            {
                "chat": chat,
                "text": text,
                "buttons": [button for row in keyboard for button in row],
                "below": [button for row in markup.get("keyboard", []) for button in row],
                **({"topic": str(topic)} if topic is not None else {}),
            }
        )
        told_back = {"message_id": len(self.taken), "date": 1795300000, "chat": {"id": int(chat), "type": "private"}}
        return _yes({**told_back, "text": text})

    def _acknowledge(self, told: dict[str, Any]) -> web.Response:
        self.acknowledged.append(str(told["callback_query_id"]))
        return _yes(True)

    def _where(self, told: dict[str, Any]) -> web.Response:
        name = str(told["file_id"])
        if name not in self.files:
            return _no(400, "Bad Request: invalid file_id")
        return _yes({"file_id": name, "file_unique_id": name, "file_size": len(self.files[name]), "file_path": name})

    async def file(self, request: web.Request) -> web.Response:
        """GET the bytes of a file."""
        return web.Response(body=self.files[request.match_info["file"]])


def _yes(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _no(status: int, words: str, parameters: dict[str, int] | None = None) -> web.Response:
    told = {"ok": False, "error_code": status, "description": words}
    return web.json_response(told | ({"parameters": parameters} if parameters else {}), status=status)
