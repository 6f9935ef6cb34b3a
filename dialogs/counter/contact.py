"""How we may speak to a contact: the language, STOP and START, offers; and somebody who would like an account."""

from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.parties import consent as consents
from core.parties import contacts, senders
from core.parties import interest as interests
from dialogs.answers import DONE, Answer, ListAnswer, ListRow
from dialogs.counter.common import contact_of
from dialogs.intents import find
from dialogs.model import CounterRequest
from dialogs.values import Text, word

NAMES = {"en": "English", "sw": "Kiswahili", "ha": "Hausa", "fr": "Francais", "vi": "Tieng Viet", "nl": "Nederlands"}
"""Each language in its own words."""


class LanguageRow(ListRow, frozen=True):
    """A language in its own words."""

    name: str


class Languages(ListAnswer, frozen=True):
    """The languages of this house."""

    rows: tuple[LanguageRow, ...]


class Speaks(Answer, frozen=True):
    """The language from the next screen on."""

    lang: str


class Stopped(Answer, frozen=True):
    """Of everything (`done`), or of one `sender` alone."""

    sender: str | UnsetType = UNSET


class Consent(Answer, frozen=True):
    """What a contact agreed to hear from us, and what can be changed."""

    state: Text
    on: bool
    off: bool
    offers: bool
    no_offers: bool


class OffersSet(Answer, frozen=True):
    """What they agreed to from now on."""

    state: Text


async def languages(_conn: AsyncConnection, context: Context, _request: CounterRequest) -> Languages:
    """The languages this house speaks."""
    return Languages(tuple(LanguageRow(lang, NAMES.get(lang, lang)) for lang in context.operator.languages))


async def set_language(conn: AsyncConnection, _context: Context, request: CounterRequest) -> Speaks:
    """From the next screen on, and in every notice."""
    lang = str(request.data["language"])
    await contacts.set_language(conn, contact_of(request), lang)
    return Speaks(lang)


async def stop(conn: AsyncConnection, context: Context, request: CounterRequest) -> Stopped:
    """Nothing but what the law demands, until START: from the number they wrote to, if that is one that sends by itself."""
    sender = _sender(context, request)
    word_said, contact_id = _word(request), contact_of(request)
    await consents.stop(
        conn, context, contact_id, sender=sender, channel=request.channel, word=word_said, at=request.at
    )
    return Stopped(sender, outcome="sender") if sender else Stopped()


async def start(conn: AsyncConnection, context: Context, request: CounterRequest) -> Answer:
    """Messages again, from the number they wrote to or from all."""
    sender = _sender(context, request)
    word_said, contact_id = _word(request), contact_of(request)
    await consents.start(
        conn, context, contact_id, sender=sender, channel=request.channel, word=word_said, at=request.at
    )
    return DONE


def _sender(context: Context, request: CounterRequest) -> str | None:
    if request.traits.synchronous or not request.traits.cellular or not request.service:
        return None
    return senders.meant_by(context, request.service)


def _word(request: CounterRequest) -> str:
    """The word itself, or `menu` where it was chosen from one."""
    if request.data.get("said"):
        return str(request.data["said"])  # it was asked back
    intent = find(request.typed)
    return request.typed if intent and intent.everywhere else "menu"


async def consent(conn: AsyncConnection, _context: Context, request: CounterRequest) -> Consent:
    """What this contact agreed to hear from us."""
    contact = await contacts.by_id(conn, request.contact_id or 0)
    if contact is None:
        raise Refused("choose.gone")
    stopped = contact.stopped_at is not None
    some = bool(await consents.stops_of(conn, [contact.id]))
    state = "stopped" if stopped else "all" if contact.marketing else "own"
    return Consent(
        state=word(f"consent.{state}"),
        on=not stopped,
        off=stopped or some,
        no_offers=contact.marketing and not stopped,
        offers=not contact.marketing and not stopped,
    )


async def set_offers(conn: AsyncConnection, context: Context, request: CounterRequest) -> OffersSet:
    """News and offers: yes or no. Bills, reminders and outages are not touched by it."""
    wants = bool(request.data["wants_offers"])
    contact_id = request.contact_id or 0
    await consents.set_marketing(conn, context, contact_id, wanted=wants, channel=request.channel, word="menu")
    return OffersSet(word("consent.all" if wants else "consent.own"))


async def register_interest(conn: AsyncConnection, context: Context, request: CounterRequest) -> Answer:
    """Somebody would like an account: the branch calls back."""
    name, place = str(request.data["name"]), str(request.data["place"])
    new = await interests.register(conn, context, contact_of(request), name, place, request.key)
    return DONE if new else Answer(outcome="already")
