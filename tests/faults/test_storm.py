"""A storm of odd requests over every route there is: none ends in a server error, none tells how the house is built, and afterwards
the books are true and the gateway answers. Who makes the requests knows nothing of the handlers: routes come from the table, bodies
from what providers send, bent at random.

HODI_SEED repeats a storm, HODI_STORM sets its size (`make soak` sends 100,000).
"""

import json
import os
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from core.access import keys
from core.context import App
from core.journeys.verify_books import problems
from gateway.admin.openapi import all_routes
from gateway.app import make_app
from tests.channels.payloads import FOLDER
from tests.gateway.admin.console import Browser, signed_in
from tests.gateway.conftest import Client, Serve
from tests.gateway.world import Customer, a_branch, a_customer

SEED = int(os.environ.get("HODI_SEED", "20261122"))
SIZE = int(os.environ.get("HODI_STORM", "600"))
HOOK = "test-hook-secret"

ODD = [
    "", "0", "-1", "1" * 300, "9223372036854775808", "NaN", "1e999", "null", "[]", "{}", "\x00", "\ud800", "../../etc/passwd",
    "{{7*7}}", "<script>alert(1)</script>", "' OR 1=1--", "%s%n", "٣", "\u202e", "🙂" * 40, "+254700000001", "2026-02-30",
    "9999-12-31T23:59:59-23:59", "=cmd()", "a\r\nX-Evil: 1",
]  # fmt: skip
VALUES: list[object] = [None, True, -1, 0, 2**63, 1.5, "", [], {}, [[]], {"a": {"a": []}}, "x" * 5_000, *ODD]


class Storm:
    """Makes odd requests. Everything comes from one seed."""

    def __init__(self, seed: int, routes: list[tuple[str, str]], known: list[str]) -> None:
        self.dice = random.Random(seed)
        self.routes, self.known = routes, known
        self.bodies = [path.read_bytes() for path in sorted(FOLDER.rglob("*")) if path.is_file()]

    def __call__(self) -> tuple[str, str, dict[str, str], bytes | None]:
        """Method, path with query, headers, body."""
        path, method = self.dice.choice(self.routes)
        headers: dict[str, str] = {}
        if self.dice.random() < 0.3:
            headers["X-Hub-Signature-256"] = self.word()
            headers["Stripe-Signature"] = f"t={self.word()},v1={self.word()}"
        headers = {name: re.sub(r"[^\x20-\x7e]", "?", value)[:200] for name, value in headers.items()}
        body = None
        if method not in ("get", "head"):
            kind, body = self.body()
            headers["Content-Type"] = kind
        return method.upper(), self.fill(path) + self.query(), headers, body

    def word(self) -> str:
        return self.dice.choice([*ODD, *self.known, str(self.dice.getrandbits(64))])

    def fill(self, path: str) -> str:
        def part(found: re.Match[str]) -> str:
            if found[1] == "secret" and self.dice.random() < 0.9:
                return HOOK
            providers = ("sandbox", "daraja", "stripe", "paystack", "flutterwave", "gocardless")
            if found[1] == "provider" and self.dice.random() < 0.9:
                return self.dice.choice(providers)
            return quote(self.word().encode("utf-8", "replace")[:300], safe="") or "x"

        return re.sub(r"\{(\w+)\}", part, path)

    def query(self) -> str:
        names = ("fields", "limit", "offset", "id", "q", "lang", "hub.mode", "hub.challenge", "before", self.word())
        pairs = [(self.dice.choice(names), self.word()) for _ in range(self.dice.choice((0, 0, 1, 3)))]
        said = "&".join(
            f"{quote(name.encode('utf-8', 'replace'))}={quote(value.encode('utf-8', 'replace'))}"
            for name, value in pairs
        )
        return f"?{said}" if said else ""

    def body(self) -> tuple[str, bytes]:
        makers: list[Callable[[], tuple[str, bytes]]] = [self.bent, self.bent, self.form, self.json, self.noise]
        return self.dice.choice(makers)()

    def bent(self) -> tuple[str, bytes]:
        """What a provider sends, with a few letters of it changed, left out or doubled."""
        raw = bytearray(self.dice.choice(self.bodies))
        for _ in range(self.dice.choice((0, 1, 3, 20))):
            at = self.dice.randrange(len(raw) or 1)
            raw[at : at + self.dice.choice((0, 1, 4))] = self.dice.choice(
                (b"", b"\xff", b"0", b'"', b"[", b"{}", b"&", b"%")
            )
        return self.dice.choice(("application/json", "application/x-www-form-urlencoded", "text/plain")), bytes(raw)

    def form(self) -> tuple[str, bytes]:
        names = (
            "text",
            "phoneNumber",
            "sessionId",
            "serviceCode",
            "from",
            "to",
            "id",
            "status",
            "csrf",
            "amount",
            self.word(),
        )
        pairs = [(self.dice.choice(names), self.word()) for _ in range(self.dice.randrange(8))]
        said = "&".join(
            f"{quote(name.encode('utf-8', 'replace'))}={quote(v.encode('utf-8', 'replace'))}" for name, v in pairs
        )
        return "application/x-www-form-urlencoded", said.encode()

    def json(self) -> tuple[str, bytes]:
        names = (
            "entry",
            "changes",
            "value",
            "messages",
            "Body",
            "stkCallback",
            "tariff",
            "usage",
            "period",
            "data",
            "events",
            "message",
        )
        value: object = self.dice.choice(VALUES)
        for _ in range(self.dice.randrange(5)):
            value = {self.dice.choice(names): value, self.dice.choice(names): self.dice.choice(VALUES)}
            if self.dice.random() < 0.4:
                value = [value]
        return "application/json", json.dumps(value).encode()

    def noise(self) -> tuple[str, bytes]:
        return "application/octet-stream", self.dice.randbytes(self.dice.choice((0, 1, 50, 3_000)))


SLOW = ("/chat/socket", "/openapi.json", "/metrics")
"""Left out: a socket is no request, and the two others read the whole house each time."""


async def _people(app: App) -> tuple[Customer, str]:
    async with app.db.writing() as conn:
        branch = await a_branch(conn, app, "nakuru")
        known = await a_customer(conn, app, branch, number="10000017", name="Wanjiru Kamau")
        return known, await keys.create_key(conn, app, "admin")


def _everything(app: App, folder: Path) -> App:
    """Every door that a setting can open is open."""
    opened = {
        "africastalking_api_key": SecretStr("x"),
        "daraja_consumer_key": SecretStr("x"),
        "phone_page": True,
        "sessions_path": str(folder / "sessions.db"),
        "spool_path": str(folder / "spool"),
    }
    return replace(app, settings=app.settings.model_copy(update=opened))


@pytest.mark.longest
async def test_no_odd_request_breaks_anything(app: App, aiohttp_client: Serve, tmp_path: Path) -> None:
    known, key = await _people(app)
    before = await _wrong(app)
    app = _everything(app, tmp_path)
    web_app = make_app(app, with_scheduler=False)
    client = await aiohttp_client(web_app)
    browser = await signed_in(client, app)
    routes = [(path, method) for path, method, _ in all_routes(web_app) if path not in SLOW]
    ids = [str(value) for value in (known.account_id, known.invoice_id, known.ticket_id, known.receipt_id, known.token)]
    storm = Storm(SEED, routes, ids)
    for number in range(SIZE):
        await _one(client, browser, key, storm(), f"seed {SEED}, request {number}")
    async with client.get("/healthz") as answer:
        assert answer.status == 200
    assert await _wrong(app) == before


async def _wrong(app: App) -> list[str]:
    """What is wrong with the books (the two customers' bills were put there without a run)."""
    async with app.db.reading() as conn:
        return await problems(conn)


async def _one(
    client: Client, browser: Browser, key: str, asked: tuple[str, str, dict[str, str], bytes | None], which: str
) -> None:
    method, path, headers, body = asked
    if path.startswith("/tmf-api"):
        headers["Authorization"] = f"Bearer {key}"
    if path.startswith("/console") and headers.get("Content-Type", "").endswith("urlencoded"):
        body = (body or b"") + f"&csrf={quote(browser.csrf)}".encode()
    async with client.request(method, path, headers=headers, data=body, allow_redirects=False) as answer:
        text = await answer.text(errors="replace")
        assert answer.status < 500, f"{which}: {method} {path} {body!r} -> {answer.status} {text[:300]}"
        assert "Traceback" not in text and "sqlalchemy" not in text.lower(), which
        assert answer.content_type != "text/html" or "<script>alert(1)" not in text, which
