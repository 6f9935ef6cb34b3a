"""JSON out: decimals are written digit by digit and never pass through a float; ids are texts."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

_encode = msgspec.json.Encoder(decimal_format="number").encode


def respond(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(body=_encode(value), status=status, headers=headers, content_type="application/json")
