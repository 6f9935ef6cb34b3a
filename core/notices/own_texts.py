"""An operator's own words of notices: from `texts/<language>.yaml` of its folder, and over them what was kept at the console.

Every process that sends asks before a batch whether somebody has edited since, so a wording holds from the next message on, everywhere. A
wording with a field that its notice does not have is refused: it could not be filled in.
"""

from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Column, Table, Text, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.db.engine import Instant, insert, metadata
from core.errors import BadInput, Refused
from core.notices import editor
from core.text import LANGUAGES, catalogue, override, pattern

wording = Table(
    "wording",
    metadata,
    Column("lang", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
LONGEST = 1_000
_folder: dict[str, dict[str, str]] = {}
_kept: dict[str, dict[str, str]] = {}
_stamp: list[Any] = [None]


def load_folder(folder: Path) -> int:
    """Lay the folder's words over the house's; how many. BadInput names the file, the key and what is wrong."""
    count = 0
    for path in sorted((folder / "texts").glob("*.yaml")):
        lang = path.stem
        if lang not in LANGUAGES:
            raise BadInput(str(path), "is no language of ours.", f"Name it by one of: {', '.join(LANGUAGES)}.")
        told = yaml.safe_load(path.read_text("utf-8")) or {}
        if not isinstance(told, dict):
            raise BadInput(str(path), "is no list of keys and texts.", 'Write lines such as key: "text".')
        for key, text in told.items():
            _fitting(str(path), lang, str(key), text)
        words = {str(key): str(text) for key, text in told.items()}
        _folder.setdefault(lang, {}).update(words)
        override(lang, words)
        count += len(words)
    return count


def _fitting(where: str, lang: str, key: str, text: object) -> None:
    if key not in catalogue("en"):
        raise BadInput(f"{where}, {key}", "is no text of ours.", "See `hodi notices list` for the notices.")
    if not isinstance(text, str):
        raise BadInput(f"{where}, {key}", "is no text.", "Put it between quotation marks.")
    if key in editor.NOTICES and (wrong := editor.unknown_fields(key, text)):
        known = ", ".join("{" + name + "}" for name in sorted(editor.known_fields(key)))
        raise BadInput(f"{where}, {key}", f"has a field {{{wrong[0]}}} that it does not know.", f"Use: {known}.")


async def refresh(conn: AsyncConnection) -> None:
    """Take up what was edited since, also by another process: one short question where nothing was."""
    stamp = tuple((await conn.execute(select(func.count(), func.max(wording.c.at)))).one())
    if stamp == _stamp[0]:
        return
    rows = (await conn.execute(select(wording.c.lang, wording.c.key, wording.c.text))).all()
    kept: dict[str, dict[str, str]] = {}
    for lang, key, text in rows:
        kept.setdefault(lang, {})[key] = text
    for lang in {*kept, *_kept}:
        gone = {key: _folder.get(lang, {}).get(key, "") for key in _kept.get(lang, {}) if key not in kept.get(lang, {})}
        override(lang, gone | kept.get(lang, {}))
    _kept.clear()
    _kept.update(kept)
    _stamp[0] = stamp


def check(context: Context, lang: str, key: str, text: str, reader: str = "en") -> list[str]:
    """What is wrong with a wording, in sentences; none: it is fine. `Refused` for a notice or language there is not."""
    if key not in editor.NOTICES or lang not in LANGUAGES:
        raise Refused("notice.editor.unknown", status=404)
    operator = context.operator
    return editor.warnings(
        lang,
        key,
        text,
        currency=operator.currency,
        short_name=operator.short_name,
        ussd=operator.ussd_code or "",
        reader=reader,
    )


async def keep(conn: AsyncConnection, context: Context, lang: str, key: str, text: str, actor: str) -> list[str]:
    """Keep a wording, or the house's own again where it is blank; the warnings. `Refused` for one that could not be filled in."""
    text = text.strip().replace("\r\n", "\n")[:LONGEST]
    told = check(context, lang, key, text) if text else []
    if text and (editor.unknown_fields(key, text) or not _balanced(text)):
        raise Refused("notice.editor.cannot", status=400, why=told[0])
    mine = (wording.c.lang == lang) & (wording.c.key == key)
    await conn.execute(delete(wording).where(mine))
    if text:
        row = {"lang": lang, "key": key, "text": text, "by": actor, "at": context.clock.now()}
        await conn.execute(insert(conn, wording).values(row))
    await trail.note(conn, context, actor, "notice.worded", f"notice:{lang}:{key}", text=text)
    return told


def _balanced(text: str) -> bool:
    """Whether its curly brackets are those of fields alone."""
    return editor.fields_left_out(text)


async def words_of(conn: AsyncConnection, lang: str) -> list[tuple[str, str, bool]]:
    """(key, text as it leaves now, whether it is the operator's own) of every notice."""
    await refresh(conn)
    own = {**_folder.get(lang, {}), **_kept.get(lang, {})}
    return [(key, pattern(lang, key), bool(own.get(key))) for key in editor.NOTICES]
