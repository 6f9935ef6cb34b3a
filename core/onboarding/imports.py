"""`hodi import KIND FILE`: a file in chunks, each one transaction; what could not be taken goes to a reject file.

Safe to repeat, and to kill: a row that is there already is counted as such and changes nothing. The reject file has the
same columns after `row` and `reason`, so that it can be corrected and imported itself.
"""

import asyncio
import csv
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from core import files
from core.context import App, Context
from core.db import failpoints
from core.errors import BadInput
from core.metering.formats.csv_line import cells
from core.metering.formats.interval_mapping import Intervals
from core.metering.model import Progress
from core.metering.store import collect, sources, store
from core.numbers import STATED
from core.onboarding import customers, meters, readings
from core.onboarding.columns import KINDS
from core.onboarding.model import Report, RowOutcome
from core.onboarding.sheet import ColumnChoice, CsvSheet, SheetRow

IDS_A_WELCOME = 6
"""How many ids the welcome of one new service may need: a bucket, its movement, and the ledger's."""
Take = Callable[[AsyncConnection, Context, Sequence[SheetRow]], Awaitable[list[RowOutcome]]]


@dataclass(frozen=True, slots=True)
class _Taker:
    """How rows of a kind are taken, and how many ids each may need."""

    take: Take
    ids_a_row: int


TAKERS: Mapping[str, _Taker] = {
    "customers": _Taker(customers.take, customers.IDS_A_ROW),
    "meters": _Taker(meters.take, meters.IDS_A_ROW),
    "readings": _Taker(readings.take, readings.IDS_A_ROW),
}


async def run(
    app: App,
    kind: str,
    path: Path,
    *,
    choice: ColumnChoice | None = None,
    reject_file: Path | None = None,
    shift_years: int = 0,
    source: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Import a file of `kind` (customers, meters, readings, usage: CSV, NEM12, NEM13, or as `source` of the operator's writes).

    `choice` says where the file's columns are called otherwise. Rejects go to `reject_file` (default: beside the file,
    `name.rejects.csv`), which is written only if there are any. Raises BadInput when the file cannot be read at all.
    """
    _check(kind, path)
    rejects = reject_file or path.with_name(f"{path.name.removesuffix('.gz').removesuffix('.csv')}.rejects.csv")
    choice = choice or ColumnChoice()
    if kind == "usage":
        return await _usage(app, path, rejects, shift_years, source, choice, progress)
    return await _rows(app, TAKERS[kind], kind, path, choice, rejects, progress)


def _check(kind: str, path: Path) -> None:
    if kind not in KINDS:
        raise BadInput(kind, "is nothing that can be imported.", f"Choose one of: {', '.join(KINDS)}.")
    if not path.is_file():
        raise BadInput(str(path), "there is no such file.", "Check its name and folder.")


async def _rows(
    app: App, taker: _Taker, kind: str, path: Path, choice: ColumnChoice, rejects: Path, progress: Progress | None
) -> Report:
    tally = Report(0, 0)
    with path.open("rb") as raw, files.opened(raw, path) as file:
        sheet = await asyncio.to_thread(CsvSheet, file, path, KINDS[kind], choice)
        bad: list[tuple[SheetRow, str]] = []
        for chunk in sheet.chunks():
            await app.db.reserve_ids(
                (taker.ids_a_row + IDS_A_WELCOME * len(app.operator.balances.welcome)) * len(chunk)
            )
            async with app.db.writing() as conn:
                outcomes = await taker.take(conn, app, chunk)
            failpoints.point("import.chunk")
            tally, more = _counted(tally, chunk, outcomes)
            bad += more
            if progress is not None:
                progress(raw.tell(), os.fstat(raw.fileno()).st_size)
    if not bad:
        return tally
    await asyncio.to_thread(_write, rejects, sheet.head, [(line.number, why, line.texts) for line, why in bad])
    return Report(tally.accepted, tally.duplicates, tally.rejected, rejects, tally.held)


def _counted(
    tally: Report, lines: Sequence[SheetRow], outcomes: Sequence[RowOutcome]
) -> tuple[Report, list[tuple[SheetRow, str]]]:
    states = [outcome.state for outcome in outcomes]
    bad = [(line, one.reason) for line, one in zip(lines, outcomes, strict=True) if one.state == "rejected"]
    held = [(line.number, one.reason) for line, one in zip(lines, outcomes, strict=True) if one.state == "held"]
    return Report(
        tally.accepted + states.count("accepted") + len(held),
        tally.duplicates + states.count("duplicate"),
        tally.rejected + [(line.number, why) for line, why in bad],
        None,
        tally.held + held,
    ), bad


async def _usage(
    app: App,
    path: Path,
    rejects: Path,
    shift_years: int,
    source: str | None,
    choice: ColumnChoice,
    progress: Progress | None,
) -> Report:
    if source is None:
        file = await asyncio.to_thread(_by_hand, app, path, shift_years, choice)
    elif choice != ColumnChoice():
        raise BadInput(
            str(path), "is read by its source's mapping.", f"Say it there: usage/{source}.yaml of your folder."
        )
    else:
        file = await asyncio.to_thread(sources.coming, app, sources.named(app, source), path)
    report = await collect.load(app, file, progress)
    async with app.db.reading() as conn:
        bad = await store.rejects(conn, report.file_id)
    if bad:
        head, rows = file.settings.get("head"), [(row, why, line) for row, line, why in bad]
        text = [(row, why, cells(line) if head else [line]) for row, why, line in rows]
        await asyncio.to_thread(_write, rejects, head or ["line"], text)
    return Report(
        report.accepted + report.revised,
        report.duplicates,
        [(row, why) for row, _, why in bad],
        rejects if bad else None,
        filtered=report.filtered,
        revised=report.revised,
    )


def _by_hand(context: Context, path: Path, shift_years: int, choice: ColumnChoice) -> collect.Coming:
    kind = collect.kind_of(path)
    if kind != "csv" and choice != ColumnChoice():
        raise BadInput(
            str(path),
            f"is {kind.upper()}, whose columns are the market's.",
            "Leave out --column, --fill, --decimal and --dates.",
        )
    try:
        how = Intervals(
            columns=dict(choice.names),
            fill=dict(choice.fill),
            dates=choice.dates,
            decimal=next((answer for answer in STATED if STATED[answer] is choice.notation), None),
        )
    except ValidationError as why:
        raise BadInput(str(path), f"{why.errors()[0]['msg']}.", "See docs/guides/import.md.") from why
    return collect.coming(context, kind, path, intervals=how, shift_years=shift_years)


def _write(path: Path, head: Sequence[str], rows: Sequence[tuple[int, str, Sequence[str]]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["row", "reason", *head])
        out.writerows([row, why, *texts] for row, why, texts in rows)
