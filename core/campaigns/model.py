"""A campaign: one template, or two to see which works, to one segment at one time. Values and the rules that need no database.

Who gets which wording, and who is left out to compare with, follows from the campaign and the contact alone: a feeder that is killed and
begins again decides the same.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from core import text
from core.errors import Refused

FIELDS = frozenset({"operator", "ussd"})
"""What a campaign's words may name; everything personal belongs into a notice."""

NONE = "none"
"""The arm of those who are left out."""
MOST_LEFT_OUT = 50
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
    texts_b: Mapping[str, str] | None = None
    holdout_percent: int = 0
    window_from: str | None = None
    window_until: str | None = None
    per_minute: int | None = None
    next_at: datetime | None = None
    sender: str | None = None

    def arm(self, contact_id: int) -> str:
        """`none`: left out; else the wording, `a` or `b`."""
        dice = hashlib.sha256(f"{self.id}:{contact_id}".encode()).digest()
        if int.from_bytes(dice[:4]) % 100 < self.holdout_percent:
            return NONE
        return "b" if self.texts_b and dice[4] % 2 else "a"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is: `left` are chosen and not settled yet, `states` what became of the others."""

    state: str
    chosen: int
    left: int
    states: Mapping[str, int]


def checked_terms(holdout_percent: int, window: tuple[str, str] | None, per_minute: int | None) -> None:
    """Refused when a campaign cannot be run so."""
    if not 0 <= holdout_percent <= MOST_LEFT_OUT:
        raise Refused("campaign.holdout", status=400, most=MOST_LEFT_OUT)
    if per_minute is not None and per_minute < 1:
        raise Refused("campaign.rate", status=400)
    try:
        hours = [time.fromisoformat(one) for one in window or ()]
    except ValueError:
        raise Refused("campaign.window", status=400) from None
    if window and hours[0] == hours[1]:
        raise Refused("campaign.window", status=400)


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
