"""JSON out: decimals are written digit by digit and never pass through a float; ids are texts."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from core import money

_encode = msgspec.json.Encoder(decimal_format="number").encode


def respond(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(body=_encode(value), status=status, headers=headers, content_type="application/json")


def amount(minor: int, currency: str) -> dict[str, Any]:
    """Money as TM Forum writes it: `{"unit": "KES", "value": 123.45}`."""
    return {"unit": currency, "value": money.decimal(minor, currency)}
