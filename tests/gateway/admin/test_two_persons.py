"""What one person may not do alone at a desk: it waits, its maker cannot agree to it, and what is no longer true is not done."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.access import people
from core.access.tables import staff
from core.approvals.tables import approval
from core.context import App
from core.parties import queries, sim
from core.parties.tables import account, branch
from core.payments.tables import mandate, receipt
from tests.gateway.admin.crawl_world import IBAN
from tests.gateway.admin.seats import agree, sit, waiting
from tests.gateway.conftest import World
from tests.gateway.world import a_customer


async def _second(world: World, number: str = "10000033", code: str = "nakuru") -> int:
    """Another account of a branch; its id."""
    app = world.app
    async with app.db.writing() as conn:
        branch_id = int((await conn.execute(select(branch.c.id).where(branch.c.code == code))).scalar_one())
        return (await a_customer(conn, app, branch_id, number=number, name="Mumbi Njeri")).account_id


async def _whose(app: App, receipt_id: int) -> int:
    async with app.db.reading() as conn:
        return int((await conn.execute(select(receipt.c.account_id).where(receipt.c.id == receipt_id))).scalar_one())


async def test_a_receipt_is_moved_by_two(world: World) -> None:
    app, theirs = world.app, world.nakuru
    other, path = await _second(world), f"/console/receipts/{theirs.receipt_id}"
    maker = await sit(world.client, app, "finance", "nakuru")
    assert await maker.post(path, do="move", account="10000033", reason="typed wrongly") == 303
    assert await _whose(app, theirs.receipt_id) == theirs.account_id, "it waits"
    assert await maker.post(path, do="move", account="10000033", reason="again") == 409
    assert "asked to move it to 10000033" in (await maker.get(path))[1]
    assert await agree(maker, app, "receipt_move") == 409, "the maker cannot agree"
    elsewhere = await sit(world.client, app, "finance", "kisumu")
    assert await agree(elsewhere, app, "receipt_move") == 404
    assert await agree(await sit(world.client, app, "clerk", "nakuru"), app, "receipt_move") == 403
    assert await agree(await sit(world.client, app, "finance", "nakuru"), app, "receipt_move") == 303
    assert await _whose(app, theirs.receipt_id) == other


async def test_a_receipt_that_goes_to_another_branch_is_agreed_to_by_the_whole_house_only(world: World) -> None:
    app, theirs = world.app, world.nakuru
    maker = await sit(world.client, app, "finance")
    told = {"do": "move", "account": "10000025", "reason": "typed wrongly"}
    branches = await sit(world.client, app, "finance", "nakuru")
    assert await branches.post(f"/console/receipts/{theirs.receipt_id}", **told) == 404
    assert await maker.post(f"/console/receipts/{theirs.receipt_id}", **told) == 303
    assert await agree(branches, app, "receipt_move") == 404
    assert await agree(await sit(world.client, app, "admin"), app, "receipt_move") == 303
    assert await _whose(app, theirs.receipt_id) == world.kisumu.account_id


async def test_what_is_no_longer_true_is_not_done(world: World) -> None:
    app, theirs = world.app, world.nakuru
    await _second(world)
    maker, checker = await sit(world.client, app, "finance"), await sit(world.client, app, "finance")
    assert await maker.post(f"/console/receipts/{theirs.receipt_id}", do="move", account="10000033", reason="x") == 303
    async with app.db.writing() as conn:
        changed = update(receipt).where(receipt.c.id == theirs.receipt_id)
        await conn.execute(changed.values(account_id=world.kisumu.account_id))
    assert await agree(checker, app, "receipt_move") == 409
    assert await _whose(app, theirs.receipt_id) == world.kisumu.account_id
    assert (await waiting(app, "receipt_move")).state == "waiting"


async def test_a_mandate_on_paper_is_active_when_another_person_agrees_and_not_after_a_sim_change(world: World) -> None:
    app, told = world.app, {"account": "10000017", "holder": "Wanjiru", "iban": IBAN}

    async def mandates() -> list[str]:
        async with app.db.reading() as conn:
            return list((await conn.execute(select(mandate.c.state))).scalars())

    maker, checker = await sit(world.client, app, "clerk", "nakuru"), await sit(world.client, app, "finance")
    assert await maker.post("/console/mandates", **{**told, "iban": "DE00"}) == 400
    assert await maker.post("/console/mandates", **{**told, "account": "10000025"}) == 404
    assert await maker.post("/console/mandates", **told) == 303
    assert await mandates() == []
    async with app.db.writing() as conn:
        for one in (await queries.contacts_of(conn, [world.nakuru.account_id]))[world.nakuru.account_id]:
            await sim.note(conn, app, str(one.phone), "sim", app.clock.now() - timedelta(hours=1))
    assert await agree(checker, app, "mandate") == 409
    app.clock.forward(timedelta(hours=73))  # type: ignore[attr-defined]  # a clock of the test
    checker = await sit(world.client, app, "finance")
    assert await agree(checker, app, "mandate") == 303
    assert await mandates() == ["active"]


async def test_the_phone_of_record_is_changed_by_two_and_only_from_what_it_was(world: World) -> None:
    app, account_id = world.app, world.nakuru.account_id

    async def phones() -> list[str | None]:
        async with app.db.reading() as conn:
            return [one.phone for one in (await queries.contacts_of(conn, [account_id]))[account_id]]

    before, path = await phones(), f"/console/accounts/{account_id}/phone"
    maker, checker = await sit(world.client, app, "clerk"), await sit(world.client, app, "finance")
    assert await maker.post(path, phone="no phone") == 400
    assert await maker.post(path, phone="0799 000 111") == 303
    assert await phones() == before
    assert await agree(checker, app, "phone", do="no") == 303
    assert await phones() == before
    assert await maker.post(path, phone="0799 000 112") == 303
    assert await agree(checker, app, "phone") == 303
    assert await phones() == ["+254799000112"]


@pytest.mark.parametrize("then", ["disabled", "role", "branch"])
async def test_who_lost_the_right_to_agree_cannot_agree_in_a_window_that_is_open(world: World, then: str) -> None:
    app, path = world.app, f"/console/accounts/{world.nakuru.account_id}/phone"
    assert await (await sit(world.client, app, "clerk")).post(path, phone="0799 000 111") == 303
    checker, other = await sit(world.client, app, "finance", name="asha"), await sit(world.client, app, "admin")
    assert (await checker.get("/console/approvals"))[0] == 200
    one = await waiting(app, "phone")
    async with app.db.writing() as conn:
        if then == "disabled":
            await people.disable(conn, app, "asha", actor="cli:test")
        else:  # straight in the table: as if the session had not been ended
            values = {"role": "clerk"} if then == "role" else {"branch": "kisumu"}
            await conn.execute(update(staff).where(staff.c.name == "asha").values(values))
    status = await checker.post(f"/console/approvals/{one.id}", seal=one.seal, do="yes")
    assert status == {"disabled": 303, "role": 403, "branch": 404}[then]
    async with app.db.reading() as conn:
        assert await conn.scalar(select(approval.c.state)) == "waiting"
        assert await conn.scalar(select(account.c.id).where(account.c.number == "10000017")) is not None
    assert await agree(other, app, "phone") == 303
