"""The money pages of the console, as finance, a clerk and a cashier use them; every one opens for the house and for a branch."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from core import money
from core.clock import SetClock
from core.config.payments import DirectDebit
from core.journeys import bank_statement
from core.overview.branch_day import branch_days
from core.overview.owed import owed
from core.parties import queries, sim
from core.parties.tables import branch
from core.payments import collect, mandates, receive
from core.payments.desk.tables import drawer
from core.payments.model import ReceiptIn
from core.payments.reconcile.tables import difference
from core.payments.tables import mandate, receipt, refund
from tests.core.payments.paper import IBAN, Paper
from tests.gateway.admin.console import signed_in
from tests.gateway.admin.seats import agree, sit
from tests.gateway.conftest import World

PAGES = (
    "/console/money", "/console/money?on=2026-03-10", "/console/mandates", "/console/mandates?state=active",
    "/console/mandates/files", "/console/suspense", "/console/cash", "/console/approvals",
    "/console/chargebacks",
)  # fmt: skip
WHOLE = ("/console/mandates/files",)
"""For who sees the whole house."""


@pytest.mark.parametrize("branch", [None, "nakuru"])
async def test_every_money_page_opens(world: World, branch: str | None) -> None:
    browser = await signed_in(world.client, world.app, "admin", branch)
    for path in (*PAGES, f"/console/receipts/{world.nakuru.receipt_id}"):
        await browser.get(path, status=403 if branch and path in WHOLE else 200)
    await browser.get(f"/console/receipts/{world.kisumu.receipt_id}", status=200 if branch is None else 404)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("cashier", {"/console/cash"}), ("viewer", {"/console/money", "/console/mandates"}),
        ("clerk", {"/console/mandates", "/console/suspense", "/console/cash"}),
        ("finance", {"/console/money", "/console/mandates", "/console/suspense", "/console/approvals"}),
    ],
)  # fmt: skip
async def test_a_role_opens_its_own_doors_only(world: World, role: str, allowed: set[str]) -> None:
    browser = await signed_in(world.client, world.app, role)
    for path in ("/console/money", "/console/mandates", "/console/suspense", "/console/cash", "/console/approvals"):
        await browser.get(path, status=200 if path in allowed else 403)


async def test_a_clerk_asks_for_a_refund_and_another_person_agrees(world: World) -> None:
    clerk = await signed_in(world.client, world.app, "clerk")
    path = f"/console/receipts/{world.nakuru.receipt_id}"
    text = await clerk.get(path)
    key = re.findall(r'name="key" value="([^"]+)"', text)[0]
    for _ in range(2):
        await clerk.post(path, do="refund", amount="100.00", reason="paid twice", key=key)
    await clerk.post(path, status=409, do="refund", amount="999999", reason="too much", key="k2")
    await clerk.post(path, status=400, do="refund", amount="ten", reason="no figures", key="k3")
    await clerk.post("/console/logout")
    finance = await signed_in(world.client, world.app, "finance")
    text = await finance.get("/console/approvals")
    assert "paid twice" in text
    [number] = set(re.findall(r"/console/approvals/(\d+)", text))
    [seal] = re.findall(r'name="seal" value="([^"]+)"', text)
    await finance.post(f"/console/approvals/{number}", status=409, seal="0" * 64, do="yes")
    await finance.post(f"/console/approvals/{number}", seal=seal, do="yes")
    async with world.app.db.reading() as conn:
        [row] = (await conn.execute(select(refund))).all()
    assert (row.amount_minor, row.state, row.how) == (10_000, "granted", "by_hand")
    await finance.post(path, do="paid", refund=str(row.id), reference="TRF-1")
    assert "done" in await finance.get(path)


async def test_money_in_suspense_is_placed(world: World) -> None:
    app = world.app
    async with app.db.writing() as conn:
        got = ReceiptIn("daraja", "RKT1", "mobile_inbound", 5_000, "KES", app.clock.now(), reference="1000O017")
        taken = await receive.apply(conn, app, got)
    browser = await signed_in(world.client, app, "clerk")
    assert "1000O017" in await browser.get("/console/suspense")
    await browser.post(f"/console/suspense/{taken.receipt_id}", status=404, account="NOBODY")
    assert "RKT1" not in await browser.post(f"/console/suspense/{taken.receipt_id}", account="10000017")
    async with app.db.reading() as conn:
        row = (await conn.execute(select(receipt).where(receipt.c.id == taken.receipt_id))).one()
    assert (row.state, row.account_id) == ("placed", world.nakuru.account_id)


async def test_a_cashiers_day_from_float_to_count(world: World) -> None:
    browser = await signed_in(world.client, world.app, "cashier", "nakuru")
    await browser.get("/console/cash")
    text = await browser.post("/console/cash", do="open", amount="50")
    key = re.findall(r'name="key" value="([^"]+)"', text)[0]
    for _ in range(2):
        text = await browser.post("/console/cash", do="receipt", account="10000017", amount="300.50", key=key)
    assert text.count("received") == 1
    assert "350" not in text, "what the drawer should hold is not shown"
    await browser.post("/console/cash", do="turn_in", amount="100", key="t1")
    await browser.post("/console/cash", do="count", amount="250.50")
    await browser.post("/console/cash", do="deposit", slip="S1", amount="300.50")
    await browser.post("/console/cash", status=409, do="deposit", slip="S1", amount="300.50")
    async with world.app.db.reading() as conn:
        row = (await conn.execute(select(drawer))).one()
    assert (row.state, row.counted_minor, row.expected_minor) == ("closed", 25_050, 25_050)


async def test_a_day_is_matched_explained_and_closed(world: World, tmp_path: Path) -> None:
    app = world.app
    day = app.today()
    file = Paper(day).entry(-55, "B2", purpose="charges").entry(700, "B3", purpose="who knows").camt(tmp_path)
    await bank_statement.bring_in(app, file)
    assert isinstance(app.clock, SetClock)
    app.clock.forward(timedelta(days=3))
    browser = await signed_in(world.client, app, "finance")
    await browser.get("/console/money")
    text = await browser.post("/console/money", on=str(day), do="match")
    assert text.count("on the bank statement, and nothing of ours explains it") == 2
    await browser.post("/console/money", status=409, on=str(day), do="close")
    for number in re.findall(r"/console/money/differences/(\d+)", text):
        await browser.post(f"/console/money/differences/{number}", on=str(day), note="looked into, it is nothing")
    text = await browser.post("/console/money", on=str(day), do="match")
    assert "missing" not in text
    csv = await browser.get(f"/console/money/summary.csv?on={day}")
    assert csv.startswith("number,day,revision,book,asset,debit,credit\n1,2026-03-10,1,")


async def test_a_signed_mandate_is_taken_put_into_a_file_and_ended(world: World) -> None:
    app = world.app
    object.__setattr__(
        app,
        "operator",
        app.operator.model_copy(
            update={
                "payments": app.operator.payments.model_copy(update={"mandates": "sepa"}),
                "direct_debit": DirectDebit(
                    creditor_name="Hodi", creditor_id="DE98ZZZ09999999999", creditor_iban=IBAN, notice_days=0
                ),
            }
        ),
    )
    browser = await signed_in(world.client, app, "clerk")
    await browser.get("/console/mandates")
    told = {"account": "10000017", "holder": "Wanjiru Kamau", "iban": "DE75512108001245126199"}
    await browser.post("/console/mandates", status=400, **{**told, "iban": "DE00"})
    assert "another person" in await browser.post("/console/mandates", **told)
    assert await agree(await sit(world.client, app, "finance"), app, "mandate") == 303
    browser = await signed_in(world.client, app, "admin")
    assert "bank ****6199" in await browser.get("/console/mandates")

    class Bill:
        invoice_id, account_id, due_on = world.nakuru.invoice_id, world.nakuru.account_id, app.today()

    async with app.db.writing() as conn:
        assert await mandates.plan_collections(conn, app, [Bill()])
    await collect.collect_due(app, app.today())
    assert "1 direct debit of" in await browser.get("/console/mandates/files")
    text = await browser.post("/console/mandates/files")
    [path] = re.findall(r'href="(/console/mandates/files/\d+)"', text)
    assert "<IBAN>DE75512108001245126199</IBAN>" in await browser.get(path)
    async with app.db.reading() as conn:
        reference = (await conn.execute(select(mandate.c.reference))).scalar_one()
    assert "cancelled" in await browser.post(f"/console/mandates/{reference}/end")


async def test_a_branch_sees_its_own_money_only_and_the_branches_are_the_house(world: World) -> None:
    app, today = world.app, world.app.today()
    async with app.db.reading() as conn:
        ids = dict((await conn.execute(select(branch.c.code, branch.c.id))).all())
        whole = await owed(conn, today, "KES")
        parts = [await owed(conn, today, "KES", branch_id=ids[code]) for code in ("nakuru", "kisumu")]
        rows, together = await branch_days(conn, today, "KES")
        [theirs], _ = await branch_days(conn, today, "KES", branch_id=ids["kisumu"])
    for name in ("open_minor", "billed_minor", "due_minor", "paid_minor"):
        assert sum(getattr(one, name) for one in parts) == getattr(whole, name), name
    assert sum(one.open for one in rows) == together.open == whole.open_minor
    assert parts[1].open_minor == theirs.open != whole.open_minor
    browser = await signed_in(world.client, app, "admin", "kisumu")
    text = await browser.get("/console/money")
    assert "Kisumu" in text and "Nakuru" not in text and "In suspense" not in text and "Close the day" not in text
    assert f"Owed, undisputed</dt><dd>{money.show(0, 'KES')}</dd>" in text
    await browser.post("/console/money", 403, do="close")
    await browser.get("/console/money/summary.csv?on=2026-03-01", 403)


async def test_the_page_says_which_differences_keep_a_day_open_and_what_to_do(world: World) -> None:
    app, on = world.app, world.app.today() - timedelta(days=3)
    async with app.db.writing() as conn:
        other = await conn.scalar(select(branch.c.id).where(branch.c.code == "kisumu"))
        row = {
            "id": app.ids.take(),
            "key": "k",
            "day": on,
            "kind": "missing_there",
            "provider": "stripe",
            "about": "pi_77",
            "branch_id": other,
            "amount_minor": -1,
            "currency": "KES",
            "state": "open",
            "found_at": app.clock.now(),
        }
        await conn.execute(insert(difference).values(row))
    browser = await signed_in(world.client, app, "admin")
    text = await browser.get(f"/console/money?on={on}")
    assert "1 difference keeps this day open" in text and "pi_77" in text and "ask the provider for it" in text
    theirs = await signed_in(world.client, app, "finance", "nakuru")
    assert "pi_77" not in await theirs.get(f"/console/money?on={on}")
    await theirs.post(f"/console/money/differences/{row['id']}", 404, note="it is nothing", on=str(on))


async def test_after_a_sim_change_no_refund_and_no_new_phone_or_bank_for_three_days_and_the_clerk_sees_until_when(
    world: World, clock: SetClock
) -> None:
    app, account = world.app, f"/console/accounts/{world.nakuru.account_id}"
    clerk = await signed_in(world.client, app, "clerk")
    path = f"/console/receipts/{world.nakuru.receipt_id}"
    await clerk.get(path)
    await clerk.post(path, do="refund", amount="10.00", reason="before", key="k1")
    assert "New phone of record" in await clerk.get(account)
    async with app.db.writing() as conn:
        for one in (await queries.contacts_of(conn, [world.nakuru.account_id]))[world.nakuru.account_id]:
            assert one.phone
            await sim.note(conn, app, one.phone, "sim", clock.now() - timedelta(hours=1))
    local = (clock.now() + timedelta(hours=71)).astimezone(app.zone)
    for page in (path, account):
        text = await clerk.get(page)
        assert "changed" in text and f"{local:%H:%M}" in text
    assert "New phone of record" not in await clerk.get(account)
    said = await clerk.post(path, status=409, do="refund", amount="10.00", reason="after", key="k2")
    assert f"{local:%Y-%m-%d %H:%M}" in said
    await clerk.post(f"{account}/phone", status=409, phone="0799000111")
    async with app.db.reading() as conn:
        theirs = await queries.account(conn, world.nakuru.account_id)
    assert theirs is not None
    await clerk.post("/console/mandates", status=409, account=theirs.number, holder="Eve", iban="NL91ABNA0417164300")
    await clerk.post("/console/logout")
    finance = await signed_in(world.client, app, "finance")
    text = await finance.get("/console/approvals")
    [number] = set(re.findall(r"/console/approvals/(\d+)", text))
    [seal] = re.findall(r'name="seal" value="([^"]+)"', text)
    assert f"{local:%H:%M}" in await finance.post(f"/console/approvals/{number}", status=409, seal=seal, do="yes")
    clock.forward(timedelta(hours=71))
    await finance.get("/console/approvals")
    await finance.post(f"/console/approvals/{number}", seal=seal, do="yes")


async def test_a_new_phone_of_record_gets_the_codes_and_cools_down_itself(world: World) -> None:
    app, account_id = world.app, world.nakuru.account_id
    clerk = await signed_in(world.client, app, "clerk")
    await clerk.get(f"/console/accounts/{account_id}")
    await clerk.post(f"/console/accounts/{account_id}/phone", status=400, phone="not a phone")
    await clerk.post(f"/console/accounts/{account_id}/phone", phone="0799 000 111")
    await clerk.post("/console/logout")
    assert await agree(await sit(world.client, app, "finance"), app, "phone") == 303
    clerk = await signed_in(world.client, app, "clerk", "nakuru")
    async with app.db.reading() as conn:
        on_file = (await queries.contacts_of(conn, [account_id]))[account_id]
        assert [one.phone for one in on_file if one.channel == "phone"] == ["+254799000111"]
        assert await sim.cooling_until(conn, app, account_id) == app.clock.now() + timedelta(hours=72)
    await clerk.post(f"/console/accounts/{account_id}/phone", status=409, phone="0799 000 112")
    await clerk.post("/console/logout")
    cashier = await signed_in(world.client, app, "cashier")
    await cashier.post(f"/console/accounts/{account_id}/phone", status=403, phone="0799 000 113")
