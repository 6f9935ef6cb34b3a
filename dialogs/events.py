"""What may happen to a conversation, and what a step of it may answer."""

from dataclasses import dataclass

from dialogs.model import Effect, Load, Values
from dialogs.session import Session


@dataclass(frozen=True, slots=True)
class Dialled:
    """A conversation begins; `ahead` are answers that came along (a deep dial, the first text of an SMS)."""

    ahead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """The customer answered what is on her screen."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What the counter said to the last `Need`. Its `is` names the outcome of an effect, or the label of a fork."""

    values: Values


@dataclass(frozen=True, slots=True)
class Told:
    """The turn is done: there is something new on the screen."""

    session: Session


@dataclass(frozen=True, slots=True)
class Need:
    """The step stands still until this is answered."""

    session: Session
    run: Load | Effect


Event = Dialled | Typed | Answered
Step = Told | Need
