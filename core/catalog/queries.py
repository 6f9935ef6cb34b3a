"""Which version of a tariff holds when, compiled. A version never changes, so it is compiled once for each process."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.catalog.compile import load_tariff
from core.catalog.tables import tariff_version
from core.db.in_list import in_list
from core.errors import Refused
from core.rating.tariff import Tariff

MOST_COMPILED = 1_000
_compiled: OrderedDict[str, Tariff] = OrderedDict()
"""By the digest of the document: the same text is the same tariff in any database."""


async def tariff_on(conn: AsyncConnection, code: str, on: date) -> Tariff:
    """The version in force on a day. Refused `tariff.unknown` where there is none."""
    chosen = [row for row in await _versions(conn, code) if row.valid_from <= on]
    if chosen:
        [tariff] = await _tariffs(conn, chosen[-1:])
        if tariff.valid_to is None or on < tariff.valid_to:
            return tariff
    raise Refused("tariff.unknown", 404, tariff=code, day=on)


async def versions_between(conn: AsyncConnection, code: str, from_: date, to: date) -> list[Tariff]:
    """The versions in force somewhere in [from_, to), by their first day. Refused `tariff.unknown` where `from_` has none."""
    rows = [row for row in await _versions(conn, code) if row.valid_from < to]
    first = sum(row.valid_from <= from_ for row in rows) - 1
    if first < 0:
        raise Refused("tariff.unknown", 404, tariff=code, day=from_)
    return await _tariffs(conn, rows[first:])


async def codes(conn: AsyncConnection) -> list[str]:
    """Every tariff we know."""
    return list(
        (await conn.execute(select(tariff_version.c.code).distinct().order_by(tariff_version.c.code))).scalars()
    )


async def _versions(conn: AsyncConnection, code: str) -> list[Any]:
    """(id, valid_from, digest) of the latest revision for each first day, in order of days."""
    v = tariff_version.c
    rows = await conn.execute(
        select(v.id, v.valid_from, v.digest).where(v.code == code).order_by(v.valid_from, v.revision)
    )
    return list({row.valid_from: row for row in rows}.values())


async def _tariffs(conn: AsyncConnection, versions: Sequence[Any]) -> list[Tariff]:
    """The versions as rating reads them, those not met before compiled in a thread."""
    new = [row.id for row in versions if row.digest not in _compiled]
    if new:
        v = tariff_version.c
        documents = await conn.execute(select(v.digest, v.document).where(in_list(conn, v.id, new)))
        for digest, document in documents:
            _compiled[digest] = await asyncio.to_thread(load_tariff, document)
    found = [_compiled[row.digest] for row in versions]
    for row in versions:
        _compiled.move_to_end(row.digest)
    while len(_compiled) > MOST_COMPILED:
        _compiled.popitem(last=False)
    return found
