"""A seeded week of what message providers tell a house: words of customers, consent, moved numbers, and what became of what we sent."""

import random
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import update

from channels.kannel import sign
from core.outbox.delivery_reports import catch_up
from core.outbox.queue import enqueue, outbox
from tests.doubles.meta import webhook
from tests.faults.calls import Call
from tests.gateway.open_doors import SECRET, Doors
from tests.gateway.test_doors import tg

AT, KANNEL = f"/hooks/africastalking/{SECRET}", f"/hooks/kannel/{SECRET}"
WORDS = ("BAL", "HELP", "hello", "Habari 🙂 yako", "STOP", "START")


@dataclass
class Week:
    """The calls of a week of `count` happenings, from one seed."""

    doors: Doors
    dice: random.Random
    begins: datetime
    calls: list[Call] = field(default_factory=list)
    heard: set[str] = field(default_factory=set)
    """The keys of the replies that every message must have, once."""

    def happens(self, count: int) -> list[Call]:
        """One happening each few minutes."""
        makers = (
            self.by_sms,
            self.by_kannel,
            self.by_whatsapp,
            self.by_telegram,
            self.at_reports,
            self.kannel_reports,
            self.statuses,
        )
        for number in range(count):
            self.dice.choice(makers)(number, self.begins + timedelta(seconds=7 * 86_400 * number / count))
        for who in range(people(count)):
            self.ends(who, self.begins + timedelta(days=7, seconds=who))
        return self.calls

    def who(self) -> int:
        return self.dice.randrange(40)

    def says(self) -> str:
        return self.dice.choice(WORDS)

    def by_sms(self, number: int, at: datetime) -> None:
        """An SMS by Africa's Talking."""
        form = {
            "from": phone(self.who()),
            "id": f"at{number}",
            "to": "40400",
            "text": self.says(),
            "linkId": "",
            "date": at.strftime("%Y-%m-%d %H:%M:%S"),
            "networkCode": "63902",
        }
        self._heard("sms", f"at{number}")
        self._post(at, f"{AT}/sms", form)

    def by_kannel(self, number: int, at: datetime) -> None:
        """An SMS by the operator's own SMSC, in UTF-16."""
        asked = f"from={quote(phone(self.who()))}&to=20880&id=kn{number}&ts={int(at.timestamp())}&smsc=F&coding=2&udh="
        self._heard("sms", f"kn{number}")
        body, kind = self.says().encode("utf-16-be"), {"Content-Type": 'text/plain; charset="UTF-16BE"'}
        self.calls.append(Call(at, lambda: self._status("POST", f"{KANNEL}/sms?{asked}", data=body, headers=kind)))

    def by_whatsapp(self, number: int, at: datetime) -> None:
        """One or two messages in one webhook."""
        told = []
        for part in range(self.dice.choice((1, 2))):
            name = f"wamid.{number}.{part}"
            self._heard("whatsapp", name)
            told.append(
                {
                    "id": name,
                    "from": phone(self.who())[1:],
                    "timestamp": str(int(at.timestamp()) + part),
                    "type": "text",
                    "text": {"body": self.says()},
                }
            )
        self._webhook(at, {"messages": told})

    def by_telegram(self, number: int, at: datetime) -> None:
        """A word to the bot."""
        who = 5_000 + self.who()
        chat, person = (
            {"id": who, "type": "private", "first_name": "A"},
            {"id": who, "is_bot": False, "first_name": "A"},
        )
        raw = tg(number + 1, text=self.says(), chat=chat, date=int(at.timestamp()), **{"from": person})
        self._heard("telegram", str(number + 1))
        self.calls.append(Call(at, lambda: self._telegram(raw)))

    def at_reports(self, number: int, at: datetime) -> None:
        """A message of ours by Africa's Talking, and what becomes of it."""
        last = self.dice.choice(("Success", "Success", "Failed"))
        self._left(number, at, "sms", f"ATX{number}")
        for step, status in enumerate(("Submitted", "Buffered", last), 1):
            form = {
                "id": f"ATX{number}",
                "status": status,
                "phoneNumber": phone(1),
                "networkCode": "63902",
                "retryCount": "0",
            }
            more = {"failureReason": "UserInBlackList"} if status == "Failed" else {}
            self._post(at + timedelta(seconds=step), f"{AT}/delivery", form | more)

    def kannel_reports(self, number: int, at: datetime) -> None:
        """A message of ours by Kannel, whose reports come with our own key."""
        key, last = f"out:{number}", self.dice.choice((("1", ""), ("2", "id:7 stat:UNDELIV err:000 text:x")))
        self._left(number, at, "sms", key)
        ref = urlsafe_b64encode(key.encode()).decode().rstrip("=")
        signature = sign(self.doors.app.settings.secret_key.get_secret_value(), ref)
        for step, (kind, reason) in enumerate((("8", "ACK/"), ("4", ""), last), 1):
            asked = f"{KANNEL}/delivery?id={ref}&sig={signature}&type={kind}&reason={quote(reason)}&fid=5"
            self.calls.append(Call(at + timedelta(seconds=step), lambda asked=asked: self._status("GET", asked)))

    def statuses(self, number: int, at: datetime) -> None:
        """A message of ours by WhatsApp, its statuses and what it cost; now and then in one webhook with a stranger's."""
        ref, last = f"wamid.OUT{number}", self.dice.choice(("read", "failed"))
        self._left(number, at, "whatsapp", ref)
        said = ("sent", "failed") if last == "failed" else ("sent", "delivered", "read")
        for step, word in enumerate(said, 1):
            status: dict[str, Any] = {
                "id": ref,
                "status": word,
                "timestamp": str(int(at.timestamp()) + step),
                "recipient_id": phone(1)[1:],
            }
            if word == "failed":
                status["errors"] = [{"code": 131026, "title": "Message undeliverable"}]
            else:
                status["pricing"] = {"billable": True, "pricing_model": "PMP", "category": "utility", "type": "regular"}
            others = [{"id": "wamid.STRANGE", "status": "delivered"}] if self.dice.random() < 0.2 else []
            self._webhook(at + timedelta(seconds=step), {"statuses": [*others, status]})

    def ends(self, who: int, at: datetime) -> None:
        """How it stands with each at last: blocked or not, moved or not, signed off at the provider or not."""
        match who % 5:
            case 0:
                self._member(who, at, "kicked")
                self._member(who, at + timedelta(seconds=1), "member")
            case 1:
                self._member(who, at, "member")
                self._member(who, at + timedelta(seconds=1), "kicked")
            case 2:
                moved = {"type": "user_changed_number", "wa_id": f"25479{who:07}", "body": "A changed"}
                told = {
                    "id": f"wamid.moved{who}",
                    "from": phone(who)[1:],
                    "timestamp": str(int(at.timestamp())),
                    "type": "system",
                    "system": moved,
                }
                self._webhook(at, {"messages": [told]})
            case _:
                return

    def _member(self, who: int, at: datetime, status: str) -> None:
        me, stamp = {"id": 110, "is_bot": True, "first_name": "M"}, int(at.timestamp())
        change = {
            "chat": {"id": 5_000 + who, "type": "private", "first_name": "A"},
            "date": stamp,
            "from": {"id": 5_000 + who, "is_bot": False, "first_name": "A"},
            "old_chat_member": {"user": me, "status": "member"},
            "new_chat_member": {"user": me, "status": status} | ({"until_date": 0} if status == "kicked" else {}),
        }
        raw = tg(stamp, text="x").replace(b'"message"', b'"ignored"', 1)
        told = raw[:-1] + b', "my_chat_member": ' + _json(change) + b"}"
        self.calls.append(Call(at, lambda: self._telegram(told)))

    def _left(self, number: int, at: datetime, channel: str, ref: str) -> None:
        """Something left, and a moment later we wrote down by which reference."""
        app, key = self.doors.app, f"out:{number}"

        async def leaves() -> int:
            async with app.db.writing() as conn:
                await enqueue(
                    conn, app, key=key, kind="notice", template="reply.text", params={"text": "x"}, channel=channel
                )
                await conn.execute(update(outbox).where(outbox.c.key == key).values(state="sent", provider_ref=ref))
                await catch_up(conn, app, [ref])
            return 200

        self.calls.append(Call(at, leaves, ours=True))

    def _heard(self, channel: str, message_id: str) -> None:
        self.heard.add(f"reply:{channel}:{message_id}")

    def _post(self, at: datetime, path: str, form: dict[str, str]) -> None:
        self.calls.append(Call(at, lambda: self._status("POST", path, data=form)))

    def _webhook(self, at: datetime, value: dict[str, Any]) -> None:
        raw = webhook(value)
        self.calls.append(
            Call(at, lambda: self._status("POST", "/hooks/whatsapp", data=raw, headers=self.doors.meta.signed(raw)))
        )

    async def _telegram(self, raw: bytes) -> int:
        async with await self.doors.telegram(raw) as answer:
            return answer.status

    async def _status(self, method: str, path: str, **more: Any) -> int:
        async with self.doors.client.request(method, path, **more) as answer:
            return answer.status


def people(count: int) -> int:
    """How many have something said of them at the end."""
    return min(40, count // 5)


def phone(who: int) -> str:
    """Of one of forty."""
    return f"+2547000{who:05}"


def _json(told: Any) -> bytes:
    import json

    return json.dumps(told).encode()
