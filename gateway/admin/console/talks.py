"""Chats that ask for a person: the queue, one conversation with all that passed before, an answer, and back to the bot."""

from aiohttp import web

from core.audit import trail
from core.care import interactions, talks
from core.care.talks import Talk
from core.overview import messages
from core.overview.nameable import TALK
from core.overview.theirs import theirs
from gateway.admin.auth import WHO
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import back, branch_of, form, show
from gateway.admin.described import described
from gateway.app_keys import APP

MOST_SHOWN = 60


@described("talk.answer", summary="Chats that ask for a person")
async def queue(request: web.Request) -> web.Response:
    """GET /console/talks."""
    branch = await branch_of(request)
    async with request.app[APP].db.reading() as conn:
        waiting = await talks.queue(conn, branch_id=branch)
    return show(request, "console_talks.html", waiting=waiting, now=request.app[APP].clock.now())


@described("talk.answer", summary="One conversation")
async def page(request: web.Request) -> web.Response:
    """GET /console/talks/{id}."""
    app, found = request.app[APP], await _found(request)
    async with app.db.reading() as conn:
        passed = await interactions.of_customer(conn, contact_ids=[found.contact_id], limit=MOST_SHOWN)
        leaving = await messages.on_their_way(conn, found.contact_id)
    async with app.db.writing() as conn:
        await trail.note(conn, app, request[WHO].actor, "talk.seen", f"talk:{found.id}")
    return show(request, "console_talk.html", t=found, passed=list(reversed(passed)), leaving=leaving)


@described("talk.answer", summary="Take a chat, answer it, or give it back to the bot", status=303)
async def change(request: web.Request) -> web.Response:
    """POST /console/talks/{id}: `text` is a word to the customer, `do` is take or back."""
    found, text, app = await _found(request), await form(request), request.app[APP]
    actor = request[WHO].actor
    async with app.db.writing() as conn:
        if text.get("do") == "take":
            await talks.take(conn, app, found.id, actor)
        if text.get("text"):
            await talks.say(conn, app, found.id, actor, text["text"])
        if text.get("do") == "back":
            await talks.give_back(conn, app, found.id, actor)
    raise back("/console/talks" if text.get("do") == "back" else f"/console/talks/{found.id}")


async def _found(request: web.Request) -> Talk:
    """The talk of the path; 404 when there is none, or none of this branch."""
    app = request.app[APP]
    async with app.db.reading() as conn:
        named = await theirs(conn, app, request[WHO], TALK, request.match_info["id"])
        match = await talks.by_id(conn, named.id)
    assert match is not None
    return match


SECTION = Section(
    "/console/talks",
    queue,
    Entry(Group.CUSTOMERS, 30, "Chats"),
    {"/{id}": page},
    (Action("/{id}", change, {"take": "take", "back": "back"}),),
)
