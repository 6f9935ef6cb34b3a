"""What waits for another person's agreement: values and the rules that need no database."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

WAITING, GRANTED, REFUSED = "waiting", "granted", "refused"


@dataclass(frozen=True, slots=True)
class Approval:
    """One thing a person (the maker) wants done, as the one who decides (the checker) sees it.

    `payload` is all that will be done, in JSON values; `seal` is its digest: a decision names the seal of what was seen.
    """

    id: int
    kind: str
    subject: str
    payload: Mapping[str, Any]
    seal: str
    maker: str
    branch_id: int | None
    state: str
    made_at: datetime
    expires_at: datetime
    checker: str | None = None
    note: str | None = None
    decided_at: datetime | None = None


def seal(payload: Mapping[str, Any]) -> str:
    """The digest of a payload: the same values in any order have the same one."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def why_not(found: Approval, checker: str, seen: str, now: datetime) -> str | None:
    """Why this person may not decide this now, as a catalogue key; None when they may."""
    if found.state != WAITING:
        return "approvals.over"
    if found.expires_at <= now:
        return "approvals.expired"
    if found.maker == checker:
        return "approvals.own"
    if seen != found.seal or seal(found.payload) != found.seal:
        return "approvals.changed"
    return None
