"""Writes one statement down: its row, a line for each movement it tells, and the movements and payments that nobody told before."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.context import Context
from core.db.bulk import insert_many
from core.db.engine import AnyRow, insert
from core.db.in_list import in_list
from core.payments.bank.model import Movement, Statement, key_of
from core.payments.bank.overlap import MatchStep, Says, StatementMovement, find
from core.payments.bank.tables import statement, statement_entry, statement_line, statement_movement
from core.payments.tables import provider_event

_MOVEMENT = ("id", "key", "account", "booked_on", "amount_minor", "bank_ref")
_ENTRY = (
    "id", "movement_id", "statement_id", "key", "account", "booked_on", "amount_minor", "currency", "end_to_end",
    "mandate", "name", "purpose", "bank_ref", "reason", "problem", "state",
)  # fmt: skip


@dataclass(slots=True)
class StatementTotals:
    """What came of one statement."""

    new: int = 0
    known: int = 0
    otherwise: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Plan:
    """What is to be written."""

    movements: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    parts: dict[int, Movement] = field(default_factory=dict)
    """Known movements whose parts are told only now."""


async def keep(
    conn: AsyncConnection, context: Context, one: Statement, account: str, file_name: str, digest: str
) -> StatementTotals:
    """Keep a statement of `account`; safe to repeat, and one at a time for each account."""
    await _alone(conn, account)
    statement_id = await _row(conn, context, one, account, file_name, digest)
    steps = _steps(one)
    days = {step.on for step in steps}
    rows = await _kept(conn, account, days)
    says = await _said(conn, [row.movement_id for row in rows])
    told = _told(rows, says)
    kept, plan = StatementTotals(), _Plan()
    seen = Counter(
        (row.booked_on, row.bank_ref, row.amount_minor) for row in {row.movement_id: row for row in rows}.values()
    )
    for on in sorted(days):
        at = [place for place, step in enumerate(steps) if step.on == on]
        mine = StatementMovement(_label(one.number), one.page.lstrip("0"), tuple(steps[place] for place in at))
        found = find(mine, told.get(on, []))
        for index, (place, step) in enumerate(zip(at, mine.steps, strict=True)):
            movement = one.movements[place]
            if same := found.kept.get(index):
                _again(kept, plan, one, movement, same, step)
                _line(plan, statement_id, one, place, step, same)
            elif index in found.dropped:
                kept.known += len(movement.parts)
                for other in found.instead.get(index, ()):
                    kept.otherwise.append(_otherwise(one, step, other))
                    _line(plan, statement_id, one, place, step, other, extra=other is not found.instead[index][0])
            else:
                _new(context, kept, plan, one, account, statement_id, movement, seen)
                plan.lines.append(_values(statement_id, place, plan.movements[-1][0], step.before_minor, None))
    await _write(conn, context, plan)
    return kept


async def _alone(conn: AsyncConnection, account: str) -> None:
    """Two files of one account at once would count each other's equals wrongly; SQLite has one writer anyway."""
    if conn.dialect.name == "postgresql":
        await conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"statement:{account}", 0))))


async def _row(
    conn: AsyncConnection, context: Context, one: Statement, account: str, file_name: str, digest: str
) -> int:
    key = f"{account}:{one.number}:{one.page}:{one.from_on}:{one.opening_minor}:{one.closing_minor}"
    row = {
        "id": context.ids.take(),
        "key": key,
        "form": one.form,
        "account": account,
        "number": one.number,
        "page": one.page,
        "currency": one.currency,
        "from_on": one.from_on,
        "to_on": one.to_on,
        "opening_minor": one.opening_minor,
        "closing_minor": one.closing_minor,
        "file_name": file_name,
        "digest": digest,
        "imported_at": context.clock.now(),
    }
    await conn.execute(insert(conn, statement).values(row).on_conflict_do_nothing(index_elements=["key"]))
    return int((await conn.execute(select(statement.c.id).where(statement.c.key == key))).scalar_one())


def _steps(one: Statement) -> list[MatchStep]:
    return [
        MatchStep(movement.booked_on, movement.amount_minor, movement.bank_ref, before, _says(one.form, movement))
        for movement, before in zip(one.movements, one.befores(), strict=True)
    ]


def _says(form: str, movement: Movement) -> Says:
    ends = frozenset(part.end_to_end for part in movement.parts if part.end_to_end)
    text = " ".join(f"{part.name[:140]} {part.purpose}" for part in movement.parts)
    return Says(form, ends, text, any(part.returned or part.reason for part in movement.parts))


def _label(number: str) -> str:
    """The bank's own number of a statement; what is no number may be made anew for each file."""
    return number.lstrip("0") or "0" if number.isdigit() else ""


async def _kept(conn: AsyncConnection, account: str, days: set[date]) -> Sequence[AnyRow]:
    """What statements told of these days, in their order."""
    if not days:
        return []
    query = (
        select(
            statement_line.c.statement_id,
            statement_line.c.movement_id,
            statement_line.c.before_minor,
            statement.c.number,
            statement.c.page,
            statement_movement.c.booked_on,
            statement_movement.c.amount_minor,
            statement_movement.c.bank_ref,
        )
        .join_from(statement_movement, statement_line, statement_line.c.movement_id == statement_movement.c.id)
        .join(statement, statement.c.id == statement_line.c.statement_id)
        .where(statement_movement.c.account == account, statement_movement.c.booked_on.between(min(days), max(days)))
        .order_by(statement_line.c.statement_id, statement_line.c.place)
    )
    return (await conn.execute(query)).all()


async def _said(conn: AsyncConnection, movement_ids: Sequence[int]) -> Mapping[int, Says]:
    e = statement_entry.c
    query = (
        select(e.movement_id, e.end_to_end, e.name, e.purpose, e.reason, statement.c.form)
        .join_from(statement_entry, statement, statement.c.id == e.statement_id)
        .where(in_list(conn, e.movement_id, sorted(set(movement_ids))))
        .order_by(e.movement_id, e.id)
    )
    by_movement: dict[int, list[AnyRow]] = defaultdict(list)
    for row in await conn.execute(query) if movement_ids else ():
        by_movement[row.movement_id].append(row)
    return {
        movement_id: Says(
            rows[0].form,
            frozenset(row.end_to_end for row in rows if row.end_to_end),
            " ".join(f"{row.name} {row.purpose}" for row in rows),
            any(row.reason for row in rows),
        )
        for movement_id, rows in by_movement.items()
    }


def _told(rows: Sequence[AnyRow], says: Mapping[int, Says]) -> dict[date, list[StatementMovement]]:
    """By day, what each statement tells of it."""
    grouped: dict[tuple[date, int], list[AnyRow]] = defaultdict(list)
    for row in rows:
        grouped[row.booked_on, row.statement_id].append(row)
    found: dict[date, list[StatementMovement]] = defaultdict(list)
    for (on, _), same in grouped.items():
        steps = tuple(
            MatchStep(on, row.amount_minor, row.bank_ref, row.before_minor, says[row.movement_id], row.movement_id)
            for row in same
        )
        found[on].append(StatementMovement(_label(same[0].number), same[0].page.lstrip("0"), steps))
    return found


def _again(
    kept: StatementTotals, plan: _Plan, one: Statement, movement: Movement, same: MatchStep, step: MatchStep
) -> None:
    kept.known += len(movement.parts)
    if len(movement.parts) > 1:
        plan.parts[same.id or 0] = movement
    if same.says.otherwise(step.says):
        kept.otherwise.append(_otherwise(one, step, same))


def _otherwise(one: Statement, step: MatchStep, other: MatchStep) -> str:
    amount, was = (money.plain(minor, one.currency) for minor in (step.amount_minor, other.amount_minor))
    return (
        f"{step.on} {amount} {one.currency} {step.ref or 'without a reference'}: told otherwise than before. "
        f"Before: {was} {other.ref} {other.says.text.strip()[:80]!r}; now: {step.says.text.strip()[:80]!r}"
    )


def _line(
    plan: _Plan, statement_id: int, one: Statement, place: int, step: MatchStep, kept: MatchStep, *, extra: bool = False
) -> None:
    at = len(one.movements) + len(plan.lines) if extra else place
    differs = kept.says.otherwise(step.says) or (not kept.like(step) and bool(kept.ref and step.ref))
    said = _otherwise(one, step, kept) if differs else None
    plan.lines.append(_values(statement_id, at, kept.id or 0, step.before_minor, said))


def _values(
    statement_id: int, place: int, movement_id: int, before: int | None, otherwise: str | None
) -> dict[str, Any]:
    return {
        "statement_id": statement_id,
        "place": place,
        "movement_id": movement_id,
        "before_minor": before,
        "otherwise": otherwise,
    }


def _new(
    context: Context,
    kept: StatementTotals,
    plan: _Plan,
    one: Statement,
    account: str,
    statement_id: int,
    movement: Movement,
    seen: Counter[tuple[date, str, int]],
) -> None:
    equals = (movement.booked_on, movement.bank_ref, movement.amount_minor)
    key = key_of(account, movement, seen[equals])
    seen[equals] += 1
    movement_id = context.ids.take()
    plan.movements.append((movement_id, key, account, *_first(movement)))
    plan.entries += _entries(context, one, account, statement_id, movement_id, key, movement)
    kept.new += len(movement.parts)
    if movement.problem:
        amount = money.plain(movement.amount_minor, one.currency)
        kept.doubts.append(f"{movement.booked_on} {amount} {one.currency} {movement.bank_ref}: {movement.problem}")


def _first(movement: Movement) -> tuple[Any, ...]:
    return movement.booked_on, movement.amount_minor, movement.bank_ref


def _entries(
    context: Context, one: Statement, account: str, statement_id: int, movement_id: int, key: str, movement: Movement
) -> list[tuple[Any, ...]]:
    return [
        (
            context.ids.take(),
            movement_id,
            statement_id,
            f"{key}:{part.index}",
            account,
            part.booked_on,
            part.amount_minor,
            one.currency,
            part.end_to_end,
            part.mandate,
            part.name[:140],
            part.purpose,
            part.bank_ref,
            part.reason or ("returned" if part.returned else None),
            movement.problem,
            "open",
        )
        for part in movement.parts
    ]


async def _write(conn: AsyncConnection, context: Context, plan: _Plan) -> None:
    await insert_many(conn, statement_movement, _MOVEMENT, plan.movements)
    await insert_many(conn, statement_entry, _ENTRY, plan.entries)
    if plan.lines:
        line = insert(conn, statement_line)
        newest = {"otherwise": func.coalesce(line.excluded.otherwise, statement_line.c.otherwise)}
        await conn.execute(
            line.on_conflict_do_update(index_elements=["statement_id", "place"], set_=newest), plan.lines
        )
    await _taken_apart(conn, context, plan.parts)


async def _taken_apart(conn: AsyncConnection, context: Context, parts: Mapping[int, Movement]) -> None:
    """A batch that was told as one, and of which nothing was made yet, is told in parts now (a notification after the statement)."""
    e = statement_entry.c
    single = (
        select(e.movement_id)
        .where(in_list(conn, e.movement_id, list(parts)))
        .group_by(e.movement_id)
        .having(func.count() == 1)
    )
    rows = (
        (await conn.execute(select(statement_entry).where(e.movement_id.in_(single), e.state == "open"))).all()
        if parts
        else []
    )
    keys = [f"entry:{row.key}" for row in rows]
    made = set(
        (await conn.execute(select(provider_event.c.key).where(in_list(conn, provider_event.c.key, keys)))).scalars()
    )
    for row in rows:
        if f"entry:{row.key}" in made:
            continue
        first, *rest = parts[row.movement_id].parts
        whose = {
            "name": first.name[:140],
            "purpose": first.purpose,
            "end_to_end": first.end_to_end,
            "mandate": first.mandate,
        }
        change = update(statement_entry).where(e.id == row.id)
        await conn.execute(change.values(amount_minor=first.amount_minor, problem=None, **whose))
        more = [
            (
                context.ids.take(),
                row.movement_id,
                row.statement_id,
                f"{row.key.rpartition(':')[0]}:{one.index}",
                row.account,
                row.booked_on,
                one.amount_minor,
                row.currency,
                one.end_to_end,
                one.mandate,
                one.name[:140],
                one.purpose,
                row.bank_ref,
                one.reason,
                None,
                "open",
            )
            for one in rest
        ]
        await insert_many(conn, statement_entry, _ENTRY, more)
