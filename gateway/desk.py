"""What the gateway's rooms find on the desk: the keys under which the composition root (`gateway/app.py`) puts things.

Every page and webhook module exposes `routes() -> list[web.AbstractRouteDef]`; the route table stands in `app.py`.
"""

from aiohttp import web

from core.house import House

HOUSE: web.AppKey[House] = web.AppKey("house", House)
