"""How a turn is drawn: the screen that needs the fewest pages, and the polite last word when a turn went wrong."""

import secrets

import structlog

from channels.contract import Channel, Page
from core.db.engine import AWAY
from core.message import Inbound, Screen
from dialogs.book import FlowBook
from gateway.logs import frames_of

log = structlog.get_logger()


def fewest_pages(candidates: list[Screen], channel: Channel) -> tuple[Screen, tuple[Page, ...]]:
    """The first of these screens that needs no more pages than the shortest of them."""
    laid = [(one, channel.lay_out(one)) for one in candidates]
    fewest = min(len(pages) for _, pages in laid)
    return next(one for one in laid if len(one[1]) == fewest)


def sorry(book: FlowBook, inbound: Inbound, channel: Channel, why: Exception, lang: str) -> str:
    """A polite last word, and a line in the log that names no one and repeats nothing."""
    reference = secrets.token_hex(3).upper()
    if isinstance(why, AWAY):
        log.error("turn.away", reference=reference, channel=inbound.channel, error=type(why).__name__)
        text = book.say(lang, "talk.busy")
    else:
        place = {"error": type(why).__name__, "frames": frames_of(why)}
        log.error("turn.broke", reference=reference, channel=inbound.channel, **place)
        text = book.say(lang, "talk.sorry", {"reference": reference})
    return channel.render(Screen(text, ends=True), Page(text))
