"""`POST /quote`: what would I pay? The calculator prices with the very code that bills; anybody may ask, within bounds."""

import asyncio
import re

from aiohttp import web
from pydantic import BaseModel

from core.catalog import queries, quote_json
from core.errors import BadInput
from core.rating.errors import CannotRate
from gateway.address import limited_by
from gateway.admin.described import described
from gateway.admin.json import respond
from gateway.admin.throttle import Throttle
from gateway.app_keys import APP

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
LARGEST = 256 * 1024
THROTTLE = Throttle(burst=20, per_seconds=10)


class Quoted(BaseModel):
    """Every number is a decimal text; `lines` in bill order."""

    currency: str
    lines: list[dict[str, str]]
    total: str


@described(summary="Price usage on a tariff", answer=Quoted)
async def price(request: web.Request) -> web.Response:
    """POST /quote: the contract's quote with `"tariff": CODE`."""
    if not THROTTLE.allows(limited_by(request)):
        raise web.HTTPTooManyRequests(text="Too many questions at once: wait a few seconds and ask again.")
    if (request.content_length or 0) > LARGEST:
        raise web.HTTPRequestEntityTooLarge(max_size=LARGEST, actual_size=request.content_length or 0)
    app = request.app[APP]
    try:
        asked = quote_json.load(await request.text())
        since, until = quote_json.period_of(asked)
        async with app.db.reading() as conn:
            versions = await queries.versions_between(conn, _code(asked.pop("tariff", None)), since, until)
        answer = await asyncio.to_thread(quote_json.answered, versions, asked)
    except (CannotRate, BadInput, UnicodeDecodeError) as wrong:
        raise web.HTTPBadRequest(text=str(wrong)) from None
    return respond(answer)


def _code(given: object) -> str:
    if not isinstance(given, str) or not CODE.fullmatch(given):
        raise CannotRate("tariff", f"{str(given)[:40]!r} is no tariff", 'write "tariff" and the code of one')
    return given


def routes() -> list[web.AbstractRouteDef]:
    """The calculator."""
    return [web.post("/quote", price)]
