"""USSD through Africa's Talking: the only place where `CON` and `END` are written.

The provider posts a form for every step and shows what we answer. Its `text` is everything typed so far, joined by `*`; there
is no id of a step, so the session compares it with what it stored (`new_input`): a `*` the customer typed is no separator, and
a repeated request has nothing new. Nothing that was typed is logged here, because a PIN may be among it.
Source: the provider's pages on USSD, and bodies in tests/channels/payloads.
"""

from channels.contract import BySession, ChannelRow, Door, Event, Malformed, Page, RawRequest
from channels.form import clean, fields, optional, required, too_long
from channels.paging import USSD, Budget, pages
from core.message import Inbound, Screen
from core.phone import from_provider

LONGEST_TEXT = 4096
"""Characters of the cumulative text. A session of three minutes cannot honestly grow longer."""


class AfricasTalkingUssd(BySession):
    """The channel `ussd`. `budget` is the operator's own where its network allows more or less."""

    name = "ussd"

    def __init__(self, budget: Budget = USSD) -> None:
        self.budget = budget
        self.doors = (
            Door("POST", "/hooks/africastalking/{secret}/ussd", parse),
            Door("POST", "/hooks/africastalking/{secret}/ussd/end", parse_end, answer=lambda _: "OK"),
        )

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """The screen as pages within the network's budget."""
        return pages(screen, self.budget)

    def render(self, screen: Screen, page: Page) -> str:
        """`CON` keeps the session open for an answer, `END` closes it; a page with more to come never closes it."""
        return render(screen, page)

    def continues(self, stored: str, inbound: Inbound) -> str | None:
        """What was typed since."""
        return new_input(stored, inbound.text)


def parse(received: RawRequest) -> list[Event]:
    """One step of a session: `sessionId, phoneNumber, serviceCode, text` (and `networkCode`, which we do not need)."""
    read = fields(received.body)
    session, phone = required(read, "sessionId"), _phone(read)
    service = required(read, "serviceCode")
    text = read.get("text")
    if text is None:
        raise Malformed("field.missing", "The field text is missing.")
    if len(text) > LONGEST_TEXT:
        raise too_long("text", LONGEST_TEXT)
    return [Inbound("ussd", phone, clean(text), "text" if text else "new", phone, None, session, service)]


def parse_end(received: RawRequest) -> list[Event]:
    """How a session ended: `status` is Success, Incomplete or Failed, which says nothing about any payment.

    `input` (everything typed, a PIN perhaps) and `lastAppResponse` (a balance perhaps) are left unread.
    """
    read = fields(received.body)
    names = {
        "status": "status",
        "cost": "cost",
        "durationInMillis": "milliseconds",
        "hopsCount": "hops",
        "errorMessage": "error",
    }
    details = {ours: value for theirs, ours in names.items() if (value := optional(read, theirs, 1000))}
    required(read, "status")
    session, phone = required(read, "sessionId"), _phone(read)
    return [Inbound("ussd", phone, "", "end", phone, None, session, read.get("serviceCode") or None, None, details)]


def render(screen: Screen, page: Page) -> str:
    """The body of the answer, text/plain, in characters that every encoder takes."""
    return ("END " if screen.ends and page.more is None else "CON ") + clean(page.text)


def new_input(stored: str, text: str) -> str | None:
    """What the customer typed since the stored cumulative text; None when nothing is new (a retry, a late repeat).

    `stored` is "" at the start of a session: then the whole text is new, and is a deep dial if it was the first hit.
    An answer sent empty is new too: "". A text that does not continue the stored one comes from a network that sends the
    last answer only, and is new as it stands.
    """
    if text == stored or not text or stored.startswith(text + "*"):
        return None
    if stored and text.startswith(stored + "*"):
        return text[len(stored) + 1 :]
    return text


def _phone(read: dict[str, str]) -> str:
    phone = from_provider(required(read, "phoneNumber"))
    if phone is None:
        raise Malformed("phone.not_a_number", "The field phoneNumber is no phone number in international form.")
    return phone


ROW = ChannelRow("ussd", "africastalking", (), lambda _tools: AfricasTalkingUssd())
