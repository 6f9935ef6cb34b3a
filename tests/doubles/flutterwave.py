"""A Flutterwave that speaks its wire format: payments known by `tx_ref`, amounts in whole units, webhooks of the old and the new form.

The old form (`verif-hash`) is the secret itself; the new one signs the body in base64. Both are only a hint: the transaction answers.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.doubles.till import TILL, Moved, Thing, Till, app_of


@dataclass
class Flutterwave(Till):
    """The double; `form` is v3 or v4."""

    key: str = "FLWSECK"
    form: str = "v3"

    def signed(self, body: bytes) -> Mapping[str, str]:
        """The header of a webhook."""
        if self.form == "v3":
            return {"verif-hash": self.secret}
        mac = hmac.new(self.secret.encode(), body, hashlib.sha256).digest()
        return {"flutterwave-signature": base64.b64encode(mac).decode()}

    def pay(self, tx_ref: str, amount: Any = None, currency: str | None = None, card: str = "visa") -> None:
        """They pay on the page (perhaps less than was asked), by a card; one whose name says so is refused later."""
        thing = self.things[tx_ref]
        shown = {
            "first_6digits": "455605",
            "last_4digits": "2643",
            "type": "VISA",
            "expiry": "09/32",
            "token": f"flw-t1nf-{card}",
        }
        thing.update(status="successful", amount=amount or thing["amount"], currency=currency or thing["currency"])
        thing["card"] = shown
        self.moved(thing)

    def moved(self, thing: Thing) -> None:
        """Money came in by it, and is told; the webhook has no token."""
        self.truth.append(Moved(str(thing["id"]), int(thing["amount"] * 100), thing["currency"], thing["tx_ref"]))
        self.tell(self.event({name: value for name, value in thing.items() if name != "card"}))

    def event(self, thing: Thing) -> Thing:
        """A webhook about a transaction."""
        if self.form == "v3":
            return {"event": "charge.completed", "data": dict(thing)}
        data = {**thing, "reference": thing["tx_ref"], "status": "succeeded"}
        return {"type": "charge.completed", "id": self.name("wbk_"), "timestamp": self.now() * 1000, "data": data}


def _answer(data: Any, status: int = 200) -> web.Response:
    return web.json_response({"status": "success" if status < 400 else "error", "data": data}, status=status)


def _double(request: web.Request) -> Flutterwave:
    till = request.app[TILL]
    if not isinstance(till, Flutterwave):
        raise TypeError("this app is Flutterwave's")
    if request.headers.get("Authorization") != f"Bearer {till.key}":
        raise web.HTTPUnauthorized(text='{"status": "error"}', content_type="application/json")
    return till


def _number(text: Any) -> Any:
    """An amount as JSON shows it."""
    whole, _, part = str(text).partition(".")
    return int(whole) if not part.strip("0") else (int(whole) * 100 + int(f"{part:0<2}")) / 100


async def _payments(request: web.Request) -> web.Response:
    double, said = _double(request), await request.json()
    if said["tx_ref"] in double.things or "@" not in said["customer"]["email"]:
        return _answer(None, 400)
    thing = {
        "tx_ref": said["tx_ref"],
        "flw_ref": double.name("F"),
        "amount": _number(said["amount"]),
        "currency": said["currency"],
        "status": "pending",
        "created_at": "2026-03-10T09:00:00.000Z",
        "customer": {"email": said["customer"]["email"]},
    }
    double.things[said["tx_ref"]] = thing | {"id": 285959875 + len(double.things)}
    return _answer({"link": f"https://checkout.flutterwave.com/v3/hosted/pay/{said['tx_ref']}"})


REFUSALS = {"funds": "Insufficient Funds", "stolen": "Pick up card, stolen", "issuer": "Issuer or Switch Inoperative"}


async def _charge(request: web.Request) -> web.Response:
    """A card on file is charged by its token and the e-mail that belongs to it."""
    double, said = _double(request), await request.json()
    left = [one for one in double.things.values() if (one.get("card") or {}).get("token") == said["token"]]
    if not left or left[0]["customer"]["email"] != said["email"] or said["tx_ref"] in double.things:
        return web.json_response(
            {"status": "error", "message": "Wrong token or email passed", "data": None}, status=400
        )
    name = str(said["token"]).removeprefix("flw-t1nf-")
    thing = left[0] | {
        "id": 285959875 + len(double.things),
        "tx_ref": said["tx_ref"],
        "amount": _number(said["amount"]),
        "currency": said["currency"],
        "status": "failed" if name in REFUSALS else "successful",
        "processor_response": REFUSALS.get(name, "Approved"),
    }
    double.things[said["tx_ref"]] = thing
    if name == "paused":
        thing |= {"status": "pending", "meta": {"authorization": {"mode": "redirect", "redirect": "https://bank/3ds"}}}
    elif thing["status"] == "successful":
        double.moved(thing)
    return _answer(thing)


async def _verify(request: web.Request) -> web.Response:
    double, number = _double(request), request.match_info.get("id")
    ref = request.query.get("tx_ref")
    found = [one for one in double.things.values() if (ref and one["tx_ref"] == ref) or str(one["id"]) == number]
    return _answer(found[0]) if found else _answer(None, 404)


async def _refund(request: web.Request) -> web.Response:
    double, said = _double(request), await request.json()
    paid = [one for one in double.things.values() if str(one["id"]) == request.match_info["id"]]
    amount = _number(said["amount"])
    if not paid or amount > paid[0]["amount"]:
        return _answer(None, 400)
    double.truth.append(Moved(request.match_info["id"], -int(amount * 100), paid[0]["currency"], said["comments"]))
    made = {
        "id": double.name("75"),
        "status": "completed",
        "comments": said["comments"],
        "tx_ref": "",
        "amount_refunded": amount,
    }
    double.keep(made, None)
    return _answer(made)


async def _refunds(request: web.Request) -> web.Response:
    double, number = _double(request), request.match_info.get("id")
    found = [one for one in double.things.values() if "comments" in one]
    first = (int(request.query.get("page", "1")) - 1) * double.most
    page = found[::-1][first : first + double.most]
    return _answer(next(one for one in found if one["id"] == number) if number else page)


def make_app(double: Flutterwave) -> web.Application:
    """Flutterwave as a service of its own."""
    return app_of(
        double,
        [
            web.post("/v3/payments", _payments),
            web.post("/v3/tokenized-charges", _charge),
            web.get("/v3/transactions/verify_by_reference", _verify),
            web.get("/v3/transactions/{id}/verify", _verify),
            web.get("/charges/{id}", _verify),
            web.post("/v3/transactions/{id}/refund", _refund),
            web.get("/v3/refunds", _refunds),
            web.get("/v3/refunds/{id}", _refunds),
        ],
    )
