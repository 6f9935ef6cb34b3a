"""A Flutterwave v4 that speaks its wire format: OAuth tokens of ten minutes, customers, payment methods, charges, refunds, signed webhooks.

It takes an `X-Idempotency-Key` for what it is: the same key gives the first answer. A phone that ends with the figures of `ENDS` ends
that way; any other is paid from.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.doubles.till import TILL, Moved, Thing, Till, app_of

ENDS = {"901": "insufficient_funds", "902": "timeout", "903": "invalid_pin"}
PREFIX = {"customers": "cus_", "payment-methods": "pmd_", "charges": "chg_", "refunds": "rfd_"}


@dataclass
class FlutterwaveV4(Till):
    """The double."""

    client_id: str = "client"
    client_secret: str = "client-secret"
    tokens: set[str] = field(default_factory=set)

    def signed(self, body: bytes) -> Mapping[str, str]:
        """The header of a webhook."""
        mac = hmac.new(self.secret.encode(), body, hashlib.sha256).digest()
        return {"flutterwave-signature": base64.b64encode(mac).decode()}

    def charges(self) -> list[Thing]:
        """What was charged, oldest first."""
        return [one for one in self.things.values() if str(one["id"]).startswith("chg_")]

    def answer(self, charge_id: str) -> None:
        """They answer the prompt on their phone."""
        thing = self.things[charge_id]
        phone = self.things[thing["payment_method_id"]]["mobile_money"]["phone_number"]
        why = ENDS.get(phone[-3:])
        thing.update(
            status="failed" if why else "succeeded",
            processor_response={"type": why or "approved", "code": "99" if why else "00"},
        )
        if why is None:
            self.truth.append(Moved(charge_id, _minor(thing["amount"]), thing["currency"], thing["reference"]))
        self.tell(self.event("charge.completed", thing))

    def event(self, kind: str, thing: Thing) -> Thing:
        """A webhook."""
        return {"type": kind, "id": self.name("wbk_"), "timestamp": self.now() * 1000, "data": dict(thing)}


def _minor(amount: Any) -> int:
    whole, _, part = str(amount).partition(".")
    return int(whole) * 100 + int(f"{part:0<2}"[:2])


def _double(request: web.Request) -> FlutterwaveV4:
    till = request.app[TILL]
    if not isinstance(till, FlutterwaveV4):
        raise TypeError("this app is Flutterwave v4's")
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in till.tokens:
        raise web.HTTPUnauthorized(text='{"status": "failed"}', content_type="application/json")
    return till


async def _token(request: web.Request) -> web.Response:
    till, said = request.app[TILL], await request.post()
    if not isinstance(till, FlutterwaveV4):
        raise TypeError("this app is Flutterwave v4's")
    wanted = {"client_id": till.client_id, "client_secret": till.client_secret, "grant_type": "client_credentials"}
    if dict(said) != wanted:
        return web.json_response({"error": "unauthorized_client"}, status=401)
    token = secrets.token_urlsafe(20)
    till.tokens.add(token)
    return web.json_response(
        {"access_token": token, "expires_in": 600, "token_type": "Bearer", "scope": "profile email"}
    )


def _wrong(code: str, status: int = 400) -> web.Response:
    return web.json_response({"status": "failed", "error": {"type": "REQUEST_NOT_VALID", "code": code}}, status=status)


async def _make(request: web.Request) -> web.Response:
    double, said, kind = _double(request), await request.json(), request.match_info["kind"]
    key = request.headers.get("X-Idempotency-Key")
    if known := double.before(key):
        return web.json_response({"status": "success", "data": known}, status=200)
    if not key or WRONG[kind](double, said):
        return _wrong("10400")
    made = double.keep({**said, "id": double.name(PREFIX[kind]), "created_datetime": "2026-03-10T09:00:00.000Z"}, key)
    if kind == "charges":
        made |= {
            "status": "pending",
            "next_action": {"type": "payment_instruction", "payment_instruction": {"note": "PIN"}},
        }
    if kind == "refunds":
        made |= {"status": "completed"}
        paid = double.things[said["charge_id"]]
        double.truth.append(Moved(paid["id"], -_minor(said["amount"]), paid["currency"], said["meta"]["key"]))
        double.tell(double.event("refund.completed", made))
        return web.json_response({"status": "success", "data": {**made, "status": "new"}}, status=201)
    return web.json_response({"status": "success", "data": made}, status=201)


def _charge_wrong(double: FlutterwaveV4, said: Thing) -> bool:
    ref = str(said.get("reference", ""))
    known = said.get("customer_id") in double.things and said.get("payment_method_id") in double.things
    fits = 6 <= len(ref) <= 42 and all(letter.isalnum() or letter == "-" for letter in ref)
    return not known or not fits or any(one["reference"] == ref for one in double.charges())


def _refund_wrong(double: FlutterwaveV4, said: Thing) -> bool:
    paid = double.things.get(str(said.get("charge_id")))
    back = -sum(one.minor for one in double.truth if one.txn == said.get("charge_id") and one.minor < 0)
    return paid is None or _minor(said["amount"]) > _minor(paid["amount"]) - back


def _phone_wrong(_double: FlutterwaveV4, said: Thing) -> bool:
    phone = said.get("mobile_money", {})
    return (
        said.get("type") != "mobile_money" or not str(phone.get("country_code")).isdigit() or not phone.get("network")
    )


WRONG = {
    "customers": lambda _double, said: "@" not in said.get("email", ""), "payment-methods": _phone_wrong,
    "charges": _charge_wrong, "refunds": _refund_wrong,
}  # fmt: skip


async def _one(request: web.Request) -> web.Response:
    found = _double(request).things.get(request.match_info["id"])
    return web.json_response({"status": "success", "data": found}) if found else _wrong("10404", 404)


async def _list(request: web.Request) -> web.Response:
    double, kind, ref = _double(request), request.match_info["kind"], request.query.get("reference")
    found = [one for one in double.things.values() if str(one["id"]).startswith(PREFIX[kind])]
    return web.json_response(
        {"status": "success", "data": [one for one in found if ref in (None, one.get("reference"))]}
    )


def make_app(double: FlutterwaveV4) -> web.Application:
    """Flutterwave v4 as a service of its own, its identity provider included."""
    kind = "{kind:customers|payment-methods|charges|refunds}"
    return app_of(
        double,
        [
            web.post("/token", _token),
            web.post(f"/{kind}", _make),
            web.get(f"/{kind}", _list),
            web.get(f"/{kind}/{{id}}", _one),
        ],
    )
