"""The paybill half of the Daraja double: payments into it, their notes, the list that is pulled, and status queries."""

import asyncio
import secrets
from typing import Any

from aiohttp import web

from core.payments.providers.daraja import EAT
from tests.doubles.daraja import DOUBLE, Double, drop, error, number, stranger

GONE_BACK = (0, 21)


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
            "transactionId": receipt,
            "trxDate": double.clock.now().astimezone(EAT).strftime("%Y-%m-%dT%H:%M:%S"),
            "msisdn": "2547 ***** 001",
            "sender": "MPESA",
            "transactiontype": "c2b-pay-bill-debit",
            "billreference": reference,
            "amount": f"{amount}.00",
            "organizationname": "Mwangaza",
        }
        for receipt, amount, reference in double.truth
        if amount > 0
    ]


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
    if double.manners.answer != "given":
        return drop(request)
    conversation = f"AG_{secrets.token_hex(8)}"
    found = _meant(double, said)
    result: dict[str, Any] = {
        "ResultType": 0,
        "ResultCode": 0 if found else 2032,
        "ConversationID": conversation,
        "ResultDesc": "...",
        "OriginatorConversationID": secrets.token_hex(8),
        "TransactionID": number(),
    }
    if found:
        told = {"ReceiptNo": found[0], "Amount": found[1], "TransactionStatus": found[2], "DebitPartyName": "A"}
        items = [{"Key": key, "Value": value} for key, value in told.items()]
        result["ResultParameters"] = {"ResultParameter": items}
    double.start(_tell_later(double, said["ResultURL"], {"Result": result}))
    return web.json_response({"ConversationID": conversation, "OriginatorConversationID": "o", "ResponseCode": "0"})


def _meant(double: Double, said: dict[str, Any]) -> tuple[str, int, str] | None:
    """(number, shillings, status) of the payment of a number, or of the reversal of a conversation."""
    if "OriginalConversationID" in said:
        back = double.reversals.get(said["OriginalConversationID"])
        return (back[0], back[1], "Completed" if back[2] in GONE_BACK else "Failed") if back else None
    paid = next((one for one in double.truth if one[0] == said["TransactionID"]), None)
    return (paid[0], paid[1], "Completed") if paid else None


async def _reverse(request: web.Request) -> web.StreamResponse:
    """A payment goes back to whoever paid it. Asked for twice it would go back twice: there is no key that forbids it."""
    double, said = request.app[DOUBLE], await request.json()
    if stranger(request):
        return error("404.001.03", "Invalid Access Token", 401)
    if said["CommandID"] != "TransactionReversal" or not said["Initiator"] or not said["SecurityCredential"]:
        return error("400.002.02", "Bad Request - Invalid Initiator")
    paid = next((one for one in double.truth if one[0] == said["TransactionID"]), None)
    wrong = said["ReceiverParty"] != double.shortcode or said["RecieverIdentifierType"] != "11"
    if wrong or paid is None or type(said["Amount"]) is not int or not 0 < said["Amount"] <= paid[1]:
        return error("400.002.02", "Bad Request - Invalid TransactionID")
    manners = double.manners
    if manners.answer == "dropped_before":
        return drop(request)
    conversation, original, receipt = f"AG_{secrets.token_hex(8)}", f"7071-{secrets.token_hex(6)}", number()
    double.reversals[original] = (receipt, said["Amount"], manners.back)
    if manners.back in GONE_BACK:
        double.truth.append((receipt, -said["Amount"], paid[2]))
    result: dict[str, Any] = {
        "ResultType": 0,
        "ResultCode": manners.back,
        "ResultDesc": "...",
        "OriginatorConversationID": original,
        "ConversationID": conversation,
        "TransactionID": receipt,
    }
    if manners.back == 0:
        told = {
            "Amount": said["Amount"],
            "OriginalTransactionID": paid[0],
            "TransCompletedTime": 20260310120259,
            "Charge": 0,
        }
        result["ResultParameters"] = {"ResultParameter": [{"Key": key, "Value": value} for key, value in told.items()]}
    for _ in range(manners.calls):
        double.start(_tell_later(double, said["ResultURL"], {"Result": result}))
    if manners.answer == "dropped_after":
        return drop(request)
    return web.json_response(
        {
            "OriginatorConversationID": original,
            "ConversationID": conversation,
            "ResponseCode": "0",
            "ResponseDescription": "Accept the service request successfully.",
        }
    )


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
    web.post("/mpesa/reversal/v1/request", _reverse),
)  # fmt: skip
"""What the paybill answers."""
