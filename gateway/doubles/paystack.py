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

from gateway.doubles.till import TILL, Moved, Thing, Till, app_of


@dataclass
class Paystack(Till):
    """The double; its `secret` is also its API key."""

    def signed(self, body: bytes) -> Mapping[str, str]:
        """The signature of a webhook."""
        return {"x-paystack-signature": hmac.new(self.secret.encode(), body, hashlib.sha512).hexdigest()}

    def pay(self, reference: str) -> None:
        """She pays on the page."""
        thing = self.things[reference]
        at = datetime.fromtimestamp(self.now(), UTC).isoformat()
        thing.update(status="success", paid_at=at)
        self.truth.append(Moved(reference, thing["amount"], thing["currency"], reference))
        self.tell({"event": "charge.success", "data": dict(thing)})


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
            "id": 302961 + len(till.things), "reference": ref, "amount": said["amount"], "currency": said["currency"],
            "status": "abandoned", "metadata": said["metadata"], "domain": "test", "channel": "card",
        } | {"id": ref}, ref,
    )  # fmt: skip
    return _answer({"authorization_url": f"https://checkout.paystack.com/{ref}", "access_code": "x", "reference": ref})


async def _verify(request: web.Request) -> web.Response:
    found = request.app[TILL].things.get(request.match_info["ref"])
    return _answer(found) if found and _trusted(request) else _answer(None, 404)


async def _refund(request: web.Request) -> web.Response:
    till, said = request.app[TILL], await request.json()
    paid = till.things.get(str(said["transaction"]))
    back = -sum(one.minor for one in till.truth if one.txn == said["transaction"] and one.minor < 0)
    if not _trusted(request) or paid is None or said["amount"] > paid["amount"] - back:
        return _answer(None, 400)
    till.truth.append(Moved(paid["reference"], -said["amount"], paid["currency"], said["merchant_note"]))
    made: Thing = {
        "id": till.name("7"), "transaction": paid["reference"], "transaction_reference": paid["reference"],
        "amount": said["amount"], "currency": said["currency"], "status": "processed",
        "merchant_note": said["merchant_note"],
    }  # fmt: skip
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
            web.post("/transaction/initialize", _initialize), web.get("/transaction/verify/{ref}", _verify),
            web.post("/refund", _refund), web.get("/refund", _refunds), web.get("/refund/{id}", _refunds),
        ],
    )  # fmt: skip
