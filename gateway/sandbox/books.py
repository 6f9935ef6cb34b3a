"""The sandbox provider's own books: what it was asked, what became of it, what it still has to tell. The truth our tests compare with.

Its own SQLite (a file, or memory), so that it shares nothing with Hodi but HTTP. A payment is known by the caller's key for ever.
"""

import json
import secrets
import sqlite3
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (id TEXT PRIMARY KEY, key TEXT UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, url TEXT NOT NULL, body TEXT NOT NULL, told INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class SandboxPayment:
    """One payment as the sandbox knows it. `txn` is its number once money moved."""

    id: str
    key: str
    method: str
    amount_minor: int
    currency: str
    reference: str
    callback_url: str
    created_at: int
    phone: str | None = None
    mandate: str | None = None
    return_url: str | None = None
    language: str = "en"
    description: str = ""
    state: str = "awaiting_customer"
    reason: str | None = None
    txn: str | None = None
    at: int | None = None

    @property
    def asked(self) -> tuple[object, ...]:
        """What the caller asked for: the same key must always ask for the same."""
        return (self.method, self.amount_minor, self.currency, self.reference, self.phone, self.mandate)


@dataclass(frozen=True, slots=True)
class Telling:
    """A callback that is still to be made."""

    id: str
    url: str
    body: str


class Books:
    """Payments by key, and callbacks not yet taken."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    def add(self, payment: SandboxPayment) -> SandboxPayment:
        """Keep a payment; the one already kept if its key is known."""
        self._db.execute(
            "INSERT OR IGNORE INTO payment VALUES (?, ?, ?)", (payment.id, payment.key, json.dumps(asdict(payment)))
        )
        kept = self.by_key(payment.key)
        if kept is None:
            raise RuntimeError("a payment was not kept")
        return kept

    def by_key(self, key: str) -> SandboxPayment | None:
        """The payment of a key."""
        return self._one("SELECT body FROM payment WHERE key = ?", key)

    def by_id(self, payment_id: str) -> SandboxPayment | None:
        """The payment of an id."""
        return self._one("SELECT body FROM payment WHERE id = ?", payment_id)

    def _one(self, query: str, value: str) -> SandboxPayment | None:
        row = self._db.execute(query, (value,)).fetchone()
        return SandboxPayment(**json.loads(row[0])) if row else None

    def all(self) -> list[SandboxPayment]:
        """Every payment, in the order they were asked for."""
        return [
            SandboxPayment(**json.loads(row[0])) for row in self._db.execute("SELECT body FROM payment ORDER BY rowid")
        ]

    def settle(self, payment: SandboxPayment, **changes: Any) -> SandboxPayment:
        """Move a payment on."""
        changed = replace(payment, **changes)
        self._db.execute("UPDATE payment SET body = ? WHERE id = ?", (json.dumps(asdict(changed)), changed.id))
        return changed

    def to_tell(self, url: str, said: dict[str, Any]) -> Telling:
        """Keep a callback until it is taken."""
        telling = Telling(said["id"], url, json.dumps(said))
        self._db.execute("INSERT INTO event VALUES (?, ?, ?, 0)", (telling.id, telling.url, telling.body))
        return telling

    def told(self, telling: Telling) -> None:
        """The callback was taken."""
        self._db.execute("UPDATE event SET told = 1 WHERE id = ?", (telling.id,))

    def untold(self) -> list[Telling]:
        """Callbacks nobody took yet: what a restart begins with."""
        return [
            Telling(*row) for row in self._db.execute("SELECT id, url, body FROM event WHERE told = 0 ORDER BY rowid")
        ]


def payment_from(said: dict[str, Any], now: int) -> SandboxPayment:
    """A payment as a caller asks for it; ValueError says what is wrong."""
    known = {field.name for field in fields(SandboxPayment)} - {"id", "created_at", "state", "reason", "txn", "at"}
    wanted = {name: value for name, value in said.items() if name in known and value is not None}
    for name in ("key", "method", "currency", "reference", "callback_url"):
        if not isinstance(wanted.get(name), str) or not wanted[name]:
            raise ValueError(f"{name} is missing")
    least = 0 if wanted["method"] == "mandate" else 1
    if type(wanted.get("amount_minor")) is not int or wanted["amount_minor"] < least:
        raise ValueError("amount_minor must be a positive whole number")
    return SandboxPayment(id=f"sbx_{secrets.token_urlsafe(12)}", created_at=now, **wanted)
