"""What may happen to a conversation, and what a step of it may answer."""

import msgspec

from dialogs.answers import Answer
from dialogs.model import AnyLoad, Effect
from dialogs.session import Session


class Dialled(msgspec.Struct, frozen=True):
    """A conversation begins; `ahead` are answers that came along (a deep dial, the first text of an SMS)."""

    ahead: tuple[str, ...] = ()


class Typed(msgspec.Struct, frozen=True):
    """The customer answered what is on their screen."""

    text: str


class Late(msgspec.Struct, frozen=True):
    """The customer wrote it before what is on the screen was asked; it came afterwards."""

    text: str


class Answered(msgspec.Struct, frozen=True):
    """What the counter said to the last `Need`. Its `outcome` names what became of an effect, or the label of a fork."""

    answer: Answer


class ScreenReady(msgspec.Struct, frozen=True):
    """The turn is done: there is something new on the screen."""

    session: Session


class Need(msgspec.Struct, frozen=True):
    """The step stands still until this is answered."""

    session: Session
    run: AnyLoad | Effect[Answer]


Event = Dialled | Typed | Late | Answered
Step = ScreenReady | Need
