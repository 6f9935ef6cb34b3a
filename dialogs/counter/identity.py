"""Who may ask: PIN, codes to the phone of record, linking; and how we may speak to her."""

import hashlib
import hmac

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.parties import consent, contacts, identity, link, senders
from core.parties import interest as interests
from core.parties import queries as parties
from dialogs.counter.common import Answer, account_of, medium_of
from dialogs.intents import find
from dialogs.model import Asked
from dialogs.values import word

NAMES = {"en": "English", "sw": "Kiswahili", "ha": "Hausa", "fr": "Francais", "vi": "Tieng Viet", "nl": "Nederlands"}
"""Each language in its own words."""


async def languages(_conn: AsyncConnection, context: Context, _asked: Asked) -> Answer:
    """The languages this house speaks."""
    return {"rows": [{"value": lang, "name": NAMES.get(lang, lang)} for lang in context.operator.languages]}


async def set_language(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """From the next screen on, and in every notice."""
    lang = str(asked.data["language"])
    await contacts.set_language(conn, _contact(asked), lang)
    return {"is": "done", "lang": lang}


async def stop(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Nothing but what the law demands, until START: from the number she wrote to, if that is one that sends by itself."""
    sender = _sender(context, asked)
    await consent.stop(
        conn, context, _contact(asked), sender=sender, channel=asked.channel, word=_said(asked), at=asked.at
    )
    return {"is": "sender", "sender": sender} if sender else {"is": "done"}


async def start(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Messages again, from the number she wrote to or from all."""
    sender = _sender(context, asked)
    await consent.start(
        conn, context, _contact(asked), sender=sender, channel=asked.channel, word=_said(asked), at=asked.at
    )
    return {"is": "done"}


def _sender(context: Context, asked: Asked) -> str | None:
    if asked.channel != "sms" or not asked.service:
        return None
    return senders.meant_by(context, asked.service)


def _said(asked: Asked) -> str:
    """The word itself, or `menu` where it was chosen from one."""
    if asked.data.get("said"):
        return str(asked.data["said"])  # it was asked back
    found = find(asked.typed)
    return asked.typed if found and found.everywhere else "menu"


async def register_interest(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Somebody would like an account: the branch calls back."""
    noted = await interests.register(
        conn, context, _contact(asked), str(asked.data["name"]), str(asked.data["place"]), asked.key
    )
    return {"is": "done" if noted else "already"}


async def send_link_code(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """A code to the phone of record of the account that was named."""
    return {
        "is": "done",
        "masked": await link.start(conn, context, _contact(asked), str(asked.data["number"]), address=asked.address),
    }


async def link_account(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The code was right: from now on this contact may ask about the account."""
    account_id = await link.finish(conn, context, _contact(asked), str(asked.data["code"]))
    if account_id is None:
        return {"is": "wrong"}
    return await _linked(conn, asked, account_id)


async def link_by_pin(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The account's number and its holder's PIN: the other way to be linked, and proven at once."""
    said, account_id = await link.by_pin(
        conn, context, _contact(asked), str(asked.data["number"]), str(asked.data["pin"])
    )
    if account_id is None:
        return {"is": said}
    return {**await _linked(conn, asked, account_id), "proven": True}


async def linked_account(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """The account that is about to be parted from here."""
    account = await parties.account(conn, account_of(asked))
    if account is None:
        raise Refused("choose.gone")
    return {"number": account.number}


async def unlink(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """From now on this contact hears nothing of the account."""
    if not await link.unlink(conn, context, _contact(asked), account_of(asked)):
        raise Refused("choose.gone")
    return {"is": "done", "who": await _who(conn, asked), "account_id": None, "proven": False}


async def _linked(conn: AsyncConnection, asked: Asked, account_id: int) -> Answer:
    thing = word(f"link.thing.{medium_of(asked)}")
    return {"is": "done", "who": await _who(conn, asked), "account_id": account_id, "thing": thing}


async def _who(conn: AsyncConnection, asked: Asked) -> dict[str, object]:
    """The contact with the accounts it has now."""
    found = [account.id for account in await parties.accounts_of(conn, _contact(asked))]
    known = await contacts.by_id(conn, _contact(asked))
    parted = known.parted if known else 0.0
    return {"contact_id": asked.contact_id, "party_id": asked.party_id, "accounts": found, "parted": parted}


async def has_pin(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """Whether there is a PIN to ask for."""
    return {"is": "yes" if await identity.has_pin(conn, await _party(conn, asked)) else "no"}


async def check_pin(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Right, wrong, or locked after too many tries."""
    said = await identity.check_pin(conn, context, await _party(conn, asked), str(asked.data["pin"]), _contact(asked))
    return {"is": "done", "proven": True} if said == "ok" else {"is": said}


async def send_pin_code(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """A code to the phone of record, which allows a new PIN."""
    account = await parties.account(conn, account_of(asked))
    assert account is not None
    masked = await link.start(conn, context, _contact(asked), account.number, purpose="pin")
    return {"is": "done", "masked": masked, "may_set_pin": False}


async def check_pin_code(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The code was right: a new PIN may be set in this conversation."""
    account_id = await link.finish(conn, context, _contact(asked), str(asked.data["code"]), purpose="pin")
    if account_id is None or account_id != asked.account_id:
        return {"is": "wrong"}
    return {"is": "done", "may_set_pin": True}


async def remember_pin(_conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Only a keyed digest of the first entry is kept, to compare the second with."""
    return {"is": "done", "pin_digest": _digest(context, asked)}


async def set_pin(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The PIN was typed twice the same: it holds from now on."""
    if not asked.data.get("may_set_pin"):
        raise Refused("choose.gone")
    if not hmac.compare_digest(_digest(context, asked), str(asked.data.get("pin_digest"))):
        return {"is": "differs", "pin_digest": ""}
    await identity.set_pin(conn, context, await _party(conn, asked), str(asked.data["pin"]))
    return {"is": "done", "proven": True, "may_set_pin": False, "pin_digest": ""}


def _digest(context: Context, asked: Asked) -> str:
    secret = context.site.secret_key.get_secret_value().encode()
    return hmac.new(secret, f"pin:{asked.contact_id}:{asked.data['pin']}".encode(), hashlib.sha256).hexdigest()


def _contact(asked: Asked) -> int:
    if asked.contact_id is None:
        raise Refused("choose.gone")
    return asked.contact_id


async def _party(conn: AsyncConnection, asked: Asked) -> int:
    """Whose PIN protects the account: the party that holds it, whoever's phone this is."""
    account = await parties.account(conn, account_of(asked))
    if account is None:
        raise Refused("choose.gone")
    return account.party_id
