"""Whatever a request names (an id in the path, a number in a form, a reference in a file) becomes a row here and nowhere else.

Who asks is looked up again in the very transaction that acts, and the row with the branch that person has at that moment: what is of
another branch is told apart from what does not exist by nobody. A handler has no other way from a text to an id (a house test sees to
that), so a route of tomorrow cannot forget the branch.
"""

from collections.abc import Sequence

from sqlalchemy import case
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access.authority import now
from core.access.model import Who
from core.context import Context
from core.errors import Refused
from core.overview.accounts import branch_id_of
from core.overview.listing import AnyRow, Listing, ListRequest, one
from core.overview.nameable import ACCOUNT
from core.parties.tables import account
from core.payments.model import account_numbers

LONGEST_ID, LONGEST_NAME = 18, 80


async def theirs(
    conn: AsyncConnection, context: Context, who: Who, listing: Listing, said: str, *also: ListRequest, by: str = "id"
) -> AnyRow:
    """The one row that `said` names by its `by`. Refused `theirs.none` (404) when there is none, or none of their branch.

    `also`: what must be true of it besides, such as whose it is.
    """
    asking = await now(conn, context, who)
    value = _id(said) if by == "id" else said.strip()[:LONGEST_NAME]
    row = None
    if value:
        row = await one(conn, listing, [ListRequest(by, "in", [value]), *also], branch=asking.branch)
    if row is None:
        raise none(listing)
    return row


async def their_account(conn: AsyncConnection, context: Context, who: Who, typed: str) -> AnyRow:
    """The account a person means by the number they typed (blanks, small letters, O for 0): one of their branch."""
    asking = await now(conn, context, who)
    numbers = account_numbers(typed[:LONGEST_NAME])
    if not numbers:
        raise none(ACCOUNT)
    rank = case({number: place for place, number in enumerate(numbers)}, value=account.c.number)
    meant = Listing(
        ACCOUNT.select.order_by(rank).limit(1), ACCOUNT.id, ACCOUNT.branch, ACCOUNT.columns, (), ACCOUNT.what
    )
    row = await one(conn, meant, [ListRequest("number", "in", numbers)], branch=asking.branch)
    if row is None:
        raise none(ACCOUNT)
    return row


async def all_theirs(
    conn: AsyncConnection, context: Context, who: Who, listing: Listing, said: Sequence[str]
) -> list[AnyRow]:
    """As `theirs`, of many ids: one that is not theirs refuses all."""
    return [await theirs(conn, context, who, listing, text) for text in said]


async def their_branch(conn: AsyncConnection, context: Context, who: Who) -> int | None:
    """The id of the branch they have now; None: the whole house."""
    return await branch_id_of(conn, (await now(conn, context, who)).branch)


def none(listing: Listing) -> Refused:
    """There is none, or none of this branch: the same words."""
    return Refused("theirs.none", status=404, what=listing.what)


def _id(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else None
