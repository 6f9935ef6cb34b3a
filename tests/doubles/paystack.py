"""A Paystack that speaks its wire format: transactions known by the merchant's reference, refunds, webhooks signed by HMAC-SHA512.

A reference that was used is refused; events have no id of their own; amounts are hundredths.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.doubles.till import TILL, Moved, Thing, Till, app_of


@dataclass
class Paystack(Till):
    """The double; its `secret` is also its API key."""

    def signed(self, body: bytes) -> Mapping[str, str]:
        """The signature of a webhook."""
        return {"x-paystack-signature": hmac.new(self.secret.encode(), body, hashlib.sha512).hexdigest()}

    def pay(self, reference: str, card: str = "visa", reusable: bool = True) -> None:
        """They pay on the page, by a card; one whose name says so is refused later (`funds`, `stolen`, `paused`)."""
        thing = self.things[reference]
        at = datetime.fromtimestamp(self.now(), UTC).isoformat()
        left = {
            "authorization_code": f"AUTH_{card}",
            "bin": "408408",
            "last4": "4081",
            "exp_month": "12",
            "exp_year": "2030",
            "channel": "card",
            "card_type": "visa ",
            "bank": "TEST BANK",
            "country_code": "KE",
            "brand": "visa",
            "reusable": reusable,
            "signature": f"SIG_{card}",
            "account_name": None,
        }
        thing.update(status="success", paid_at=at, authorization=left, customer={"email": thing["_email"]})
        self.truth.append(Moved(reference, thing["amount"], thing["currency"], reference))
        self.tell({"event": "charge.success", "data": _shown(thing)})

    def dispute(self, reference: str, resolution: str | None = None) -> None:
        """Their bank disputes a payment; or it is decided (`merchant-accepted`: the money goes back, `declined`: it does not)."""
        paid = self.things[reference]
        data = {
            "id": 358950,
            "refund_amount": paid["amount"],
            "currency": paid["currency"],
            "resolution": resolution,
            "status": "resolved" if resolution else "awaiting-merchant-feedback",
            "domain": "live",
            "category": "chargeback",
            "transaction": {"reference": reference, "amount": paid["amount"], "currency": paid["currency"]},
            "dueAt": "2026-03-14T18:00:00.000Z",
            "resolvedAt": None,
            "createdAt": "2026-03-10T10:00:00.000Z",
        }
        if resolution == "merchant-accepted":
            self.truth.append(Moved(reference, -paid["amount"], paid["currency"], "dispute"))
        self.tell({"event": f"charge.dispute.{'resolve' if resolution else 'create'}", "data": data})


def _shown(thing: Thing) -> Thing:
    return {name: value for name, value in thing.items() if not name.startswith("_")}


def _answer(data: Any, status: int = 200) -> web.Response:
    return web.json_response(
        {"status": status < 400, "message": "ok" if status < 400 else "no", "data": data}, status=status
    )


def _trusted(request: web.Request) -> bool:
    return request.headers.get("Authorization") == f"Bearer {request.app[TILL].secret}"


async def _initialize(request: web.Request) -> web.Response:
    till, said = request.app[TILL], await request.json()
    if not _trusted(request) or "@" not in said.get("email", "") or type(said["amount"]) is not int:
        return _answer(None, 400)
    ref = said["reference"]
    if ref in till.things or not all(letter.isalnum() or letter in "-.=" for letter in ref):
        return _answer(None, 400)
    till.keep(
        {
            "id": 302961 + len(till.things),
            "reference": ref,
            "amount": said["amount"],
            "currency": said["currency"],
            "status": "abandoned",
            "metadata": said["metadata"],
            "domain": "test",
            "channel": "card",
            "_email": said["email"],
        }
        | {"id": ref},
        ref,
    )
    return _answer({"authorization_url": f"https://checkout.paystack.com/{ref}", "access_code": "x", "reference": ref})


REFUSALS = {"funds": "Insufficient Funds", "stolen": "Stolen Card", "issuer": "Issuer or Switch Inoperative"}


async def _charge(request: web.Request) -> web.Response:
    """A card on file is charged: only with the e-mail it was saved with, and once for a reference."""
    till, said = request.app[TILL], await request.json()
    code, ref = str(said["authorization_code"]), said["reference"]
    left = [one for one in till.things.values() if (one.get("authorization") or {}).get("authorization_code") == code]
    if not _trusted(request) or not left or left[0]["_email"] != said["email"]:
        return web.json_response({"status": False, "message": "Invalid authorization code"}, status=400)
    if ref in till.things:
        answer = {"status": False, "message": "Duplicate Transaction Reference", "code": "duplicate_reference"}
        return web.json_response(answer, status=400)
    card = code.removeprefix("AUTH_")
    made = till.keep(
        {
            "id": ref,
            "reference": ref,
            "amount": said["amount"],
            "currency": said["currency"],
            "metadata": said["metadata"],
            "status": "failed" if card in REFUSALS else "success",
            "gateway_response": REFUSALS.get(card, "Approved"),
            "authorization": left[0]["authorization"],
            "customer": left[0]["customer"],
            "_email": said["email"],
            "paid_at": datetime.fromtimestamp(till.now(), UTC).isoformat(),
        },
        ref,
    )
    if card == "paused":
        made["status"] = "send_otp"
        return _answer({"paused": True, "reference": ref, "authorization_url": "https://checkout.paystack.com/resume"})
    if made["status"] == "success":
        till.truth.append(Moved(ref, made["amount"], made["currency"], ref))
        till.tell({"event": "charge.success", "data": _shown(made)})
    return _answer(_shown(made))


async def _forget(request: web.Request) -> web.Response:
    till, code = request.app[TILL], (await request.json())["authorization_code"]
    left = [one for one in till.things.values() if (one.get("authorization") or {}).get("authorization_code") == code]
    for one in left:
        one["authorization"] = None
    if not left or not _trusted(request):
        return web.json_response({"status": False, "message": "Authorization code is not active"}, status=400)
    return web.json_response({"status": True, "message": "Authorization has been deactivated"})


async def _verify(request: web.Request) -> web.Response:
    found = request.app[TILL].things.get(request.match_info["ref"])
    return _answer(_shown(found)) if found and _trusted(request) else _answer(None, 404)


async def _refund(request: web.Request) -> web.Response:
    till, said = request.app[TILL], await request.json()
    paid = till.things.get(str(said["transaction"]))
    back = -sum(one.minor for one in till.truth if one.txn == said["transaction"] and one.minor < 0)
    if not _trusted(request) or paid is None or said["amount"] > paid["amount"] - back:
        return _answer(None, 400)
    till.truth.append(Moved(paid["reference"], -said["amount"], paid["currency"], said["merchant_note"]))
    made: Thing = {
        "id": till.name("7"),
        "transaction": paid["reference"],
        "transaction_reference": paid["reference"],
        "amount": said["amount"],
        "currency": said["currency"],
        "status": "processed",
        "merchant_note": said["merchant_note"],
    }
    till.keep(made, None)
    till.tell({"event": "refund.processed", "data": made})
    return _answer(made | {"status": "pending"})


async def _refunds(request: web.Request) -> web.Response:
    number = request.match_info.get("id")
    found = [one for one in request.app[TILL].things.values() if "merchant_note" in one]
    if number is None:
        most = min(int(request.query.get("perPage", "50")), request.app[TILL].most)
        first = (int(request.query.get("page", "1")) - 1) * most
        return _answer(found[::-1][first : first + most])
    return _answer(next(one for one in found if one["id"] == number))


def make_app(double: Paystack) -> web.Application:
    """Paystack as a service of its own."""
    return app_of(
        double,
        [
            web.post("/transaction/initialize", _initialize),
            web.post("/transaction/charge_authorization", _charge),
            web.post("/customer/deactivate_authorization", _forget),
            web.get("/transaction/verify/{ref}", _verify),
            web.post("/refund", _refund),
            web.get("/refund", _refunds),
            web.get("/refund/{id}", _refunds),
        ],
    )
