"""SMS through Kannel, the gateway an operator runs beside its own SMSC; Hodi speaks HTTP to it on loopback.

Inbound comes by `post-url` (the other ways corrupt every text that is not GSM-7, docs/guides/channel-kannel.md), with sender and id in
the query and the text in the charset that the content type names. A delivery report comes back with only what we put into its
address, so the notice's key travels there with a signature of ours, in letters that Kannel leaves alone.
"""

import asyncio
import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from pydantic import SecretStr

from channels import errors
from channels.contract import ByMessage, ChannelRow, Door, Event, Malformed, Page, RawRequest, Tools
from channels.errors import SendError
from channels.form import clean, fields, optional, required, too_long
from channels.http import HttpAnswer, ask
from channels.limits import units
from core.config import hook_secrets
from core.message import Delivery, Fate, Inbound, Notice, Screen, Sent
from core.phone import from_provider

LONGEST_SMS = 4096
AT_ONCE = 20
"""Kept connections to smsbox: what was measured at 1,876 messages a second."""
ALL_REPORTS = 31
TEXT_CODINGS = {"0", "2", ""}

REPORTS: dict[str, tuple[Fate, bool]] = {
    "1": ("delivered", True),
    "2": ("failed", True),
    "4": ("sent", False),
    "8": ("sent", False),
    "16": ("failed", True),
    "32": ("sent", False),
}
"""`type` of a report: delivered, not, buffered at the SMSC, taken by it, refused by it, on the way."""

STATS: dict[str, SendError] = {
    "EXPIRED": errors.EXPIRED,
    "DELETED": errors.UNDELIVERED,
    "UNDELIV": errors.UNDELIVERED,
    "REJECTD": errors.REJECTED,
}
"""`stat:` in the text of an SMPP receipt."""


@dataclass(frozen=True, slots=True)
class KannelAccount:
    """Where smsbox listens, and how our reports find back. `hooks` is the address up to `.../kannel/{secret}`."""

    base_url: str
    username: str
    password: SecretStr
    hooks: str
    sign_key: SecretStr
    sender: str | None = None
    binds: frozenset[str] = frozenset()
    """Whose messages are for us; none: all."""


class KannelSms(ByMessage):
    """The channel `sms` over the operator's own SMSC."""

    name = "sms"
    cellular = True

    def __init__(self, account: KannelAccount, http: aiohttp.ClientSession) -> None:
        self.account, self.http = account, http
        self.doors = (
            Door("POST", "/hooks/kannel/{secret}/sms", self._heard, answer=lambda _: ""),
            Door("GET", "/hooks/kannel/{secret}/delivery", report, self._is_ours, answer=lambda _: ""),
        )
        self._lanes = asyncio.Semaphore(AT_ONCE)

    def _heard(self, received: RawRequest) -> list[Event]:
        """What came over our own binds; what names none did."""
        bind, ours = fields(received.query).get("smsc", ""), self.account.binds
        return [] if bind and ours and bind not in ours else inbound(received)

    def _is_ours(self, received: RawRequest) -> bool:
        read = fields(received.query)
        ours = sign(self.account.sign_key.get_secret_value(), read.get("id", ""))
        return hmac.compare_digest(ours.encode(), read.get("sig", "").encode("utf-8", "replace"))

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """One message: the words, then what may be answered. Kannel cuts it into parts."""
        lines = [screen.text, *(f"{option.key}. {option.label}" for option in screen.options)]
        return (Page("\n".join(lines), tuple(option.key for option in screen.options)),)

    def render(self, screen: Screen, page: Page) -> str:
        """The text of the SMS that answers. (The body of the webhook's answer stays empty: Kannel would send it as an SMS.)"""
        return page.text

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """Each on its own request over kept connections: each needs its own report address."""
        return await asyncio.gather(*[self._send(notice) for notice in notices])

    async def _send(self, notice: Notice) -> Sent:
        if notice.to != from_provider(notice.to):
            return errors.INVALID_NUMBER.sent(notice.key)
        url = self.account.base_url.rstrip("/") + "/cgi-bin/sendsms"
        async with self._lanes:
            answer = await ask(self.http, "GET", url, params=query(self.account, notice))
        return answer.sent(notice.key) if isinstance(answer, SendError) else judge(notice.key, answer)


def query(account: KannelAccount, notice: Notice) -> dict[str, str]:
    """What smsbox wants to know. A `%` in the report's address would be Kannel's own, so the key goes as base64."""
    text = clean(notice.text)
    ref = urlsafe_b64encode(notice.key.encode()).decode().rstrip("=")
    signature = sign(account.sign_key.get_secret_value(), ref)
    params = {
        "username": account.username,
        "password": account.password.get_secret_value(),
        "to": notice.to,
        "text": text,
        "charset": "UTF-8",
        "coding": "0" if units(text)[0] == "gsm7" else "2",
        "dlr-mask": str(ALL_REPORTS),
        "dlr-url": f"{account.hooks.rstrip('/')}/delivery?id={ref}&sig={signature}&type=%d&reason=%A&fid=%F",
    }
    if sender := notice.sender or account.sender:
        params["from"] = sender
    return params


def sign(key: str, ref: str) -> str:
    """The signature of a report's address: 128 bits of HMAC-SHA256."""
    return hmac.new(key.encode(), ref.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def judge(key: str, answer: HttpAnswer) -> Sent:
    """202 `0: Accepted for delivery` or `3: Queued`. What leaves has no other id than our key, which its report brings back."""
    if answer.status == 202:
        return Sent(key, "done", key)
    if answer.fine:
        return errors.NOT_SAID.sent(key, answer.body)
    return errors.from_http(answer.status).sent(key, answer.body, answer.after)


def inbound(received: RawRequest) -> list[Event]:
    """`from, to, id, ts, coding` in the query; the text is the body. `id` is the same on every try. Binary is no text: nothing."""
    read = fields(received.query)
    sender, message_id, to = required(read, "from"), required(read, "id"), required(read, "to")
    if read.get("coding", "") not in TEXT_CODINGS:
        return []
    text = clean(_decoded(received, read.get("coding", "")))
    if len(text) > LONGEST_SMS:
        raise too_long("text", LONGEST_SMS)
    phone = from_provider(sender)
    return [Inbound("sms", phone or sender, text, "text", phone, message_id, None, to, _instant(read.get("ts", "")))]


def report(received: RawRequest) -> list[Event]:
    """`id, sig` of ours, `type, reason, fid` of Kannel's. A type that we do not know is kept as `unknown`."""
    read = fields(received.query)
    ref, kind = required(read, "id", 1000), required(read, "type")
    receipt = optional(read, "reason", 2000) or ""
    try:
        key = urlsafe_b64decode(ref + "=" * (-len(ref) % 4)).decode()
    except ValueError as why:
        raise Malformed("field.unreadable", "The field id is not one that we gave.") from why
    details = {"smsc_id": fid} if (fid := optional(read, "fid")) else {}
    if kind not in REPORTS:
        return [Delivery("sms", key, "unknown", False, kind, None, details)]
    state, final = REPORTS[kind]
    return [Delivery("sms", key, state, final, _failure(kind, receipt) if state == "failed" else None, None, details)]


def _failure(kind: str, receipt: str) -> str:
    stat = re.search(r"stat:(\w+)", receipt)
    fallback = errors.REJECTED if kind == "16" else errors.UNDELIVERED
    return STATS.get(stat.group(1), fallback).code if stat else fallback.code


def _decoded(received: RawRequest, coding: str) -> str:
    """The body in the charset it names; Kannel's own is UTF-8, and UTF-16BE for coding 2."""
    named = re.search(r'charset="?([\w-]+)', received.headers.get("content-type", ""))
    charset = named.group(1) if named else ("utf-16-be" if coding == "2" else "utf-8")
    if len(received.body) > 4 * LONGEST_SMS:
        raise too_long("text", LONGEST_SMS)
    try:
        return received.body.decode(charset, "replace")
    except (LookupError, ValueError):
        return received.body.decode("utf-8", "replace")


def _instant(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _make(tools: Tools) -> KannelSms:
    settings = tools.settings
    account = KannelAccount(
        settings.kannel_base_url,
        settings.kannel_username,
        settings.kannel_password,
        f"{settings.public_url.rstrip('/')}/hooks/kannel/{hook_secrets.secret_of(settings, 'kannel')}",
        settings.secret_key,
        settings.kannel_sender,
        frozenset(settings.kannel_smsc.replace(",", " ").split()),
    )
    return KannelSms(account, tools.http)


ROW = ChannelRow("sms", "kannel", ("kannel_username", "kannel_password"), _make)
