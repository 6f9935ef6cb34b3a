"""The body of a request as a value: decimals digit by digit, whatever is wrong in words."""

from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from gateway.admin import scrub
from gateway.admin.tmf.resource import bad

B = TypeVar("B", bound=BaseModel)
LONGEST_KEY = 150


async def raw(request: web.Request) -> Any:
    """The JSON of the body; 400 when it is none."""
    try:
        return await request.json(loads=scrub.loads)
    except (ValueError, RecursionError):
        raise bad("The body must be JSON.") from None


async def read(request: web.Request, model: type[B]) -> B:
    """The body as a `model`; 400 names what is wrong."""
    try:
        return model.model_validate(await raw(request))
    except ValidationError as why:
        first = why.errors()[0]
        raise bad(f"{'.'.join(str(part) for part in first['loc']) or 'body'}: {first['msg']}.") from None


def key_of(request: web.Request, external_id: str | None, actor: str) -> str:
    """The caller's own key of this request, which makes a repeat harmless: 400 without one."""
    key = request.headers.get("Idempotency-Key") or external_id or ""
    if not 0 < len(key) <= LONGEST_KEY:
        raise bad(f"Send an Idempotency-Key of 1 to {LONGEST_KEY} letters, so that a repeat does nothing twice.")
    return f"{actor}:{key}"
