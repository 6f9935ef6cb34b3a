"""The crawl: every route behind a sign-in or a key, learnt from the route table, is tried by somebody of one branch with what belongs
to another in every part of its path and every field of its form or body.

A route of tomorrow is tried without anybody thinking of it: its path with all that can be named, its form as soon as the one example
that it needs is written (without one the crawl fails). Somebody of the own branch must pass with the same request, in the same state,
so that "there is no such thing" is told from a refusal for another reason.
"""

import ast
import inspect
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import BigInteger, select

from core.access import keys
from core.context import App
from core.db.engine import metadata
from gateway.admin.auth import API, CONSOLE
from gateway.admin.console.section import verb_of
from gateway.admin.console.sections import SECTIONS
from gateway.admin.described import OPEN, Described, description
from gateway.app import make_app
from tests.gateway.admin.crawl_waits import a_tariff
from tests.gateway.admin.crawl_world import IBAN, everything, of_the_house
from tests.gateway.admin.seats import Seat, sit
from tests.gateway.conftest import Serve
from tests.gateway.world import a_branch, a_customer

Text = dict[str, str]
NAMES_NOTHING = {
    "/console/agencies/{agency}/{file}.csv": "an agency and a kind of file are the operator's own words; its lines are cut to the branch",
}
_OWN = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Example:
    """A request that passes for the own branch; `{kind}` stands for something that is named."""

    method: str
    path: str
    told: Mapping[str, Any]
    at: str = ""
    """The path as it is sent, where its `{id}` is something else than what its name says."""


def post(path: str, at: str = "", **told: Any) -> Example:
    return Example("post", path, told, at or path)


_TMF = "/tmf-api/prepayBalanceManagement/v4"
_PROBLEM, _HELD = "/tmf-api/serviceProblemManagement/v4/serviceProblem", "/tmf-api/usageManagement/v4/heldReading"
_PAIR = "/console/spellings/{one}/{other}"
_MB = {"amount": 1, "units": "MB"}
EXAMPLES = [
    post("/console/logout"),
    post("/console/accounts/{id}/phone", "/console/accounts/{account}/phone", phone="0799000111"),
    post("/console/accounts/{id}/links", "/console/accounts/{account}/links", contact="{contact}"),
    post("/console/mandates", account="{number}", holder="Wanjiru", iban=IBAN),
    post("/console/mandates/{reference}/end", "/console/mandates/{mandate}/end"),
    post("/console/suspense/{id}", "/console/suspense/{suspense}", account="{number}"),
    post("/console/receipts/{id}", "/console/receipts/{receipt2}", do="paid", refund="{refund}", reference="TRF-1"),
    post("/console/receipts/{id}", "/console/receipts/{receipt}", do="unapply", invoice="{bill}"),
    post("/console/receipts/{id}", "/console/receipts/{receipt}", do="move", account="{other}", reason="typed wrongly"),
    post("/console/receipts/{id}", "/console/receipts/{receipt}", do="refund", amount="1", reason="twice", key="k"),
    post("/console/cash", do="open", amount="50"),
    post("/console/cash", do="receipt", account="{number}", amount="300", key="k1"),
    post("/console/cash", do="turn_in", amount="100", key="k2"),
    post("/console/cash", do="deposit", slip="S{code}", amount="300"),
    post("/console/cash", do="count", amount="250"),
    post("/console/approvals/{id}", "/console/approvals/{approval}", seal="{seal}", do="no"),
    post("/console/tickets/{id}", "/console/tickets/{ticket}", text="On our way", to="waiting"),
    post("/console/talks/{id}", "/console/talks/{talk}", do="take"),
    post("/console/talks/{id}", "/console/talks/{talk}", do="back"),
    *(
        post("/console/collections/{id}", "/console/collections/{account}", **told)
        for told in (
            {"do": "noted", "code": "told", "note": "x"},
            {"do": "protect", "kind": "life_support", "note": "doctor's letter"},
            {"do": "unprotect", "kind": "life_support"},
            {"do": "waive", "fee": "{fee}", "note": "our mistake"},
        )
    ),
    post("/console/campaigns", name="Saturday", text_en="Open.", do="look"),
    post("/console/campaigns/{id}", "/console/campaigns/{campaign}", to="cancelled"),
    post("/console/outbox", id="{letter}"),
    post("/console/money/differences/{id}", "/console/money/differences/{difference}", note="it is nothing"),
    post(f"{_TMF}/topupBalance", amount=_MB, partyAccount={"name": "{number}"}, sharedWith=[{"id": "{account}"}]),
    post(f"{_TMF}/topupBalance", amount=_MB, bucket={"id": "{bucket}"}, partyAccount={"id": "{account}"}),
    post(
        f"{_TMF}/reserveBalance", amount=_MB, partyAccount={"id": "{account}"}, product=[{"id": "{service}"}], usageType="data",
        bucket={"id": "{bucket}"},
    ),
    post(f"{_TMF}/unreserveBalance", reserveBalance={"id": "{hold}"}),
    post(f"{_TMF}/deductBalance", amount=_MB, reserveBalance={"id": "{hold2}"}, partyAccount={"name": "{number}"}),
    post(
        "/tmf-api/troubleTicket/v4/troubleTicket", description="Dark", ticketType="no_supply",
        relatedEntity=[{"id": "{account}", "@referredType": "BillingAccount"}],
    ),
    post(
        "/tmf-api/troubleTicket/v4/troubleTicket", description="Dark", ticketType="no_supply",
        relatedEntity=[{"name": "{number}", "@referredType": "BillingAccount"}],
    ),
    post(_PAIR, "/console/spellings/{side}/{other_side}", do="{side}"),
    post(_PAIR, "/console/spellings/{side2}/{other_side2}", do="apart"),
    post("/console/outages", commodity="electricity", area="{area}", cause="a fallen pole", until=""),
    post("/console/outages/{id}", "/console/outages/{outage}", do="expect", until=""),
    post("/console/outages/{id}", "/console/outages/{outage}", do="end", sure="yes"),
    post("/console/airtime/{id}", "/console/airtime/{order}", do="arrived", sure="yes"),
    post("/console/airtime/{id}", "/console/airtime/{order2}", do="failed", sure="yes"),
    post("/console/parked/{id}", "/console/parked/{month}", do="again"),
    post("/console/parked/{id}", "/console/parked/{month2}", do="estimate", reason="no access"),
    post("/console/parked/{id}", "/console/parked/{month3}", do="skip", reason="it stood empty"),
    post("/console/readings/{id}", "/console/readings/{reading}", do="order", note="beware of the dog"),
    post("/console/readings/{id}", "/console/readings/{reading}", do="replace", value="1,060.5", reason="a photo"),
    post("/console/readings/{id}", "/console/readings/{reading2}", do="accept"),
    Example("patch", f"{_HELD}/{{id}}", {"status": "ordered"}, f"{_HELD}/{{reading3}}"),
    Example("patch", f"{_HELD}/{{id}}", {"status": "replaced", "value": 160, "reason": "a photo"}, f"{_HELD}/{{reading3}}"),
    Example("patch", f"{_HELD}/{{id}}", {"status": "accepted"}, f"{_HELD}/{{reading4}}"),
    post(_PROBLEM, category="gas", affectedArea="{area}", description="a leak"),
    Example("patch", f"{_PROBLEM}/{{id}}", {"expectedResolutionDate": None}, f"{_PROBLEM}/{{outage2}}"),
    Example("patch", f"{_PROBLEM}/{{id}}", {"status": "resolved"}, f"{_PROBLEM}/{{outage2}}"),
    Example("patch", "/tmf-api/troubleTicket/v4/troubleTicket/{id}", {"note": [{"text": "x"}]}, "/tmf-api/troubleTicket/v4/troubleTicket/{ticket}"),
]  # fmt: skip
PASSED_ELSEWHERE = {
    "/console/collections/{id}": {"arrange", "promise", "limit", "place", "recall", "write_off"},
    "/console/tickets/{id}/verdict": set(),
    "/console/agencies": set(),
    "/console/cash/{id}/cancel": set(),
}
"""Acts that need a history of their own (a plan, an agency, a dispute): the path is tried here, that they pass is tested at their pages."""

VERBS_PASSED_ELSEWHERE: dict[str, set[str]] = {
    "/console/approvals/{id}": {"yes"},
    "/console/campaigns": {"plan"},
    "/console/campaigns/{id}": {"paused", "running"},
    "/console/tickets/{id}": {"solved", "closed"},
}
"""The same for what a form says in other words than `case`."""
VERBS = {
    (f"{section.path}{action.path}", value): f"/{name}"
    for section in SECTIONS
    for action in section.actions
    for name, value in action.verbs.items()
}
"""What is behind the path of a form for each thing that it can be told to do: the route of that verb."""


def at_its_verb(example: Example) -> Example | None:
    """The same request as the route of its verb takes it; None where the form has no such verb."""
    said = next((field for field in ("do", "to") if (example.path, example.told.get(field)) in VERBS), None)
    if said is None or example.method != "post":
        return None
    verb = VERBS[example.path, example.told[said]]
    told = {name: value for name, value in example.told.items() if name != said}
    return Example("post", example.path + verb, told, example.at + verb)


@dataclass
class Crawl:
    """Somebody of Nakuru with a browser and a key, somebody of the whole house, and what there is of each branch."""

    app: App
    web_app: web.Application
    seat: Seat
    whole: Seat
    key: str
    own: Text
    foreign: Text

    def routes(self) -> list[tuple[str, str, object, Described]]:
        """(method, path, handler, what it says of itself) of everything behind a sign-in or a key."""
        found = list[tuple[str, str, object, Described]]()
        for route in self.web_app.router.routes():
            path, told = route.resource.canonical if route.resource else "", description(route.handler)
            if (
                told
                and told.permission != OPEN
                and path.startswith((API, CONSOLE))
                and route.method not in ("HEAD", "*")
            ):
                found.append((route.method.lower(), path, route.handler, told))
        assert len(found) > 60, "the route table is not read"
        return found

    async def send(
        self, method: str, path: str, told: Mapping[str, Any] | None = None, seat: Seat | None = None
    ) -> tuple[int, str]:
        if path.startswith(CONSOLE):
            return await (seat or self.seat).send(method.upper(), path, told)
        self.seat.client.session.cookie_jar.clear()
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": f"k{len(self.seat.seen)}"}
        self.seat.seen.append(0)
        body = None if method == "get" else dict(told or {})
        async with self.seat.client.request(method, path, json=body, headers=headers) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def crawl(app: App, aiohttp_client: Serve, tmp_path: Any) -> AsyncIterator[Crawl]:
    object.__setattr__(app.settings, "sessions_path", str(tmp_path / "sessions.db"))
    async with app.db.writing() as conn:
        first, second = await a_branch(conn, app, "nakuru"), await a_branch(conn, app, "kisumu")
        nakuru = await a_customer(conn, app, first, number="10000017", name="Wanjiru Kamau")
        await a_customer(conn, app, first, number="10000033", name="Mumbi Njeri")
        kisumu = await a_customer(conn, app, second, number="10000025", name="Achieng Otieno")
        key = await keys.create_key(conn, app, "admin", "nakuru")
    await a_tariff(app, tmp_path)
    web_app = make_app(app, with_scheduler=False)
    client = await aiohttp_client(web_app)
    own, foreign = await everything(app, nakuru, "nakuru"), await everything(app, kisumu, "kisumu")
    shared = await of_the_house(app)
    own |= shared | {"other": "10000033", "code": "1"}
    foreign |= {"other": "10000025", "code": "1"}
    seat, whole = await sit(client, app, branch="nakuru"), await sit(client, app)
    yield Crawl(app, web_app, seat, whole, key, own, foreign)


def _filled(value: Any, texts: Text) -> Any:
    """The example with what is named."""
    if isinstance(value, str):
        return _OWN.sub(lambda found: texts[found[1]], value)
    if isinstance(value, Mapping):
        return {name: _filled(one, texts) for name, one in value.items()}
    return [_filled(one, texts) for one in value] if isinstance(value, list) else value


def _spoilt(value: Any, own: Text, wrong: str) -> Iterable[tuple[str, Any]]:
    """The example again for each thing it names, with `wrong` in that one place; (the kind, the example)."""
    if isinstance(value, str):
        if (found := _OWN.fullmatch(value)) and found[1] not in ("seal", "code"):
            yield found[1], wrong
        return
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        for kind, spoilt in _spoilt(part, own, wrong):
            if isinstance(value, Mapping):
                yield kind, {**_filled(value, own), name: spoilt}
            else:
                yield kind, [*_filled(value[:name], own), spoilt, *_filled(value[name + 1 :], own)]


async def test_what_a_path_names_of_another_branch_does_not_exist(crawl: Crawl) -> None:
    """Every route with a part in its path: with each thing of the other branch 404, and with one of the own branch it opens."""
    for method, path, _handler, told in crawl.routes():
        parts = _OWN.findall(path)
        if not parts or path in NAMES_NOTHING:
            continue
        for wrong in {*crawl.foreign.values(), "999999999"}:
            for place in parts:
                texts = dict.fromkeys(parts, wrong) | {"id": crawl.own["account"], place: wrong}
                status, text = await crawl.send(method, _filled(path, texts), {})
                assert status == 404, (method, path, wrong, status, text[:200])
                assert "Achieng" not in text
        if told.whole:
            statuses = {
                (await crawl.send(method, _filled(path, dict.fromkeys(parts, one)), {}))[0]
                for one in crawl.own.values()
            }
            assert statuses == {404}, (path, "is of the whole house")
            seat = crawl.whole
        else:
            seat = crawl.seat
        if method == "get":
            tried = [dict.fromkeys(parts, one) | {"id": _first(parts, one, crawl.own)} for one in crawl.own.values()]
            passed = [(await crawl.send(method, _filled(path, texts), {}, seat))[0] for texts in tried]
            assert 200 in passed, (
                path,
                "does not open for its own branch: the crawl needs one of what it shows",
                passed,
            )


def _first(parts: list[str], one: str, own: Text) -> str:
    return own["account"] if len(parts) > 1 else one


async def test_what_a_form_or_body_names_of_another_branch_does_not_exist(crawl: Crawl) -> None:
    """Each example with one thing of the other branch in one place: 404, the same as for what never was; then it passes with its own."""
    for example in sorted(EXAMPLES, key=lambda one: one.path == "/console/logout"):
        verb = at_its_verb(example)
        for one in (example, verb) if verb else (example,):
            await _refused_elsewhere(crawl, one)
        passes = verb or example  # it passes once: what its form passes with is tested at its page
        path = _filled(passes.at, crawl.own)
        sure = {"agreed": "yes"} if path.startswith(CONSOLE) else {}
        status, text = await crawl.send(passes.method, path, {**_filled(passes.told, crawl.own), **sure})
        assert status in (200, 201, 303), (passes.path, passes.told, status, re.sub(r"\s+", " ", text)[-600:])


async def _refused_elsewhere(crawl: Crawl, example: Example) -> None:
    """404 for each thing of the other branch in each place of this request, and for what never was."""
    path = _filled(example.at, crawl.own)
    for kind, _ in list(_spoilt(example.told, crawl.own, "")):
        for wrong in (crawl.foreign[kind], "999999999"):
            for spoilt_kind, told in _spoilt(example.told, crawl.own, wrong):
                if spoilt_kind != kind:
                    continue
                for agreed in (
                    {},
                    {"agreed": "yes"} if path.startswith(CONSOLE) else {},
                ):  # the question, and the act
                    status, text = await crawl.send(example.method, path, {**told, **agreed})
                    assert status == 404, (example.path, kind, told, status, text[:300])
    for kind in _OWN.findall(example.at):
        if kind in crawl.foreign:
            elsewhere = _filled(example.at, crawl.own | {kind: crawl.foreign[kind]})
            status, text = await crawl.send(example.method, elsewhere, _filled(example.told, crawl.own))
            assert status == 404, (elsewhere, status, text[:300])


async def test_no_route_of_the_table_is_left_out(crawl: Crawl) -> None:
    """A route that changes something has an example, and so has each act that its handler knows by `do`."""
    for method, path, handler, told in crawl.routes():
        if method == "get" or told.whole:
            continue
        if verb := verb_of(handler):
            at_verbs = {one.path for example in EXAMPLES if (one := at_its_verb(example))}
            elsewhere = {*PASSED_ELSEWHERE.get(verb.path, ()), *VERBS_PASSED_ELSEWHERE.get(verb.path, ())}
            assert path in at_verbs or verb.value in elsewhere, f"{path}: write an example of a request that passes"
            continue
        mine = [one for one in EXAMPLES if (one.method, one.path) == (method, path)]
        assert mine or path in PASSED_ELSEWHERE, f"{method} {path}: write an example of a request that passes"
        acts = _acts(handler) - PASSED_ELSEWHERE.get(path, set())
        assert acts <= {str(one.told.get("do", one.told.get("status"))) for one in mine}, (
            f"{path}: an example for each of {acts}"
        )


def _acts(handler: object) -> set[str]:
    """The words of `do` that the handler, or what it calls in its own file, tells apart by `case`."""
    module = inspect.getmodule(handler)
    assert module is not None and callable(handler)
    functions = {
        one.name: one for one in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(one, ast.AsyncFunctionDef)
    }
    seen, todo = set(), [handler.__name__]
    while todo:
        name = todo.pop()
        if name in functions and name not in seen:
            seen.add(name)
            calls = [one.func for one in ast.walk(functions[name]) if isinstance(one, ast.Call)]
            todo += [call.id for call in calls if isinstance(call, ast.Name)]
    cases = [one for name in seen for one in ast.walk(functions[name]) if isinstance(one, ast.MatchValue)]
    return {
        one.value.value for one in cases if isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
    }


async def test_whatever_else_is_written_into_any_field_nothing_of_another_branch_moves_or_shows(crawl: Crawl) -> None:
    """Fields nobody declared a reference: each field of each form with each thing of the other branch. No row of theirs changes."""
    if crawl.app.db.kind != "sqlite":
        pytest.skip("the locks are the same code on both; the forms above run on both")
    fields = {field for example in EXAMPLES for field in example.told} | {
        "branch",
        "contact",
        "invoice",
        "receipt",
        "ticket",
    }
    theirs = {int(one) for one in crawl.foreign.values() if one.isdigit() and len(one) > 3}
    for example in EXAMPLES:
        if example.path == "/console/logout" or not example.path.startswith(CONSOLE):
            continue
        before = await _rows(crawl.app, theirs)
        for wrong in crawl.foreign.values():
            told = _filled(example.told, crawl.own)
            for field in sorted(fields if wrong == crawl.foreign["account"] else told.keys() - {"do"}):
                _, text = await crawl.send(example.method, _filled(example.at, crawl.own), told | {field: wrong})
                assert "Achieng" not in text, (example.path, field, wrong)
        assert await _rows(crawl.app, theirs) == before, (example.path, "changed something of another branch")


async def _rows(app: App, ids: set[int]) -> dict[str, list[str]]:
    """Every row of every table that holds one of these ids."""
    found: dict[str, list[str]] = {}
    async with app.db.reading() as conn:
        for table in metadata.sorted_tables:
            columns = [one for one in table.c if isinstance(one.type, BigInteger) and not one.name.endswith("_minor")]
            if columns and table.name != "seal_due":  # ranges of postings, not what they name
                rows = (await conn.execute(select(table))).mappings()
                found[table.name] = sorted(
                    json.dumps(dict(row), default=str) for row in rows if any(row[one] in ids for one in columns)
                )
    return found


async def test_what_is_of_the_whole_house_is_not_for_a_branch(crawl: Crawl) -> None:
    """Files for the bank, the close of a day, usage files: refused in words, and not there where something is named."""
    whole = [(method, path) for method, path, _, told in crawl.routes() if told.whole]
    assert {"/console/mandates/files", "/console/mandates/files/{id}", "/console/usage"} <= {path for _, path in whole}
    for method, path in whole:
        status, _ = await crawl.send(method, _OWN.sub(crawl.own["debits"], path), {})
        assert status == (404 if "{" in path else 403), (method, path, status)
    for path in ("/console/mandates/files", f"/console/mandates/files/{crawl.own['debits']}", "/console/usage"):
        assert (await crawl.whole.get(path))[0] == 200, path
