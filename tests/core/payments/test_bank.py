"""Statements and direct debits as files: what they say, what they do, and that a file counts once."""

import asyncio
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from core import bankdays
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.config.payments import DirectDebit, Reconcile
from core.context import App
from core.db.engine import Database
from core.errors import BadInput, Refused
from core.journeys import bank_statement
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.payments import collect, mandates, schemes
from core.payments.bank import camt, debit_files, import_file, mt940
from core.payments.bank.model import RETURNS
from core.payments.bank.tables import debit_file, statement_entry
from core.payments.failed_debit import next_day, next_step
from core.payments.tables import attempt, collection, mandate
from tests.core.payments.made import Bill, a_bill, an_account, attempts, cash, opened, owed, proven, receipts
from tests.core.payments.paper import IBAN, Paper, refusals

HERS = "DE75512108001245126199"


@pytest.fixture
def operator(operator: Operator) -> Operator:
    policy = DirectDebit(
        creditor_name="Hodi Networks GmbH",
        creditor_id="DE98ZZZ09999999999",
        creditor_iban=IBAN,
        creditor_bic="COBADEFFXXX",
    )
    payments = operator.payments.model_copy(update={"mandates": "sepa"})
    return operator.model_copy(
        update={"direct_debit": policy, "payments": payments, "reconcile": Reconcile(bank_account=IBAN)}
    )


@pytest.fixture
def single(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


def forward(app: App, on: date) -> None:
    assert isinstance(app.clock, SetClock)
    app.clock.forward((on - app.today()) * 1)


async def _mandated(app: App, minor: int = 120_000, number: str = "ACC100") -> Bill:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app, number)
        bank = mandates.Bank("Amina Müller", f"{HERS[:4]} {HERS[4:]}")
        reference = await mandates.create(conn, app, account_id, actor="user:clerk", bank=bank)
        await mandates.activate(conn, app, reference, actor="user:clerk")
        bill = await a_bill(conn, app, account_id, minor)
        await mandates.plan_collections(conn, app, [bill])
    return bill


async def _handed_in(app: App, *, filed: bool = False) -> tuple[int, str]:
    """Collected on the day it has to be handed in; the file (if it is about that) and the EndToEndId of its one debit."""
    forward(app, date(2026, 3, 20))
    assert await collect.collect_due(app, app.today()) == Counter(asked=1)
    file_id = await debit_files.make(app, actor="user:clerk") if filed else None
    async with app.db.reading() as conn:
        ref = (await conn.execute(select(attempt.c.provider_ref).order_by(attempt.c.id.desc()).limit(1))).scalar_one()
    return file_id or 0, str(ref)


def test_what_is_announced_today_is_collected_two_weeks_from_now_on_a_day_of_target(single: App) -> None:
    assert schemes.earliest(single, "sepa") == date(2026, 3, 24)
    assert schemes.bank_day(single, "sepa", date(2026, 4, 3)) == date(2026, 4, 7), "Good Friday to Easter Monday"
    assert bankdays.on_or_after(date(2026, 5, 1), "ECB") == date(2026, 5, 4), "Labour Day"
    assert schemes.hand_in_until(single, "sepa", date(2026, 3, 20)) == date(2026, 3, 24)


async def test_a_debit_is_planned_when_its_notice_is_over(single: App) -> None:
    await _mandated(single)
    async with single.db.reading() as conn:
        assert (await conn.execute(select(collection.c.collect_on))).scalar_one() == date(2026, 3, 24)


@pytest.mark.parametrize("iban", ["", "DE00", "DE89370400440532013001", "XX", "DE8937040044053201300O", "' OR 1=1"])
async def test_an_account_number_with_wrong_check_digits_is_refused(single: App, iban: str) -> None:
    async with single.db.writing() as conn:
        account_id = await an_account(conn, single)
        with pytest.raises(Refused, match="iban"):
            await mandates.create(conn, single, account_id, actor="user:clerk", bank=mandates.Bank("A", iban))


async def test_a_file_is_made_once_and_never_again(app: App) -> None:
    await _mandated(app)
    file_id, ref = await _handed_in(app, filed=True)
    async with app.db.writing() as conn:
        body = await debit_files.body(conn, app, file_id, actor="user:clerk")
        assert await debit_files.body(conn, app, file_id, actor="user:other") == body
        [kept] = await debit_files.listing(conn)
    assert (kept.debits, kept.total_minor, kept.taken_by) == (1, 120_000, "user:clerk")
    assert await debit_files.make(app, actor="user:clerk") is None
    root = ET.fromstring(body)
    space = {"p": root.tag[1:].partition("}")[0]}
    told = {
        name: [one.text for one in root.iterfind(f".//p:{name}", space)]
        for name in ("EndToEndId", "InstdAmt", "SeqTp", "ReqdColltnDt", "IBAN", "Nm", "CreDtTm", "CtrlSum")
    }
    assert (told["EndToEndId"], told["InstdAmt"], told["SeqTp"]) == ([ref], ["1200.00"], ["FRST"])
    assert (told["ReqdColltnDt"], told["IBAN"][-1], told["Nm"][-1]) == (["2026-03-24"], HERS, "Amina Muller")
    assert told["CreDtTm"] == ["2026-03-20T09:00:00"], "our clock, not the machine's"


async def test_two_who_make_files_at_once_put_each_debit_into_one(app: App) -> None:
    for number in range(4):
        await _mandated(app, number=f"ACC{number}")
    forward(app, date(2026, 3, 20))
    await collect.collect_due(app, app.today())
    made = await asyncio.gather(*(debit_files.make(app, actor="user:clerk") for _ in range(3)))
    async with app.db.reading() as conn:
        sums = (await conn.execute(select(func.sum(debit_file.c.debits), func.count()))).one()
    assert (sums[0], len({one for one in made if one})) == (4, sums[1])


async def test_a_file_left_without_a_body_is_finished_by_the_next_making(single: App) -> None:
    await _mandated(single)
    file_id, _ = await _handed_in(single, filed=True)
    async with single.db.writing() as conn:
        await conn.execute(update(debit_file).values(body=None, message_id=None))
    assert await debit_files.make(single, actor="job:debits") == file_id
    async with single.db.reading() as conn:
        assert (await conn.execute(select(debit_file.c.body))).scalar_one().startswith("<?xml")


async def test_no_file_is_made_for_a_creditor_nobody_named(single: App) -> None:
    nameless = replace(single, operator=single.operator.model_copy(update={"direct_debit": DirectDebit()}))
    with pytest.raises(Refused, match="creditor"):
        await debit_files.make(nameless, actor="user:clerk")


@pytest.mark.parametrize("form", ["camt", "mt940"])
async def test_a_statement_settles_the_debit_once_however_often_it_is_imported(
    app: App, tmp_path: Path, form: str
) -> None:
    bill = await _mandated(app)
    _, ref = await _handed_in(app)
    forward(app, date(2026, 3, 25))
    paper = Paper(date(2026, 3, 24)).entry(120_000, "B1", e2e=ref)
    for _ in range(2):
        await bank_statement.bring_in(app, getattr(paper, form)(tmp_path))
    assert (await opened(app, bill), await cash(app, "sepa")) == ([0], 120_000)
    assert await attempts(app) == [("direct_debit", "succeeded", None)]
    await proven(app)


async def test_the_same_statement_in_another_format_counts_once(single: App, tmp_path: Path) -> None:
    paper = Paper(date(2026, 3, 9)).entry(5_000, "B1", purpose="nobody").entry(-300, "B2", purpose="bank charges")
    first = await bank_statement.bring_in(single, paper.camt(tmp_path))
    again = await bank_statement.bring_in(single, paper.mt940(tmp_path))
    assert ((first.new, first.known), (again.new, again.known)) == ((2, 0), (0, 2))


@pytest.mark.parametrize(
    ("code", "plan", "leave"),
    [("AM04", "planned", "active"), ("AC04", "failed", "failed"), ("MD01", "failed", "failed"), ("MD06", "failed", "active")],
)  # fmt: skip
@pytest.mark.parametrize("told", ["before", "after"])
async def test_why_a_bank_sent_it_back_says_what_follows(
    single: App, tmp_path: Path, code: str, plan: str, leave: str, told: str
) -> None:
    bill = await _mandated(single)
    _, ref = await _handed_in(single)
    if told == "before":
        await bank_statement.bring_in(single, refusals(tmp_path, (ref, code)))
    else:
        forward(single, date(2026, 3, 26))
        await bank_statement.bring_in(single, Paper(date(2026, 3, 24)).entry(120_000, "B1", e2e=ref).camt(tmp_path))
        assert await opened(single, bill) == [0]
        back = Paper(date(2026, 3, 26)).entry(-120_000, "B2", e2e=ref, reason=code)
        await bank_statement.bring_in(single, back.camt(tmp_path, "back.xml"))
    async with single.db.reading() as conn:
        states = (
            await conn.execute(select(collection.c.state, mandate.c.state).select_from(collection.join(mandate)))
        ).one()
        sorry = (await conn.execute(select(outbox.c.key).where(outbox.c.template == "notice.failed"))).all()
    assert (tuple(states), await opened(single, bill), len(sorry)) == ((plan, leave), [120_000], int(plan == "failed"))
    await proven(single)


async def test_a_debit_sent_back_after_thirteen_months_opens_exactly_its_bill(single: App, tmp_path: Path) -> None:
    bill = await _mandated(single)
    _, ref = await _handed_in(single)
    forward(single, date(2026, 3, 25))
    await bank_statement.bring_in(single, Paper(date(2026, 3, 24)).entry(120_000, "B1", e2e=ref).camt(tmp_path))
    async with single.db.writing() as conn:
        later = await a_bill(conn, single, bill.account_id, 50_000)
    transfer = Paper(date(2026, 4, 2), opening=220_000).entry(50_000, "B7", purpose="ACC100 April")
    await bank_statement.bring_in(single, transfer.camt(tmp_path, "april.xml"))
    assert await opened(single, bill, later) == [0, 0]
    forward(single, date(2027, 4, 24))
    back = Paper(date(2027, 4, 23)).entry(-120_000, "B2", e2e=ref, reason="MD06")
    await bank_statement.bring_in(single, back.camt(tmp_path, "back.xml"))
    assert await opened(single, bill, later) == [120_000, 0]
    await proven(single)


async def test_the_next_debit_of_a_mandate_says_that_it_recurs(single: App) -> None:
    await _mandated(single)
    await _handed_in(single, filed=True)
    async with single.db.writing() as conn:
        account_id = (await conn.execute(select(mandate.c.account_id))).scalar_one()
        bill = await a_bill(conn, single, account_id, 100)
        await mandates.plan_collections(conn, single, [bill])
    async with single.db.writing() as conn:
        await conn.execute(update(attempt).values(state="succeeded"))
    forward(single, date(2026, 4, 2))
    await collect.collect_due(single, single.today())
    file_id = await debit_files.make(single, actor="user:clerk")
    async with single.db.writing() as conn:
        assert "<SeqTp>RCUR</SeqTp>" in (await debit_files.body(conn, single, file_id or 0, actor="user:clerk"))


async def test_a_mandate_unused_for_three_years_is_over(single: App) -> None:
    await _mandated(single)
    forward(single, date(2029, 3, 9))
    async with single.db.writing() as conn:
        assert await mandates.lapse(conn, single) == 0
    forward(single, date(2029, 3, 11))
    async with single.db.writing() as conn:
        assert await mandates.lapse(conn, single) == 1
        assert (await conn.execute(select(mandate.c.state))).scalar_one() == "expired"


@pytest.mark.parametrize("purpose", ["Rechnung ACC100", "acct:ACC100/march", "bill {number} thank you"])
async def test_a_transfer_that_names_an_account_or_a_bill_pays_it(single: App, tmp_path: Path, purpose: str) -> None:
    async with single.db.writing() as conn:
        bill = await a_bill(conn, single, await an_account(conn, single), 5_000)
    said = purpose.format(number=f"INV-{bill.invoice_id}")
    file = Paper(date(2026, 3, 9)).entry(5_000, "B1", purpose=said).camt(tmp_path)
    await bank_statement.bring_in(single, file)
    assert (await opened(single, bill), await owed(single, bill.account_id)) == ([0], 0)
    assert await receipts(single) == [(f"{IBAN}:20260309:B1:5000:0:0", 5_000, "placed")]


async def test_a_statement_that_was_cut_short_is_refused_whole(single: App, tmp_path: Path) -> None:
    file = Paper(date(2026, 3, 9)).entry(5_000, "B1").entry(700, "B2").camt(tmp_path)
    text = file.read_text()
    start = text.rindex("<Ntry>")
    file.write_text(text[:start] + text[text.rindex("</Ntry>") + 7 :])
    with pytest.raises(BadInput, match="does not add up, by 7"):
        await bank_statement.bring_in(single, file)
    async with single.db.reading() as conn:
        assert (await conn.execute(select(func.count()).select_from(statement_entry))).scalar_one() == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"<a/>", b"hello", b"\xff\xfe<x>", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b"<Document><BkToCstmrStmt><Stmt></Stmt></BkToCstmrStmt></Document>", b":20:X\n:61:rubbish\n", b"<CstmrPmtStsRpt",
    ],
)  # fmt: skip
def test_a_file_that_is_no_statement_is_refused_in_words(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match="cannot be read"):
        import_file.read(path)


def test_a_batch_is_taken_apart_and_a_reversal_is_known() -> None:
    """The shape of the bank's own sample: a batch of two direct debits, and one sent back."""
    entry = (
        "<Ntry><Amt Ccy='EUR'>{0}</Amt><CdtDbtInd>{1}</CdtDbtInd>{3}<Sts>BOOK</Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt>"
        "<AcctSvcrRef>{2}</AcctSvcrRef><NtryDtls>{4}</NtryDtls></Ntry>"
    )
    part = (
        "<TxDtls><Refs><EndToEndId>{0}</EndToEndId><MndtId>M{0}</MndtId></Refs><Amt Ccy='EUR'>{1}</Amt>"
        "<CdtDbtInd>{2}</CdtDbtInd>{3}</TxDtls>"
    )
    back = "<RtrInf><Rsn><Cd>AM04</Cd></Rsn></RtrInf>"
    balance = (
        "<Bal><Tp><CdOrPrtry><Cd>{0}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{1}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>"
    )
    raw = (
        "<Document><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><IBAN>DE1</IBAN></Id></Acct>"
        + balance.format("OPBD", "100.00")
        + balance.format("CLBD", "150.50")
        + entry.format(
            "170.49", "CRDT", "B2", "", part.format("P1", "49.99", "CRDT", "") + part.format("P2", "120.50", "CRDT", "")
        )
        + entry.format("119.99", "DBIT", "B3", "<RvslInd>true</RvslInd>", part.format("P9", "119.99", "DBIT", back))
        + "</Stmt></BkToCstmrStmt></Document>"
    )
    [told] = camt.read(raw.encode())
    assert told.off_by == 0
    assert [(one.amount_minor, one.end_to_end, one.mandate, one.index, one.reason) for one in told.entries] == [
        (4_999, "P1", "MP1", 0, None),
        (12_050, "P2", "MP2", 1, None),
        (-11_999, "P9", "MP9", 0, "AM04"),
    ]


def test_marks_of_reversals_in_mt940_have_the_right_sign() -> None:
    raw = (
        ":20:S\n:25:37040044/0532013000EUR\n:28C:1/1\n:60F:C260309EUR100,00\n"
        ":61:2603100310RC10,00NTRFNONREF//A\n:86:?20SVWZ+credit undone\n"
        ":61:2603100310RD4,00NTRFNONREF//B\n:86:?20SVWZ+debit undone\n:62F:C260310EUR94,00\n-\n"
    )
    [told] = mt940.read(raw.encode())
    assert ([one.amount_minor for one in told.entries], told.off_by) == ([-1_000, 400], 0)


def test_every_reason_of_a_bank_leads_somewhere() -> None:
    words = set(RETURNS.values())
    assert {word: next_step(word, 1, 2) for word in sorted(words)} == {
        "closed": "cancel",
        "declined": "ask",
        "disputed": "ask",
        "funds": "retry",
        "no_mandate": "cancel",
        "returned": "ask",
        "technical": "retry",
    }
    assert (next_step("funds", 3, 2), next_step("funds", 1, 0), next_step("what?", 1, 2)) == ("ask", "ask", "ask")


@pytest.mark.parametrize(
    ("today", "day"),
    [
        (date(2026, 3, 10), date(2026, 3, 25)), (date(2026, 3, 23), date(2026, 3, 30)), (date(2026, 3, 26), date(2026, 4, 1)),
        (date(2026, 12, 22), date(2026, 12, 28)),
    ],
)  # fmt: skip
def test_a_second_try_falls_on_a_likely_pay_day_that_is_a_bank_day(today: date, day: date) -> None:
    assert next_day(today, DirectDebit(), "KE") == day
