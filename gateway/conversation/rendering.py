"""How a turn is drawn: the screen that needs the fewest pages, and the polite last word when a turn went wrong."""

import logging
import secrets
import traceback

from channels.contract import Channel, Page
from core.db.engine import AWAY
from core.message import Inbound, Screen
from dialogs.book import FlowBook

log = logging.getLogger("hodi.turn")


def fewest_pages(candidates: list[Screen], channel: Channel) -> tuple[Screen, tuple[Page, ...]]:
    """The first of these screens that needs no more pages than the shortest of them."""
    laid = [(one, channel.lay_out(one)) for one in candidates]
    fewest = min(len(pages) for _, pages in laid)
    return next(one for one in laid if len(one[1]) == fewest)


def sorry(book: FlowBook, inbound: Inbound, channel: Channel, why: Exception, lang: str) -> str:
    """A polite last word, and a line in the log that names no one and repeats nothing."""
    reference = secrets.token_hex(3).upper()
    if isinstance(why, AWAY):
        log.error("turn %s on %s: %s", reference, inbound.channel, type(why).__name__)
        text = book.say(lang, "talk.busy")
    else:
        frames = "\n".join(f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(why.__traceback__))
        log.error("turn %s on %s: %s\n%s", reference, inbound.channel, type(why).__name__, frames)
        text = book.say(lang, "talk.sorry", {"reference": reference})
    return channel.render(Screen(text, ends=True), Page(text))
