"""Which provider an SMS goes by and what it comes from, by the operator's routes; and whom a STOP to one of our numbers is meant for.

Pure: the routes (`sms.routes` of operator.yaml), the lines that are open, and one message. What answers a number that was written to
leaves from that number where a route owns it; another route may stand in while that provider is out of order, in its own name.
"""

from collections.abc import Collection
from dataclasses import dataclass

from core.config.messages import Route
from core.config.site import SMS_PROVIDERS
from core.context import Context

KINDS = ("code", "reply", "campaign")
"""Kinds of outbox rows that routes may name; whatever else leaves is a notice to them."""


@dataclass(frozen=True, slots=True)
class SenderRoute:
    """One way a message may go: `line` is who sends it (`telegram`, `sms`, `sms.kannel`), `sender` what it comes from."""

    line: str
    sender: str | None = None


def ways(
    context: Context, lines: Collection[str], channel: str, to: str, kind: str, wanted: str | None = None
) -> list[SenderRoute]:
    """The ways of a message, the best first. `wanted`: what it should come from, if that was settled when it was put down."""
    if channel != "sms":
        return [SenderRoute(channel, wanted)]
    kind = kind if kind in KINDS else "notice"
    fitting = [one for one in context.operator.sms.routes if f"sms.{one.provider}" in lines and _fits(one, to, kind)]
    result = [_way(context, one, wanted) for one in fitting]
    if not result:
        return [SenderRoute("sms", wanted or _only(context))]
    first = [way for way in result if wanted is not None and way.sender == wanted]
    return first + [way for way in result if way not in first]


def meant_by(context: Context, number: str) -> str | None:
    """The sender that a STOP to this number of ours is about; None: it sends nothing by itself, so all of them are meant."""
    for route in context.operator.sms.routes:
        sender = _sender(context, route)
        if sender and same(number, sender):
            return sender
        if number in route.answers:
            return sender
    own = [context.site.sms_senders.get(provider) for provider in SMS_PROVIDERS]
    return next((sender for sender in own if sender and same(number, sender)), None)


def known(context: Context) -> list[str]:
    """What our SMS may come from: for whoever plans a campaign."""
    routed = [_sender(context, route) for route in context.operator.sms.routes]
    return list(dict.fromkeys(sender for sender in [*routed, _only(context)] if sender))


def chosen(context: Context, channel: str, sender: str | None) -> str | None:
    """What a campaign on this channel comes from, where its planner may choose and chose one of ours."""
    return sender if channel == "sms" and sender in known(context) else None


def same(one: str, other: str) -> bool:
    """Providers spell names as they like."""
    return one.strip().casefold() == other.strip().casefold()


def has_stopped(stopped: Collection[str], sender: str | None) -> bool:
    """Whether they stopped this sender. What a provider fills in by itself, we do not know: then any STOP counts."""
    return bool(stopped) if sender is None else any(same(one, sender) for one in stopped)


def _fits(route: Route, to: str, kind: str) -> bool:
    return (not route.prefixes or to.startswith(route.prefixes)) and (not route.kinds or kind in route.kinds)


def _way(context: Context, route: Route, wanted: str | None) -> SenderRoute:
    sender = _sender(context, route)
    owns = wanted is not None and (wanted in route.answers or (sender is not None and same(wanted, sender)))
    return SenderRoute(f"sms.{route.provider}", wanted if owns else sender)


def _sender(context: Context, route: Route) -> str | None:
    return route.sender or context.site.sms_senders.get(route.provider)


def _only(context: Context) -> str | None:
    """Without routes: what the first provider that has been set up sends from, Africa's Talking before Kannel as in the table of channels."""
    return context.site.sms_senders.get(context.site.sms_provider)
