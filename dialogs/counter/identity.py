"""Who may ask: a PIN, codes to the phone of record, linking."""

import hashlib
import hmac

from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.parties import contacts, identity, link
from core.parties import queries as parties
from dialogs.answers import Answer
from dialogs.counter.common import account_of, contact_of, medium_of
from dialogs.model import CounterRequest
from dialogs.session import SessionContact
from dialogs.values import Text, word


class CodeSent(Answer, frozen=True):
    """To which phone a code went; a new one allows no PIN until it is typed."""

    masked: str
    may_set_pin: bool | UnsetType = UNSET


class Linked(Answer, frozen=True):
    """The contact with the accounts it has now; or the code or PIN was `wrong`, or the PIN is `locked`."""

    who: SessionContact | UnsetType = UNSET
    account_id: int | UnsetType | None = UNSET
    thing: Text | UnsetType = UNSET
    """What was linked, a phone or a chat."""
    proven: bool | UnsetType = UNSET


class LinkedAccount(Answer, frozen=True):
    """The account that is about to be parted from here."""

    number: str


class PinKnown(Answer, frozen=True):
    """Whether there is a PIN to ask for: `yes` or `no`."""


class PinChecked(Answer, frozen=True):
    """Right (`done`), `wrong`, or `locked` after too many tries."""

    proven: bool | UnsetType = UNSET


class CodeChecked(Answer, frozen=True):
    """Right, or `wrong`."""

    may_set_pin: bool | UnsetType = UNSET


class PinRemembered(Answer, frozen=True):
    """A keyed digest of the first entry, to compare the second with."""

    pin_digest: str


class PinSet(Answer, frozen=True):
    """Set, or the second entry `differs`."""

    pin_digest: str = ""
    proven: bool | UnsetType = UNSET
    may_set_pin: bool | UnsetType = UNSET


async def send_link_code(conn: AsyncConnection, context: Context, request: CounterRequest) -> CodeSent:
    """A code to the phone of record of the account that was named."""
    number = str(request.data["number"])
    return CodeSent(await link.start(conn, context, contact_of(request), number, address=request.address))


async def link_account(conn: AsyncConnection, context: Context, request: CounterRequest) -> Linked:
    """The code was right: from now on this contact may ask about the account."""
    account_id = await link.finish(conn, context, contact_of(request), str(request.data["code"]))
    if account_id is None:
        return Linked(outcome="wrong")
    return Linked(await _contact(conn, request), account_id, thing=_thing(request))


async def link_by_pin(conn: AsyncConnection, context: Context, request: CounterRequest) -> Linked:
    """The account's number and its holder's PIN: the other way to be linked, and proven at once."""
    number, pin = str(request.data["number"]), str(request.data["pin"])
    outcome, account_id = await link.by_pin(conn, context, contact_of(request), number, pin)
    if account_id is None:
        return Linked(outcome=outcome)
    return Linked(await _contact(conn, request), account_id, thing=_thing(request), proven=True)


async def linked_account(conn: AsyncConnection, _context: Context, request: CounterRequest) -> LinkedAccount:
    """The account that is about to be parted from here."""
    account = await parties.account(conn, account_of(request))
    if account is None:
        raise Refused("choose.gone")
    return LinkedAccount(account.number)


async def unlink(conn: AsyncConnection, context: Context, request: CounterRequest) -> Linked:
    """From now on this contact hears nothing of the account."""
    if not await link.unlink(conn, context, contact_of(request), account_of(request)):
        raise Refused("choose.gone")
    return Linked(await _contact(conn, request), None, proven=False)


def _thing(request: CounterRequest) -> Text:
    return word(f"link.thing.{medium_of(request)}")


async def _contact(conn: AsyncConnection, request: CounterRequest) -> SessionContact:
    """The contact with the accounts it has now."""
    contact_id = contact_of(request)
    accounts = tuple(account.id for account in await parties.accounts_of(conn, contact_id))
    contact = await contacts.by_id(conn, contact_id)
    return SessionContact(contact_id, request.party_id, accounts, contact.parted if contact else 0.0)


async def has_pin(conn: AsyncConnection, _context: Context, request: CounterRequest) -> PinKnown:
    """Whether there is a PIN to ask for."""
    return PinKnown(outcome="yes" if await identity.has_pin(conn, await _party(conn, request)) else "no")


async def check_pin(conn: AsyncConnection, context: Context, request: CounterRequest) -> PinChecked:
    """Right, wrong, or locked after too many tries."""
    party_id, pin = await _party(conn, request), str(request.data["pin"])
    outcome = await identity.check_pin(conn, context, party_id, pin, contact_of(request))
    return PinChecked(True) if outcome == "ok" else PinChecked(outcome=outcome)


async def send_pin_code(conn: AsyncConnection, context: Context, request: CounterRequest) -> CodeSent:
    """A code to the phone of record, which allows a new PIN."""
    account = await parties.account(conn, account_of(request))
    assert account is not None
    return CodeSent(await link.start(conn, context, contact_of(request), account.number, purpose="pin"), False)


async def check_pin_code(conn: AsyncConnection, context: Context, request: CounterRequest) -> CodeChecked:
    """The code was right: a new PIN may be set in this conversation."""
    account_id = await link.finish(conn, context, contact_of(request), str(request.data["code"]), purpose="pin")
    if account_id is None or account_id != request.account_id:
        return CodeChecked(outcome="wrong")
    return CodeChecked(True)


async def remember_pin(_conn: AsyncConnection, context: Context, request: CounterRequest) -> PinRemembered:
    """Only a keyed digest of the first entry is kept, to compare the second with."""
    return PinRemembered(_digest(context, request))


async def set_pin(conn: AsyncConnection, context: Context, request: CounterRequest) -> PinSet:
    """The PIN was typed twice the same: it holds from now on."""
    if not request.data.get("may_set_pin"):
        raise Refused("choose.gone")
    if not hmac.compare_digest(_digest(context, request), str(request.data.get("pin_digest"))):
        return PinSet(outcome="differs")
    await identity.set_pin(conn, context, await _party(conn, request), str(request.data["pin"]))
    return PinSet(proven=True, may_set_pin=False)


def _digest(context: Context, request: CounterRequest) -> str:
    secret = context.site.secret_key.get_secret_value().encode()
    return hmac.new(secret, f"pin:{request.contact_id}:{request.data['pin']}".encode(), hashlib.sha256).hexdigest()


async def _party(conn: AsyncConnection, request: CounterRequest) -> int:
    """Whose PIN protects the account: the party that holds it, whoever's phone this is."""
    account = await parties.account(conn, account_of(request))
    if account is None:
        raise Refused("choose.gone")
    return account.party_id
