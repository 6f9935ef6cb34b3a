"""Card numbers that clerks and machines type are blotted out before anything is kept: in forms, in JSON, by commands."""

import json
from pathlib import Path

import pytest
from sqlalchemy import JSON, Text, select

from core.care.tables import ticket, ticket_event
from core.db.engine import Database
from core.migrations.schema import metadata
from tests.gateway.admin.console import signed_in
from tests.gateway.commands.test_cli import hodi, operator_folder, quiet
from tests.gateway.conftest import World

__all__ = ["operator_folder", "quiet"]
CARD = "4111 1111 1111 1111"
SPELT = (CARD, "4111-1111-1111-1111", "4111111111111111", "4111.1111.1111.1111 12/27", "٤١١١ ١١١١ ١١١١ ١١١١")


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


async def everywhere(world: World) -> str:
    """All texts of all tables."""
    texts = []
    async with world.app.db.reading() as conn:
        for table in metadata.tables.values():
            columns = [column for column in table.columns if isinstance(column.type, Text | JSON)]
            if columns:
                rows = (await conn.execute(select(*columns))).all()
                texts += [json.dumps([str(value) for value in row], ensure_ascii=False) for row in rows]
    return "\n".join(texts)


@pytest.mark.parametrize("spelt", SPELT)
async def test_what_a_clerk_writes_on_a_ticket(world: World, spelt: str) -> None:
    browser = await signed_in(world.client, world.app)
    path = f"/console/tickets/{world.nakuru.ticket_id}"
    await browser.get(path)
    await browser.post(path, text=f"wants to pay with {spelt}", status=200)
    told = await everywhere(world)
    assert "wants to pay with ****" in told
    assert spelt not in told and "4111" not in told and "٤١١١" not in told


async def test_what_a_machine_sends(world: World) -> None:
    body = {
        "description": f"card {CARD}",
        "name": f"for {CARD}",
        "ticketType": "no_supply",
        "severity": "normal",
        "note": [{"text": f"again {CARD}"}],
        "relatedEntity": [{"id": str(world.nakuru.account_id)}],
    }
    raw = json.dumps(body).replace("4111", "\\u0034111", 1)  # as a machine may write it, too
    path = "/tmf-api/troubleTicket/v4/troubleTicket"
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k1"}
    answer = await world.send("POST", path, data=raw, headers=headers)
    assert answer.status == 201, await answer.text()
    made = await answer.json()
    changed = await world.send("PATCH", made["href"], json={"note": [{"text": f"and {CARD}"}]})
    assert changed.status == 200, await changed.text()
    async with world.app.db.reading() as conn:
        kept = (await conn.execute(select(ticket.c.description).where(ticket.c.id == int(made["id"])))).scalar_one()
        log = str((await conn.execute(select(ticket_event.c.details))).all())
    assert "4111" not in await everywhere(world)
    assert "***" in kept and "and ***" in log


async def test_account_numbers_and_ibans_are_left_as_they_are(world: World) -> None:
    """What a thing is called by may be long, and end in the right figure."""
    browser = await signed_in(world.client, world.app)
    found = await browser.get("/console?q=4111111111111111")
    assert "4111111111111111" in found


def test_what_is_typed_with_a_command(operator_folder: Path) -> None:
    del operator_folder
    twice = "three plain words\nthree plain words\n"
    assert hodi("user", "create", "asha", "--role", "admin", stdin=twice)[0] == 0
    assert hodi("user", "create", "bea", "--role", "clerk", stdin=twice)[0] == 0
    assert hodi("user", "disable", "bea", "--why", f"typed {CARD} into a note")[0] == 0
    import os
    import sqlite3

    with sqlite3.connect(os.environ["HODI_DATABASE_URL"].partition("///")[2]) as conn:
        told = str(conn.execute("SELECT details FROM audit").fetchall())
    assert "typed ****" in told and "4111" not in told
