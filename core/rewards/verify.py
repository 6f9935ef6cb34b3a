"""Proves the books of points: earned = burned + expired + reversed + outstanding. `hodi db verify`."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.rewards import points


async def problems(conn: AsyncConnection) -> list[str]:
    """What is wrong, a sentence each."""
    all_points = await points.totals(conn)
    if all_points.even:
        return []
    return [
        f"points: {all_points.earned} were earned, but {all_points.burned} burned, {all_points.expired} expired, "
        f"{all_points.reversed} reversed and {all_points.outstanding} outstanding do not add up to them"
    ]
