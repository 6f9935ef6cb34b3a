"""Sends SMS to Africa's Talking in bulk over kept connections, and judges every recipient of the answer on its own.

The provider's SDK opens a connection for each call; this client posts the same form about ten times as fast. An HTTP 201 may
carry refused recipients, and an answer that never came is `unknown`, because the message may have left.
"""

import asyncio
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from pydantic import SecretStr

from channels import errors
from channels.errors import SendError
from channels.form import FORM, clean, encoded
from channels.http import ask
from core.message import Notice, Sent
from core.phone import from_provider

_NO_DIGIT = re.compile(r"\D+")
LARGEST_GROUP = 100
"""Recipients of one request: what is lost with one unanswered request stays small."""
AT_ONCE = 32
"""Requests in flight."""

ACCEPTED = frozenset({100, 101, 102})
"""Processed, sent, queued."""

CODES: dict[int, SendError] = {
    401: errors.HELD,
    402: errors.BAD_SENDER,
    403: errors.INVALID_NUMBER,
    404: errors.UNSUPPORTED_NUMBER,
    405: errors.NO_CREDIT,
    406: errors.OPTED_OUT,
    407: errors.NO_ROUTE,
    409: errors.OPTED_OUT,
    500: errors.PROVIDER_BUSY,
    501: errors.PROVIDER_BUSY,
    502: errors.REJECTED,
}
"""`statusCode` of a recipient that was not accepted."""

WORDS: dict[str, SendError] = {
    "RiskHold": errors.HELD,
    "InvalidSenderId": errors.BAD_SENDER,
    "InvalidPhoneNumber": errors.INVALID_NUMBER,
    "UnsupportedNumberType": errors.UNSUPPORTED_NUMBER,
    "InsufficientBalance": errors.NO_CREDIT,
    "UserInBlacklist": errors.OPTED_OUT,
    "CouldNotRoute": errors.NO_ROUTE,
    "DoNotDisturbRejection": errors.OPTED_OUT,
    "InternalServerError": errors.PROVIDER_BUSY,
    "GatewayError": errors.PROVIDER_BUSY,
    "RejectedByGateway": errors.REJECTED,
}
"""The same in words, as the provider says them where it refuses a whole request."""


@dataclass(frozen=True, slots=True)
class AfricasTalkingAccount:
    """The operator's account with the provider. `base_url` may point at a double."""

    username: str
    api_key: SecretStr
    base_url: str
    sender: str | None = None

    def host(self, service: str) -> str:
        """The address of another service of the provider; a double serves them all under one."""
        return self.base_url.rstrip("/").replace("//api.", f"//{service}.", 1)


class Messaging:
    """The bulk client. `http` is shared and kept by whoever made it."""

    def __init__(self, account: AfricasTalkingAccount, http: aiohttp.ClientSession) -> None:
        self.account, self.http = account, http
        self._lanes = asyncio.Semaphore(AT_ONCE)

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """What became of each notice, in the order given. Equal texts of one sender share a request."""
        fates = {notice.key: errors.INVALID_NUMBER.sent(notice.key) for notice in notices if not sendable(notice)}
        batches = await asyncio.gather(*[self._post(group) for group in groups(filter(sendable, notices))])
        fates |= {sent.key: sent for batch in batches for sent in batch}
        return [fates[notice.key] for notice in notices]

    async def _post(self, group: list[Notice]) -> list[Sent]:
        url = self.account.base_url.rstrip("/") + "/version1/messaging"
        key = self.account.api_key.get_secret_value()
        headers = {"apiKey": key, "Accept": "application/json", "Content-Type": FORM}
        async with self._lanes:
            answer = await ask(self.http, "POST", url, data=encoded(form(self.account, group)), headers=headers)
        if isinstance(answer, SendError):
            return [answer.sent(notice.key) for notice in group]
        return judge(answer.status, answer.body, group, answer.after)


def sendable(notice: Notice) -> bool:
    """Whether it goes to one number in E.164: the provider would read a comma as more of them."""
    return notice.to == from_provider(notice.to)


def groups(notices: Iterable[Notice]) -> list[list[Notice]]:
    """Notices that may share a request: same text, same sender, no number twice, not too many."""
    requests: list[list[Notice]] = []
    fresh: dict[tuple[str, str | None], tuple[list[Notice], set[str]]] = {}
    for notice in notices:
        name = (notice.text, notice.sender)
        group, numbers = fresh.get(name, ([], set()))
        if not group or notice.to in numbers or len(group) == LARGEST_GROUP:
            group, numbers = [], set()
            requests.append(group)
            fresh[name] = (group, numbers)
        group.append(notice)
        numbers.add(notice.to)
    return requests


def form(account: AfricasTalkingAccount, group: Sequence[Notice]) -> dict[str, str]:
    """The provider's form for one text to some numbers."""
    fields = {
        "username": account.username,
        "to": ",".join(notice.to for notice in group),
        "message": clean(group[0].text),
        "bulkSMSMode": "1",
    }
    if sender := group[0].sender or account.sender:
        fields["from"] = sender
    if len(group) > 1:
        fields["enqueue"] = "1"
    return fields


def judge(status: int, body: str, group: Sequence[Notice], after: int | None = None) -> list[Sent]:
    """What the provider's answer means for each notice of a request."""
    data = _data(body)
    if not 200 <= status < 300:
        return [errors.from_http(status).sent(notice.key, body, after) for notice in group]
    if data is None:
        return [errors.NOT_SAID.sent(notice.key, body) for notice in group]
    rows = {_digits(row.get("number")): row for row in data["Recipients"]}
    whole = WORDS.get(str(data.get("Message")), errors.NOT_SAID)
    return [
        _fate(notice.key, rows[number])
        if (number := _digits(notice.to)) in rows
        else whole.sent(notice.key, str(data.get("Message")))
        for notice in group
    ]


def _data(body: str) -> dict[str, Any] | None:
    """`SMSMessageData` with a list of recipients, if that is what the body is. The content type is not asked."""
    try:
        data = json.loads(body)["SMSMessageData"]
        rows = [row for row in data["Recipients"] if isinstance(row, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return {**data, "Recipients": rows}


def _fate(key: str, row: dict[str, Any]) -> Sent:
    code, word = row.get("statusCode"), str(row.get("status"))
    if code in ACCEPTED:
        return Sent(key, "done", _known(row.get("messageId")), cost=_known(row.get("cost")))
    error = CODES.get(code) if isinstance(code, int) else None
    return (error or WORDS.get(word, errors.NOT_SAID)).sent(key, f"{code} {word}")


def _known(value: object) -> str | None:
    """The provider writes "None" and "0" for what there is none of."""
    return str(value)[:200] if value not in (None, "", "None", "0", 0) else None


def _digits(number: object) -> str:
    return _NO_DIGIT.sub("", str(number))
