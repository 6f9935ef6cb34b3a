"""Daraja asks before a paybill payment goes through: is this account ours, is this an amount we take? Nothing is stored.

A payer who mistyped her account number hears it now, instead of finding her money in suspense.
"""

from core import money
from core.context import App
from core.payments import queries
from core.payments.inbox import CallbackAnswer
from core.payments.providers.daraja_payloads import REFUSALS
from core.payments.providers.http import loads
from core.payments.providers.parse import amount, words

WELCOME = {"ResultCode": "0", "ResultDesc": "Accepted"}


async def answer(app: App, body: bytes) -> CallbackAnswer:
    """`{"ResultCode": "0"}`, or the code that names what is wrong."""
    said = loads(body)
    if not isinstance(said, dict) or "BillRefNumber" not in said or "TransAmount" not in said:
        return CallbackAnswer(400, {"code": "payments.not_understood", "reason": "not a validation of Daraja"})
    if str(said.get("BusinessShortCode")) != app.site.daraja_shortcode:
        return _refused("shortcode")
    try:
        minor = amount(said["TransAmount"], app.currency)
    except ValueError:
        return _refused("amount")
    if minor < money.parse(app.operator.payments.minimum, app.currency):
        return _refused("amount")
    reference = words(said["BillRefNumber"])
    async with app.db.reading() as conn:
        known = await queries.account_meant(conn, reference)
    return CallbackAnswer(200, WELCOME) if known else _refused("account")


def _refused(why: str) -> CallbackAnswer:
    return CallbackAnswer(200, {"ResultCode": REFUSALS[why], "ResultDesc": "Rejected"})
