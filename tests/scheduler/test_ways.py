"""The ways to a customer: the operator's order, the next one after a failure, approved words where free ones are shut, and no try wasted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from msgspec import structs
from pydantic import SecretStr
from sqlalchemy import insert, select

from channels.whatsapp.channel import WhatsApp, WhatsAppAccount
from core.care import interactions
from core.clock import SetClock
from core.config.operator import Notices
from core.context import App
from core.message import Delivery, Fate, Notice, Sent, Template
from core.outbox import costs, delivery_reports, queue
from core.outbox.queue import OutboxRow
from core.overview import message_costs
from core.parties.tables import contact, contact_account
from scheduler.breaker import FAILURES
from scheduler.dispatch import Dispatcher
from tests.doubles.meta import PHONE_ID, VERSION, Meta
from tests.people import a_bill, a_branch, a_customer
from tests.scheduler.test_dispatch import Provider

WAYS = ("whatsapp", "sms", "email")


def ordered(app: App, **rules: Any) -> App:
    notices = Notices(order=WAYS, **rules)
    return replace(app, operator=app.operator.model_copy(update={"notices": notices}))


async def a_bill_is_ready(app: App, *chats: str) -> tuple[int, dict[str, int]]:
    """A customer with a phone and these chats is to hear of a bill; her account, and her contacts by channel."""
    contacts: dict[str, int] = {}
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        contacts["sms"] = customer.contact_id
        for chat in chats:
            contacts[chat] = app.ids.take()
            now = app.clock.now()
            row = {
                "id": contacts[chat],
                "channel": chat,
                "channel_user": f"her-{chat}",
                "language": "en",
                "marketing": True,
                "created_at": now,
                "party_id": customer.party_id,
            }
            await conn.execute(insert(contact).values(row))
            link = {"contact_id": contacts[chat], "account_id": customer.account_id, "linked_at": now, "how": "code"}
            await conn.execute(insert(contact_account).values(link))
        bill = await a_bill(conn, app, customer)
        await queue.enqueue(
            conn,
            app,
            key="b1",
            kind="notice",
            template="notice.ready.pay",
            account_id=customer.account_id,
            subject_id=bill,
            resend_unknown=True,
        )
    return customer.account_id, contacts


async def she_wrote(app: App, contact_id: int) -> None:
    async with app.db.writing() as conn:
        await interactions.log(
            conn, app, channel="whatsapp", direction="in", kind="turn", text="hi", contact_id=contact_id
        )


async def the_row(app: App) -> Any:
    async with app.db.reading() as conn:
        return (await conn.execute(select(queue.outbox))).one()


async def test_a_refusal_goes_the_next_way_until_one_gets_through(app: App) -> None:
    app = ordered(app)
    _, contacts = await a_bill_is_ready(app, "whatsapp", "email")
    await she_wrote(app, contacts["whatsapp"])
    ways = {"whatsapp": Provider("refused"), "sms": Provider("refused"), "email": Provider()}
    assert (await Dispatcher(app, ways).drain())["sent"] == 1
    assert [len(one.notices) for one in ways.values()] == [1, 1, 1]
    row = await the_row(app)
    assert (row.state, row.tried, row.attempts) == ("sent", "whatsapp:why sms:why", 1)


async def test_when_every_way_failed_it_says_which_and_why(app: App) -> None:
    app = ordered(app)
    await a_bill_is_ready(app)
    await Dispatcher(app, {"sms": Provider("refused"), "email": Provider()}).drain()
    row = await the_row(app)
    assert (row.state, row.reason) == ("failed", "sms:why")


async def test_a_message_whose_way_was_named_goes_no_other(app: App) -> None:
    app = ordered(app)
    account_id, _ = await a_bill_is_ready(app, "email")
    async with app.db.writing() as conn:
        await conn.execute(queue.outbox.update().values(channel="sms"))
    ways = {"sms": Provider("refused"), "email": Provider()}
    assert (await Dispatcher(app, ways).drain()) == {"failed": 1}
    assert ways["email"].notices == []
    assert account_id


@pytest.mark.parametrize("early", [False, True])
async def test_a_report_of_failure_sends_it_the_next_way_even_when_it_overtakes_our_own_note(
    app: App, early: bool
) -> None:
    app = ordered(app)
    _, contacts = await a_bill_is_ready(app, "whatsapp")
    await she_wrote(app, contacts["whatsapp"])
    told = Delivery("whatsapp", "ref-b1", "failed", True, "unknown_subscriber")
    ways = {"whatsapp": Provider(), "sms": Provider()}
    if early:
        await _report(app, told)
    await Dispatcher(app, ways).drain()
    if not early:
        assert ways["sms"].notices == []
        await _report(app, told)
        await _report(app, told)
    await Dispatcher(app, ways).drain()
    assert [len(one.notices) for one in ways.values()] == [1, 1]
    row = await the_row(app)
    assert (row.state, row.tried) == ("sent", "whatsapp:unknown_subscriber")
    await _report(app, Delivery("sms", "ref-b1", "delivered", True))
    await _report(app, replace(told, channel="sms"))
    assert (await the_row(app)).state == "delivered"


async def _report(app: App, told: Delivery) -> None:
    async with app.db.writing() as conn:
        await delivery_reports.report(conn, app, told)


async def test_whatsapp_is_written_to_freely_only_within_a_day_of_her_word(app: App, clock: SetClock) -> None:
    app = ordered(app)
    _, contacts = await a_bill_is_ready(app, "whatsapp")
    ways = {"whatsapp": Provider(), "sms": Provider()}
    await she_wrote(app, contacts["whatsapp"])
    clock.forward(timedelta(hours=24, seconds=1))
    await Dispatcher(app, ways).drain()
    assert [len(one.notices) for one in ways.values()] == [0, 1]


async def test_an_approved_wording_goes_where_free_words_do_not(app: App) -> None:
    app = ordered(app, whatsapp_templates={"notice.ready.pay": ("amount", "date", "link")})
    await a_bill_is_ready(app, "whatsapp")
    ways = {"whatsapp": Provider(), "sms": Provider()}
    await Dispatcher(app, ways).drain()
    [notice] = ways["whatsapp"].notices
    assert notice.only_template
    assert notice.template is not None
    assert (notice.template.name, notice.template.language) == ("notice_ready_pay", "en")
    assert notice.template.params[0] in notice.text
    assert notice.template.params[2].startswith("http://127.0.0.1:8080/b/")
    assert ways["sms"].notices == []


async def test_the_template_leaves_as_meta_wants_it_and_when_the_window_shut_under_our_hands() -> None:
    meta = Meta(windows=set(), templates={"notice_ready_pay": 2})
    async with TestServer(meta.app()) as server, aiohttp.ClientSession() as http:
        base = str(server.make_url(f"/{VERSION}"))
        account = WhatsAppAccount(PHONE_ID, SecretStr("token"), SecretStr("s"), SecretStr("v"), base)
        whatsapp = WhatsApp(account, http)
        ready = Template("notice_ready_pay", "sw", ("KES 500", "12\nMachi"))
        known = Notice("k1", "whatsapp", "KE.1", "x", template=ready, only_template=True)
        told = await whatsapp.send(
            [
                known,
                structs.replace(known, key="k2", only_template=False),
                structs.replace(known, key="k3", template=None),
                structs.replace(known, key="k4", template=structs.replace(ready, name="not_approved")),
            ]
        )
    assert [(one.state, one.reason) for one in told] == [
        ("done", None),
        ("done", None),
        ("refused", "window_closed"),
        ("refused", "template"),
    ]
    sent = meta.taken[0]["template"]
    assert sent["language"] == {"code": "sw"}
    assert [one["text"] for one in sent["components"][0]["parameters"]] == ["KES 500", "12 Machi"]


class Broken(Provider):
    """Answers nobody until it is mended."""

    def __init__(self) -> None:
        super().__init__()
        self.broken, self.calls = True, 0

    async def send(self, notices: Any) -> list[Sent]:
        self.calls += len(notices)
        if self.broken:
            return [Sent(notice.key, "not_reached", None, "not_reached") for notice in notices]
        return await super().send(notices)


async def _replies(app: App, count: int) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        for number in range(count):
            await queue.enqueue(
                conn,
                app,
                key=f"r{number}",
                kind="reply",
                template="reply.text",
                params={"text": "x"},
                contact_id=customer.contact_id,
            )


async def test_a_provider_out_of_order_is_left_alone_and_what_waits_loses_no_try(app: App, clock: SetClock) -> None:
    await _replies(app, 20)
    sms = Broken()
    dispatcher = Dispatcher(app, {"sms": sms}, batch=20, wave=FAILURES, lanes=1)
    await dispatcher.drain()
    assert sms.calls == FAILURES
    assert dispatcher.breaker.resting() == {"sms"}
    async with app.db.reading() as conn:
        tries = (await conn.execute(select(queue.outbox.c.attempts, queue.outbox.c.state))).all()
    assert sorted(row.attempts for row in tries) == [0] * (20 - FAILURES) + [1] * FAILURES
    assert {row.state for row in tries} == {"waiting"}
    sms.broken = False
    circuit = dispatcher.breaker._circuits["sms"]
    circuit.until = 0.0  # the rest is over
    clock.forward(timedelta(minutes=1))
    sms.calls = sms.most = 0
    assert await dispatcher.drain() == {"sent": 20}
    assert dispatcher.breaker.resting() == frozenset()
    assert sms.keys and len(set(sms.keys)) == 20


async def test_one_failure_after_the_rest_is_enough_to_leave_it_alone_twice_as_long(app: App) -> None:
    breaker = Dispatcher(app, {}).breaker
    breaker.note("sms", ["not_reached"] * FAILURES)
    first = breaker._circuits["sms"].rest
    breaker._circuits["sms"].until = 0.0
    assert breaker.most("sms", 100) == 1
    breaker.note("sms", ["no_answer"])
    assert breaker.resting() == {"sms"}
    assert breaker._circuits["sms"].rest == 2 * first
    breaker.note("whatsapp", ["not_reached"] * (FAILURES - 1) + [None])
    breaker.note("whatsapp", ["invalid_number"] * 99)
    assert breaker.resting() == {"sms"}


async def test_while_one_provider_rests_those_with_another_way_are_told_by_it(app: App) -> None:
    app = ordered(app)
    _, contacts = await a_bill_is_ready(app, "whatsapp")
    await she_wrote(app, contacts["whatsapp"])
    ways = {"whatsapp": Provider(), "sms": Provider()}
    dispatcher = Dispatcher(app, ways)
    dispatcher.breaker.note("whatsapp", ["provider_busy"] * FAILURES)
    assert await dispatcher.drain() == {"sent": 1}
    assert [len(one.notices) for one in ways.values()] == [0, 1]


async def test_what_a_message_cost_is_kept_as_told_or_as_listed(app: App) -> None:
    app = ordered(app, prices={"email": "0.05", "whatsapp.utility": "0.55"})
    async with app.db.writing() as conn:
        spent = [
            costs.MessageCost(1, "sms", "KES 0.8000"),
            costs.MessageCost(1, "email"),
            costs.MessageCost(2, "sms", "nothing"),
            costs.MessageCost(3, "whatsapp", None, "utility"),
            costs.MessageCost(4, "whatsapp", None, "service", free=True),
            costs.MessageCost(5, "telegram"),
        ]
        assert await costs.note(conn, app, spent) == 4
        assert await costs.note(conn, app, spent) == 0
        totals = await message_costs.costs(conn, app, app.today(), app.today())
    assert [(one.channel, one.category, one.messages, one.amount_micro) for one in totals] == [
        ("email", "", 1, 50_000),
        ("sms", "", 1, 800_000),
        ("whatsapp", "service", 1, 0),
        ("whatsapp", "utility", 1, 550_000),
    ]


async def test_a_whatsapp_status_tells_what_its_message_is_charged_as(app: App) -> None:
    app = ordered(app, prices={"whatsapp.utility": "0.55"})
    _, contacts = await a_bill_is_ready(app, "whatsapp")
    await she_wrote(app, contacts["whatsapp"])
    await Dispatcher(app, {"whatsapp": Provider()}).drain()
    states: tuple[Fate, ...] = ("sent", "delivered", "read")
    for state in states:
        told = Delivery("whatsapp", "ref-b1", state, True, details={"category": "utility", "billable": "yes"})
        await _report(app, told)
    async with app.db.reading() as conn:
        [total] = await message_costs.costs(conn, app, app.today(), app.today())
    assert (total.messages, total.amount_micro) == (1, 550_000)


def test_what_failed_is_read_back_as_it_was_written() -> None:
    row = OutboxRow(1, "k", "notice", "t", None, None, 7, None, {}, 1, True)
    tried = row.after("whatsapp", "blocked")
    assert structs.replace(row, tried=tried).after("sms", "no_route") == "whatsapp:blocked sms:no_route"
    assert structs.replace(row, tried="whatsapp:blocked sms:no_route").shut == {"whatsapp", "sms"}
