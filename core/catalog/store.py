"""Tariff documents into the house: the text as the operator wrote it, checked, and from then on immutable.

A text that changed for the same first day is the next revision; the same text again is nothing. What is in the table has
compiled once, so a bill run never meets a tariff it cannot read.
"""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.catalog.compile import compile_document
from core.catalog.read import documents, text_of
from core.catalog.tables import tariff_version
from core.context import Context
from core.db.engine import insert
from core.db.in_list import in_list

_NEXT_DOCUMENT = re.compile(r"^---[ \t]*(?:#.*)?$", re.MULTILINE)
_WORDS = re.compile(r"^[^#\s]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Checked:
    """One document that compiles."""

    code: str
    valid_from: date
    document: str
    digest: str


async def load_folder(
    conn: AsyncConnection, context: Context, folder: Path, *, by: str = "operator folder"
) -> list[str]:
    """Take in `tariffs/*.yaml` of the operator's folder (or `*.yaml` of `folder` itself); the names of new versions.

    Raises `core.errors.BadInput` naming file, charge and remedy; then nothing is taken in.
    """
    return await load(conn, context, await asyncio.to_thread(_read, folder), by=by)


async def load(conn: AsyncConnection, context: Context, checked: Sequence[Checked], *, by: str) -> list[str]:
    """Take in the documents that are not there as they stand; `["kplc-domestic-ordinary 2023-07-01", ...]`."""
    v = tariff_version.c
    rows = await conn.execute(
        select(v.code, v.valid_from, v.revision, v.digest)
        .where(in_list(conn, v.code, {one.code for one in checked}))
        .order_by(v.revision)
    )
    latest = {(row.code, row.valid_from): (row.revision, row.digest) for row in rows}
    new = []
    for one in checked:
        revision, digest = latest.get((one.code, one.valid_from), (-1, ""))
        if digest == one.digest:
            continue
        latest[one.code, one.valid_from] = (revision + 1, one.digest)
        row = {
            "id": context.ids.take(),
            "code": one.code,
            "valid_from": one.valid_from,
            "revision": revision + 1,
            "document": one.document,
            "digest": one.digest,
            "loaded_at": context.clock.now(),
            "loaded_by": by,
        }
        result = await conn.execute(insert(conn, tariff_version).values(row).on_conflict_do_nothing())
        if result.rowcount == 1:
            new.append(f"{one.code} {one.valid_from}")
    return new


def check(text: str, where: str = "tariff") -> list[Checked]:
    """The documents of a text (parted by `---`), each compiled once; `where` is what errors call it."""
    found = []
    for document in _NEXT_DOCUMENT.split(text):
        if _WORDS.search(document):
            kept = document.strip() + "\n"
            tariff = compile_document(documents(kept)[0][1], where)
            found.append(Checked(tariff.code, tariff.valid_from, kept, hashlib.sha256(kept.encode()).hexdigest()))
    return found


def _read(folder: Path) -> list[Checked]:
    inner = folder / "tariffs"
    paths = sorted((inner if inner.is_dir() else folder).glob("*.yaml"))
    found = []
    for path in paths:
        if path.name == "operator.yaml":
            continue
        documents(path)  # a slip is told with the name of the file
        found += check(text_of(path)[0], path.name)
    return found
