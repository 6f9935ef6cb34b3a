"""Every message provider × every kind of delivery, posted to the routes of contract.md: what is answered, and what it leaves behind."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from core.care.tables import interaction, media
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.parties.tables import contact
from tests.doubles.meta import webhook
from tests.gateway.open_doors import SECRET, TELEGRAM_SECRET, Doors, open_doors
from tests.gateway.test_doors import replies, tg, wa_text
from tests.gateway.test_turn import count

KINDS = ("valid", "malformed", "duplicated", "batched", "unsigned", "wrongly signed", "unicode", "empty", "media")
NOT_OF_THEIRS = {
    "africastalking": {"batched", "media"}, "kannel": {"batched", "media"}, "telegram": {"batched"}, "email": {"batched"},
}  # fmt: skip
"""A form is one message, an SMS has no picture, an update is one update, a letter one letter."""
UNICODE = "Sáfi 🙂 مرحبا ấp \u202e ２"
AT, KANNEL = f"/hooks/africastalking/{SECRET}/sms", f"/hooks/kannel/{SECRET}/sms"
MO = "from=%2B254712345678&to=20880&id=k1&ts=1795306504&smsc=F&coding=2&udh="
PICTURE = {"id": "m1", "mime_type": "image/jpeg", "caption": "my meter"}
PHOTO = [{"file_id": "f1", "file_unique_id": "u1", "width": 9, "height": 9}]


def sms(path: str = AT, **more: str) -> tuple[str, dict[str, Any]]:
    form = {"from": "+254712345678", "id": "a1", "to": "40400", "text": "BAL", "date": "2026-03-10 09:00:00"}
    return path, {"data": {name: value for name, value in (form | more).items() if value != "-"}}


def smsc(text: str = "BAL", path: str = KANNEL, asked: str = MO) -> tuple[str, dict[str, Any]]:
    kind = {"Content-Type": 'text/plain; charset="UTF-16BE"'}
    return f"{path}?{asked}", {"data": text.encode("utf-16-be"), "headers": kind}


def update(raw: bytes | None = None, secret: str | None = TELEGRAM_SECRET, **part: Any) -> tuple[str, dict[str, Any]]:
    named = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
    return "/hooks/telegram", {"data": tg(1, **(part or {"text": "BAL"})) if raw is None else raw, "headers": named}


def letter(
    text: str = "BAL", path: str = f"/hooks/email/{SECRET}", raw: bytes | None = None, picture: bool = False
) -> tuple[str, dict[str, Any]]:
    told = EmailMessage()
    told["From"], told["To"], told["Subject"], told["Message-ID"] = (
        "them@example.org",
        "help@x.example",
        "Hello",
        "<1@example.org>",
    )
    told.set_content(text)
    if picture:
        told.add_attachment(b"\xff\xd8\xff\xe0", maintype="image", subtype="jpeg", filename="meter.jpg")
    return path, {"data": told.as_bytes() if raw is None else raw}


def hook(*values: dict[str, Any], raw: bytes | None = None, sign: str = "right") -> tuple[str, dict[str, Any]]:
    return "/hooks/whatsapp", {"data": webhook(*values) if raw is None else raw, "sign": sign}


TWO = (wa_text("BAL", "w1"), wa_text("BAL", "w2", "254700000009"))
ROWS: list[tuple[str, str, tuple[str, dict[str, Any]], int, int]] = [
    ("africastalking", "valid", sms(), 200, 1),
    ("africastalking", "malformed", sms(**{"from": "-"}), 400, 0),
    ("africastalking", "duplicated", sms(), 200, 1),
    ("africastalking", "unsigned", sms("/hooks/africastalking/sms"), 404, 0),
    ("africastalking", "wrongly signed", sms("/hooks/africastalking/forged/sms"), 403, 0),
    ("africastalking", "unicode", sms(text=UNICODE), 200, 1),
    ("africastalking", "empty", sms(text=""), 200, 1),
    ("kannel", "valid", smsc(), 200, 1),
    ("kannel", "malformed", smsc(asked="from=&to=2"), 400, 0),
    ("kannel", "duplicated", smsc(), 200, 1),
    ("kannel", "unsigned", smsc(path="/hooks/kannel/sms"), 404, 0),
    ("kannel", "wrongly signed", smsc(path="/hooks/kannel/forged/sms"), 403, 0),
    ("kannel", "unicode", smsc(UNICODE), 200, 1),
    ("kannel", "empty", smsc(""), 200, 1),
    ("whatsapp", "valid", hook(wa_text("BAL")), 200, 1),
    ("whatsapp", "malformed", hook(raw=b'{"entry": [{"changes": 7}]}'), 200, 0),
    ("whatsapp", "duplicated", hook(wa_text("BAL"), wa_text("BAL")), 200, 1),
    ("whatsapp", "batched", hook(*TWO, {"statuses": [{"id": "x", "status": "read"}]}), 200, 2),
    ("whatsapp", "unsigned", hook(wa_text("BAL"), sign="none"), 403, 0),
    ("whatsapp", "wrongly signed", hook(wa_text("BAL"), sign="wrong"), 403, 0),
    ("whatsapp", "unicode", hook(wa_text(UNICODE)), 200, 1),
    ("whatsapp", "empty", hook(raw=b""), 200, 0),
    ("whatsapp", "media", hook(wa_text("", type="image", image=PICTURE)), 200, 1),
    ("telegram", "valid", update(), 200, 1),
    ("telegram", "malformed", update(raw=b'{"update_id": 9, "message": 7}'), 400, 0),
    ("telegram", "duplicated", update(), 200, 1),
    ("telegram", "unsigned", update(secret=None), 403, 0),
    ("telegram", "wrongly signed", update(secret="guess"), 403, 0),
    ("telegram", "unicode", update(text=UNICODE), 200, 1),
    ("telegram", "empty", update(raw=b""), 400, 0),
    ("telegram", "media", update(photo=PHOTO, caption="my meter"), 200, 1),
    ("email", "valid", letter(), 200, 1),
    ("email", "malformed", letter(raw=b"no letter at all"), 400, 0),
    ("email", "duplicated", letter(), 200, 1),
    ("email", "unsigned", letter(path="/hooks/email"), 404, 0),
    ("email", "wrongly signed", letter(path="/hooks/email/forged"), 403, 0),
    ("email", "unicode", letter(UNICODE), 200, 1),
    ("email", "empty", letter(raw=b""), 400, 0),
    ("email", "media", letter(picture=True), 200, 1),
]  # fmt: skip


@pytest.fixture
async def doors(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, tmp_path: Path
) -> AsyncIterator[Doors]:
    async with open_doors(App(clock, operator, sqlite_db, settings, follow), tmp_path) as opened:
        yield opened


def test_every_provider_is_tried_with_every_kind() -> None:
    providers = {row[0] for row in ROWS}
    assert providers == {"africastalking", "kannel", "whatsapp", "telegram", "email"}
    for name in providers:
        assert {row[1] for row in ROWS if row[0] == name} == set(KINDS) - NOT_OF_THEIRS.get(name, set()), name


@pytest.mark.parametrize("provider", ["africastalking", "kannel", "whatsapp", "telegram", "email"])
@pytest.mark.parametrize("accepted", [True, False])
async def test_what_is_accepted_has_one_reply_and_what_is_refused_leaves_nothing(
    doors: Doors, provider: str, accepted: bool
) -> None:
    """The accepted ones each with ids of their own, the refused ones all together into an empty house."""
    rows = [row for row in ROWS if row[0] == provider and (row[3] == 200) == accepted]
    expected = 0
    for at, (_, kind, (path, told), status, new) in enumerate(rows):
        for _ in range(3 if kind == "duplicated" else 1):
            more = _signed(doors, _own_ids(told, at))
            async with doors.client.post(path.replace("id=k1", f"id=k1{at}"), **more) as answer:
                assert answer.status == status, (kind, await answer.text())
                if status in (400, 403):
                    assert set(await answer.json()) == {"code", "reason"}, kind
        expected += new
        assert len(await replies(doors.app)) == expected, kind
    if not accepted:
        for table in (outbox, contact, interaction, media):
            assert await count(doors.app, table) == 0
    elif provider in ("whatsapp", "telegram"):
        assert await count(doors.app, media) == 1


def _own_ids(told: dict[str, Any], at: int) -> dict[str, Any]:
    """The request with ids that no other row has."""
    data = told["data"]
    if isinstance(data, dict):
        return told | {"data": {name: f"{value}{at}" if name == "id" else value for name, value in data.items()}}
    for name, other in (
        (b'"update_id": 1', b'"update_id": 1%d' % at),
        (b"<1@", b"<1%d@" % at),
        (b'"id": "w', b'"id": "w%d' % at),
    ):
        data = data.replace(name, other)
    return told | {"data": data.replace(b'"id": "wamid.1"', b'"id": "wamid.1%d"' % at)}


def _signed(doors: Doors, told: dict[str, Any]) -> dict[str, Any]:
    """A WhatsApp request with the signature it is to have."""
    if "sign" not in told:
        return told
    right, wrong = doors.meta.signed(told["data"]), {"X-Hub-Signature-256": "sha256=" + "0" * 64}
    return {"data": told["data"], "headers": {"right": right, "wrong": wrong, "none": {}}[told["sign"]]}
