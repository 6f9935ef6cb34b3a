"""What an operator sets about messages: when they leave, how many, by which way first, and which of its providers sends which SMS."""

from datetime import time
from typing import Annotated, Literal

from pydantic import Field

from core.config.payments import Section


class Notices(Section):
    """When the notices leave: reminders so many days before the due day, and nothing in the quiet hours."""

    reminder_days: Annotated[int, Field(ge=0, le=30)] = 3
    reminder_holdout: Annotated[int, Field(ge=0, le=50)] = 0
    """So many of a hundred accounts get no reminders, so that it can be seen what reminders are worth. 0: all get them."""
    quiet_from: time = time(20, 0)
    quiet_until: time = time(8, 0)
    urgent: tuple[str, ...] = ()
    """Notices that wait for no morning, by the beginning of their name: `[notice.formal, notice.failed]`."""
    per_second: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """Messages a second that the operator's contract allows, by channel: `{sms: 50}`. No entry: as fast as it goes."""
    order: tuple[Literal["sms", "whatsapp", "telegram", "webchat", "email"], ...] = (
        "sms",
        "whatsapp",
        "telegram",
        "webchat",
        "email",
    )
    """Which way a customer of several is told first, and which way next when that failed."""
    whatsapp_templates: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Notices that Meta approved as templates, with the fields their places take in order: `{notice.ready.pay: [amount, date, link]}`.
    The template is named like the notice with `_` for `.`, in each language. Others go by WhatsApp only within 24 hours of her word."""
    campaigns_per_week: Annotated[int, Field(ge=1)] = 3
    """No customer gets more campaigns than so many in any seven days, whoever planned them."""
    prices: dict[str, Annotated[str, Field(pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?$")]] = Field(default_factory=dict)
    """What a message costs where the provider does not say, in the operator's currency: `{sms: "0.80", whatsapp.utility: "0.55"}`."""
    plain_letters: bool = False
    """On phones write letters beyond GSM-7 in their plain spelling where it saves room (Vietnamese without accents)."""


MessageKind = Literal["code", "reply", "notice", "campaign"]


class Route(Section):
    """One way an SMS may go. Of those that fit a message the first in the list sends, or the next while that provider is out of order."""

    provider: str
    """As in the table of channels: `africastalking`, `kannel`."""
    prefixes: tuple[Annotated[str, Field(pattern=r"^\+[1-9]\d{0,13}$")], ...] = ()
    """Only numbers that begin so; none: all."""
    kinds: tuple[MessageKind, ...] = ()
    """Only these messages; none: all."""
    sender: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    """What its messages come from; none: what the provider's own settings say."""
    answers: tuple[str, ...] = ()
    """Numbers that customers write to and this provider answers from. STOP written to one of them is meant for `sender`."""


class SmsSettings(Section):
    """Which provider sends which SMS, when several are open. Without routes the first in the table of channels sends all."""

    routes: tuple[Route, ...] = ()
    receives: tuple[str, ...] = ()
    """Short codes, numbers and names of ours that customers write to; what was written to others is not for us. None: all that we are brought."""
