"""Reports in the providers' own formats: read without naming a column, signs and fees right, and matched three ways to the cent."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.config.payments import Reconcile
from core.context import App
from core.db.engine import Database
from core.errors import BadInput
from core.journeys.follow import follow
from core.payments.named_rows import Ways
from core.payments.reconcile import close, report
from core.payments.reconcile.tables import provider_line
from core.payments.reverse import reverse
from tests.core.payments.paper import IBAN, Paper
from tests.core.payments.test_reconcile import balance, forward, matched, opened_world, pay, statement

STRIPE = """\
balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,description,automatic_payout_id,charge_id,payment_intent_id
txn_1,2026-03-10 08:00:00,2026-03-12 00:00:00,kes,1000.00,30.00,970.00,charge,ch_1,x,po_1,ch_1,pi_1
txn_2,2026-03-10 08:01:00,2026-03-12 00:00:00,kes,500.00,15.00,485.00,charge,ch_2,x,po_1,ch_2,pi_2
txn_3,2026-03-10 08:02:00,2026-03-12 00:00:00,kes,-100.00,-3.00,-97.00,refund,re_1,x,po_1,ch_2,pi_2
txn_4,2026-03-10 08:03:00,2026-03-12 00:00:00,kes,-1000.00,150.00,-1150.00,dispute,dp_1,x,po_1,ch_1,pi_1
txn_5,2026-03-10 08:04:00,2026-03-12 00:00:00,kes,1000.00,0.00,1000.00,dispute_reversal,dp_1,x,po_1,ch_1,pi_1
txn_6,2026-03-10 08:05:00,2026-03-12 00:00:00,kes,-20.00,0.00,-20.00,fee,fee_1,Radar,po_1,,
txn_7,2026-03-10 09:00:00,2026-03-12 00:00:00,kes,-1188.00,0.00,-1188.00,payout,po_1,STRIPE PAYOUT,po_1,,
txn_8,2026-03-10 09:00:00,2026-03-12 00:00:00,kes,5.00,0.00,5.00,topup,tu_1,x,po_1,,
"""
GOCARDLESS = """\
customers.id,resources.type,resources.description,resources.created_at,resources.charge_date,resources.status,gross_amount,gocardless_fees,app_fees,net_amount,currency,payouts.id,payouts.arrival_date,payments.id,refunds.id,mandates.id
CU1,payment,Mwangaza ACC100,2026-03-05T09:00:00.000Z,2026-03-10,paid_out,1200.00,12.00,0.00,1188.00,KES,PO1,2026-03-12,PM1,,MD1
CU1,refund,x,2026-03-10T09:00:00.000Z,,paid,-200.00,0.50,0.00,-200.50,KES,PO1,2026-03-12,PM1,RF1,MD1
CU2,payment,x,2026-02-05T09:00:00.000Z,2026-03-10,charged_back,-300.00,0.00,0.00,-300.00,KES,PO1,2026-03-12,PM2,,MD2
"""
MPESA = """\
Organization Name:,MWANGAZA POWER
Short Code:,600638
Report Date:,2026-03-11 07:00:00
Time Period:,From 2026-03-10 To 2026-03-10

Receipt No.,Completion Time,Initiation Time,Details,Transaction Status,Paid In,Withdrawn,Balance,Balance Confirmed,Reason Type,Other Party Info,Linked Transaction ID,A/C No.
RKT1,2026-03-10 12:02:59,2026-03-10 12:02:58,Pay Bill from 2547****001 - AMINA Acc. ACC100,Completed,"1,200.00",,"1,200.00",true,Pay Bill Online,2547****001 - AMINA,,ACC100
RKT1,10-03-2026 12:02:59,10-03-2026 12:02:58,Pay Bill Charge,Completed,,-6.00,"1,194.00",true,Pay Bill Charge,,RKT1,
RKT2,10/03/2026 13:00:00,10/03/2026 13:00:00,Pay Bill from 2547****002,Failed,300.00,,"1,194.00",true,Pay Bill Online,x,,ACC100
RKT3,2026-03-10 14:00:00,2026-03-10 14:00:00,Reversal of RKT1,Completed,,-200.00,994.00,true,Transaction Reversal,x,RKT1,
RKT4,2026-03-10 23:59:00,2026-03-10 23:59:00,Merchant Account to Organization Settlement Account,Completed,,-994.00,0.00,true,Organization Settlement of Funds,Bank,,
RKT5,2026-03-10 23:59:30,2026-03-10 23:59:30,Airtime,Completed,,-10.00,0.00,true,Airtime,x,,
"""
FLUTTERWAVE = {
    "status": "success",
    "data": {
        "id": 41497, "gross_amount": 1200, "net_amount": 1164, "currency": "KES",
        "transactions": [
            {
                "customer_email": "a@x.ke", "flw_ref": "F1", "tx_ref": "link:1", "id": 984411, "charged_amount": 1200.5,
                "app_fee": 36, "merchant_fee": 0, "stampduty_charge": 0, "settlement_amount": 1164.5,
                "status": "successful", "transaction_date": "2026-03-10", "currency": "KES",
            }
        ],
    },
}  # fmt: skip
PAYSTACK = {
    "status": True,
    "data": [
        {"id": 7, "reference": "link-1", "amount": 120_000, "fees": 1_800, "currency": "KES", "status": "success", "paid_at": "2026-03-10T08:00:00.000Z"},
        {"id": 8, "reference": "link-2", "amount": 5, "fees": 0, "currency": "KES", "status": "failed", "paid_at": None},
    ],
}  # fmt: skip


@pytest.fixture
def app(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    policy = Reconcile(grace_days=1, payout_days=3, bank_account=IBAN)
    return App(clock, operator.model_copy(update={"reconcile": policy}), sqlite_db, settings, follow)


async def lines(app: App) -> list[tuple[str, str, int, int, int, str | None]]:
    columns = [provider_line.c[name] for name in ("txn", "kind", "gross_minor", "fee_minor", "net_minor", "payout")]
    async with app.db.reading() as conn:
        return [tuple(row) for row in await conn.execute(select(*columns).order_by(provider_line.c.id))]


def made(folder: Path, text: str, name: str = "report.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


async def test_stripes_itemized_payout_is_read_as_it_is(app: App, tmp_path: Path) -> None:
    file = made(tmp_path, STRIPE)
    first, again = [await report.bring_in(app, file, "stripe") for _ in range(2)]
    assert (first.new, first.left_out, [row for row, _ in first.rejected], again.new, again.known) == (6, 1, [9], 0, 6)
    found = await lines(app)
    assert found == [
        ("pi_1", "payment", 100_000, 3_000, 97_000, "po_1"),
        ("pi_2", "payment", 50_000, 1_500, 48_500, "po_1"),
        ("pi_2", "refund", -10_000, -300, -9_700, "po_1"),
        ("pi_1", "chargeback", -100_000, 15_000, -115_000, "po_1"),
        ("pi_1:dp_1", "payment", 100_000, 0, 100_000, "po_1"),
        ("txn_6", "fee", 0, 2_000, -2_000, "po_1"),
    ]
    assert sum(row[4] for row in found) == 118_800, "as much as was paid out"


async def test_a_day_of_stripes_own_report_closes_to_the_cent_with_fees_that_have_no_payment(
    app: App, tmp_path: Path
) -> None:
    await opened_world(app)
    await pay(app, "pi_1", 100_000)
    second = await pay(app, "pi_2", 50_000)
    async with app.db.writing() as conn:
        await reverse(conn, app, second, key="re_1", kind="refund", reason="x", amount_minor=10_000)
    kept = STRIPE.splitlines(keepends=True)
    await report.bring_in(app, made(tmp_path, "".join([*kept[:4], kept[6]])), "stripe")
    forward(app, 2)
    await statement(app, tmp_path, Paper(date(2026, 3, 11)).entry(133_800, "B1", purpose="STRIPE po_1"))
    assert await matched(app) == Counter()
    async with app.db.writing() as conn:
        await close.close(conn, app, date(2026, 3, 10), actor="user:finance")
    assert (await balance(app, "cash:stripe"), await balance(app, "bank")) == (0, 133_800)
    assert await balance(app, "fees") == 6_200


async def test_gocardlesss_payout_breakdown_is_read_as_it_is(app: App, tmp_path: Path) -> None:
    done = await report.bring_in(app, made(tmp_path, GOCARDLESS), "gocardless")
    assert (done.new, done.rejected) == (3, ())
    assert await lines(app) == [
        ("PM1", "payment", 120_000, 1_200, 118_800, "PO1"),
        ("PM1", "refund", -20_000, 50, -20_050, "PO1"),
        ("PM2", "chargeback", -30_000, 0, -30_000, "PO1"),
    ]


async def test_the_m_pesa_organisation_statement_is_read_with_its_head_its_charges_and_its_reversals(
    app: App, tmp_path: Path
) -> None:
    file = made(tmp_path, MPESA)
    first, again = [await report.bring_in(app, file, "daraja") for _ in range(2)]
    assert (first.new, first.left_out, again.new) == (3, 2, 0)
    assert [(row, "RKT5" in why) for row, why in first.rejected] == [(12, True)], "what nobody understands is told"
    assert await lines(app) == [
        ("RKT1", "payment", 120_000, 0, 120_000, None),
        ("RKT1:fee", "fee", 0, 600, -600, None),
        ("RKT1", "refund", -20_000, 0, -20_000, None),
    ]
    async with app.db.reading() as conn:
        assert set((await conn.execute(select(provider_line.c.happened_on))).scalars()) == {date(2026, 3, 10)}


async def test_a_reversal_of_ours_and_the_organisation_statement_agree(app: App, tmp_path: Path) -> None:
    await opened_world(app)
    receipt_id = await pay(app, "RKT1", 120_000, "daraja")
    async with app.db.writing() as conn:
        await reverse(conn, app, receipt_id, key="r", kind="refund", reason="x", amount_minor=20_000)
    await report.bring_in(app, made(tmp_path, MPESA), "daraja")
    assert await matched(app) == Counter()


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("flutterwave", FLUTTERWAVE, ("984411", "payment", 120_050, 3_600, 116_450, "41497")),
        ("paystack", PAYSTACK, ("link-1", "payment", 120_000, 1_800, 118_200, "3090024")),
    ],
)
async def test_an_apis_answer_is_read_as_it_is(
    app: App, tmp_path: Path, name: str, said: object, expected: tuple[object, ...]
) -> None:
    file = made(tmp_path, json.dumps(said), "settlement.json")
    done = await report.bring_in(
        app, file, name, ways=Ways(fill={} if name == "flutterwave" else {"payout": "3090024"})
    )
    assert (done.new, done.rejected, await lines(app)) == (1, (), [expected])


@pytest.mark.parametrize("name", ["strip", "cash", "bank", "sepa", ""])
async def test_a_report_of_nobody_we_know_is_refused_whole(app: App, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="no provider here"):
        await report.bring_in(app, made(tmp_path, STRIPE), name)
    assert await lines(app) == []


async def test_an_agent_whose_payments_we_took_may_report(app: App, tmp_path: Path) -> None:
    await opened_world(app)
    await pay(app, "A1", 5_000, "equity-agents")
    file = made(tmp_path, "txn,amount,date\nA1,50.00,2026-03-10\n")
    assert (await report.bring_in(app, file, "equity-agents")).new == 1
    assert await matched(app) == Counter()


async def test_what_is_no_answer_of_an_api_is_refused_in_words(app: App, tmp_path: Path) -> None:
    for text in ("{", '{"data": 5}', "[1]"):
        with pytest.raises(BadInput, match="no answer of the provider"):
            await report.bring_in(app, made(tmp_path, text), "paystack")
