"""A dispute that is upheld becomes a credit note: lines, tax, books, what is open, and a word to the customer; and it happens once."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from core.approvals import decide as approvals
from core.billing import queries
from core.billing.model import Bill
from core.billing.render import html, pdf
from core.billing.run.passes import build, finalise
from core.billing.tables import invoice, invoice_line
from core.catalog import store as catalog
from core.catalog.compile import load_tariff
from core.context import App
from core.errors import Refused
from core.journeys import approved, line_disputed
from core.journeys.dispute_decided import DisputeDecision, decide
from core.journeys.verify_books import problems
from core.ledger import queries as ledger
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.ledger.tables import journal, open_item
from core.notices import compose
from core.outbox.queue import outbox
from core.payments import allocate
from core.payments.tables import receipt
from tests.core.billing.world import Customer, Fake, settle
from tests.readers import disputes_of

FEB, MAR = date(2026, 2, 1), date(2026, 3, 1)

TARIFF = """
tariff: energy
valid_from: 2020-01-01
currency: KES
rounding: {line: "0.01", total: "1", mode: half_up}
charges:
  - {code: consumption, type: usage, meter: energy, unit: kWh, model: flat, price: "16.54"}
  - {code: fuel_cost, type: usage, meter: energy, unit: kWh, model: flat, price: "4.00"}
  - {code: rep, type: percent, percent: "5", of: [consumption]}
  - {code: vat, type: tax, percent: "16", of: [consumption, fuel_cost]}
"""
# 42 kWh: 694.68 + 168.00 + 34.73 + 138.03 = 1,035.44, to whole shillings 1,035.
TOTAL = 103_500


@pytest.fixture
async def account_id(app: App) -> int:
    """Amina, with January's bill."""
    tariff = load_tariff(TARIFF)
    async with app.db.writing() as conn:
        await catalog.load(conn, app, [catalog.Checked("energy", tariff.valid_from, TARIFF, "digest")], by="test")
    [(account_id, _)] = await settle(app, [Customer()])
    await bill_of(app, FEB)
    return account_id


async def bill_of(app: App, on: date) -> None:
    await build(app, on, sources=Fake((TARIFF,)))
    await finalise(app, on)


async def last(app: App, account_id: int) -> Bill:
    async with app.db.reading() as conn:
        [summary, *_] = await queries.last_bills(conn, account_id)
        bill = await queries.bill(conn, invoice_id=summary.invoice_id, context=app)
        assert bill is not None
        return bill


async def contest(app: App, bill: Bill, position: int, key: str = "first") -> int:
    """The id of a new dispute."""
    async with app.db.writing() as conn:
        await line_disputed.dispute(
            conn,
            app,
            account_id=bill.account_id,
            invoice_id=bill.invoice_id,
            position=position,
            reason="wrong",
            contact_id=None,
            key=f"{key}:{bill.invoice_id}:{position}",
        )
        return (await disputes_of(conn, [bill.invoice_id]))[-1].id


async def verdict(
    app: App, dispute: int, word: str, amount: int | None = None, *, anyone: bool = False
) -> DisputeDecision:
    async with app.db.writing() as conn:
        return await decide(conn, app, dispute, word, actor="user:ann", amount_minor=amount)


async def pay(app: App, account_id: int, minor: int) -> None:
    async with app.db.writing() as conn:
        number = app.ids.take()
        await conn.execute(
            receipt.insert().values(
                id=number,
                provider="sandbox",
                provider_txn=f"T{number}",
                account_id=account_id,
                method="card",
                amount_minor=minor,
                currency="KES",
                reference="",
                payer="***",
                state="placed",
                received_at=app.clock.now(),
                booked_on=app.today(),
            )
        )
        money = Posting(receivable(account_id), Book("cash:sandbox"), minor, "KES", "paid")
        await post(conn, app, key=f"receipt:{number}", kind="receipt", booked_on=app.today(), postings=[money])
        await allocate.receipt(conn, app, number)


async def sound(app: App) -> None:
    async with app.db.reading() as conn:
        assert await problems(conn) == []


async def test_a_wrong_line_goes_with_the_levy_and_the_tax_that_were_reckoned_on_it(app: App, account_id: int) -> None:
    bill = await last(app, account_id)
    decided = await verdict(app, await contest(app, bill, 1), "upheld")
    # 694.68, 5 % of it 34.73, 16 % of it 111.15
    assert decided.note is not None
    assert (decided.note.number, decided.note.amount_minor, decided.note.tax_minor) == ("CN-000001", 84_056, 11_115)
    async with app.db.reading() as conn:
        note = await queries.bill(conn, token=decided.note.token, context=app)
        assert note is not None
        assert [(one.code, one.amount_minor, one.quantity_micro) for one in note.lines] == [
            ("consumption", -69_468, -42_000_000),
            ("rep", -3_473, None),
            ("vat", -11_115, None),
        ]
        facts = (
            await conn.execute(select(invoice.c.facts).where(invoice.c.corrects_id == bill.invoice_id))
        ).scalar_one()
        assert facts["corrects"]["lines"] == {"1": 1, "2": 3, "3": 4}
        assert await ledger.balance(conn, "receivable", account_id, "KES") == TOTAL - 84_056
        assert await ledger.balance(conn, "tax", 0, "KES") == -(13_803 - 11_115)
        assert await ledger.balance(conn, "revenue", 0, "KES") == -16_800
        item = (await conn.execute(select(open_item))).one()
        assert (item.total_minor, item.open_minor, item.disputed_minor) == (TOTAL, TOTAL - 84_056, 0)
    again = await last(app, account_id)
    assert (again.credited_minor, again.paid_minor, again.to_pay_minor) == (84_056, 0, TOTAL - 84_056)
    page, paper = html.render(note, "en"), pdf.render(note, "en")
    assert "Credit note CN-000001" in page and bill.number is not None and bill.number in page and paper[:4] == b"%PDF"
    assert "Pay by" not in page and "To pay" not in page
    assert "Credited since" in html.render(again, "en")
    await sound(app)


async def test_a_part_of_a_line_is_credited_with_its_part_of_the_tax(app: App, account_id: int) -> None:
    dispute = await contest(app, await last(app, account_id), 1)
    decided = await verdict(app, dispute, "partial", 10_000)
    assert decided.note is not None and decided.note.amount_minor == 10_000 + 500 + 1_600
    await sound(app)


async def test_a_whole_bill_is_credited_to_the_last_cent_and_a_part_of_it_line_by_line(
    app: App, account_id: int
) -> None:
    bill = await last(app, account_id)
    dispute = await contest(app, bill, -1)
    part = await verdict(app, dispute, "partial", 10_001)
    rest = await verdict(app, await contest(app, bill, 2), "upheld")
    whole = await verdict(app, await contest(app, bill, -1, "again"), "upheld")
    assert part.note and rest.note and whole.note
    assert part.note.amount_minor + rest.note.amount_minor + whole.note.amount_minor == TOTAL
    assert [one.note.number for one in (part, rest, whole) if one.note] == ["CN-000001", "CN-000002", "CN-000003"]
    async with app.db.reading() as conn:
        for code in ("receivable", "revenue", "tax", "rounding"):
            assert await ledger.balance(conn, code, account_id if code == "receivable" else 0, "KES") == 0
        line, note = invoice_line.c, invoice.c
        of = select(line.amount_minor).join(invoice, note.id == line.invoice_id).where(note.number == "CN-000001")
        assert sum((await conn.execute(of)).scalars()) == -10_001
    await sound(app)


async def test_what_was_paid_too_much_pays_the_next_bill(app: App, account_id: int) -> None:
    january = await last(app, account_id)
    await pay(app, account_id, TOTAL)
    await bill_of(app, MAR)
    decided = await verdict(app, await contest(app, january, 1), "upheld")
    assert decided.note is not None
    february = await last(app, account_id)
    assert (february.open_minor, february.paid_minor) == (TOTAL - 84_056, 84_056)
    async with app.db.reading() as conn:
        first = await queries.bill(conn, invoice_id=january.invoice_id)
        assert first is not None and (first.open_minor, first.paid_minor, first.credited_minor) == (
            0,
            TOTAL - 84_056,
            84_056,
        )
        assert await ledger.balance(conn, "receivable", account_id, "KES") == TOTAL - 84_056
    await sound(app)


async def test_the_same_verdict_again_is_the_same_answer(app: App, account_id: int) -> None:
    dispute = await contest(app, await last(app, account_id), 2)
    first, second, third = await asyncio.gather(*(verdict(app, dispute, "upheld") for _ in range(3)))
    assert first == second == third == await verdict(app, dispute, "rejected")
    async with app.db.reading() as conn:
        assert len((await conn.execute(select(journal.c.id).where(journal.c.kind == "credit"))).all()) == 1
        assert len((await conn.execute(select(outbox.c.id).where(outbox.c.template == "notice.credited"))).all()) == 1
    await sound(app)


@pytest.fixture
def strict(app: App) -> App:
    """Whoever credits more than 500 is not alone."""
    billing = app.operator.billing.model_copy(update={"credit_limit": "500"})
    return replace(app, operator=app.operator.model_copy(update={"billing": billing}))


async def test_above_the_limit_another_person_agrees_to_what_they_saw(strict: App, account_id: int) -> None:
    dispute = await contest(strict, await last(strict, account_id), 1)
    assert (
        await verdict(strict, dispute, "upheld")
        == await verdict(strict, dispute, "upheld")
        == DisputeDecision("waiting")
    )
    async with strict.db.reading() as conn:
        [asked] = await approvals.waiting(conn)
        item = (await conn.execute(select(open_item))).one()
    assert (asked.payload["credit"], asked.payload["bill"], item.open_minor) == ("840.56", "INV-000001", TOTAL)
    assert item.disputed_minor == 84_056, "it stays frozen meanwhile, with its levy and its tax"
    async with strict.db.writing() as conn:
        with pytest.raises(Refused, match=r"approvals\.own"):
            await approved.decide(conn, strict, asked.id, checker="user:ann", seen=asked.seal, yes=True)
    async with strict.db.writing() as conn:
        await approved.decide(conn, strict, asked.id, checker="user:bea", seen=asked.seal, yes=True)
    decided = await verdict(strict, dispute, "rejected")
    assert decided.verdict == "upheld" and decided.note is not None and decided.note.amount_minor == 84_056
    await sound(strict)


async def test_without_agreement_it_stays_open_for_a_smaller_verdict(strict: App, account_id: int) -> None:
    dispute = await contest(strict, await last(strict, account_id), 1)
    await verdict(strict, dispute, "upheld")
    async with strict.db.writing() as conn:
        [asked] = await approvals.waiting(conn)
        await approved.decide(conn, strict, asked.id, checker="user:bea", seen=asked.seal, yes=False)
    decided = await verdict(strict, dispute, "partial", 1_000)
    assert decided.note is not None and decided.note.amount_minor == 1_210
    await sound(strict)


async def test_nobody_agrees_to_less_than_is_credited(strict: App, account_id: int) -> None:
    dispute = await contest(strict, await last(strict, account_id), 1)
    async with strict.db.writing() as conn:
        with pytest.raises(Refused, match=r"approvals\.changed"):
            await decide(conn, strict, dispute, "upheld", actor="user:ann", agreed_minor=84_055)


@pytest.mark.parametrize("amount", [0, -5, 69_469, None])
async def test_no_more_than_the_line_and_no_less_than_something(app: App, account_id: int, amount: int | None) -> None:
    dispute = await contest(app, await last(app, account_id), 1)
    with pytest.raises(Refused, match=r"credit\.amount"):
        await verdict(app, dispute, "partial", amount)
    await sound(app)


async def test_a_line_is_not_credited_twice(app: App, account_id: int) -> None:
    bill = await last(app, account_id)
    await verdict(app, await contest(app, bill, 1), "upheld")
    with pytest.raises(Refused, match=r"credit\.amount"):
        await verdict(app, await contest(app, bill, 1, "again"), "upheld")


async def test_two_disputes_of_one_bill_never_leave_more_frozen_than_is_open(app: App, account_id: int) -> None:
    bill = await last(app, account_id)
    line, whole = await contest(app, bill, 1), await contest(app, bill, -1)
    await verdict(app, line, "upheld")
    async with app.db.reading() as conn:
        item = (await conn.execute(select(open_item))).one()
        assert (item.open_minor, item.disputed_minor) == (TOTAL - 84_056, TOTAL - 84_056)
    await verdict(app, whole, "rejected")
    assert (await last(app, account_id)).to_pay_minor == TOTAL - 84_056


async def test_verify_finds_a_credit_note_that_came_by_another_door(app: App, account_id: int) -> None:
    bill = await last(app, account_id)
    forged = {
        "id": 5,
        "account_id": account_id,
        "series": "credit",
        "from_date": bill.from_date,
        "to_date": bill.to_date,
        "revision": 7,
        "state": "final",
        "number": "CN-000003",
        "token": "forged",
        "currency": "KES",
        "tax_minor": 0,
        "total_minor": -200_000,
        "rounding_minor": 0,
        "reward_minor": 0,
        "estimated": False,
        "facts": {},
        "corrects_id": bill.invoice_id,
    }
    stray = forged | {"id": 6, "number": "CN-000004", "token": "stray", "revision": 8, "corrects_id": 77}
    async with app.db.writing() as conn:
        await conn.execute(invoice.insert(), [forged, stray])
        found = " ".join(await problems(conn))
    for words in (
        "invoice CN-000003 comes to -200000, its lines to 0",
        "invoice CN-000003 comes to -200000, its postings to 0",
        "credit notes take 200000 off bill INV-000001, which comes to 103500",
        "credit number 3 was never given",
        "credit note CN-000004 is of no final bill of its account",
    ):
        assert words in found


async def test_they_are_told_what_was_taken_off_and_what_is_left(app: App, account_id: int) -> None:
    await verdict(app, await contest(app, await last(app, account_id), 1), "upheld")
    async with app.db.reading() as conn:
        row = (await conn.execute(select(outbox).where(outbox.c.template == "notice.credited"))).one()
        facts = await compose.facts.credit_notes(conn, [row.subject_id])
    said = compose.words.credited(app, row, compose.Recipient(1, "sms", "+254", "en"), facts[row.subject_id])
    assert isinstance(said, compose.NoticeWords) and said.key == "notice.credited.open"
    assert (said.params["amount"], said.params["open"]) == ("KES 840.56", "KES 194.44")
