"""kill -9 while a file of direct debits is made, and while bills are put right for late usage: the next process finishes it, once."""

import signal
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sepaxml
from sqlalchemy import func, select

from core.billing.tables import invoice
from core.clock import SetClock
from core.config.operator import Billing, Operator, Settings
from core.config.payments import DirectDebit
from core.context import App
from core.db.engine import Database
from core.journeys import late_usage_rebill
from core.journeys.close_cycles import close_cycles
from core.journeys.follow import follow
from core.journeys.verify_books import problems
from core.metering.store.collect import load_csv
from core.onboarding.model import NewCustomer, NewMeter
from core.outbox.queue import outbox
from core.payments import collect, mandates
from core.payments.bank import debit_files
from core.payments.bank.tables import debit_file, debit_item
from core.payments.tables import attempt
from tests.core.payments.made import a_bill, an_account
from tests.core.payments.paper import IBAN
from tests.faults.nursery import Nursery, nursery
from tests.journeys.test_late_usage import FEB, JAN, month, pass_to, settle

DEBITS, LATE = 6, 3
BOTH = pytest.mark.parametrize("server", ["sqlite", pytest.param("postgres", marks=pytest.mark.soak)], indirect=True)
"""What is killed here keeps by keys and not by locks: PostgreSQL in the soak."""
assert sepaxml, "imported once, before a child is forked"
HANDED_IN = date(2026, 3, 20)


def house_of(db: Database, clock: SetClock) -> App:
    """The operator of these tests: a creditor of its own, and late usage is billed at once."""
    operator = Operator(
        name="Mwangaza Power",
        short_name="Mwangaza",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        languages=("en", "sw"),
        support_phone="+254800000000",
        default_tariff="power",
        direct_debit=DirectDebit(
            creditor_name="Hodi Networks GmbH",
            creditor_id="DE98ZZZ09999999999",
            creditor_iban=IBAN,
            creditor_bic="COBADEFFXXX",
        ),
        billing=Billing(late_usage="rebill"),
    )
    operator = operator.model_copy(update={"payments": operator.payments.model_copy(update={"mandates": "sepa"})})
    return App(clock, operator, db, Settings(), follow)


async def work(said: dict[str, Any]) -> None:
    """What the killed process does: `{"db": ..., "at": an instant, "does": "file" or "rebill"}`."""
    db = Database(said["db"])
    app = house_of(db, SetClock(datetime.fromisoformat(said["at"])))
    if said["does"] == "file":
        await debit_files.make(app, actor="job:debits")
    else:
        await late_usage_rebill.put_right(app)
    await db.close()


@pytest.fixture
async def children() -> AsyncIterator[Nursery]:
    async with nursery("tests.faults.test_payment_file_kills:work") as them:
        yield them


async def _killed(children: Nursery, app: App, does: str, *places: str) -> None:
    said = {"db": app.db.url.render_as_string(hide_password=False), "at": app.clock.now().isoformat(), "does": does}
    for place in places:
        assert await (await children.begin(said, place)).wait() == -signal.SIGKILL, place
    assert await (await children.begin(said)).wait() == 0


@BOTH
async def test_a_debit_is_in_one_file_however_often_its_making_is_killed(
    db: Database, clock: SetClock, children: Nursery
) -> None:
    app = house_of(db, clock)
    async with db.writing() as conn:
        for number in range(DEBITS):
            account_id = await an_account(conn, app, f"ACC{number}")
            bank = mandates.Bank("Amina Otieno", "DE75512108001245126199")
            reference = await mandates.create(conn, app, account_id, actor="user:a", bank=bank)
            await mandates.activate(conn, app, reference, actor="user:a")
            await mandates.plan_collections(conn, app, [await a_bill(conn, app, account_id, 1_000 + number)])
    clock.forward(HANDED_IN - app.today())
    assert await collect.collect_due(app, HANDED_IN) == Counter(asked=DEBITS)
    await _killed(children, app, "file", "payments.debits_gathered", "payments.debits_made")
    assert await debit_files.make(app, actor="user:a") is None, "nothing waits any more"
    async with db.reading() as conn:
        [body] = (await conn.execute(select(debit_file.c.body))).scalars().all()
        refs = set((await conn.execute(select(attempt.c.provider_ref))).scalars())
        assert (await conn.execute(select(func.count()).select_from(debit_item))).scalar_one() == DEBITS
    told = [one.text for one in ET.fromstring(body).iter() if one.tag.endswith("}EndToEndId")]
    assert len(told) == DEBITS and set(told) == refs
    [total] = {one.text for one in ET.fromstring(body).iter() if one.tag.endswith("}CtrlSum")}
    assert total == "60.15"


@BOTH
async def test_a_bill_is_put_right_once_however_often_that_is_killed(
    db: Database, clock: SetClock, children: Nursery, tmp_path: Path
) -> None:
    clock.instant = datetime.fromisoformat("2026-02-01T06:00:00+00:00")
    app = house_of(db, clock)
    meters = [f"M{number}" for number in range(LATE)]
    customers = [
        NewCustomer(one, opened_on=JAN, tariff="power", meter=NewMeter(one, interval_minutes=1440)) for one in meters
    ]
    await settle(app, tmp_path, *customers)
    await _used(app, tmp_path, [(one, at, kwh) for one in meters for at, kwh in month(JAN, 31, "1.3", last="3")])
    pass_to(app, FEB)
    assert (await close_cycles(app, FEB)).problems == ()
    await _used(app, tmp_path, [(one, "2026-01-31", "8") for one in meters])
    pass_to(app, date(2026, 2, 2))
    await _killed(children, app, "rebill", "rebill.found", "rebill.issued", "rebill.issued")
    assert await late_usage_rebill.put_right(app) == 0
    async with db.reading() as conn:
        late = select(invoice.c.account_id, invoice.c.total_minor).where(invoice.c.series == "late")
        rows = (await conn.execute(late)).all()
        assert len(rows) == len({row.account_id for row in rows}) == LATE
        assert {row.total_minor for row in rows} == {11_600}
        words = select(func.count()).where(outbox.c.template == "notice.ready.pay")
        assert (await conn.execute(words)).scalar_one() == 2 * LATE
        assert await problems(conn) == []


async def _used(app: App, folder: Path, rows: list[tuple[str, str, str]]) -> None:
    file = folder / f"{len(rows)}.csv"
    file.write_text("meter,start,kwh\n" + "".join(f"{one},{at},{kwh}\n" for one, at, kwh in rows))
    assert (await load_csv(app, file)).rejected == 0
