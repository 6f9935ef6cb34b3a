"""A campaign: one template to one segment at one time. Values and the rules that need no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import text
from core.errors import Refused

FIELDS = frozenset({"operator", "ussd"})
"""What a campaign's words may name; everything personal belongs into a notice."""

MOVES = {
    "planned": frozenset({"running", "cancelled"}),
    "running": frozenset({"paused", "cancelled", "done"}),
    "paused": frozenset({"running", "cancelled"}),
    "cancelled": frozenset[str](),
    "done": frozenset[str](),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """Who is meant; a condition that is None does not narrow."""

    branch: str | None = None
    """A branch's code."""
    language: str | None = None
    owing: bool | None = None
    """True: something is open and undisputed; False: nothing is."""
    customers: str | None = None
    """The account's segment: residential, business ..."""

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it stands. `chosen`: how many were put into the outbox so far."""

    id: int
    name: str
    texts: Mapping[str, str]
    segment: Segment
    channel: str
    starts_at: datetime
    state: str
    last_contact_id: int
    chosen: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is: `left` are chosen and not settled yet, `states` what became of the others."""

    state: str
    chosen: int
    left: int
    states: Mapping[str, int]


def checked(texts: Mapping[str, str]) -> dict[str, str]:
    """The words if they can be sent: a known language each, no field we do not have, not empty."""
    if not texts:
        raise Refused("campaign.no_words", status=400)
    for lang, words in texts.items():
        if lang not in text.LANGUAGES or not words.strip():
            raise Refused("campaign.language", status=400, language=lang)
        try:
            strange = text.fields(words) - FIELDS
        except ValueError:
            strange = frozenset({words})
        if strange:
            raise Refused("campaign.field", status=400, field=", ".join(sorted(strange)))
    return dict(texts)
