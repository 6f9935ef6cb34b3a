"""Every night card numbers are searched for wherever people write; what is found is blanked, audited and told."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from core.audit import blanking
from core.audit.alarms import alarm
from core.audit.trail import audit
from core.care import interactions
from core.care.tables import interaction, ticket
from core.clock import SetClock
from core.context import App
from core.migrations.schema import metadata
from core.overview import cards_found
from core.overview.cards_found import card_search
from scheduler.jobs import JOBS
from tests.people import a_branch, a_customer

CARD, BLOTTED = "4111 1111 1111 1111", "*" * 19
TOKEN = "4111 1111 1111 1111 0000"


async def tonight(app: App) -> object:
    [job] = [job for job in JOBS if job.name == "card numbers"]
    return await job.run(app)


async def said(app: App, *texts: str) -> list[int]:
    async with app.db.writing() as conn:
        for words in texts:
            await interactions.log(conn, app, channel="sms", direction="in", kind="turn", text=words)
        return list((await conn.execute(select(interaction.c.id).order_by(interaction.c.id))).scalars())


async def test_what_is_found_is_blanked_with_a_row_in_the_audit_and_an_alarm(app: App, clock: SetClock) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        customer = await a_customer(conn, app)
        row = {
            "id": 7,
            "reference": "T1",
            "effect_key": "k",
            "kind": "message",
            "severity": "normal",
            "state": "open",
            "description": f"my card {CARD} please",
            "contact_id": customer.contact_id,
            "opened_at": clock.now(),
            "changed_at": clock.now(),
        }
        await conn.execute(insert(ticket).values(row))
    first, second = await said(app, f"here: {CARD}", f"your token: {TOKEN}")
    assert await tonight(app) == 2
    async with app.db.reading() as conn:
        assert await conn.scalar(select(ticket.c.description)) == f"my card {BLOTTED} please"
        texts = (await conn.execute(select(interaction.c.text).order_by(interaction.c.id))).scalars().all()
        assert texts == ["***", f"your token: {TOKEN}"], "the token of a meter is no card"
        told = (await conn.execute(select(alarm.c.kind, alarm.c.details).order_by(alarm.c.id))).all()
        noted = (await conn.execute(select(audit.c.action, audit.c.subject).where(audit.c.actor == "job:cards"))).all()
    assert {row.details["where"] for row in told} == {f"interaction:{first}", "ticket:7"}
    assert {tuple(row) for row in noted} == {
        ("interaction.blanked", f"interaction:{first}"),
        ("card.blanked", "ticket:7"),
    }
    assert CARD not in str(told) + str(noted)
    assert second and await tonight(app) == 0


async def test_a_search_that_was_killed_goes_on_where_it_was_and_begins_anew_the_next_night(
    app: App, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards_found, "BATCH", 2)
    await said(app, "one", "two", f"three {CARD}")
    looked = cards_found._look_at

    async def killed(*args: object) -> bool:
        if "three" in str(args):
            raise RuntimeError("killed")
        return await looked(*args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(cards_found, "_look_at", killed)
    with pytest.raises(RuntimeError):
        await tonight(app)
    async with app.db.reading() as conn:
        stood = (await conn.execute(select(card_search).where(card_search.c.table == "interaction"))).one()
    assert stood.after and stood.done_on is None
    monkeypatch.setattr(cards_found, "_look_at", looked)
    assert await tonight(app) == 1
    await said(app, f"four {CARD}")
    assert await tonight(app) == 0, "this night is done"
    clock.forward(timedelta(days=1))
    assert await tonight(app) == 1


async def test_the_log_is_append_only_but_for_the_audited_blanking(app: App) -> None:
    [one] = await said(app, "my words")
    blank = update(interaction).where(interaction.c.id == one)
    for verb in (
        blank.values(text="other words"),
        blank.values(text="***"),
        blank.values(kind="x"),
        interaction.delete().where(interaction.c.id == one),
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            async with app.db.writing() as conn:
                await conn.execute(verb)
    async with app.db.writing() as conn:
        await blanking.blank(conn, app, interaction, one, actor="user:asha", why="card number")
    with pytest.raises(DBAPIError, match="append-only"):
        async with app.db.writing() as conn:
            await conn.execute(blank.values(text="other words"))
    async with app.db.reading() as conn:
        assert await conn.scalar(select(interaction.c.text)) == "***"


@pytest.mark.parametrize("table", sorted(blanking.BLANKABLE))
async def test_each_table_that_can_be_blanked_is_blanked_in_its_body_alone(app: App, table: str) -> None:
    rows = {
        "interaction": "(id, channel, direction, kind, text, at) VALUES (1, 'sms', 'in', 'turn', 'x', '2026-01-01 00:00:00')",
        "audit": "(id, at, actor, action, subject, details) VALUES (1, '2026-01-01 00:00:00', 'a', 'b', 'c', '{\"a\": 1}')",
        "bucket_movement": "(id, bucket_id, key, kind, amount, why, at) VALUES (1, 1, 'k', 'used', -1, 'x', '2026-01-01 00:00:00')",
    }
    if table not in rows:
        return  # they hang on other rows; the same trigger guards them
    async with app.db.writing() as conn:
        await conn.execute(text(f"INSERT INTO {table} {rows[table]}"))
        await blanking.blank(conn, app, metadata.tables[table], 1, actor="user:asha", why="a word")
        kept = (await conn.execute(select(metadata.tables[table]).where(metadata.tables[table].c.id == 1))).one()
    assert kept._mapping[blanking.BLANKABLE[table]] in (blanking.BLANK, blanking.BLANK_JSON)
