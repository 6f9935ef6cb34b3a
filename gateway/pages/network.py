"""The mobile network of the phone page: it does what Africa's Talking does between a handset and us, over loopback HTTP.

It posts to the real webhooks, so that the page goes the way of a real phone; the path's secret stays on this side. It remembers
nothing: like a network it is handed the session and everything typed so far, so a restart in mid-session is only a pause.
"""

import ipaddress
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import structlog
from aiohttp import web

from core import money
from core.config import hook_secrets
from core.context import App
from gateway.app_keys import APP

log = structlog.get_logger()
PATIENCE = aiohttp.ClientTimeout(total=15)
"""As long as Africa's Talking in Kenya waits for an application."""
HTTP: web.AppKey[aiohttp.ClientSession] = web.AppKey("phone_http", aiohttp.ClientSession)
_DIALLED = re.compile(r"(\*[0-9*]+)#")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the handset shows: words, whether the session goes on, and what was typed so far."""

    text: str
    open: bool
    session: str
    path: str


def is_loopback(host: str | None) -> bool:
    """Whether a name or an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return False


def split_code(dialled: str, ussd_code: str) -> tuple[str, str] | None:
    """The service code and what was dialled along with it (`*384*100*1*5#` -> `*384*100#`, `1*5`); None: not ours."""
    match, ours = _DIALLED.fullmatch(dialled), ussd_code.removesuffix("#")
    if not match or not (match[1] == ours or match[1].startswith(ours + "*")):
        return None
    return ussd_code, match[1][len(ours) + 1 :]


async def step(request: web.Request, phone: str, session: str, path: str) -> Shown:
    """One step of a session, with everything typed so far."""
    form = {"sessionId": session, "phoneNumber": phone, "networkCode": "63902", "text": path}
    status, text = await _post(request, "ussd", {**form, "serviceCode": request.app[APP].operator.ussd_code})
    if status != 200 or text.partition(" ")[0] not in ("CON", "END"):
        return Shown("Connection problem or invalid MMI code.", False, session, path)
    return Shown(text[4:], text[:3] == "CON", session, path)


async def hang_up(request: web.Request, phone: str, session: str, path: str) -> None:
    """The handset closed the session."""
    form = {
        "sessionId": session,
        "phoneNumber": phone,
        "networkCode": "63902",
        "status": "Incomplete",
        "input": path,
        "serviceCode": request.app[APP].operator.ussd_code,
        "durationInMillis": "1000",
        "hopsCount": "1",
        "cost": "0",
        "date": request.app[APP].clock.now().isoformat(),
        "lastAppResponse": "",
        "errorMessage": "",
    }
    await _post(request, "ussd/end", form)


async def send_sms(request: web.Request, phone: str, text: str) -> bool:
    """A message from the handset to the operator's short code; False if it did not get through."""
    app = request.app[APP]
    form = {
        "from": phone,
        "to": short_code(app),
        "text": text,
        "id": secrets.token_hex(16),
        "date": app.clock.now().isoformat(),
        "linkId": secrets.token_hex(8),
        "networkCode": "63902",
    }
    status, _ = await _post(request, "sms", form)
    return status == 200


def short_code(app: App) -> str:
    """Whom the handset writes to."""
    return app.settings.africastalking_sender or app.operator.short_name


async def received(request: web.Request, phone: str) -> list[dict[str, Any]] | None:
    """The SMS that the provider's double delivered to this phone, oldest first; None where the provider is the real one."""
    base = request.app[APP].settings.africastalking_base_url
    if not is_loopback(urlsplit(base).hostname):
        return None
    try:
        async with request.app[HTTP].get(
            f"{base.rstrip('/')}/double/taken", params={"phone": phone, "kind": "sms"}
        ) as answer:
            rows = await answer.json() if answer.status == 200 else []
    except (aiohttp.ClientError, TimeoutError) as why:
        log.warning("the double did not answer", error=type(why).__name__)
        return []
    return [
        {
            "id": row["ref"],
            "text": row["what"],
            "from": row["sender"] or short_code(request.app[APP]),
            "at": row["at"],
        }
        for row in rows
    ]


async def prompts(request: web.Request, phone: str) -> list[dict[str, Any]]:
    """What stands on the handset to be paid with a PIN: asked of the sandbox provider, where that is the one in use."""
    rows = await _sandbox(request, "GET", f"prompts?phone={quote(phone)}")
    return [
        {"id": row["id"], "amount": money.show(row["amount_minor"], row["currency"]), "reference": row["reference"]}
        for row in rows or []
    ]


async def answer_prompt(request: web.Request, prompt_id: str, yes: bool) -> bool:
    """The customer enters their PIN (which no one but the handset sees), or cancels."""
    return await _sandbox(request, "POST", f"prompts/{quote(prompt_id, safe='')}", {"yes": yes}) is not None


async def _sandbox(request: web.Request, method: str, path: str, told: object = None) -> Any:
    settings = request.app[APP].settings
    if not is_loopback(urlsplit(settings.sandbox_base_url).hostname):
        return None
    headers = {"Authorization": f"Bearer {settings.sandbox_secret.get_secret_value()}"}
    url = f"{settings.sandbox_base_url.rstrip('/')}/v1/{path}"
    try:
        async with request.app[HTTP].request(method, url, json=told, headers=headers) as answer:
            return await answer.json() if answer.status == 200 else None
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None


async def _post(request: web.Request, door: str, form: Mapping[str, str]) -> tuple[int, str]:
    secret = hook_secrets.secret_of(request.app[APP].settings, "africastalking")
    try:
        async with request.app[HTTP].post(
            f"{_ourselves(request)}/hooks/africastalking/{secret}/{door}", data=form
        ) as answer:
            return answer.status, await answer.text()
    except (aiohttp.ClientError, TimeoutError) as why:
        log.warning("the network could not reach us", error=type(why).__name__)
        return 504, ""


def _ourselves(request: web.Request) -> str:
    host, port = (request.transport.get_extra_info("sockname") if request.transport else ("127.0.0.1", 80))[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
