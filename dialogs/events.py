"""What may happen to a conversation, and what a step of it may answer."""

import msgspec

from dialogs.model import Effect, Load, Values
from dialogs.session import Session


class Dialled(msgspec.Struct, frozen=True):
    """A conversation begins; `ahead` are answers that came along (a deep dial, the first text of an SMS)."""

    ahead: tuple[str, ...] = ()


class Typed(msgspec.Struct, frozen=True):
    """The customer answered what is on her screen."""

    text: str


class Late(msgspec.Struct, frozen=True):
    """The customer wrote it before what is on the screen was asked; it came afterwards."""

    text: str


class Answered(msgspec.Struct, frozen=True):
    """What the counter said to the last `Need`. Its `is` names the outcome of an effect, or the label of a fork."""

    values: Values


class ScreenReady(msgspec.Struct, frozen=True):
    """The turn is done: there is something new on the screen."""

    session: Session


class Need(msgspec.Struct, frozen=True):
    """The step stands still until this is answered."""

    session: Session
    run: Load | Effect


Event = Dialled | Typed | Late | Answered
Step = ScreenReady | Need
