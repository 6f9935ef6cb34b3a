"""SMS, airtime and SIM-change insight through Africa's Talking: the only file that touches the provider's SDK.

One SMS alone, airtime and insight go by the SDK, in a thread each; several SMS go by the bulk client. A service object is
made for every call and never by `africastalking.initialize()`: the SDK keeps its settings in globals and writes an airtime
idempotency key into headers that later calls would reuse. Its reading of answers is replaced, because it drops the HTTP
status and takes JSON for text as soon as the content type names a charset.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp
import requests
from africastalking.Airtime import AirtimeService
from africastalking.Insights import InsightService
from africastalking.SMS import SMSService
from urllib3.exceptions import NewConnectionError

from channels import errors
from channels.africastalking import callbacks
from channels.africastalking.messaging import AfricasTalkingAccount, Messaging, judge, sendable
from channels.contract import AirtimeOrder, ByMessage, ChannelRow, Door, Page, Tools
from channels.errors import SendError
from channels.form import clean
from channels.http import HttpAnswer
from core.message import Notice, Screen, Sent
from core.money import plain
from core.retry_after import retry_after

PATIENCE = (3.05, 15.05)
"""Seconds to connect and to wait for an answer."""


class AfricasTalkingSms(ByMessage):
    """The channel `sms`, and the provider's airtime and SIM-change services on the same account."""

    name = "sms"
    cellular = True
    doors = (
        Door("POST", "/hooks/africastalking/{secret}/sms", callbacks.inbound),
        Door("POST", "/hooks/africastalking/{secret}/delivery", callbacks.delivery),
        Door("POST", "/hooks/africastalking/{secret}/optout", callbacks.optout),
        Door("POST", "/hooks/africastalking/{secret}/subscription", callbacks.subscription),
        Door("POST", "/hooks/africastalking/{secret}/airtime", callbacks.airtime),
        Door("POST", "/hooks/africastalking/{secret}/simswap", callbacks.sim_swap),
    )

    def __init__(self, account: AfricasTalkingAccount, http: aiohttp.ClientSession) -> None:
        self.account = account
        self.bulk = Messaging(account, http)

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """One message: the words, then what may be answered. The network cuts it into parts and joins them again."""
        lines = [screen.text, *(f"{option.key}. {option.label}" for option in screen.options)]
        return (Page("\n".join(lines), tuple(option.key for option in screen.options)),)

    def render(self, screen: Screen, page: Page) -> str:
        """The text of the SMS that answers."""
        return page.text

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """One alone by the SDK, several by the bulk client; each is judged on its own."""
        if len(notices) != 1 or not sendable(notices[0]):
            return await self.bulk.send(notices)
        [notice] = notices
        sms = _Sms(self.account)
        sender = notice.sender or self.account.sender
        answer = await _ask(lambda: sms.send(clean(notice.text), [notice.to], sender_id=sender, timeout=PATIENCE))
        return (
            [answer.sent(notice.key)]
            if isinstance(answer, SendError)
            else judge(answer.status, answer.body, [notice], answer.after)
        )

    async def send_airtime(self, order: AirtimeOrder) -> Sent:
        """Airtime for one phone. `unknown` must be polled or awaited, never sent again under another key."""
        service = _Airtime(self.account)
        amount = plain(order.minor, order.currency)
        answer = await _ask(
            lambda: service.send(order.to, amount, order.currency, idempotency_key=order.key, timeout=PATIENCE)
        )
        return (
            answer.sent(order.key)
            if isinstance(answer, SendError)
            else judge_airtime(order.key, answer.status, answer.body)
        )

    async def ask_sim_swap(self, phone: str) -> str | None:
        """Asks the network when the SIM of a phone was changed; the answer comes to the door `simswap` under this id.

        None: the question could not be put, and whoever asked must do without an answer.
        """
        service = _Insight(self.account)
        answer = await _ask(lambda: service.check_sim_swap_state([phone], timeout=PATIENCE))
        if isinstance(answer, SendError) or not answer.fine:
            return None
        rows = _rows(answer.body)
        return str(rows[0]["requestId"]) if rows and rows[0].get("requestId") not in (None, "None") else None


def judge_airtime(key: str, status: int, body: str) -> Sent:
    """What the provider's answer to an airtime order means."""
    if not 200 <= status < 300:
        return errors.from_http(status).sent(key, body)
    rows = _rows(body)
    if rows is None:
        return errors.NOT_SAID.sent(key, body)
    row = rows[0] if rows else json.loads(body)
    if row.get("status") in ("Sent", "Queued", "Success") and row.get("requestId") not in (None, "None"):
        return Sent(key, "done", str(row["requestId"])[:200], cost=str(row.get("amount") or "")[:50] or None)
    word = str(row.get("errorMessage"))
    return _airtime_error(word).sent(key, word)


def _airtime_error(word: str) -> SendError:
    """The provider explains itself in sentences; the tell-tale words of those we know."""
    small = word.lower()
    signs = {
        "duplicate": errors.DUPLICATE,
        "insufficient": errors.NO_CREDIT,
        "phone": errors.INVALID_NUMBER,
        "authentication": errors.WRONG_KEY,
    }
    if small in ("none", ""):
        return errors.NOT_SAID
    return next((error for sign, error in signs.items() if sign in small), errors.REJECTED)


def _rows(body: str) -> list[dict[str, Any]] | None:
    """The `responses` of an answer; None when the body is no such answer."""
    try:
        rows = json.loads(body)["responses"]
        return [row for row in rows if isinstance(row, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


async def _ask(call: Callable[[], Any]) -> HttpAnswer | SendError:
    """Runs one SDK call in a thread; every way it can fail becomes a value."""
    try:
        answer = await asyncio.to_thread(call)
    except requests.ConnectTimeout:
        return errors.NOT_REACHED
    except requests.ConnectionError as why:
        reason = getattr(why.args[0] if why.args else None, "reason", None)
        return errors.NOT_REACHED if isinstance(reason, NewConnectionError) else errors.NO_ANSWER
    except requests.RequestException:
        return errors.NO_ANSWER
    except ValueError:
        return errors.INVALID_NUMBER  # the SDK checks numbers and amounts before it calls
    return answer if isinstance(answer, HttpAnswer) else errors.NOT_SAID


class _Answers:
    """Put before an SDK service: its addresses come from the account, and its answers keep status and text."""

    def __init__(self, account: AfricasTalkingAccount) -> None:
        self.account = account
        super().__init__(account.username, account.api_key.get_secret_value())  # type: ignore[call-arg]  # the service after it

    def _make_request(self, url: str, method: str, **call: Any) -> HttpAnswer:
        call.pop("callback", None)
        answer = requests.request(method, url, **call)  # noqa: S113 - every caller hands its own through the SDK
        return HttpAnswer(answer.status_code, answer.text, retry_after(answer.headers))


class _Sms(_Answers, SMSService):  # type: ignore[misc]  # the SDK has no types
    def _init_service(self) -> None:
        self._baseUrl = self.account.base_url.rstrip("/") + "/version1"


class _Airtime(_Answers, AirtimeService):  # type: ignore[misc]  # the SDK has no types
    def _init_service(self) -> None:
        self._baseUrl = self.account.base_url.rstrip("/") + "/version1/airtime"


class _Insight(_Answers, InsightService):  # type: ignore[misc]  # the SDK has no types
    def _init_service(self) -> None:
        self._baseUrl = self.account.host("insights") + "/v1"


def _make(tools: Tools) -> AfricasTalkingSms:
    settings = tools.settings
    account = AfricasTalkingAccount(
        settings.africastalking_username,
        settings.africastalking_api_key,
        settings.africastalking_base_url,
        settings.africastalking_sender,
    )
    return AfricasTalkingSms(account, tools.http)


ROW = ChannelRow("sms", "africastalking", ("africastalking_api_key",), _make)
