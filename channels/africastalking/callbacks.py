"""Reads what Africa's Talking posts about SMS, airtime and SIM changes: inbound, delivery, opt-out, airtime status, insight.

Every value is a string in a form; the newer services post JSON with the same names, and both are read. A status we do not
know is kept as `unknown`, because networks invent new ones; it is no error of the provider.
"""

import json
from datetime import UTC, date, datetime

from channels import errors
from channels.contract import LARGEST_BODY, Event, Malformed, RawRequest, SimChange
from channels.errors import SendError
from channels.form import clean, fields, optional, required, too_long
from core.message import Delivery, Inbound, OptOut
from core.phone import from_provider

LONGEST_SMS = 4096
"""Characters of an inbound message: some thirty parts, more than any phone sends."""

UNDER_WAY = {"Sent", "Submitted", "Buffered"}
FAILED = {"Rejected", "Failed", "AbsentSubscriber", "Expired"}

REASONS: dict[str, SendError] = {
    "InsufficientCredit": errors.CUSTOMER_NO_CREDIT,
    "InvalidLinkId": errors.REJECTED,
    "UserIsInactive": errors.INACTIVE,
    "UserInBlackList": errors.OPTED_OUT,
    "UserInBlacklist": errors.OPTED_OUT,
    "UserAccountSuspended": errors.SUSPENDED,
    "NotNetworkSubscriber": errors.UNKNOWN_SUBSCRIBER,
    "NotNetworkSubcriber": errors.UNKNOWN_SUBSCRIBER,
    "UserNotSubscribedToProduct": errors.NOT_SUBSCRIBED,
    "UserDoesNotExist": errors.UNKNOWN_SUBSCRIBER,
    "DeliveryFailure": errors.UNDELIVERED,
    "AbsentSubscriber": errors.ABSENT,
    "Expired": errors.EXPIRED,
    "Rejected": errors.REJECTED,
}
"""`failureReason` of a delivery report, and the statuses that are reasons themselves."""


def inbound(received: RawRequest) -> list[Event]:
    """`date, from, id, linkId, text, to, networkCode`. A sender that is no phone (a network's own name) has none."""
    read = values(received)
    sender, to = required(read, "from"), required(read, "to")
    text = read.get("text")
    if text is None:
        raise Malformed("field.missing", "The field text is missing.")
    if len(text) > LONGEST_SMS:
        raise too_long("text", LONGEST_SMS)
    phone = from_provider(sender)
    link = optional(read, "linkId")
    return [
        Inbound(
            "sms",
            phone or sender,
            clean(text),
            "text",
            phone,
            required(read, "id"),
            None,
            to,
            _instant(read.get("date")),
            {"link": link} if link else {},
        )
    ]


def delivery(received: RawRequest) -> list[Event]:
    """`id, status, phoneNumber, failureReason?, retryCount`: Success, Failed and Rejected are final."""
    read = values(received)
    ref, status = required(read, "id"), required(read, "status")
    phone = from_provider(optional(read, "phoneNumber") or "")
    return [_report("sms", ref, status, optional(read, "failureReason"), phone)]


def optout(received: RawRequest) -> list[Event]:
    """`senderId, phoneNumber`: this person stopped bulk messages of this sender."""
    read = values(received)
    phone = required(read, "phoneNumber")
    return [OptOut("sms", from_provider(phone) or phone, optional(read, "senderId"))]


def subscription(received: RawRequest) -> list[Event]:
    """`phoneNumber, shortCode, keyword, updateType`: a premium subscription added, or deleted (which is a stop)."""
    read = values(received)
    phone, change = required(read, "phoneNumber"), required(read, "updateType")
    if change not in ("addition", "deletion"):
        return []
    return [OptOut("sms", from_provider(phone) or phone, required(read, "shortCode"), change == "deletion")]


def airtime(received: RawRequest) -> list[Event]:
    """`requestId, phoneNumber, status, description, value, discount`: airtime arrived, or did not."""
    read = values(received)
    ref, status = required(read, "requestId"), required(read, "status")
    phone = from_provider(optional(read, "phoneNumber") or "")
    details = {name: value for name in ("value", "discount") if (value := optional(read, name))}
    report = _report("airtime", ref, status, optional(read, "description", 1000) if status in FAILED else None, phone)
    return [Delivery("airtime", ref, report.state, report.final, report.reason, phone, details)]


def sim_swap(received: RawRequest) -> list[Event]:
    """`requestId, status, lastSimSwapDate`: the answer to a question we asked. 01-01-1900 stands for never."""
    read = values(received)
    ref, status = required(read, "requestId"), required(read, "status")
    swapped = {"Swapped": True, "NotSwapped": False}.get(status)
    return [
        SimChange(ref, swapped, _swap_day(read.get("lastSimSwapDate")), from_provider(read.get("phoneNumber") or ""))
    ]


def values(received: RawRequest) -> dict[str, str]:
    """The fields of a form or of a flat JSON object."""
    if received.body.lstrip()[:1] != b"{":
        return fields(received.body)
    if len(received.body) > LARGEST_BODY:
        raise Malformed("body.too_long", f"The body is longer than {LARGEST_BODY} bytes.")
    try:
        read = json.loads(received.body)
    except (ValueError, RecursionError) as why:
        raise Malformed("body.not_json", "The body begins like JSON and is none.") from why
    return {clean(name): clean(str(value)) for name, value in read.items() if isinstance(value, str | int | float)}


def _report(channel: str, ref: str, status: str, reason: str | None, phone: str | None) -> Delivery:
    if status in FAILED:
        error = REASONS.get(reason or status, errors.UNDELIVERED)
        details = {"told": reason} if reason and reason not in REASONS else {}
        return Delivery(channel, ref, "failed", True, error.code, phone, details)
    if status == "Success":
        return Delivery(channel, ref, "delivered", True, None, phone)
    if status in UNDER_WAY:
        return Delivery(channel, ref, "sent", False, None, phone)
    return Delivery(channel, ref, "unknown", False, status, phone)


def _instant(text: str | None) -> datetime | None:
    """The provider's own time of arrival, read as UTC where it names no zone; None where it is unreadable."""
    try:
        instant = datetime.fromisoformat(text or "")
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _swap_day(text: str | None) -> date | None:
    parts = (text or "").split("-")
    try:
        day, month, year = (int(part) for part in parts)
        changed = date(year, month, day)
    except ValueError:
        return None
    return changed if changed.year > 1900 else None
