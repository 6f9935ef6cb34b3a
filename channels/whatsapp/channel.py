"""WhatsApp through Meta's Cloud API, with a thin client of our own.

Webhooks are signed over the raw body; a signed one is answered 200 whatever is in it, because the provider would repeat it for
days. A screen becomes up to three buttons, else a list of up to ten rows, else numbered lines. Only within 24 hours of the
customer's last message may we write freely; after that a template goes that Meta approved, or the answer is `window_closed` and another
channel is chosen.
"""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote

import aiohttp
from pydantic import SecretStr

from channels import errors
from channels.contract import ByMessage, ChannelRow, Door, Event, File, Page, RawRequest, Tools
from channels.errors import SendError
from channels.form import clean
from channels.http import HttpAnswer, ask, download
from channels.paging import Budget, pages
from channels.whatsapp.payloads import LARGEST_BODY, events, reason
from core.message import Notice, Option, Screen, Sent, Template

TEXT = Budget(4000, 4000)
"""A text may hold 4,096 characters; counted in units it is a little less."""
BODY, TITLE, ROW_TITLE, DESCRIPTION = 1024, 20, 24, 72
"""Characters of an interactive body, of a button, of a list row's title and of its description."""
LONGEST = 4096
AT_ONCE = 32
SCOPED = re.compile(r"[A-Z]{2}\..+")
"""A business-scoped id, as opposed to a number."""


@dataclass(frozen=True, slots=True)
class WhatsAppAccount:
    """The operator's number at Meta."""

    phone_id: str
    token: SecretStr
    app_secret: SecretStr
    verify_token: SecretStr
    base_url: str


class WhatsApp(ByMessage):
    """The channel `whatsapp`. `choose` is what the button says that opens a list, in the operator's words."""

    name = "whatsapp"
    charged_by_report = True

    def __init__(self, account: WhatsAppAccount, http: aiohttp.ClientSession, choose: str = "Menu") -> None:
        self.account, self.http, self.choose = account, http, choose
        self._lanes = asyncio.Semaphore(AT_ONCE)
        self.doors = (
            Door("GET", "/hooks/whatsapp", _nothing_said, self._may_subscribe, challenge),
            Door("POST", "/hooks/whatsapp", self._heard, self._is_signed, lenient=True, largest=LARGEST_BODY),
        )

    def _may_subscribe(self, received: RawRequest) -> bool:
        params = parse_qs(received.query)
        token = params.get("hub.verify_token", [""])[0]
        ours = self.account.verify_token.get_secret_value()
        return bool(ours) and hmac.compare_digest(token.encode(), ours.encode())

    def _is_signed(self, received: RawRequest) -> bool:
        signature = received.headers.get("x-hub-signature-256", "")
        return genuine(self.account.app_secret.get_secret_value(), received.body, signature)

    def _heard(self, received: RawRequest) -> list[Event]:
        """What was said to our number: other lines of the business call at the same address."""
        return parse(received, self.account.phone_id)

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """One page, unless the text is longer than a message may be."""
        if len(screen.text) <= BODY and _interactive(screen.options):
            return (Page(screen.text, tuple(option.key for option in screen.options)),)
        return pages(screen, TEXT)

    def render(self, screen: Screen, page: Page) -> str:
        """The message as JSON, without its recipient."""
        drawn_as_text = page.more or page.back or page.text != screen.text
        options = () if drawn_as_text else screen.options
        return json.dumps(draw(page.text, options, self.choose), ensure_ascii=False)

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """Each on its own: the provider takes one message a request."""
        return await asyncio.gather(*[self._send(notice) for notice in notices])

    async def fetch(self, ref: str, largest: int) -> File | SendError:
        """The file of this id: Meta first says where it lies, for some minutes and only with our token."""
        answer = await ask(self.http, "GET", f"{self._base}/{quote(ref, safe='')}", headers=self._headers)
        if isinstance(answer, SendError):
            return answer
        try:
            data = json.loads(answer.body)
            where, size = str(data["url"]), int(data.get("file_size") or 0)
        except (ValueError, KeyError, TypeError, RecursionError):
            return errors.from_http(answer.status) if not answer.fine else errors.REJECTED
        if size > largest:
            return errors.TOO_LONG
        return await download(self.http, where, largest, self._headers)

    @property
    def _base(self) -> str:
        return self.account.base_url.rstrip("/")

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.account.token.get_secret_value()}"}

    async def _send(self, notice: Notice) -> Sent:
        url = f"{self._base}/{self.account.phone_id}/messages"
        message: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **address(notice.to),
        }
        message["biz_opaque_callback_data"] = notice.key[:512]
        if not notice.only_template:
            drawn = draw(clean(notice.text), notice.options, self.choose)
            if len(drawn.get("text", {}).get("body", "")) > LONGEST:
                return errors.TOO_LONG.sent(notice.key)
            sent = await self._post(url, notice.key, message | drawn)
            if sent.reason != errors.WINDOW_CLOSED.code or notice.template is None:
                return sent
        if notice.template is None:
            return errors.WINDOW_CLOSED.sent(notice.key)
        return await self._post(url, notice.key, message | approved(notice.template))

    async def _post(self, url: str, key: str, message: dict[str, Any]) -> Sent:
        async with self._lanes:
            answer = await ask(self.http, "POST", url, json=message, headers=self._headers)
        return answer.sent(key) if isinstance(answer, SendError) else judge(key, answer)


def genuine(secret: str, body: bytes, signature: str) -> bool:
    """Whether `signature` (`sha256=` and hex) is the HMAC-SHA256 of the raw body under the app secret."""
    ours = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(ours.encode(), signature.encode("utf-8", "replace"))


def challenge(received: RawRequest) -> str | None:
    """What Meta wants to hear back when the webhook is registered."""
    params = parse_qs(received.query)
    return params.get("hub.challenge", [""])[0][:200] if params.get("hub.mode") == ["subscribe"] else ""


def parse(received: RawRequest, ours: str | None = None) -> list[Event]:
    """Every message and status of one webhook, in the order they stand; with `ours` only what was brought for that number."""
    return events(received.body, ours)


def _nothing_said(received: RawRequest) -> list[Event]:
    return []


def address(to: str) -> dict[str, str]:
    """To whom: a business-scoped id is a `recipient`, a number is `to`, in digits."""
    return {"recipient": to} if SCOPED.fullmatch(to) else {"to": to.removeprefix("+")}


def draw(text: str, options: Sequence[Option], choose: str) -> dict[str, Any]:
    """Buttons, a list, or text with numbered lines: the first that holds every option whole."""
    fits = 0 < len(text) <= BODY
    if fits and _buttons(options):
        buttons = [{"type": "reply", "reply": {"id": o.key, "title": o.label}} for o in options]
        return _interact("button", text, {"buttons": buttons})
    if fits and _rows(options):
        return _interact("list", text, {"button": choose[:TITLE], "sections": [{"rows": [_row(o) for o in options]}]})
    lines = [text, *(f"{o.key}. {o.label}" for o in options)]
    return {"type": "text", "text": {"body": "\n".join(lines), "preview_url": False}}


def approved(template: Template) -> dict[str, Any]:
    """A template as Meta wants it: its places are filled in order, each on one line (it takes no line breaks there)."""
    data: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    if template.params:
        filled = [{"type": "text", "text": " ".join(clean(param).split())} for param in template.params]
        data["components"] = [{"type": "body", "parameters": filled}]
    return {"type": "template", "template": data}


def _interactive(options: Sequence[Option]) -> bool:
    return _buttons(options) or _rows(options)


def _buttons(options: Sequence[Option]) -> bool:
    labels = {option.label for option in options}
    return 0 < len(options) <= 3 and len(labels) == len(options) and all(0 < len(label) <= TITLE for label in labels)


def _rows(options: Sequence[Option]) -> bool:
    return 0 < len(options) <= 10 and all(0 < len(option.label) <= DESCRIPTION for option in options)


def _row(option: Option) -> dict[str, str]:
    """A row whose title cannot hold the label carries it whole in its description."""
    if len(option.label) <= ROW_TITLE:
        return {"id": option.key, "title": option.label}
    return {"id": option.key, "title": option.label[: ROW_TITLE - 1].rstrip() + "…", "description": option.label}


def _interact(kind: str, text: str, action: dict[str, Any]) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": text}, "action": action}}


def judge(key: str, answer: HttpAnswer) -> Sent:
    """What the provider's answer means for one message. Its own error code says more than the HTTP status."""
    try:
        data = json.loads(answer.body)
        if answer.fine:
            return Sent(key, "done", str(data["messages"][0]["id"])[:200])
        error = data["error"]
        return reason(error).sent(key, f"{error.get('code')} {error.get('message', '')}", answer.after)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return (errors.NOT_SAID if answer.fine else errors.from_http(answer.status)).sent(
            key, answer.body, answer.after
        )


def _make(tools: Tools) -> WhatsApp:
    settings = tools.settings
    account = WhatsAppAccount(
        settings.whatsapp_phone_id,
        settings.whatsapp_token,
        settings.whatsapp_app_secret,
        settings.whatsapp_verify_token,
        settings.whatsapp_base_url,
    )
    return WhatsApp(account, tools.http)


ROW = ChannelRow("whatsapp", "meta", ("whatsapp_phone_id", "whatsapp_token", "whatsapp_app_secret"), _make)
