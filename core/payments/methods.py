"""Which ways of paying a kind of customer is offered: what the operator says of their segment, else all.

Asked where a way is offered and where it is begun. Money that comes by itself is taken whatever it came by, and a mandate that was given is kept.
"""

from collections.abc import Mapping
from typing import get_args

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.config.payments import Method
from core.context import Context
from core.errors import Refused
from core.parties.tables import account

ALL: frozenset[Method] = frozenset(get_args(Method))


def offered(rules: Mapping[str, tuple[Method, ...]], segment: str) -> frozenset[Method]:
    """The ways of a segment; one the operator says nothing of has all. Pure."""
    return frozenset(rules[segment]) if segment in rules else ALL


async def of_account(conn: AsyncConnection, context: Context, account_id: int) -> frozenset[Method]:
    """The ways an account is offered."""
    rules = context.operator.payments.methods
    if not rules:
        return ALL
    segment = (await conn.execute(select(account.c.segment).where(account.c.id == account_id))).scalar_one_or_none()
    return offered(rules, segment or "")


async def insist(conn: AsyncConnection, context: Context, account_id: int, method: Method) -> None:
    """`Refused`, kindly, where an account is not offered this way."""
    if method not in await of_account(conn, context, account_id):
        raise Refused("payments.link.not_offered")
