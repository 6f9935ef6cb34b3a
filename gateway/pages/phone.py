"""The phone page: a handset that dials, its SMS inbox and the web chat side by side, on the real webhooks. For one's own desk only.

Whoever opens it can be any customer. It therefore exists only where the operator switched it on, refuses to start on anything
but loopback, and answers loopback alone; no secret of ours reaches the page.
"""

import secrets
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

import aiohttp
from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BadInput
from core.overview.callers import callers
from core.overview.messages import sms_of
from gateway.address import from_this_machine
from gateway.admin.auth import same_origin
from gateway.admin.described import Handler, described
from gateway.admin.json import respond
from gateway.app_keys import APP
from gateway.pages import network
from gateway.pages.chat import with_visitor
from gateway.pages.page import page_language, render

CAST = 12
Phone = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
Session = Annotated[str, Field(pattern=r"^ATUid_[0-9a-f]{32}$")]
Path = Annotated[str, Field(max_length=2000)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    phone: Phone


class DialRequest(_Asked):
    """The call key, with what was typed."""

    code: Annotated[str, Field(max_length=200)]


class HandsetAnswer(_Asked):
    """An answer within a session; `path` is everything typed before, as the network keeps it."""

    session: Session
    path: Path
    answer: Path


class HangUp(_Asked):
    """The red key."""

    session: Session
    path: Path


class Sms(_Asked):
    """A message to the operator."""

    text: Annotated[str, Field(min_length=1, max_length=1600)]


class Prompt(_Asked):
    """The answer to a payment prompt. The PIN stays in the handset."""

    prompt: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    yes: bool


A = TypeVar("A", bound=_Asked)


@described(summary="The phone page")
async def phone(request: web.Request) -> web.Response:
    """GET /phone."""
    app = request.app[APP]
    async with app.db.reading() as conn:
        cast = await callers(conn, CAST)
    sender = network.short_code(app)
    return await with_visitor(
        request, render(request, "phone.html", lang=page_language(request), cast=cast, sender=sender)
    )


@described(summary="DialRequest from the phone page", body=DialRequest)
async def dial(request: web.Request) -> web.Response:
    """POST /phone/dial."""
    question = await _read(request, DialRequest)
    ours = network.split_code(question.code, request.app[APP].operator.ussd_code)
    session = f"ATUid_{secrets.token_hex(16)}"
    if ours is None:
        return respond(asdict(network.Shown("Connection problem or invalid MMI code.", False, session, "")))
    return respond(asdict(await network.step(request, question.phone, session, ours[1])))


@described(summary="HandsetAnswer from the phone page", body=HandsetAnswer)
async def answer(request: web.Request) -> web.Response:
    """POST /phone/answer."""
    asked = await _read(request, HandsetAnswer)
    path = f"{asked.path}*{asked.answer}" if asked.path else asked.answer
    return respond(asdict(await network.step(request, asked.phone, asked.session, path)))


@described(summary="Hang up from the phone page", body=HangUp)
async def hang_up(request: web.Request) -> web.Response:
    """POST /phone/hangup."""
    question = await _read(request, HangUp)
    await network.hang_up(request, question.phone, question.session, question.path)
    return respond({})


@described(summary="Send an SMS from the phone page", body=Sms)
async def sms(request: web.Request) -> web.Response:
    """POST /phone/sms."""
    question = await _read(request, Sms)
    return respond({"sent": await network.send_sms(request, question.phone, question.text)})


@described(summary="The SMS inbox of the phone page", query=(("phone", "whose inbox, in E.164"),))
async def inbox(request: web.Request) -> web.Response:
    """GET /phone/inbox: what arrived and what was sent, oldest first; and what stands there to be paid."""
    asked = _checked(_Asked, {"phone": request.query.get("phone", "")})
    async with request.app[APP].db.reading() as conn:
        log = await sms_of(conn, asked.phone)
    sent = [message for message in log if message["side"] == "out"]
    arrived = [{**message, "side": "in"} for message in await network.received(request, asked.phone) or ()]
    first = min((str(message["at"]) for message in arrived), default="9")
    fresh = {message["text"] for message in arrived}
    before = [one for one in log if one["side"] == "in" and one["at"] < first and one["text"] not in fresh]
    merged: list[dict[str, Any]] = before + arrived + sent
    messages = sorted(merged, key=lambda message: str(message["at"]))
    return respond({"messages": messages, "prompts": await network.prompts(request, asked.phone)})


@described(summary="HandsetAnswer a payment prompt on the phone page", body=Prompt)
async def prompt(request: web.Request) -> web.Response:
    """POST /phone/prompt."""
    question = await _read(request, Prompt)
    return respond({"taken": await network.answer_prompt(request, question.prompt, question.yes)})


async def _read(request: web.Request, model: type[A]) -> A:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="The phone page speaks JSON.")
    try:
        return _checked(model, await request.json())
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="This is not what the phone page sends.") from None


def _checked(model: type[A], told: object) -> A:
    try:
        return model.model_validate(told)
    except ValidationError as why:
        fields = ", ".join(str(error["loc"][0]) for error in why.errors() if error["loc"])
        raise web.HTTPBadRequest(text=f"Not understood: {fields or 'the body'}.") from None


@web.middleware
async def at_home(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only this machine, by its own name, and only from our own page: a page elsewhere must not be able to dial."""
    if request.path == "/phone" or request.path.startswith("/phone/"):
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if not (from_this_machine(request) and network.is_loopback(host) and same_origin(request)):
            raise web.HTTPForbidden(text="The phone page is for the machine it runs on.")
        if request.method == hdrs.METH_POST and request.headers.get(hdrs.ORIGIN) is None:
            raise web.HTTPForbidden(text="The phone page is for browsers.")
    return await handler(request)


def routes() -> list[web.RouteDef]:
    """The page and what it asks for."""
    return [
        web.get("/phone", phone),
        web.get("/phone/inbox", inbox),
        web.post("/phone/dial", dial),
        web.post("/phone/answer", answer),
        web.post("/phone/hangup", hang_up),
        web.post("/phone/sms", sms),
        web.post("/phone/prompt", prompt),
    ]


def setup(app: web.Application, host: str) -> None:
    """Add the page if it is switched on; refuses to start if it could be reached from elsewhere. `host`: what we bind to."""
    if not app[APP].settings.phone_page:
        return
    if not network.is_loopback(host):
        raise BadInput(
            "HODI_PHONE_PAGE",
            f"the phone page lets anybody be any customer, and {host} can be reached from elsewhere.",
            "Bind to 127.0.0.1, or switch the page off.",
        )
    app.middlewares.append(at_home)
    app.add_routes(routes())
    app.cleanup_ctx.append(_http)


async def _http(app: web.Application) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(timeout=network.PATIENCE) as session:
        app[network.HTTP] = session
        yield
