"""Why a message did not leave or did not arrive: values that say whether to try again, whom to alarm, and a plain sentence.

Retry policy is data, decided once here; each provider's file maps its own codes to these values. Each is one of the outcomes of a remote
system: refused for good, not reached (surely not taken, whoever said so), or unknown.
"""

from dataclasses import dataclass
from typing import Literal

from core.message import Sent
from core.text import say


@dataclass(frozen=True, slots=True)
class SendError:
    """One kind of failure.

    `retry`: the same message may leave later. `alert`: only the operator's staff can mend it. `uncertain`: it may have gone
    out, so whoever sent it decides (a statutory notice is sent again, marketing and money never).
    """

    code: str
    retry: bool = False
    alert: bool = False
    uncertain: bool = False

    @property
    def state(self) -> Literal["refused", "not_reached", "unknown"]:
        """As in `Sent.state`."""
        if self.uncertain:
            return "unknown"
        return "not_reached" if self.retry else "refused"

    def sentence(self, lang: str = "en") -> str:
        """For the clerk who looks into a message that did not arrive."""
        return say(lang, f"channels.error.{self.code}")

    def sent(self, key: str, word: str | None = None, after: int | None = None) -> Sent:
        """The fate of one notice; `word` is the provider's own word, kept for the investigation, `after` how long it wants us to wait."""
        return Sent(key, self.state, reason=self.code, details={"told": word[:200]} if word else {}, after=after)


INVALID_NUMBER = SendError("invalid_number")
UNSUPPORTED_NUMBER = SendError("unsupported_number")
UNKNOWN_SUBSCRIBER = SendError("unknown_subscriber")
OPTED_OUT = SendError("opted_out")
INACTIVE = SendError("inactive")
SUSPENDED = SendError("suspended")
NOT_SUBSCRIBED = SendError("not_subscribed")
ABSENT = SendError("absent", retry=True)
EXPIRED = SendError("expired")
NO_ROUTE = SendError("no_route", alert=True)
HELD = SendError("held", alert=True)
BAD_SENDER = SendError("bad_sender", alert=True)
NO_CREDIT = SendError("no_credit", retry=True, alert=True)
CUSTOMER_NO_CREDIT = SendError("customer_no_credit")
WRONG_KEY = SendError("wrong_key", retry=True, alert=True)
TOO_FAST = SendError("too_fast", retry=True)
PROVIDER_BUSY = SendError("provider_busy", retry=True)
NOT_REACHED = SendError("not_reached", retry=True)
REJECTED = SendError("rejected")
UNDELIVERED = SendError("undelivered")
NO_ANSWER = SendError("no_answer", uncertain=True)
NOT_SAID = SendError("not_said", uncertain=True)
DUPLICATE = SendError("duplicate", uncertain=True)
BLOCKED = SendError("blocked")
WINDOW_CLOSED = SendError("window_closed")
TEMPLATE = SendError("template", alert=True)
TOO_LONG = SendError("too_long", alert=True)
CANNOT_START = SendError("cannot_start")


def from_http(status: int) -> SendError:
    """What an HTTP status alone says about a message, where the body says nothing.

    A plain server error may come after the message was taken; only 503 promises that it was not.
    """
    if status in (401, 403):
        return WRONG_KEY
    if status == 429:
        return TOO_FAST
    if status == 503:
        return PROVIDER_BUSY
    return NO_ANSWER if status >= 500 else REJECTED
