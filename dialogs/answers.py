"""What the counter answers: frozen values, one class a question. Their fields are all that a flow may keep and that its texts may name;
`dialogs/check_answers.py` proves both before anybody calls.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from dialogs.session import SessionContact


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an effect, or which way a fork goes; subclasses add what is told. An effect's is kept under its key, as plain JSON.

    A field that an effect leaves `UNSET` leaves the talk as it was.
    """

    outcome: str = msgspec.field(default="done", name="is")


DONE = Answer()
DOWN = Answer(outcome="down")
"""The database is away: what was asked did not happen."""


class Refusal(Answer, frozen=True):
    """It cannot be, and why, in the customer's language."""

    why: str


def refusal(why: str) -> Refusal:
    """A refusal in these words."""
    return Refusal(why, outcome="refused")


class ListRow(msgspec.Struct, frozen=True):
    """One line of a list; subclasses add the fields of its text."""

    value: Any
    """What is kept of a choice: plain JSON."""


class ListAnswer(Answer, frozen=True):
    """A list to choose from."""

    rows: Sequence[ListRow]


class Identified(Answer, frozen=True):
    """Who is calling, as the session will know them: `known`, or `new`."""

    who: SessionContact | UnsetType = UNSET
    lang: str | UnsetType = UNSET
    medium: str | UnsetType = UNSET
    proven: bool | UnsetType = UNSET
    account_id: int | UnsetType | None = UNSET
    """The only account is chosen at once."""
