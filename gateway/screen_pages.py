"""The page of a screen that a customer is on: of the ways in which the screen may be said, one that takes no more pages than it has to;
and the last words where nothing can be shown."""

import logging
import secrets
import traceback

from channels.contract import Channel, Page
from core.db import AWAY
from core.message import Screen
from dialogs.book import Book
from dialogs.session import Session

log = logging.getLogger("hodi.turn")


def draw(session: Session, channel: Channel, candidates: list[Screen]) -> str:
    """The page as its channel writes it; the session learns what turns it."""
    shown, pages = fewest_pages(candidates, channel)
    session.page = max(0, min(session.page, len(pages) - 1))
    page = pages[session.page]
    session.more, session.behind = page.more or "", page.back or ""
    return channel.render(shown, page)


def fewest_pages(candidates: list[Screen], channel: Channel) -> tuple[Screen, tuple[Page, ...]]:
    """The first of these screens that needs no more pages than the shortest of them."""
    laid = [(one, channel.lay_out(one)) for one in candidates]
    fewest = min(len(pages) for _, pages in laid)
    return next(one for one in laid if len(one[1]) == fewest)


def last_words(book: Book, channel: str, why: Exception, lang: str) -> tuple[Screen, Page]:
    """What a customer hears when a turn went wrong; the log gets kind and place under the reference that they hear, and no word of theirs."""
    reference = secrets.token_hex(3).upper()
    if isinstance(why, AWAY):
        log.error("turn %s on %s: %s", reference, channel, type(why).__name__)
        text = book.say(lang, "talk.busy")
    else:
        frames = "\n".join(f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(why.__traceback__))
        log.error("turn %s on %s: %s\n%s", reference, channel, type(why).__name__, frames)
        text = book.say(lang, "talk.sorry", {"reference": reference})
    return Screen(text, ends=True), Page(text)
