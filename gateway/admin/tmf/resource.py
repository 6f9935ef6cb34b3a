"""One way to serve a TM Forum resource: list and read, with filters, paging and projection (TMF630), from a table of facts.

`?fields=` projects first-level attributes; `?attr=value` filters (dots for nested; a comma or a repeat means any of; `.gt .gte
.lt .lte` compare); `?offset=&limit=` page, with `X-Total-Count` and `X-Result-Count`. A filter that does not exist is refused
rather than ignored: a typing error must not list everybody.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App
from core.overview.listing import AnyRow, Listing, ListRequest, Operator, one, page
from gateway.admin.auth import WHO
from gateway.admin.described import described
from gateway.admin.json import respond
from gateway.admin.tmf.parts import LARGEST_ID, Parse, Part, an_id
from gateway.app_keys import APP

LIMIT, LIMIT_AT_MOST, VALUES_AT_MOST, FILTERS_AT_MOST = 20, 200, 50, 20
_COMPARISONS = ("gt", "gte", "lt", "lte")
_QUERY = (
    ("fields", "which attributes to answer with, by comma; `id` and `href` always come"),
    ("offset", "how many to skip"),
    ("limit", f"how many to answer with: {LIMIT} unless said, at most {LIMIT_AT_MOST}"),
)


async def _nothing_more(_conn: AsyncConnection, _rows: Sequence[AnyRow]) -> Mapping[int, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Served:
    """A resource: where it lives, where its rows come from, how a row is shown."""

    api: str
    name: str
    listing: Listing
    permission: str
    answer: type[Part]
    filters: Mapping[str, tuple[str, Parse]]
    show: Callable[[AnyRow, Any, App], Part]
    """Row, what `more` brought for its id, house -> the resource."""
    more: Callable[[AsyncConnection, Sequence[AnyRow]], Awaitable[Mapping[int, Any]]] = _nothing_more
    """What a page of rows needs from other tables, by row id: one query for all of them."""
    find: Callable[[str, App], Sequence[ListRequest]] = lambda text, app: (ListRequest("id", "in", [an_id(text, app)]),)

    @property
    def path(self) -> str:
        """Where it lives."""
        return f"/tmf-api/{self.api}/v4/{self.name}"


def href(path: str, row_id: object) -> str:
    """The address of one resource."""
    return f"{path}/{row_id}"


def routes_of(served: Served) -> list[web.RouteDef]:
    """`GET` of the list and of one."""
    filters = tuple((name, "filter: only those whose value is this") for name in served.filters)

    @described(
        served.permission, summary=f"List {served.name}", query=_QUERY + filters, answer=served.answer, many=True
    )
    async def many(request: web.Request) -> web.Response:
        return await _many(request, served)

    @described(served.permission, summary=f"One {served.name}", query=_QUERY[:1], answer=served.answer)
    async def single(request: web.Request) -> web.Response:
        async with request.app[APP].db.reading() as conn:
            return respond(project(await shown(conn, request, served, request.match_info["id"]), request))

    return [web.get(served.path, many), web.get(served.path + "/{id}", single)]


async def _many(request: web.Request, served: Served) -> web.Response:
    app = request.app[APP]
    wanted = _filters(request, served, app)
    offset, limit = paging(request)
    async with app.db.reading() as conn:
        branch = request[WHO].branch
        rows, total = await page(conn, served.listing, wanted, branch=branch, offset=offset, limit=limit)
        more = await served.more(conn, rows)
    items = [project(dumped(served.show(row, more.get(row[0]), app)), request) for row in rows]
    return respond(items, headers={"X-Total-Count": str(total), "X-Result-Count": str(len(items))})


async def shown(conn: AsyncConnection, request: web.Request, served: Served, text: str) -> dict[str, Any]:
    """One resource as JSON; 404 if there is none, or none that this branch may see."""
    app = request.app[APP]
    try:
        wanted = served.find(text, app)
    except ValueError:
        raise not_found(served, text) from None
    row = await one(conn, served.listing, wanted, branch=request[WHO].branch)
    if row is None:
        raise not_found(served, text)
    more = await served.more(conn, [row])
    return dumped(served.show(row, more.get(row[0]), app))


def not_found(served: Served, text: str) -> web.HTTPNotFound:
    """There is none, or none of this branch: the same words."""
    return web.HTTPNotFound(text=f"There is no {served.name} {text[:60]}.")


def dumped(shown: Part) -> dict[str, Any]:
    """The resource with the names of the standard, without what is empty."""
    return shown.model_dump(by_alias=True, exclude_none=True)


def project(shown: dict[str, Any], request: web.Request) -> dict[str, Any]:
    """Only the attributes of `?fields=`, and always `id` and `href`."""
    question = request.query.get("fields", "")
    if not question:
        return shown
    names = {"id", "href", *(name.strip() for name in question.split(","))}
    return {name: value for name, value in shown.items() if name in names}


def _filters(request: web.Request, served: Served, app: App) -> list[ListRequest]:
    question = {name: request.query.getall(name) for name in request.query if name not in ("fields", "offset", "limit")}
    if len(question) > FILTERS_AT_MOST:
        raise bad("Too many filters.")
    return [_wanted(name, values, served, app) for name, values in question.items()]


def _wanted(name: str, values: Iterable[str], served: Served, app: App) -> ListRequest:
    attribute, operator = name, "in"
    if name not in served.filters and name.rpartition(".")[2] in _COMPARISONS:
        attribute, _, operator = name.rpartition(".")
    if attribute not in served.filters:
        raise bad(f"{served.name} has no filter {name[:60]}. There are: {', '.join(served.filters)}.")
    column, parse = served.filters[attribute]
    texts = [text for value in values for text in value.split(",")]
    try:
        parsed = [parse(text, app) for text in texts[: VALUES_AT_MOST + 1]]
    except ValueError as why:
        raise bad(f"{name[:60]}: {why}.") from None
    if len(parsed) > VALUES_AT_MOST or (operator != "in" and len(parsed) > 1):
        raise bad(f"{name[:60]}: too many values.")
    return ListRequest(column, cast("Operator", operator), parsed if operator == "in" else parsed[0])


def paging(request: web.Request) -> tuple[int, int]:
    """How many a list skips, and how many it answers with."""
    return _count(request, "offset", 0, LARGEST_ID), min(_count(request, "limit", LIMIT, LARGEST_ID), LIMIT_AT_MOST)


def _count(request: web.Request, name: str, default: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > most:
        raise bad(f"{name} is a whole number from 0.")
    return int(text)


def bad(reason: str) -> web.HTTPBadRequest:
    """What was asked cannot be understood."""
    return web.HTTPBadRequest(text=reason)
