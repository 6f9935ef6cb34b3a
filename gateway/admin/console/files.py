"""A file that a customer sent, for the clerk who helps them: given out as a download of the type its own bytes have, never shown inside our page."""

from aiohttp import web

from core.audit import trail
from core.care import media
from core.overview.listing import ListRequest
from core.overview.nameable import FILE
from core.overview.theirs import theirs
from core.parties import queries as parties
from gateway.admin.auth import WHO
from gateway.admin.console.customer import seen
from gateway.admin.console.section import Section
from gateway.admin.described import described
from gateway.app_keys import APP


@described("customer.reveal", summary="A file that a customer sent")
async def file(request: web.Request) -> web.Response:
    """GET /console/accounts/{id}/files/{file}: only a file of one of this account's own contacts."""
    match, app = await seen(request), request.app[APP]
    async with app.db.reading() as conn:
        people = (await parties.contacts_of(conn, [match.account.id])).get(match.account.id, [])
        of_account = ListRequest("contact_id", "in", [one.id for one in people])
        named = await theirs(conn, app, request[WHO], FILE, request.match_info["file"], of_account)
        kept = await media.body_of(conn, app, named.id)
    if kept is None:
        raise web.HTTPNotFound(text="There is no such file.")
    one, body = kept
    async with app.db.writing() as conn:
        await trail.note(conn, app, request[WHO].actor, "media.seen", f"media:{one.id}")
    name = f"{one.id}.{(one.type or '').rpartition('/')[2]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": "sandbox"}
    return web.Response(body=body, content_type=one.type or "application/octet-stream", headers=headers)


SECTION = Section("/console/accounts", details={"/{id}/files/{file}": file}, under="/console")
