"""What the ladder did not bring is with one agency at a time, and back by the very event that takes its ground away."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from core.clock import SetClock
from core.collections import agency
from core.collections.placing import commission, placeable
from core.collections.tables import episode, placement
from core.config.collections import Collections
from core.config.operator import Operator
from core.context import App
from core.errors import Refused
from core.journeys.dunning import agency as agency_placed
from core.journeys.dunning import arrangement, load, protection, run
from core.overview import agencies
from core.overview.collections import board
from core.parties.tables import contact_account
from tests.core.payments.made import a_bill
from tests.journeys.arrears_at_work import DUE, Late, a_late_account

FINAL = DUE + timedelta(days=3)
PLACED = FINAL + timedelta(days=7)


@pytest.fixture
def operator(operator: Operator) -> Operator:
    """Two steps, the last on the third day; an agency that takes 500 and more, a week later."""
    rules = Collections.model_validate(
        {
            "ladder": {"steps": [{"step": "overdue", "day": 1}, {"step": "final", "day": 3}]},
            "agencies": {
                "kamau": {"name": "Kamau & Sons", "commission": "12.5", "minimum": "500"},
                "otieno": {"name": "Otieno"},
            },
        }
    )
    return operator.model_copy(update={"collections": rules})


@pytest.fixture
async def late(app: App, clock: SetClock) -> Late:
    return Late(app, clock)


async def _final(late: Late, *minors: int) -> list[int]:
    """Accounts ACC100, ACC101 ... a week after the last word; every step is taken, and what it says has not left."""
    late.at(DUE)
    async with late.app.db.writing() as conn:
        made = [await a_late_account(conn, late.app, f"ACC{100 + at}", minor) for at, minor in enumerate(minors)]
    for day in (DUE + timedelta(days=1), FINAL):
        late.at(day)
        await run.run(late.app, day)
    late.at(PLACED)
    return [one[0] for one in made]


async def _place(late: Late, code: str = "kamau") -> int:
    return await agency_placed.place(late.app, code, actor="user:a")


async def _why(late: Late) -> list[str | None]:
    async with late.app.db.reading() as conn:
        rows = await conn.execute(select(placement.c.recalled_why, placement.c.open_id).order_by(placement.c.id))
        return [row[0] if row[1] is None else "with them" for row in rows]


async def _held(late: Late) -> list[str | None]:
    async with late.app.db.reading() as conn:
        return list((await conn.execute(select(episode.c.held).where(episode.c.open_id.is_not(None)))).scalars())


async def _file(late: Late, name: str, day: date | None = None) -> list[tuple[str, ...]]:
    on = day or late.app.today()
    async with late.app.db.reading() as conn:
        return (await agencies.FILES[name](conn, late.app, "kamau", on, on, None))[1:]


async def test_after_the_last_word_it_is_placed_once_and_the_file_is_the_same_the_next_day(late: Late) -> None:
    [account_id] = await _final(late, 50_000)
    assert [await _place(late), await _place(late), await _place(late, "otieno")] == [1, 0, 0]
    [line] = first = await _file(late, "placed")
    assert line[1:4] == (PLACED.isoformat(), "ACC100", "Amina") and line[4].startswith("+2547")
    assert line[5:] == ("500.00", DUE.isoformat()) and await _held(late) == ["agency"]
    async with late.app.db.reading() as conn:
        assert not (await board(conn, PLACED, branch_code=None)).work
    await late.day(PLACED + timedelta(days=1))
    await late.pay("ACC100", 10_000, "T1")
    assert await _file(late, "placed", PLACED) == first and await _held(late) == ["agency"]
    assert late.texts() == [], "not even the last word, which had not left"
    async with late.app.db.writing() as conn:
        mine = update(contact_account).where(contact_account.c.account_id == account_id)
        await conn.execute(mine.values(how="code"))
    assert [line[4] for line in await _file(late, "placed", PLACED)] == [""], (
        "a phone that was only linked is not given"
    )


async def test_nothing_is_placed_before_its_week_is_over_nor_below_the_minimum_nor_with_nobody(late: Late) -> None:
    await _final(late, 49_999, 50_000)
    late.at(PLACED - timedelta(days=1))
    assert await _place(late) == 0
    late.at(PLACED)
    assert await _place(late) == 1
    with pytest.raises(Refused, match=r"agency.unknown"):
        await _place(late, "nobody")


async def test_the_ladder_says_nothing_while_an_agency_collects(late: Late) -> None:
    late.at(DUE)
    async with late.app.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, late.app)
    late.at(DUE + timedelta(days=1))
    await run.due(late.app)
    async with late.app.db.writing() as conn:
        await agency_placed.choose(conn, late.app, "kamau", [account_id], actor="user:a")
    await late.days(DUE + timedelta(days=1), PLACED)
    assert late.texts() == [] and await late.steps(account_id) == [("overdue", "done")]
    async with late.app.db.writing() as conn:
        await agency_placed.recall(conn, late.app, account_id, reason="they asked too rudely", actor="user:a")
    await late.day(PLACED + timedelta(days=1))
    assert await late.steps(account_id) == [("overdue", "done"), ("final", "done")] and len(late.texts()) == 1
    assert (await _why(late), await _held(late)) == (["they asked too rudely"], [None])


async def test_money_that_settles_it_recalls_it_in_its_own_transaction_and_is_listed_with_the_commission(
    late: Late,
) -> None:
    [account_id] = await _final(late, 60_000)
    await late.pay("ACC100", 5_000, "BEFORE")
    late.at(PLACED, 12)
    await _place(late)
    async with late.app.db.writing() as conn:
        await a_bill(conn, late.app, account_id, 7_000, due_on=PLACED + timedelta(days=20))
    late.at(PLACED, 14)
    await late.pay("ACC100", 10_001, "T1")
    assert await _why(late) == ["with them"]
    late.at(PLACED, 15)
    await late.pay("ACC100", 46_999, "T2")  # 20 of it for the newer bill
    assert (await _why(late), await _held(late)) == (["paid"], [])
    [line] = await _file(late, "recalled")
    assert line[1:] == ("ACC100", PLACED.isoformat(), PLACED.isoformat(), "paid")
    late.at(PLACED, 16)
    await late.pay("ACC100", 1_000, "AFTER")
    assert [line[3:] for line in await _file(late, "collected")] == [
        ("T1", "100.01", "12.5", "12.50"),
        ("T2", "449.99", "12.5", "56.24"),
        ("", "550.00", "", "68.74"),
    ]


async def test_a_rollback_of_the_money_leaves_it_placed(late: Late) -> None:
    await _final(late, 50_000)
    await _place(late)

    async def broken() -> None:
        async with late.app.db.writing() as conn:
            await late.paid(conn, "ACC100", 50_000, "T1")
            raise RuntimeError("the power failed")

    with pytest.raises(RuntimeError):
        await broken()
    assert await _why(late) == ["with them"]


async def test_who_arranges_contests_or_is_protected_is_taken_back(late: Late) -> None:
    ids, app = await _final(late, 50_000, 50_000, 50_000), late.app
    assert await _place(late) == 3
    async with app.db.writing() as conn:
        await arrangement.agree(conn, app, ids[0], 2, "k", actor="user:a")
        await protection.register(conn, app, ids[1], "medical", reason="a machine", actor="user:a")
        await a_bill(conn, app, ids[2], 2_000, due_on=DUE, disputed=1)
    assert await _why(late) == ["arranged", "protected", "with them"]
    late.at(PLACED + timedelta(days=1))
    await run.run(app, app.today())  # what nobody reported, the next day sees
    assert await _why(late) == ["arranged", "protected", "disputed"]
    with pytest.raises(Refused, match="not_free"):
        async with app.db.writing() as conn:
            await agency_placed.choose(conn, app, "kamau", ids, actor="user:a")
    assert await _place(late) == 0


async def test_taking_back_needs_a_reason_and_something_to_take_back(late: Late) -> None:
    [account_id] = await _final(late, 60_000)
    await _place(late)
    async with late.app.db.writing() as conn:
        with pytest.raises(Refused, match=r"agency.reason"):
            await agency_placed.recall(conn, late.app, account_id, reason=" no ", actor="user:a")
        await agency_placed.recall(conn, late.app, account_id, reason="they asked", actor="user:a")
        with pytest.raises(Refused, match=r"agency.none"):
            await agency_placed.recall(conn, late.app, account_id, reason="once more", actor="user:a")
    late.at(PLACED, 12)
    await late.pay("ACC100", 100, "T1")
    assert len(await _file(late, "collected")) == 1, "what comes afterwards is not theirs"
    assert await _place(late, "otieno") == 0, "its minimum is 1000"
    assert await _place(late) == 1, "it may be placed again"


async def test_two_agencies_at_once_are_one(late: Late) -> None:
    ids = await _final(late, 500_000)
    async with late.app.db.writing() as conn:
        standings = await load.standings(conn, late.app, PLACED, ids)
        both = [await agency.place(conn, late.app, code, standings, actor="user:a") for code in ("kamau", "otieno")]
        rules = load.rules_of(late.app, "residential")
        days = [placeable(standings[0], rules, PLACED, least=1, after_days=days) for days in (7, 8)]
    assert (both, days) == ([1, 0], [True, False])


def test_the_commission_is_cut_and_goes_back_with_the_money() -> None:
    assert [commission(minor, "12.5") for minor in (10_007, -10_007, 7, 0)] == [1250, -1250, 0, 0]
    assert commission(10_000, "0.01") == 1
