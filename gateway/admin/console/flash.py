"""What a form did, said once on the page that follows it: a short-lived cookie carries which words, never the words themselves."""

from collections.abc import Mapping

from aiohttp import web

from gateway.admin.console.section import place_of

COOKIE = "hodi_console_done"
LASTS = 60
ASKED = "Asked: another person decides."
DONE: Mapping[str, str] = {
    "/console/cash:open": "Your drawer is open.", "/console/cash:receipt": "The cash is booked. Print the receipt.",
    "/console/cash:turn_in": "Turned in to the safe.", "/console/cash:count": "Your count is noted.",
    "/console/cash:deposit": "Noted: it is on its way to the bank.", "/console/cash/{id}/cancel": "The receipt is cancelled: hand the cash back.",
    "/console/mandates": ASKED, "/console/mandates/{reference}/end": "The mandate is ended.",
    "/console/collections/{id}:protect": "The account is protected.", "/console/collections/{id}:unprotect": "The protection is ended.",
    "/console/collections/{id}:noted": "The call is noted.", "/console/collections/{id}:arrange": "The instalments are agreed.",
    "/console/collections/{id}:promise": "The promise is noted.", "/console/collections/{id}:write_off": ASKED,
    "/console/receipts/{id}:move": ASKED, "/console/receipts/{id}:refund": "The refund is asked for: its state stands below.",
    "/console/receipts/{id}:unapply": "It is credit now, and the bill is open again.", "/console/receipts/{id}:paid": "Noted: the refund is paid.",
    "/console/suspense/{id}": "The payment is placed.", "/console/accounts/{id}/phone": ASKED,
    "/console/accounts/{id}/links": "It is taken off the account.", "/console/campaigns:plan": "The campaign is planned.",
    "/console/approvals/{id}:yes": "Agreed, and done.", "/console/approvals/{id}:no": "Refused.",
    "/console/money:close": "The day is closed.", "/console/money:match": "The day is matched again.",
    "*": "Done.",
}  # fmt: skip
"""Which words follow which form: its route and what it says it does."""


def tell(request: web.Request, told: Mapping[str, str], there: web.HTTPSeeOther) -> web.StreamResponse:
    """Send the browser on, with the words for the next page; a page that says them itself is left to."""
    location = str(there.location)
    if "done=" in location or "told=" in location or location.startswith("/console/login"):
        raise there
    place = place_of(request)
    keys = (f"{place}:{told.get('do', told.get('to', ''))}", place, "*")
    answer = web.Response(status=303, headers={"Location": location})
    key = next(key for key in keys if key in DONE)
    answer.set_cookie(COOKIE, _coded(key), max_age=LASTS, path="/console", httponly=True, samesite="Strict")
    return answer


def said(request: web.Request) -> str:
    """What was just done; empty where nothing was."""
    text = request.cookies.get(COOKIE, "")
    return next((words for key, words in DONE.items() if _coded(key) == text), "")


def _coded(key: str) -> str:
    """A key as a cookie may hold it."""
    return "".join(letter if letter.isalnum() else "-" for letter in key)
