"""Acts that cannot be undone ask first: a page that says what will be done to whom, and a button that does it (`agreed=yes`).

What a form names is looked up here as the act itself would, so the question tells nobody of what is not theirs.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.billing import queries as bills
from core.errors import Refused
from core.overview.listing import ListRequest
from core.overview.listings import TICKETS
from core.overview.nameable import ACCOUNT, CAMPAIGN, CONTACT, INVOICE, LINK, MANDATE, RECEIPT, REFUND, SUSPENSE
from core.overview.theirs import their_account, theirs
from core.parties import queries as parties
from core.payments.desk import drawer
from core.phone import masked
from core.reasons import word
from core.text.days import written
from gateway.admin.auth import WHO
from gateway.admin.console import campaigns
from gateway.admin.console.language import speaks
from gateway.admin.console.section import place_of
from gateway.admin.console.shared import an_amount
from gateway.app_keys import APP
from gateway.pages.tongue import told as told_of

Facts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before it is done: whether, with what it is about, and what the button says."""

    title: str
    facts: Facts
    warning: str
    button: str


Asks = Callable[[AsyncConnection, web.Request, Mapping[str, str]], Awaitable[Question | None]]
FOR_EVER = "This cannot be undone."
SECOND = "Another person decides about it before it is done."


async def question(request: web.Request, told: Mapping[str, str]) -> Question | None:
    """What has to be asked before this form is done; None: nothing, or it was asked and agreed to."""
    if told.get("agreed") == "yes":
        return None
    place = place_of(request)
    asks = ACTS.get((place, told.get("do", told.get("to", "")))) or ACTS.get((place, "*"))
    if asks is None:
        return None
    async with request.app[APP].db.reading() as conn:
        return await asks(conn, request, told)


async def whose(conn: AsyncConnection, account_id: int, currency: str) -> Facts:
    """An account by number, name and debt: what somebody at a desk compares with the person before them."""
    match, owing = await parties.account(conn, account_id), await bills.owing(conn, account_id)
    if match is None:
        return []
    due = told_of(", by {day}", speaks()).format(day=written(owing.due_on, speaks())) if owing.due_on else ""
    return [
        ("Account", match.number),
        ("Name", match.name),
        ("To pay", f"{money.show(owing.open_minor, currency, speaks())}{due}"),
    ]


async def _account(conn: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> tuple[int, Facts]:
    named = await their_account(conn, request.app[APP], request[WHO], told.get("account", ""))
    return named.id, await whose(conn, named.id, named.currency)


async def _cash(conn: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question:
    app = request.app[APP]
    minor = an_amount(told.get("amount", ""), app.currency)
    account_id, facts = await _account(conn, request, told)
    await drawer.may_take(conn, app, request[WHO].actor, account_id, minor)
    facts.append(("Cash received", money.show(minor, app.currency, speaks())))
    return Question(
        "Take this cash?", facts, "Compare the name. It is booked once, and a receipt can be printed.", "Take it"
    )


async def _deposit(_: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question:
    app = request.app[APP]
    minor = an_amount(told.get("amount", ""), app.currency)
    facts = [("Slip", told.get("slip", "")), ("Amount", money.show(minor, app.currency, speaks()))]
    return Question("Is this cash on its way to the bank?", facts, FOR_EVER, "It is on its way")


async def _mandate(conn: AsyncConnection, request: web.Request, _: Mapping[str, str]) -> Question:
    match = await theirs(conn, request.app[APP], request[WHO], MANDATE, request.match_info["reference"], by="reference")
    facts = await whose(conn, match.account_id, request.app[APP].currency)
    return Question(
        "End this mandate?",
        [*facts, ("Collected from", match.masked or "")],
        f"Nothing is collected under it any more. {FOR_EVER} The customer would have to give another.",
        "End it",
    )


async def _unprotect(conn: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question:
    match = await theirs(conn, request.app[APP], request[WHO], ACCOUNT, request.match_info["id"])
    facts = await whose(conn, match.id, match.currency)
    return Question(
        "End this protection?",
        [*facts, ("Protection", word(told.get("kind", ""), speaks()))],
        "The ladder goes on from tomorrow, and the service may be cut off.",
        "End it",
    )


async def _receipt(conn: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question:
    app, who = request.app[APP], request[WHO]
    found = await theirs(conn, app, who, RECEIPT, request.match_info["id"])
    facts = await whose(conn, found.account_id, found.currency) if found.account_id else []
    facts.append(("Payment", f"{money.show(found.amount_minor, found.currency, speaks())}, {found.provider_txn}"))
    match told.get("do"):
        case "move":
            _, there = await _account(conn, request, told)
            facts += [(f"{name} it goes to" if name == "Account" else name, words) for name, words in there]
            return Question("Move this payment?", facts, SECOND, "Ask to move it")
        case "refund":
            minor = an_amount(told.get("amount", ""), found.currency)
            facts.append(("To be given back", money.show(minor, found.currency, speaks())))
            return Question("Give this back?", facts, FOR_EVER, "Ask for the refund")
        case "unapply":
            bill = await theirs(conn, app, who, INVOICE, told.get("invoice", ""))
            facts.append(("Bill that is open again", bill.number))
            return Question("Make this credit?", facts, "The bill is open again from now on.", "Make it credit")
        case _:
            its = ListRequest("receipt_id", "in", [found.id])
            await theirs(conn, app, who, REFUND, told.get("refund", ""), its)
            facts.append(("Reference of the transfer", told.get("reference", "")))
            return Question("Was this paid?", facts, FOR_EVER, "It is paid")


async def _void(conn: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question:
    match = await theirs(conn, request.app[APP], request[WHO], RECEIPT, request.match_info["id"])
    facts = await whose(conn, match.account_id, match.currency) if match.account_id else []
    facts += [
        ("Cash handed back", money.show(match.amount_minor, match.currency, speaks())),
        ("Why", told.get("reason", "")),
    ]
    return Question("Cancel this receipt?", facts, FOR_EVER, "Cancel it, the cash is handed back")


async def _suspense(conn: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question:
    found = await theirs(conn, request.app[APP], request[WHO], SUSPENSE, request.match_info["id"])
    _, facts = await _account(conn, request, told)
    facts.append(("Payment", f"{money.show(found.amount_minor, found.currency, speaks())}, {found.provider_txn}"))
    return Question("Place this payment?", facts, "It pays this account's bills at once.", "Place it")


async def _phone(conn: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question:
    match = await theirs(conn, request.app[APP], request[WHO], ACCOUNT, request.match_info["id"])
    facts = [*await whose(conn, match.id, match.currency), ("New phone of record", told.get("phone", ""))]
    return Question("Change the phone?", facts, f"Codes and notices go there. {SECOND}", "Ask to change it")


async def _link(conn: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question:
    app, who = request.app[APP], request[WHO]
    match = await theirs(conn, app, who, ACCOUNT, request.match_info["id"])
    of_account = ListRequest("account_id", "in", [match.id])
    named = await theirs(conn, app, who, LINK, told.get("contact", ""), of_account)
    facts = [*await whose(conn, match.id, match.currency), ("Taken off", word(named.channel, speaks()))]
    return Question("Take it off the account?", facts, "Whatever is open there ends at once.", "Take it off")


async def _ticket(conn: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question | None:
    match = await theirs(conn, request.app[APP], request[WHO], TICKETS, request.match_info["id"])
    if match.severity != "critical" and told.get("to") != "closed":
        return None
    facts = [("Ticket", match.reference), ("About", word(match.kind, speaks())), ("Said", match.description or "")]
    danger = "It was reported as a danger. " if match.severity == "critical" else ""
    warning = f"{danger}A closed ticket stays closed." if told.get("to") == "closed" else f"{danger}Is it over?"
    return Question(f"Is this ticket {told.get('to', '')}?", facts, warning, "Yes")


async def _join(conn: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question | None:
    if told.get("do", "") in ("", "apart"):
        return None
    app, who, facts = request.app[APP], request[WHO], Facts()
    stays = (await theirs(conn, app, who, CONTACT, told["do"])).id
    for side in ("one", "other"):
        match = await theirs(conn, app, who, CONTACT, request.match_info[side])
        facts.append(("Stays" if match.id == stays else "Goes", _number(request, match.channel_user)))
        facts += [("Account", f"{one.number}, {one.name}") for one in await parties.accounts_of(conn, match.id)]
    warning = f"One contact stays, with the accounts of both: who writes from either reads all of them. {FOR_EVER}"
    return Question("Are these one person?", facts, warning, "They are one person")


def _number(request: web.Request, user: str) -> str:
    return user if request[WHO].may("customer.reveal") else masked(user)


async def _campaign(_: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question | None:
    try:
        starts = campaigns.read(request, told)["starts_at"]
    except Refused:
        return None  # the act itself says why
    if not campaigns.named(told) or (starts is not None and starts > request.app[APP].clock.now()):
        return None
    begins = told.get("starts_at", "") or told_of("at once: no time is said", speaks())
    why = "No time is said" if starts is None else "That time is past"
    facts = [("Campaign", told.get("name", "")), ("Begins", begins)]
    return Question("Begin at once?", facts, f"{why}: the messages leave now. {FOR_EVER}", "Plan it, and begin now")


async def _stop(conn: AsyncConnection, request: web.Request, _: Mapping[str, str]) -> Question:
    match = await theirs(conn, request.app[APP], request[WHO], CAMPAIGN, request.match_info["id"])
    return Question("Cancel this campaign?", [("Campaign", match.name)], FOR_EVER, "Cancel it")


async def _close_day(_: AsyncConnection, request: web.Request, told: Mapping[str, str]) -> Question:
    return Question("Close this day?", [("Day", told.get("on", ""))], FOR_EVER, "Close it")


RECEIPTS = "/console/receipts/{id}"
ACTS: Mapping[tuple[str, str], Asks] = {
    ("/console/cash", "receipt"): _cash, ("/console/cash", "deposit"): _deposit,
    ("/console/cash/{id}/cancel", "*"): _void,
    ("/console/mandates/{reference}/end", "*"): _mandate,
    ("/console/collections/{id}", "unprotect"): _unprotect,
    (RECEIPTS, "move"): _receipt, (RECEIPTS, "refund"): _receipt, (RECEIPTS, "unapply"): _receipt, (RECEIPTS, "paid"): _receipt,
    ("/console/suspense/{id}", "*"): _suspense,
    ("/console/accounts/{id}/phone", "*"): _phone, ("/console/accounts/{id}/links", "*"): _link,
    ("/console/tickets/{id}", "closed"): _ticket, ("/console/tickets/{id}", "solved"): _ticket,
    ("/console/spellings/{one}/{other}", "*"): _join,
    ("/console/campaigns", "plan"): _campaign, ("/console/campaigns/{id}", "cancelled"): _stop,
    ("/console/money", "close"): _close_day,
}  # fmt: skip
"""Which form asks, by the route and by what it says it does (`do`, else `to`; `*`: whatever it says)."""
