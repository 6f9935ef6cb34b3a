"""Every verb once: the caller's key, what it asked for, and the answer it got; the same key with another question is refused."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db import idempotency
from core.errors import Refused

LONGEST_KEY = 200


async def once(
    conn: AsyncConnection,
    context: Context,
    verb: str,
    key: str,
    asked: Mapping[str, Any],
    do: Callable[[], Awaitable[dict[str, Any]]],
) -> dict[str, Any]:
    """Run `do` under the caller's key; a repeat gets the first answer. Refused `bucket.key` if it asks for something else."""
    if not 0 < len(key) <= LONGEST_KEY:
        raise Refused("bucket.key_length", 400, most=LONGEST_KEY)

    async def kept() -> dict[str, Any]:
        return {"asked": dict(asked), "answer": await do()}

    found = await idempotency.once(conn, f"bucket:{verb}:{key}", context.clock.now(), kept)
    if found["asked"] != dict(asked):
        raise Refused("bucket.key", 409)
    answer: dict[str, Any] = found["answer"]
    return answer
