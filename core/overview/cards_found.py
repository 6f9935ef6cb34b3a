"""Every night: does a card number stand anywhere that people can write? What is found is blanked, with a row in the audit and an alarm.

Card numbers are blotted out before they are kept, whoever types them; this proves it. A table is read in the order of its key, a batch
at a time, and how far it has come is kept with each batch, so that a process that dies goes on where it was. Every night all of it
is read: ids come in blocks, so what is new need not stand at the end.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Column, Date, Row, Table, Text, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import alarms, trail
from core.audit.blanking import BLANKABLE, blank
from core.card_numbers import scrubbed
from core.context import App, Context
from core.db.engine import Json, insert, metadata
from core.overview.card_columns import OURS, WRITTEN

BATCH = 500
FROM_HOUR = 1
"""Of the operator's night."""
JOB = "job:cards"

card_search = Table(
    "card_search",
    metadata,
    Column("table", Text, primary_key=True),
    Column("after", Json, nullable=False),  # the key of the last row that was read; empty: from the beginning
    Column("done_on", Date),
)


async def tick(app: App) -> int:
    """Search what was not searched this night; how many rows were blanked."""
    now = app.clock.now().astimezone(app.zone)
    night = now.date() if now.hour >= FROM_HOUR else now.date() - timedelta(days=1)
    match = 0
    for name in WRITTEN:
        while (blanked := await _batch(app, metadata.tables[name], night)) is not None:
            match += blanked
    return match


async def _batch(app: App, table: Table, night: Any) -> int | None:
    """Search one batch and remember how far it came; how many rows were blanked. None: the table is done for this night."""
    async with app.db.writing() as conn:
        stood = (await conn.execute(select(card_search).where(card_search.c.table == table.name))).first()
        if stood is not None and stood.done_on is not None and stood.done_on >= night:
            return None
        keys = list(table.primary_key.columns)
        rows = await _rows(conn, table, keys, list(stood.after) if stood else [])
        blanked = sum([await _look_at(conn, app, table, row) for row in rows])
        full = len(rows) == BATCH
        after = [rows[-1]._mapping[key] for key in keys] if full else []
        text = {"after": after, "done_on": None if full else night}
        new = insert(conn, card_search).values({"table": table.name, **text})
        await conn.execute(new.on_conflict_do_update(index_elements=["table"], set_=text))
    return blanked


async def _rows(conn: AsyncConnection, table: Table, keys: list[Column[Any]], after: list[Any]) -> list[Row[Any]]:
    columns = [table.c[name] for name in WRITTEN[table.name].split()]
    query = select(*keys, *columns).order_by(*keys).limit(BATCH)
    if after:
        query = query.where(tuple_(*keys) > tuple_(*after))
    return list((await conn.execute(query)).all())


async def _look_at(conn: AsyncConnection, context: Context, table: Table, row: Row[Any]) -> bool:
    """Blank what is found in one row; whether anything was."""
    values = {name: row._mapping[table.c[name]] for name in WRITTEN[table.name].split()}
    clean = {
        name: after
        for name, before in values.items()
        if (after := scrubbed(before, tokens=table.name in OURS)) != before
    }
    if not clean:
        return False
    keys = {key.name: row._mapping[key] for key in table.primary_key.columns}
    subject = f"{table.name}:{':'.join(str(value) for value in keys.values())}"
    if table.name in BLANKABLE:
        await blank(conn, context, table, row._mapping[table.c.id], actor=JOB, why="card number")
    else:
        await trail.note(conn, context, JOB, "card.blanked", subject, columns=sorted(clean))
        this = [table.c[name] == value for name, value in keys.items()]
        await conn.execute(update(table).where(*this).values(clean))
    await alarms.sound(conn, context, "cards", subject, where=subject, columns=", ".join(sorted(clean)))
    return True
