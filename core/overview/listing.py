"""One way to list things for machines and staff: filtered, ordered, paged, and cut to a branch, always in SQL.

A `Listing` is data: where the rows come from, by which names they may be filtered, and whose branch they are of. Whoever belongs
to a branch cannot tell another branch's row from one that does not exist.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

AnyRow = Row[*tuple[Any, ...]]
"""A row of whatever columns."""

Operator = Literal["in", "gt", "gte", "lt", "lte"]


@dataclass(frozen=True, slots=True)
class Listing:
    """A kind of thing that can be listed."""

    select: Select[*tuple[Any, ...]]
    id: ColumnElement[Any]
    branch: ColumnElement[Any]
    """The branch's code."""
    columns: Mapping[str, ColumnElement[Any]]
    """What it may be filtered by."""
    order: Sequence[ColumnElement[Any]]
    what: str = "thing"
    """As it is called where there is none."""
    nobodys: bool = False
    """Whether what belongs to no branch yet (money in suspense, a stranger's chat) is there for every branch."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """One condition: `column` `operator` `value`; `in` takes several values, any of which will do."""

    column: str
    operator: Operator
    value: Any


async def page(
    conn: AsyncConnection,
    listing: Listing,
    wanted: Sequence[ListRequest],
    *,
    branch: str | None,
    offset: int,
    limit: int,
) -> tuple[list[AnyRow], int]:
    """The rows of one page, and how many there are in all."""
    match = _found(listing, wanted, branch)
    count = select(func.count()).select_from(match.with_only_columns(listing.id).order_by(None).subquery())
    total = int((await conn.execute(count)).scalar_one())
    rows = (await conn.execute(match.order_by(*listing.order).offset(offset).limit(limit))).all()
    return list(rows), total


async def one(
    conn: AsyncConnection, listing: Listing, wanted: Sequence[ListRequest], *, branch: str | None
) -> AnyRow | None:
    """The one row that `wanted` picks out; None also when it is of another branch."""
    return (await conn.execute(_found(listing, wanted, branch))).first()


def _found(listing: Listing, wanted: Sequence[ListRequest], branch: str | None) -> Select[*tuple[Any, ...]]:
    match = listing.select
    if branch is not None:
        mine = listing.branch == branch
        match = match.where(or_(mine, listing.branch.is_(None)) if listing.nobodys else mine)
    return match.where(*(_condition(listing.columns[each.column], each) for each in wanted))


def _condition(column: ColumnElement[Any], wanted: ListRequest) -> ColumnElement[bool]:
    compare: dict[Operator, Callable[[Any], ColumnElement[bool]]] = {
        "in": column.in_,
        "gt": column.__gt__,
        "gte": column.__ge__,
        "lt": column.__lt__,
        "lte": column.__le__,
    }
    return compare[wanted.operator](wanted.value)
