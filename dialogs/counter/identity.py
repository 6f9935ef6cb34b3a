"""Who may ask: PIN, codes to the phone of record, linking; and how we may speak to her."""

import hashlib
import hmac

from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import Refused
from core.house import House
from core.parties import consent, contacts, identity, link, senders
from core.parties import interest as interests
from core.parties import queries as parties
from dialogs.counter.common import Answer, account_of, medium_of
from dialogs.intents import find
from dialogs.model import CounterRequest
from dialogs.values import word

NAMES = {"en": "English", "sw": "Kiswahili", "ha": "Hausa", "fr": "Francais", "vi": "Tieng Viet", "nl": "Nederlands"}
"""Each language in its own words."""


async def languages(_conn: AsyncConnection, house: House, _asked: CounterRequest) -> Answer:
    """The languages this house speaks."""
    return {"rows": [{"value": lang, "name": NAMES.get(lang, lang)} for lang in house.operator.languages]}


async def set_language(conn: AsyncConnection, _house: House, request: CounterRequest) -> Answer:
    """From the next screen on, and in every notice."""
    lang = str(request.data["language"])
    await contacts.set_language(conn, _contact(request), lang)
    return {"is": "done", "lang": lang}


async def stop(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """Nothing but what the law demands, until START: from the number she wrote to, if that is one that sends by itself."""
    sender = _sender(house, request)
    await consent.stop(
        conn, house, _contact(request), sender=sender, channel=request.channel, word=_said(request), at=request.at
    )
    return {"is": "sender", "sender": sender} if sender else {"is": "done"}


async def start(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """Messages again, from the number she wrote to or from all."""
    sender = _sender(house, request)
    await consent.start(
        conn, house, _contact(request), sender=sender, channel=request.channel, word=_said(request), at=request.at
    )
    return {"is": "done"}


def _sender(house: House, request: CounterRequest) -> str | None:
    if request.channel != "sms" or not request.service:
        return None
    return senders.meant_by(house, request.service)


def _said(request: CounterRequest) -> str:
    """The word itself, or `menu` where it was chosen from one."""
    if request.data.get("said"):
        return str(request.data["said"])  # it was asked back
    found = find(request.typed)
    return request.typed if found and found.everywhere else "menu"


async def register_interest(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """Somebody would like an account: the branch calls back."""
    noted = await interests.register(
        conn, house, _contact(request), str(request.data["name"]), str(request.data["place"]), request.key
    )
    return {"is": "done" if noted else "already"}


async def send_link_code(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """A code to the phone of record of the account that was named."""
    return {
        "is": "done",
        "masked": await link.start(
            conn, house, _contact(request), str(request.data["number"]), address=request.address
        ),
    }


async def link_account(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """The code was right: from now on this contact may ask about the account."""
    account_id = await link.finish(conn, house, _contact(request), str(request.data["code"]))
    if account_id is None:
        return {"is": "wrong"}
    return await _linked(conn, request, account_id)


async def link_by_pin(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """The account's number and its holder's PIN: the other way to be linked, and proven at once."""
    said, account_id = await link.by_pin(
        conn, house, _contact(request), str(request.data["number"]), str(request.data["pin"])
    )
    if account_id is None:
        return {"is": said}
    return {**await _linked(conn, request, account_id), "proven": True}


async def linked_account(conn: AsyncConnection, _house: House, request: CounterRequest) -> Answer:
    """The account that is about to be parted from here."""
    account = await parties.account(conn, account_of(request))
    if account is None:
        raise Refused("choose.gone")
    return {"number": account.number}


async def unlink(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """From now on this contact hears nothing of the account."""
    if not await link.unlink(conn, house, _contact(request), account_of(request)):
        raise Refused("choose.gone")
    return {"is": "done", "who": await _who(conn, request), "account_id": None, "proven": False}


async def _linked(conn: AsyncConnection, request: CounterRequest, account_id: int) -> Answer:
    thing = word(f"link.thing.{medium_of(request)}")
    return {"is": "done", "who": await _who(conn, request), "account_id": account_id, "thing": thing}


async def _who(conn: AsyncConnection, request: CounterRequest) -> dict[str, object]:
    """The contact with the accounts it has now."""
    found = [account.id for account in await parties.accounts_of(conn, _contact(request))]
    known = await contacts.by_id(conn, _contact(request))
    parted = known.parted if known else 0.0
    return {"contact_id": request.contact_id, "party_id": request.party_id, "accounts": found, "parted": parted}


async def has_pin(conn: AsyncConnection, _house: House, request: CounterRequest) -> Answer:
    """Whether there is a PIN to ask for."""
    return {"is": "yes" if await identity.has_pin(conn, await _party(conn, request)) else "no"}


async def check_pin(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """Right, wrong, or locked after too many tries."""
    said = await identity.check_pin(
        conn, house, await _party(conn, request), str(request.data["pin"]), _contact(request)
    )
    return {"is": "done", "proven": True} if said == "ok" else {"is": said}


async def send_pin_code(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """A code to the phone of record, which allows a new PIN."""
    account = await parties.account(conn, account_of(request))
    assert account is not None
    masked = await link.start(conn, house, _contact(request), account.number, purpose="pin")
    return {"is": "done", "masked": masked, "may_set_pin": False}


async def check_pin_code(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """The code was right: a new PIN may be set in this conversation."""
    account_id = await link.finish(conn, house, _contact(request), str(request.data["code"]), purpose="pin")
    if account_id is None or account_id != request.account_id:
        return {"is": "wrong"}
    return {"is": "done", "may_set_pin": True}


async def remember_pin(_conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """Only a keyed digest of the first entry is kept, to compare the second with."""
    return {"is": "done", "pin_digest": _digest(house, request)}


async def set_pin(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """The PIN was typed twice the same: it holds from now on."""
    if not request.data.get("may_set_pin"):
        raise Refused("choose.gone")
    if not hmac.compare_digest(_digest(house, request), str(request.data.get("pin_digest"))):
        return {"is": "differs", "pin_digest": ""}
    await identity.set_pin(conn, house, await _party(conn, request), str(request.data["pin"]))
    return {"is": "done", "proven": True, "may_set_pin": False, "pin_digest": ""}


def _digest(house: House, request: CounterRequest) -> str:
    secret = house.settings.secret_key.get_secret_value().encode()
    return hmac.new(secret, f"pin:{request.contact_id}:{request.data['pin']}".encode(), hashlib.sha256).hexdigest()


def _contact(request: CounterRequest) -> int:
    if request.contact_id is None:
        raise Refused("choose.gone")
    return request.contact_id


async def _party(conn: AsyncConnection, request: CounterRequest) -> int:
    """Whose PIN protects the account: the party that holds it, whoever's phone this is."""
    account = await parties.account(conn, account_of(request))
    if account is None:
        raise Refused("choose.gone")
    return account.party_id
