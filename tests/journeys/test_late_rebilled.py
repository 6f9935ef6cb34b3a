"""Where the operator asks for it, usage that comes after its bill puts the bill right at once, by a document of its own and once."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.approvals import decide as approvals
from core.billing import queries
from core.billing.documents import rebill
from core.billing.model import Bill
from core.billing.render import html
from core.billing.run.passes import build
from core.billing.tables import invoice
from core.catalog.compile import load_tariff
from core.catalog.quote_json import answered
from core.clock import SetClock
from core.context import App
from core.errors import Refused
from core.journeys import approved, late_usage_rebill
from core.journeys.close_cycles import close_cycles
from core.journeys.late_usage_rebill import put_right
from core.journeys.verify_books import problems
from core.ledger import queries as ledger
from core.ledger.tables import open_item
from core.metering.tables import consumption
from core.money import plain
from core.notices import compose
from core.onboarding.model import NewCustomer, NewMeter, Registered
from core.onboarding.register import register_many
from core.outbox.queue import outbox
from tests.journeys.test_dispute_decided import contest, pay, verdict
from tests.journeys.test_late_usage import FEB, JAN, MAR, POWER, at_home, closed, collect, is_late, month, pass_to


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 2, 1, 6, tzinfo=UTC))


@pytest.fixture
def app(app: App) -> App:
    """One that does not wait for the next bill."""
    billing = app.operator.billing.model_copy(update={"late_usage": "rebill"})
    return replace(app, operator=app.operator.model_copy(update={"billing": billing}))


async def billed(app: App, folder: Path) -> tuple[Registered, Bill]:
    """42 kWh in January, 626.00 on its bill."""
    made = await at_home(app, folder)
    return made, await closed(app, made, FEB)


async def revise(app: App, folder: Path, kwh: str) -> None:
    """The last day of January was `kwh`, not 3."""
    await collect(app, folder, f"revised-{kwh}", [("2026-01-31", kwh)])


async def documents(app: App, made: Registered) -> dict[str, list[Bill]]:
    """Their documents by series, in the order they were issued; and the books are sound."""
    found: dict[str, list[Bill]] = defaultdict(list)
    async with app.db.reading() as conn:
        assert await problems(conn) == []
        query = select(invoice.c.id, invoice.c.series).where(invoice.c.account_id == made.account_id)
        for row in (await conn.execute(query.order_by(invoice.c.series, invoice.c.revision))).all():
            bill = await queries.bill(conn, invoice_id=row.id, context=app)
            assert bill is not None
            found[row.series].append(bill)
    return found


async def owed(app: App, made: Registered) -> tuple[int, int]:
    """What the ledger says they owe, and what is open of their bills."""
    async with app.db.reading() as conn:
        return (
            await ledger.balance(conn, "receivable", made.account_id, "KES"),
            (await queries.owing(conn, made.account_id)).open_minor,
        )


async def told(app: App) -> list[str]:
    async with app.db.reading() as conn:
        return list((await conn.execute(select(outbox.c.template).order_by(outbox.c.id))).scalars())


def quoted(kwh: str) -> str:
    asked = {"period": {"from": "2026-01-01", "to": "2026-02-01"}, "usage": [{"meter": "energy", "quantity": kwh}]}
    return str(answered([load_tariff(POWER)], asked)["total"])


def lines(bill: Bill) -> list[tuple[str, int | None, int]]:
    return [(one.label["en"], one.quantity_micro, one.amount_minor) for one in bill.lines]


async def test_a_late_interval_is_an_invoice_of_its_own_of_what_the_quotes_differ_by(app: App, tmp_path: Path) -> None:
    made, january = await billed(app, tmp_path)
    await revise(app, tmp_path, "8")
    assert await put_right(app) == 1
    [late] = (await documents(app, made))["late"]
    assert lines(late) == [
        ("Correction 1 Jan 2026 - 31 Jan 2026: 47 instead of 42 kWh", 5_000_000, 10_000),
        ("Tax in the correction 1 Jan 2026 - 31 Jan 2026", None, 1_600),
    ]
    assert plain(january.total_minor, "KES") == quoted("42") and late.number == "COR-000001"
    assert plain(january.total_minor + late.total_minor, "KES") == quoted("47")
    assert (late.from_date, late.to_date, late.tax_minor, late.open_minor) == (JAN, FEB, 1_600, 11_600)
    assert late.due_on > app.today() and "COR-000001" in html.render(late, "en")
    assert await owed(app, made) == (74_200, 74_200)
    async with app.db.reading() as conn:
        assert await ledger.balance(conn, "tax", 0, "KES") == -(january.tax_minor + 1_600)
    assert await told(app) == ["notice.ready.pay", "notice.ready.pay"]


async def test_less_than_was_billed_is_a_credit_note_and_they_are_told(app: App, tmp_path: Path) -> None:
    made, january = await billed(app, tmp_path)
    await revise(app, tmp_path, "1")
    assert await put_right(app) == 1
    [note] = (await documents(app, made))["credit"]
    assert (note.number, note.corrects, note.tax_minor) == ("CN-000001", january.number, -640)
    assert plain(january.total_minor + note.total_minor, "KES") == quoted("40") == "580.00"
    assert lines(note)[0] == ("Correction 1 Jan 2026 - 31 Jan 2026: 40 instead of 42 kWh", -2_000_000, -3_960)
    assert await owed(app, made) == (58_000, 58_000)
    async with app.db.reading() as conn:
        row = (await conn.execute(select(outbox).where(outbox.c.template == "notice.corrected"))).one()
        facts = await compose.facts.credit_notes(conn, [row.subject_id])
    said = compose.words.credited(app, row, compose.Recipient(1, "sms", "+254", "en"), facts[row.subject_id])
    assert isinstance(said, compose.NoticeWords) and said.key == "notice.corrected.open"
    assert (said.params["amount"], said.params["open"]) == ("KES 46", "KES 580")


async def test_what_they_had_paid_too_much_pays_their_other_bills(app: App, tmp_path: Path) -> None:
    made, january = await billed(app, tmp_path)
    await pay(app, made.account_id, january.total_minor)
    await revise(app, tmp_path, "1")
    assert await put_right(app) == 1
    await collect(app, tmp_path, "february", month(FEB, 28, "0.96", last="1"))
    await closed(app, made, MAR)
    assert await owed(app, made) == (31_200 - 4_600, 31_200 - 4_600)


async def test_it_happens_once_and_the_next_bill_carries_no_correction(app: App, tmp_path: Path) -> None:
    made, _ = await billed(app, tmp_path)
    await revise(app, tmp_path, "8")
    assert [await put_right(app) for _ in range(3)] == [1, 0, 0]
    await collect(app, tmp_path, "february", month(FEB, 28, "0.96", last="1"))
    february = await closed(app, made, MAR)
    assert (february.total_minor, [one for one in february.lines if is_late(one)]) == (31_200, [])
    assert [one.quantity_micro for one in february.use] == [47_000_000, 26_920_000], "the chart knows it"
    assert await put_right(app) == 0
    assert (await told(app)).count("notice.ready.pay") == 3


async def test_what_comes_between_the_job_and_the_bill_run_is_no_line_of_the_bill(app: App, tmp_path: Path) -> None:
    made, _ = await billed(app, tmp_path)
    await collect(app, tmp_path, "february", month(FEB, 28, "0.96", last="1"))
    await revise(app, tmp_path, "8")
    assert (await closed(app, made, MAR)).total_minor == 31_200
    assert await put_right(app) == 1
    assert [one.total_minor for one in (await documents(app, made))["late"]] == [11_600]


async def test_an_account_that_stands_parked_hides_nobodys_late_usage(app: App, tmp_path: Path) -> None:
    await at_home(app, tmp_path)
    silent = NewCustomer("Bola", opened_on=JAN, tariff="power", meter=NewMeter("M2", interval_minutes=1440))
    async with app.db.writing() as conn:
        await register_many(conn, app, [silent])
    await collect(app, tmp_path, "february", month(FEB, 28, "0.96", last="1"))
    for day in (FEB, MAR):
        pass_to(app, day)
        await close_cycles(app, day)
    await collect(app, tmp_path, "revised", [("2026-02-28", "8")])
    assert await put_right(app) == 1


async def test_two_who_found_the_same_issue_one_document(app: App, tmp_path: Path) -> None:
    made, _ = await billed(app, tmp_path)
    await revise(app, tmp_path, "1")
    async with app.db.reading() as conn:
        owner = await rebill.services(conn, 0, 10)
        [off] = await rebill.find(conn, app, owner, await rebill.came_since_billing(conn, app))
    assert await put_right(app) == 1
    assert not await late_usage_rebill._issued(app, off), "who comes second writes nothing"
    assert len((await documents(app, made))["credit"]) == 1


async def test_a_second_revision_is_only_the_rest_and_all_of_it_may_go(app: App, tmp_path: Path) -> None:
    """742 in all on two documents: a note of 742 on a bill of 626 lowers both, and the books stay sound."""
    made, _ = await billed(app, tmp_path)
    await revise(app, tmp_path, "8")
    await put_right(app)
    await revise(app, tmp_path, "6")
    assert await put_right(app) == 1
    found = await documents(app, made)
    assert [one.total_minor for one in found["credit"]] == [-4_600]
    assert [one.open_minor for one in found["bill"] + found["late"]] == [58_000, 11_600], "the note is on the bill"
    await collect(app, tmp_path, "zero", month(JAN, 31, "0", last="0"))
    assert await put_right(app) == 1
    assert await owed(app, made) == (0, 0)
    assert [one.total_minor for one in (await documents(app, made))["credit"]] == [-4_600, -69_600]


async def test_what_a_dispute_gave_back_is_not_given_back_again(app: App, tmp_path: Path) -> None:
    made, january = await billed(app, tmp_path)
    await verdict(app, await contest(app, january, -1), "partial", 50_000)
    await collect(app, tmp_path, "zero", month(JAN, 31, "0", last="0"))
    assert await put_right(app) == 1
    notes = (await documents(app, made))["credit"]
    assert [one.total_minor for one in notes] == [-50_000, -12_600]
    assert await owed(app, made) == (0, 0) and await put_right(app) == 0


async def test_a_late_invoice_may_be_contested_like_a_bill(app: App, tmp_path: Path) -> None:
    made, _ = await billed(app, tmp_path)
    await revise(app, tmp_path, "8")
    await put_right(app)
    [late] = (await documents(app, made))["late"]
    await verdict(app, await contest(app, late, 1), "upheld")
    [note] = (await documents(app, made))["credit"]
    assert (note.corrects, note.total_minor, note.tax_minor) == ("COR-000001", -11_600, -1_600)
    assert await owed(app, made) == (62_600, 62_600)


async def test_what_costs_nothing_is_recorded_without_a_document(app: App, tmp_path: Path) -> None:
    _, january = await billed(app, tmp_path)
    await verdict(app, await contest(app, january, -1), "upheld")
    await revise(app, tmp_path, "1")
    assert [await put_right(app) for _ in range(2)] == [0, 0]
    async with app.db.reading() as conn:
        recorded = (await conn.execute(select(func.max(consumption.c.revision)))).scalar_one()
        items = (await conn.execute(select(func.count()).select_from(open_item))).scalar_one()
    assert (recorded, items) == (1, 1)


async def test_a_bill_that_is_not_final_is_not_corrected_yet(app: App, tmp_path: Path) -> None:
    made = await at_home(app, tmp_path)
    await build(app, FEB)
    await revise(app, tmp_path, "8")
    assert await put_right(app) == 0
    assert (await closed(app, made, FEB)).total_minor == 62_600
    assert await put_right(app) == 1


async def test_who_does_not_ask_for_it_waits_for_the_next_bill(app: App, tmp_path: Path) -> None:
    billing = app.operator.billing.model_copy(update={"late_usage": "next_bill"})
    patient = replace(app, operator=app.operator.model_copy(update={"billing": billing}))
    made, _ = await billed(patient, tmp_path)
    await revise(patient, tmp_path, "8")
    assert await put_right(patient) == 0
    await collect(patient, tmp_path, "february", month(FEB, 28, "0.96", last="1"))
    assert sum(one.amount_minor for one in (await closed(patient, made, MAR)).lines if is_late(one)) == 11_600
    assert patient.operator.billing == type(billing)(), "it is what an operator has who says nothing"


async def test_a_credit_above_the_operators_limit_waits_for_a_person_and_is_asked_for_once(
    app: App, tmp_path: Path
) -> None:
    rules = app.operator.billing.model_copy(update={"credit_limit": "10"})
    app = replace(app, operator=app.operator.model_copy(update={"billing": rules}))
    made, _ = await billed(app, tmp_path)
    await revise(app, tmp_path, "0")
    before = await owed(app, made)
    for _ in range(2):
        assert await put_right(app) == 0
    assert await owed(app, made) == before and "credit" not in await documents(app, made)
    async with app.db.writing() as conn:
        [asked] = await approvals.waiting(conn)
        assert asked.kind == "late_credit" and asked.maker == "job:rebill"
        await approved.decide(conn, app, asked.id, checker="user:b", seen=asked.seal, yes=False)
    assert await put_right(app) == 0
    async with app.db.reading() as conn:
        assert await approvals.waiting(conn) == [], "who said no is not asked for the same again"


async def test_an_agreed_late_credit_is_issued_and_no_more_than_was_agreed_to(app: App, tmp_path: Path) -> None:
    rules = app.operator.billing.model_copy(update={"credit_limit": "10"})
    app = replace(app, operator=app.operator.model_copy(update={"billing": rules}))
    made, _ = await billed(app, tmp_path)
    await revise(app, tmp_path, "2")
    assert await put_right(app) == 0
    async with app.db.writing() as conn:
        [asked] = await approvals.waiting(conn)
    await collect(app, tmp_path, "less", [("2026-01-31", "0")])
    with pytest.raises(Refused, match=r"approvals\.changed"):
        async with app.db.writing() as conn:
            await approved.decide(conn, app, asked.id, checker="user:b", seen=asked.seal, yes=True)
    await collect(app, tmp_path, "back", [("2026-01-31", "2.0")])
    async with app.db.writing() as conn:
        await approved.decide(conn, app, asked.id, checker="user:b", seen=asked.seal, yes=True)
    [note] = (await documents(app, made))["credit"]
    assert plain(-note.total_minor, "KES") == asked.payload["credit"]
    assert "notice.corrected" in await told(app)
