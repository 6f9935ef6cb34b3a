"""One of everything that a request of the house can name, for a customer of a branch: name of the kind -> what is typed for it."""

from datetime import date
from typing import Any

from sqlalchemy import insert, select

from core.approvals import decide as approvals
from core.approvals.tables import approval
from core.balances import grant, spend
from core.balances.grant import Grant
from core.balances.model import Want
from core.balances.store import held
from core.billing.tables import invoice, invoice_line
from core.campaigns import store as campaigns
from core.campaigns.model import Segment
from core.care import media, talks
from core.care.tables import interaction
from core.care.tables import media as media_table
from core.context import App
from core.ledger.tables import open_item
from core.metering.tables import usage_event, usage_file
from core.outbox.tables import outbox
from core.parties.tables import account, contact, contact_account, service
from core.payments import mandates, receive, refunds
from core.payments.bank.tables import debit_file
from core.payments.model import ReceiptIn
from core.payments.reconcile.tables import difference
from tests.gateway.admin.crawl_waits import waiting
from tests.gateway.world import Customer

IBAN = "DE75512108001245126199"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


async def everything(app: App, theirs: Customer, code: str) -> dict[str, str]:
    """Texts by kind; `number` and `mandate` are no ids."""
    take, now = app.ids.take, app.clock.now()
    made: dict[str, Any] = {
        "account": theirs.account_id,
        "receipt": theirs.receipt_id,
        "bill": theirs.invoice_id,
        "ticket": theirs.ticket_id,
        "customer": theirs.party_id,
        "rate": f"{theirs.invoice_id}-0",
    }
    async with app.db.writing() as conn:
        row = (
            await conn.execute(select(account.c.number, account.c.branch_id).where(account.c.id == theirs.account_id))
        ).one()
        made["number"], branch_id = row.number, row.branch_id
        made["service"] = await conn.scalar(select(service.c.id).where(service.c.account_id == theirs.account_id))
        got = ReceiptIn("daraja", f"R2{row.number}", "mobile_inbound", 50_000, "KES", now, reference=row.number)
        made["receipt2"] = (await receive.apply(conn, app, got)).receipt_id
        made["refund"] = await refunds.ask(
            conn, app, made["receipt2"], amount_minor=1_000, reason="twice", actor="user:ann", key=f"r{row.number}"
        )
        await refunds.granted(conn, app, made["refund"])
        bank = mandates.Bank("Wanjiru", IBAN)
        made["mandate"] = await mandates.create(
            conn, app, theirs.account_id, actor="user:ann", provider="sepa", bank=bank
        )
        made["message"] = await conn.scalar(
            select(interaction.c.id).where(interaction.c.account_id == theirs.account_id)
        )
        made["event"] = f"{made['service']}-1772000000-{theirs.account_id}"
        used = {
            "service_id": made["service"],
            "at": 1_772_000_000,
            "key": theirs.account_id,
            "use": "data",
            "unit": "MB",
            "quantity_micro": 1_000_000,
            "offset_minutes": 0,
            "file_id": 1,
            "row": 1,
        }
        await conn.execute(insert(usage_event).values(**used))
        other = {
            "channel": "telegram",
            "channel_user": f"tg{row.number}",
            "language": "en",
            "marketing": False,
            "created_at": now,
        }
        made["contact"] = take()
        await conn.execute(insert(contact).values(id=made["contact"], **other))
        linked = {"contact_id": made["contact"], "account_id": theirs.account_id, "linked_at": now, "how": "code"}
        await conn.execute(insert(contact_account).values(**linked))
        talk = await talks.ask(
            conn, app, contact_id=theirs.contact_id, account_id=theirs.account_id, channel="sms", about="x"
        )
        made["talk"] = talk.id
        await media.keep(conn, app, channel="sms", ref=f"f{row.number}", contact_id=theirs.contact_id, body=PNG)
        made["file"] = await conn.scalar(select(media_table.c.id).where(media_table.c.ref == f"f{row.number}"))
        made["campaign"] = (
            await campaigns.plan(
                conn,
                app,
                name=f"Open {code}",
                texts={"en": "Open."},
                segment=Segment(branch=code),
                channel="sms",
                starts_at=None,
                actor="user:ann",
            )
        ).id
        made["approval"] = await approvals.ask(
            conn, app, kind="fee", subject=f"fee:{take()}", payload={}, maker="user:ann", branch_id=branch_id
        )
        made["seal"] = await conn.scalar(select(approval.c.seal).where(approval.c.id == made["approval"]))
        given = Grant(theirs.account_id, "MB", 900_000_000, {}, uses=["data"], service_id=made["service"])
        made["bucket"] = await grant.put_in(conn, app, given, key=f"g{row.number}", why="bonus", actor="user:ann")
        want = Want(theirs.account_id, "MB", 1_000_000, "data", made["service"])
        for name in ("hold", "hold2"):
            await spend.reserve(conn, app, want, key=f"{name}{row.number}")
            kept = await held(conn, f"{name}{row.number}")
            assert kept is not None
            made[name] = kept.id
        for name, table, values in _rows(app, theirs, branch_id):
            made[name] = take()
            await conn.execute(insert(table).values(id=made[name], **values))
        await conn.execute(
            insert(open_item).values(
                invoice_id=made["fee"],
                account_id=theirs.account_id,
                due_on=date(2026, 3, 1),
                total_minor=500,
                open_minor=500,
                disputed_minor=0,
            )
        )
        await conn.execute(
            insert(invoice_line).values(
                invoice_id=made["fee"],
                position=0,
                service_id=made["service"],
                code="late",
                label={"en": "Late"},
                amount_minor=500,
                kind="charge",
                booked_on=date(2026, 3, 1),
            )
        )
        made |= await waiting(conn, app, theirs, made["service"])
    return {name: str(value) for name, value in made.items()}


def _rows(app: App, theirs: Customer, branch_id: int) -> list[tuple[str, Any, dict[str, Any]]]:
    now = app.clock.now()
    fee = {column.name: 0 for column in invoice.c if column.name.endswith("_minor") and not column.nullable}
    fee |= {
        "account_id": theirs.account_id,
        "series": "fee",
        "from_date": date(2026, 3, 1),
        "to_date": date(2026, 3, 2),
        "revision": 0,
        "state": "final",
        "number": f"F-{theirs.account_id}",
        "token": f"f{theirs.account_id}",
        "currency": "KES",
        "total_minor": 500,
        "estimated": False,
        "issued_on": date(2026, 3, 1),
        "due_on": date(2026, 3, 1),
        "facts": {},
        "finalised_at": now,
    }
    off = {
        "key": f"k{theirs.account_id}",
        "day": app.today(),
        "kind": "missing_there",
        "provider": "stripe",
        "about": "pi",
        "branch_id": branch_id,
        "amount_minor": -1,
        "currency": "KES",
        "state": "open",
        "found_at": now,
    }
    letter = {
        "key": f"l{theirs.account_id}",
        "kind": "notice",
        "template": "notice.ready",
        "account_id": theirs.account_id,
        "params": {},
        "priority": 1,
        "resend_unknown": False,
        "not_before": now,
        "state": "dead",
        "attempts": 9,
        "created_at": now,
    }
    return [("fee", invoice, fee), ("difference", difference, off), ("letter", outbox, letter)]


async def of_the_house(app: App) -> dict[str, str]:
    """What belongs to no branch: files of direct debits and of usage, and money nobody could place."""
    now, made = app.clock.now(), {"debits": app.ids.take(), "usage": app.ids.take()}
    counts = (
        "rows",
        "accepted",
        "duplicates",
        "revised",
        "rejected",
        "recycled",
        "filtered",
        "quantity_micro",
        "records",
    )
    async with app.db.writing() as conn:
        got = ReceiptIn("daraja", "LOST1", "mobile_inbound", 5_000, "KES", now, reference="who knows")
        made["suspense"] = (await receive.apply(conn, app, got)).receipt_id
        row = {"made_at": now, "made_by": "user:ann", "debits": 1, "total_minor": 1, "currency": "KES", "body": "<x/>"}
        await conn.execute(insert(debit_file).values(id=made["debits"], **row))
        file: dict[str, Any] = {
            "source": "csv",
            "kind": "csv",
            "name": "u.csv",
            "digest": "d",
            "state": "done",
            "settings": {},
            "received_at": now,
            **dict.fromkeys(counts, 0),
        }
        await conn.execute(insert(usage_file).values(id=made["usage"], **file))
    return {name: str(value) for name, value in made.items()}


async def phone_of(app: App, theirs: Customer) -> str:
    async with app.db.reading() as conn:
        return str(await conn.scalar(select(contact.c.phone).where(contact.c.id == theirs.contact_id)))
