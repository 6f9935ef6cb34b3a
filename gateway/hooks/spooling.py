"""Which rooms keep what they are brought while the database is away, and how each takes it up again (`gateway/hooks/spool.py`).

Each of them may be brought the same thing twice: a message is claimed by the provider's id, a report and a payment event by its key.
USSD is not kept: its answer is the screen, and a screen that comes later is nobody's.
"""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from aiohttp import web

from channels.contract import NumberChange, SimChange
from core.message import Delivery, Inbound, OptOut
from gateway.app_keys import APP, CHECKS, SPOOL
from gateway.hooks import channels, payments
from gateway.hooks.spool import Spool
from gateway.pages import chat


def open_spool(app: web.Application, folder: Path) -> Spool:
    """Put the spool on the desk, with every room that keeps."""
    hodi = app[APP]
    spool = app[SPOOL] = Spool(folder, hodi.clock, hodi.db.answers, hodi.settings.secret_key.get_secret_value())
    spool.opens("hook", partial(channels.take_in, app), Inbound, Delivery, OptOut, SimChange, NumberChange)
    spool.opens("payment", partial(payments.take_in, hodi), payments.ProviderEvents)
    spool.opens("chat", partial(chat.take_in, app), Inbound)
    return spool


async def keeping(app: web.Application) -> AsyncIterator[None]:
    """Cleanup context: what waits is taken up while the app runs. After `opened`, whose channels it needs."""
    spool = open_spool(app, Path(app[APP].settings.spool_path))
    app[CHECKS]["spool"] = spool.told
    async with spool.drained():
        yield
