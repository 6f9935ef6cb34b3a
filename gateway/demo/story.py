"""The story: one customer dials, hears their balance, reads their bill, asks for a push, pays and is thanked; another's mandate fails,
he is told, and pays by link. Everything passes through the real doors; what must be true is checked on the way.
"""

import html
import re
from datetime import date, time, timedelta

from rich.console import Console

from core.billing import queries as bills
from core.payments import mandates
from core.payments.collect import collect_due
from gateway.demo.clock import TownClock
from gateway.demo.handset import Handset, StoryFailed
from gateway.demo.people import Neighbour
from gateway.demo.servers import Wires
from gateway.demo.town import Town, until


def must(true: object, words: str) -> None:
    """The story goes on only if this is so."""
    if not true:
        raise StoryFailed(words)


async def tell(town: Town, wires: Wires, clock: TownClock, out: Console, day: date) -> None:
    """Both acts, on and after `day`, when everybody's newest bill is open."""
    people = list(town.neighbours.values())
    payer = next(one for one in people if not one.mandate and one.language == "en")
    debtor = next(one for one in people if one.mandate and one.language == "en")
    clock.put(town.at(day, time(10, 30)))
    await pays_by_push(town, wires, clock, out, payer)
    await mandate_fails(town, wires, clock, out, debtor)


async def _owes(town: Town, who: Neighbour) -> int:
    async with town.app.db.reading() as conn:
        return (await bills.owing(conn, town.account_of(who))).open_minor


async def pays_by_push(town: Town, wires: Wires, clock: TownClock, out: Console, who: Neighbour) -> None:
    """They dial, hears, reads, asks for a push, pays, and is thanked."""
    out.rule(f"{who.name} has a feature phone and ten seconds")
    phone = Handset(wires, who.phone, who.name.split()[0], out)
    must(any("ready" in text for text in await phone.sms(last=1)), f"{who.name} was not told that their bill is ready")
    must(await _owes(town, who) > 0, f"{who.name} owes nothing: there is nothing to tell")
    await phone.dial()
    await phone.choose("balance")
    await phone.answer("00")
    await phone.choose("bill")
    await phone.answer("1")
    await phone.answer("00")
    await phone.choose("pay")
    while not phone.ended:  # all of it, to this phone, yes
        await phone.answer("1")
    clock.forward(timedelta(seconds=30))
    await wires.dispatcher.drain()
    await until(lambda: _is_paid(town, who), f"{who.name}'s payment")
    clock.forward(timedelta(minutes=1))
    must(any("thank" in text.lower() for text in await phone.sms()), f"{who.name} paid and was not thanked")


async def _is_paid(town: Town, who: Neighbour) -> bool:
    return await _owes(town, who) == 0


async def mandate_fails(town: Town, wires: Wires, clock: TownClock, out: Console, who: Neighbour) -> None:
    """The bank refuses for good (for want of money it is tried again first, and nothing is said): the notice has a link, which is opened
    and paid."""
    out.rule(f"{who.name} pays by mandate, but this time his bank refuses")
    phone = Handset(wires, who.phone, who.name.split()[0], out)
    await phone.sms(last=1)
    async with town.app.db.reading() as conn:
        due = (await bills.owing(conn, town.account_of(who))).due_on
    must(due, f"{who.name} owes nothing: there is nothing to tell")
    async with town.app.db.reading() as conn:
        mandate = (await mandates.active_for(conn, [town.account_of(who)]))[town.account_of(who)]
    await wires.ask_bank("/v1/behave", match=mandate.reference, times=1, outcome="failed", reason="declined")
    for later in range(8):
        clock.put(town.at((due or town.app.today()) + timedelta(days=later)))
        if (await collect_due(town.app, town.app.today())).total():
            break
    texts: list[str] = []

    async def told() -> bool:
        texts.extend(await phone.sms())
        return any("sorry" in text.lower() for text in texts)

    await until(told, f"{who.name} being told that the payment failed")
    link = re.search(r"https?://\S+/p/\S+", next(text for text in texts if "sorry" in text.lower()))
    must(link, "the failed notice has no link")
    await _pays_by_link(town, wires, out, who, link.group(0).rstrip(".") if link else "")
    must(any("thank" in text.lower() for text in await phone.sms()), f"{who.name} paid and was not thanked")


async def _pays_by_link(town: Town, wires: Wires, out: Console, who: Neighbour, link: str) -> None:
    """Open the link, go to the provider's page, press Pay."""
    async with wires.http.get(link) as page:
        must(page.status == 200, f"the paylink answered {page.status}")
        out.print(
            f"{who.name.split()[0]} opens the link: {_words_of(await page.text())}", highlight=False, markup=False
        )
    async with wires.http.post(link) as checkout:
        must("checkout" in str(checkout.url), f"the paylink did not lead to the provider's page but to {checkout.url}")
        address = checkout.url
    async with wires.http.post(address, data={"decision": "pay"}) as done:
        must(done.status == 200, f"the provider's page answered {done.status}")
    await until(lambda: _is_paid(town, who), f"{who.name}'s payment")
    out.print(f"{who.name.split()[0]} presses Pay on the provider's page.", highlight=False)


def _words_of(page: str) -> str:
    """What a person reads of a page, on one line."""
    body = re.sub(r"<(style|head)>.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(body).split())
