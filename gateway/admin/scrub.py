"""Card numbers are blotted out at the edge, whoever types them: a clerk in a form, a machine in its JSON, a file by its name.

What customers type is looked at where it is heard (`dialogs/input.py`), because it has to be answered.
"""

import json
from decimal import Decimal
from typing import Any

from aiohttp import web
from multidict import MultiDict, MultiDictProxy

from core.card_numbers import scrubbed, without_cards

HEARD = ("/me/ask", "/hooks/")
"""Forms that a customer speaks by."""


def form(request: web.Request, told: "MultiDictProxy[Any]") -> None:
    """The form that has been read, as every page finds it from now on."""
    if request.path.startswith(HEARD):
        return
    clean: MultiDict[Any] = MultiDict((name, _clean(name, value)) for name, value in told.items())
    request._post = MultiDictProxy(clean)  # what `post()` gives back once it has read; there is no public way to it


def _clean(name: str, value: Any) -> Any:
    if isinstance(value, web.FileField):
        named = without_cards(value.filename)
        return web.FileField(value.name, named, value.file, value.content_type, value.headers)
    return scrubbed(value, name)


def loads(text: str | bytes) -> Any:
    """JSON, with decimals digit by digit."""
    return scrubbed(json.loads(text, parse_float=Decimal))
