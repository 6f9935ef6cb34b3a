"""What all their own pages share: the ways between them, the account, and figures and days in their language."""

from typing import Any

from aiohttp import web
from babel.dates import format_date

from core import money
from core.billing.render.view_model import number
from core.parties.model import Account
from core.text import say
from gateway.pages.me_door import Her
from gateway.pages.page import render

DOORS = ("", "bills", "use", "payments", "reports", "points", "settings", "ask")


def show(
    request: web.Request, customer: Her, account: Account, door: str, *, lang: str = "", **values: Any
) -> web.Response:
    """One of their pages; `lang` where it is not the language their contact was found with."""
    lang = lang or customer.contact.language

    def amount(minor: int) -> str:
        return money.show(minor, account.currency, lang)

    def day(on: Any) -> str:
        return format_date(on, "d MMM y", locale=lang) if on else ""

    doors = [(name, say(lang, f"me.{name or 'home'}")) for name in DOORS]
    return render(
        request,
        f"me_{door or 'home'}.html",
        lang=lang,
        doors=doors,
        here=door,
        account=account,
        csrf=customer.csrf,
        several=len(customer.accounts) > 1,
        accounts=customer.accounts,
        amount=amount,
        date=day,
        number=number,
        **values,
    )
