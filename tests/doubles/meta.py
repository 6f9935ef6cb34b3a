"""A double of WhatsApp's Cloud API: takes messages as Meta does, keeps its own ledger, refuses what Meta refuses, and calls back signed.

Its rules are the ones in Meta's pages: three buttons of twenty letters, ten rows of twenty-four, a body of 1,024 below buttons, free
text only within 24 hours of the customer's last message, templates only once they are approved.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

VERSION, PHONE_ID = "v21.0", "1111"


@dataclass
class Meta:
    """What the double knows. `windows`: who wrote within 24 hours (None: everybody); `outage`: answer every message so."""

    token: str = "token"
    app_secret: str = "appsecret"
    windows: set[str] | None = None
    templates: dict[str, int] = field(default_factory=dict)
    """Approved templates and how many parameters their bodies take."""
    files: dict[str, bytes] = field(default_factory=dict)
    outage: int = 0
    wait: str = ""
    """What `Retry-After` says during an outage."""
    taken: list[dict[str, Any]] = field(default_factory=list)

    def app(self) -> web.Application:
        """The double's routes."""
        app = web.Application()
        app.router.add_post(f"/{VERSION}/{PHONE_ID}/messages", self.take)
        app.router.add_get(f"/{VERSION}/{{media}}", self.where)
        app.router.add_get("/file/{media}", self.file)
        return app

    async def take(self, request: web.Request) -> web.Response:
        """POST messages: one message, judged as Meta judges it."""
        if self.outage:
            return web.Response(status=self.outage, headers={"Retry-After": self.wait} if self.wait else {})
        if not self._known(request):
            return _error(401, 190, "Invalid OAuth access token")
        message = await request.json()
        wrong = self._judge(message)
        if wrong:
            return wrong
        self.taken.append(message)
        ref = f"wamid.OUT{len(self.taken)}"
        return web.json_response({"messaging_product": "whatsapp", "messages": [{"id": ref}]})

    def _judge(self, message: dict[str, Any]) -> web.Response | None:
        to = message.get("to") or message.get("recipient")
        if not to or message.get("messaging_product") != "whatsapp":
            return _error(400, 131008, "Required parameter is missing")
        if message["type"] == "template":
            name = message["template"]["name"]
            parts = [one for one in message["template"].get("components", ()) if one["type"] == "body"]
            given = len(parts[0]["parameters"]) if parts else 0
            if name not in self.templates:
                return _error(404, 132001, "Template name does not exist in the translation")
            return None if given == self.templates[name] else _error(400, 132000, "Number of parameters does not match")
        if self.windows is not None and to not in self.windows:
            return _error(400, 131047, "Re-engagement message")
        return None if _fits(message) else _error(400, 131009, "Parameter value is not valid")

    async def where(self, request: web.Request) -> web.Response:
        """GET a file's id: where it lies."""
        media = request.match_info["media"]
        if not self._known(request) or media not in self.files:
            return _error(400, 100, "Unsupported get request")
        url = str(request.url.origin() / "file" / media)
        return web.json_response({"id": media, "url": url, "file_size": len(self.files[media])})

    async def file(self, request: web.Request) -> web.Response:
        """GET the file itself, with the token again."""
        if not self._known(request):
            return web.Response(status=401)
        return web.Response(body=self.files[request.match_info["media"]], content_type="image/jpeg")

    def _known(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {self.token}"

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers that Meta sends along with a webhook."""
        digest = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}


def webhook(*values: dict[str, Any]) -> bytes:
    """The body of a webhook that tells these values, each as a change of its own."""
    changes = [
        {
            "field": "messages",
            "value": {"messaging_product": "whatsapp", "metadata": {"phone_number_id": PHONE_ID}, **value},
        }
        for value in values
    ]
    told = {"object": "whatsapp_business_account", "entry": [{"id": "WABA", "changes": changes}]}
    return json.dumps(told, ensure_ascii=False).encode()


def _fits(message: dict[str, Any]) -> bool:
    if message["type"] == "text":
        return 0 < len(message["text"]["body"]) <= 4096
    drawn = message["interactive"]
    action = drawn["action"]
    if not 0 < len(drawn["body"]["text"]) <= 1024:
        return False
    if drawn["type"] == "button":
        titles = [button["reply"]["title"] for button in action["buttons"]]
        return 0 < len(titles) <= 3 and len(set(titles)) == len(titles) and all(0 < len(one) <= 20 for one in titles)
    rows = [row for section in action["sections"] for row in section["rows"]]
    return (
        0 < len(rows) <= 10
        and 0 < len(action["button"]) <= 20
        and all(0 < len(row["title"]) <= 24 and len(row.get("description", "")) <= 72 for row in rows)
    )


def _error(status: int, code: int, words: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": words}}, status=status)
