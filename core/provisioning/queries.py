"""What is wanted, what is so, and where the two differ."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_list import in_list
from core.parties.tables import account, service
from core.provisioning.model import LEVELS, Level
from core.provisioning.tables import bar_command, barring, network_line


async def restricted(conn: AsyncConnection, account_ids: Sequence[int]) -> list[int]:
    """Those of the accounts that have a service which is not wanted as sold."""
    if not account_ids:
        return []
    query = select(barring.c.account_id).where(
        in_list(conn, barring.c.account_id, account_ids), barring.c.wanted != "none"
    )
    return sorted(set((await conn.execute(query)).scalars()))


async def services_of(conn: AsyncConnection, account_ids: Sequence[int]) -> dict[int, Level]:
    """Restricted services of these accounts, and how."""
    if not account_ids:
        return {}
    query = select(barring.c.service_id, barring.c.wanted).where(
        in_list(conn, barring.c.account_id, account_ids), barring.c.wanted != "none"
    )
    return {row.service_id: row.wanted for row in await conn.execute(query)}


async def lines_of(conn: AsyncConnection, account_ids: Sequence[int]) -> list[Row[Any]]:
    """Restricted services of these accounts: service_id, account_id, wanted."""
    query = select(barring.c.service_id, barring.c.account_id, barring.c.wanted).where(
        in_list(conn, barring.c.account_id, account_ids), barring.c.wanted != "none"
    )
    return list(await conn.execute(query.order_by(barring.c.service_id)))


async def level_of(conn: AsyncConnection, account_id: int) -> Level:
    """The hardest restriction of an account's services."""
    match = await services_of(conn, [account_id])
    return max(match.values(), key=LEVELS.index, default="none")


async def differences(conn: AsyncConnection, branch_id: int | None = None) -> list[Row[Any]]:
    """Services that the network lets through otherwise than wanted, or whose command has failed; the longest wanted first."""
    message = func.coalesce(barring.c.seen, barring.c.actual, "none")
    query = (
        select(
            barring,
            account.c.number,
            service.c.commodity,
            message.label("heard"),
            network_line.c.login,
            bar_command.c.state.label("command"),
            bar_command.c.reason,
        )
        .join(service, service.c.id == barring.c.service_id)
        .join(account, account.c.id == barring.c.account_id)
        .outerjoin(network_line, network_line.c.service_id == barring.c.service_id)
        .outerjoin(
            bar_command,
            (bar_command.c.service_id == barring.c.service_id) & (bar_command.c.generation == barring.c.generation),
        )
        .where(message != barring.c.wanted)
        .order_by(barring.c.wanted_at, barring.c.service_id)
    )
    return list(await conn.execute(query if branch_id is None else query.where(account.c.branch_id == branch_id)))
