"""The paybill half of the Daraja double: payments into it, their notes, the list that is pulled, and status queries."""

import asyncio
import secrets
from typing import Any

from aiohttp import web

from core.payments.providers.daraja import EAT
from gateway.doubles.daraja import DOUBLE, Double, drop, error, number, stranger


async def _simulate(request: web.Request) -> web.Response:
    """Somebody pays into the paybill: validation first, then the money, then the confirmation."""
    double, said = request.app[DOUBLE], await request.json()
    if stranger(request):
        return error("404.001.03", "Invalid Access Token", 401)
    note = double.confirmation(number(), int(said["Amount"]), str(said["BillRefNumber"]))
    if double.validation_url:
        verdict = await double.post(double.validation_url, note)
        if str(verdict.get("ResultCode", "0")) != "0":
            return web.json_response({"ResponseCode": "1", "ResponseDescription": verdict["ResultCode"]})
    double.truth.append((note["TransID"], int(said["Amount"]), note["BillRefNumber"]))
    double.start(_confirm(double, note))
    return web.json_response({"ResponseCode": "0", "ResponseDescription": "Accept the service request successfully."})


async def _confirm(double: Double, note: dict[str, Any]) -> None:
    for _ in range(double.manners.calls):
        await double.post(double.confirmation_url, note)


def _listed(double: Double) -> list[dict[str, Any]]:
    return [
        {
            "transactionId": receipt, "trxDate": double.clock.now().astimezone(EAT).strftime("%Y-%m-%dT%H:%M:%S"),
            "msisdn": "2547 ***** 001", "sender": "MPESA", "transactiontype": "c2b-pay-bill-debit",
            "billreference": reference, "amount": f"{amount}.00", "organizationname": "Mwangaza",
        }
        for receipt, amount, reference in double.truth
    ]  # fmt: skip


async def _pull(request: web.Request) -> web.StreamResponse:
    """What came to the paybill, two a page."""
    double, said = request.app[DOUBLE], await request.json()
    if stranger(request):
        return error("404.001.03", "Invalid Access Token", 401)
    if double.manners.answer != "given":
        return drop(request)
    start = int(said["OffSetValue"])
    page = _listed(double)[start : start + 2]
    return web.json_response(
        {"ResponseRefID": "r", "ResponseCode": "1000", "ResponseMessage": "Success", "Response": [page]}
    )


async def _status(request: web.Request) -> web.StreamResponse:
    """What one transaction was: told later, under the conversation."""
    double, said = request.app[DOUBLE], await request.json()
    if stranger(request):
        return error("404.001.03", "Invalid Access Token", 401)
    if said["CommandID"] != "TransactionStatusQuery" or not said["Initiator"] or not said["SecurityCredential"]:
        return error("400.002.02", "Bad Request - Invalid Initiator")
    conversation = f"AG_{secrets.token_hex(8)}"
    found = next((one for one in double.truth if one[0] == said["TransactionID"]), None)
    result: dict[str, Any] = {
        "ResultType": 0, "ResultCode": 0 if found else 2032, "ConversationID": conversation, "ResultDesc": "...",
        "OriginatorConversationID": secrets.token_hex(8), "TransactionID": number(),
    }  # fmt: skip
    if found:
        told = {"ReceiptNo": found[0], "Amount": found[1], "TransactionStatus": "Completed", "DebitPartyName": "A"}
        items = [{"Key": key, "Value": value} for key, value in told.items()]
        result["ResultParameters"] = {"ResultParameter": items}
    double.start(_tell_later(double, said["ResultURL"], {"Result": result}))
    return web.json_response({"ConversationID": conversation, "OriginatorConversationID": "o", "ResponseCode": "0"})


async def _tell_later(double: Double, url: str, said: dict[str, Any]) -> None:
    await asyncio.sleep(0.05)
    await double.post(url, said)


async def _register(request: web.Request) -> web.Response:
    double, said = request.app[DOUBLE], await request.json()
    if stranger(request):
        return error("404.001.03", "Invalid Access Token", 401)
    urls = said["ConfirmationURL"], said["ValidationURL"]
    if any("mpesa" in url.lower() for url in urls) or said["ResponseType"] not in ("Completed", "Cancelled"):
        return error("400.003.02", "Bad Request - Invalid URL")
    double.confirmation_url, double.validation_url = urls
    return web.json_response({"OriginatorCoversationID": secrets.token_hex(8), "ResponseCode": "0"})


ROUTES = (
    web.post("/mpesa/c2b/v1/simulate", _simulate), web.post("/mpesa/c2b/v2/registerurl", _register),
    web.post("/pulltransactions/v1/query", _pull), web.post("/mpesa/transactionstatus/v1/query", _status),
)  # fmt: skip
"""What the paybill answers."""
