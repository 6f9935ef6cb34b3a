"""Campaigns: one text in each language (or two, to see which works) to one segment at one time. Shown whom it reaches and what it costs
in SMS before it is planned, and how far it came after, beside those who were left out.

Who belongs to a branch writes to that branch alone, whatever the form says.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from core.campaigns import queries, store
from core.campaigns.model import MOVES, Campaign, Segment, checked, checked_terms
from core.errors import Refused
from core.notices.campaign_editor import full, parts_of, warnings
from core.overview.branches import branches
from core.overview.funnel import funnel
from core.overview.nameable import CAMPAIGN
from core.overview.theirs import theirs
from core.parties import senders
from gateway.admin.auth import WHO
from gateway.admin.console.funnel_plot import funnel_plot
from gateway.admin.console.language import speaks
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import an_instant, back, form, show
from gateway.admin.described import described
from gateway.app_keys import APP

_NEW = {"name": "", "channel": "sms", "sender": "", "branch": "", "language": "", "owing": "", "customers": "", "starts_at": "",
        "holdout": "", "from": "", "until": "", "per_minute": ""}  # fmt: skip
CHANNELS = ("sms", "whatsapp", "telegram")
_OWING = {"yes": True, "no": False}


@described("campaign.see", summary="Campaigns")
async def listing(request: web.Request) -> web.Response:
    """GET /console/campaigns."""
    return await _page(request, {}, None, "")


@described("campaign.run", summary="Look at a campaign before it is planned, or plan it", status=303)
async def plan(request: web.Request) -> web.Response:
    """POST /console/campaigns: `do=look` tells whom it would reach, `do=plan` plans it."""
    text, app = await form(request), request.app[APP]
    try:
        meant = read(request, text)
        if not named(text):
            return await _page(request, text, None, "Give the campaign a name of up to 80 letters.", 400)
        if text.get("do") != "plan":
            async with app.db.reading() as conn:
                reached = await queries.audience(conn, meant["segment"], meant["channel"], meant["sender"])
                return await _page(request, text, reached, "")
        async with app.db.writing() as conn:
            made = await store.plan(conn, app, name=text["name"], actor=request[WHO].actor, **meant)
    except Refused as why:
        return await _page(request, text, None, why.sentence(speaks()), why.status)
    raise back(f"/console/campaigns/{made.id}")


def read(request: web.Request, told: Mapping[str, str]) -> dict[str, Any]:
    """What a form means, as `store.plan` takes it; `Refused` where no such campaign can be planned."""
    app = request.app[APP]
    texts, second = checked(_words(told, app.operator.languages)), _words(told, app.operator.languages, "b_")
    segment, channel, terms = _segment(request, told), _channel(told), _terms(told)
    sender = senders.chosen(app, channel, told.get("sender"))
    checked_terms(terms.get("holdout_percent", 0), terms.get("window"), terms.get("per_minute"))
    if second:
        checked(second)
    starts = an_instant(told.get("starts_at", ""), app.zone)
    return {
        "texts": texts,
        "segment": segment,
        "channel": channel,
        "starts_at": starts,
        "texts_b": second or None,
        "sender": sender,
        **terms,
    }


def named(told: Mapping[str, str]) -> bool:
    """Whether a form has a name that can be listed."""
    return 1 <= len(told.get("name", "")) <= 80


@described("campaign.see", summary="One campaign and how far it is")
async def page(request: web.Request) -> web.Response:
    """GET /console/campaigns/{id}."""
    async with request.app[APP].db.reading() as conn:
        match = await _found(conn, request)
        progress = await queries.progress(conn, match.id)
        arms = await funnel(conn, match)
    plot = funnel_plot(arms) if arms else ""
    return show(request, "console_campaign.html", c=match, p=progress, moves=_moves(match.state), plot=plot, arms=arms)


@described("campaign.run", summary="Pause, resume or cancel a campaign", status=303)
async def move(request: web.Request) -> web.Response:
    """POST /console/campaigns/{id}: `to`."""
    text, app = await form(request), request.app[APP]
    async with app.db.writing() as conn:
        found = await _found(conn, request)
        if text.get("to") not in dict(_moves(found.state)):
            raise Refused("campaign.no_such_move", state=found.state, to=text.get("to", "")[:20])
        await store.move(conn, app, found.id, text["to"], request[WHO].actor)
    raise back(f"/console/campaigns/{found.id}")


def _moves(state: str) -> list[tuple[str, str]]:
    """What a person may do with a campaign now; it begins and ends by itself."""
    words = {"paused": "Pause", "cancelled": "Cancel", "running": "Begin now" if state == "planned" else "Resume"}
    return [(to, words[to]) for to in sorted(MOVES[state] - {"done"})]


def _words(told: Mapping[str, str], languages: Sequence[str], prefix: str = "") -> dict[str, str]:
    return {lang: told[f"{prefix}text_{lang}"] for lang in languages if told.get(f"{prefix}text_{lang}")}


def _terms(told: Mapping[str, str]) -> dict[str, Any]:
    """Who is left out, the hours and the rate, as `store.plan` takes them; what is no number is refused there."""
    hours = told.get("from", ""), told.get("until", "")
    rate, holdout = told.get("per_minute", ""), told.get("holdout", "")
    return {
        **({"holdout_percent": int(holdout) if holdout.isdecimal() else -1} if holdout else {}),
        **({"window": hours} if any(hours) else {}),
        **({"per_minute": min(int(rate[:9]), 1_000_000) if rate.isdecimal() else 0} if rate else {}),
    }


def _segment(request: web.Request, told: Mapping[str, str]) -> Segment:
    return Segment(
        branch=request[WHO].branch or told.get("branch") or None,
        language=told.get("language") or None,
        owing=_OWING.get(told.get("owing", "")),
        customers=told.get("customers") or None,
    )


def _channel(told: Mapping[str, str]) -> str:
    channel = told.get("channel", "sms")
    if channel not in CHANNELS:
        raise web.HTTPBadRequest(text=f"A campaign goes by {', '.join(CHANNELS)}.")
    return channel


async def _found(conn: AsyncConnection, request: web.Request) -> Campaign:
    row = await theirs(conn, request.app[APP], request[WHO], CAMPAIGN, request.match_info["id"])
    match = await queries.by_id(conn, row.id)
    assert match is not None
    return match


async def _page(
    request: web.Request, told: Mapping[str, str], audience: int | None, wrong: str, status: int = 200
) -> web.Response:
    app, branch = request.app[APP], request[WHO].branch
    async with app.db.reading() as conn:
        known = [one for one in await queries.campaigns(conn) if branch in (None, one.segment.branch)]
        choices = await branches(conn)
    texts = {lang: told.get(f"text_{lang}", "") for lang in app.operator.languages}
    operator = app.operator
    written = {**texts, **{f"b_{lang}": told.get(f"b_text_{lang}", "") for lang in texts}}
    parts = {name: parts_of(full(words, operator)) for name, words in written.items() if words}
    warned = {name: warnings(words, operator) for name, words in written.items() if words}
    return show(
        request,
        "console_campaigns.html",
        status=status,
        campaigns=known,
        told={**_NEW, **told},
        texts=texts,
        parts=parts,
        warned=warned,
        audience=audience,
        wrong=wrong,
        branches=[one for one in choices if branch in (None, one.code)],
        channels=CHANNELS,
        senders=senders.known(app),
    )


SECTION = Section(
    "/console/campaigns",
    listing,
    Entry(Group.MESSAGES, 10, "Campaigns"),
    {"/{id}": page},
    (
        Action("", plan, {"look": "look", "plan": "plan"}),
        Action("/{id}", move, {"pause": "paused", "resume": "running", "cancel": "cancelled"}, named_by="to"),
    ),
)
