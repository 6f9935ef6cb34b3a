"""Health, readiness, counters, the description of all routes, and the headers on everything."""

from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from core.context import App
from core.outbox.queue import enqueue
from gateway.admin.auth import API, CONSOLE
from gateway.admin.described import description
from gateway.admin.openapi import all_routes, document
from gateway.app import make_app
from gateway.app_keys import CHECKS
from tests.gateway.conftest import Serve, World, ops_app


async def test_alive_asks_nothing_and_ready_asks_the_database(world: World) -> None:
    assert (await world.client.get("/healthz")).status == 200
    answer = await world.client.get("/readyz")
    assert (answer.status, await answer.json()) == (200, {"status": "ok", "checks": {"database": "ok", "outbox": "ok"}})


async def test_ready_names_what_does_not_answer_and_tells_no_more(app: App, aiohttp_client: Serve) -> None:
    async def broken() -> None:
        raise RuntimeError("redis://user:secret@host refused")

    web_app = ops_app(app)
    web_app[CHECKS] = {"sessions": broken}
    answer = await (await aiohttp_client(web_app)).get("/readyz")
    assert answer.status == 503
    assert (await answer.json())["checks"] == {"database": "ok", "outbox": "ok", "sessions": "failed"}
    assert "secret" not in await answer.text()


async def test_ready_tells_a_backlog_and_still_takes_requests(app: App, aiohttp_client: Serve) -> None:
    async def waits() -> str:
        return "12 waiting"

    web_app, now = ops_app(app), app.clock.now()
    web_app[CHECKS] = {"spool": waits}
    async with app.db.writing() as conn:
        for key, at in (("k", now - timedelta(minutes=25)), ("night", now + timedelta(hours=9))):
            await enqueue(conn, app, key=key, kind="reply", template="reply.text", not_before=at)
    answer = await (await aiohttp_client(web_app)).get("/readyz")
    told = {"database": "ok", "outbox": "the oldest message has been due for 25 minutes", "spool": "12 waiting"}
    assert (answer.status, (await answer.json())["checks"]) == (200, told)


async def test_the_counters_tell_where_sessions_are_kept_and_what_the_spool_holds(world: World) -> None:
    text = await (await world.client.get("/metrics")).text()
    assert "hodi_sessions_redis_up" in text
    assert "hodi_spool_waiting" in text


async def test_the_counters_count_by_route_and_never_by_id(world: World) -> None:
    await world.get(f"/tmf-api/customerBillManagement/v4/customerBill/{world.nakuru.invoice_id}")
    text = await (await world.client.get("/metrics")).text()
    assert 'route="/tmf-api/customerBillManagement/v4/customerBill/{id}",status="200"' in text
    assert str(world.nakuru.invoice_id) not in text
    assert 'hodi_outbox_rows{state="dead"} 0.0' in text


async def test_every_route_is_described(world: World) -> None:
    told = await (await world.client.get("/openapi.json")).json()
    for path, method, _ in all_routes(world.client.app):
        assert told["paths"][path][method]["summary"], path


async def test_every_route_of_the_whole_gateway_is_described_and_guarded(app: App) -> None:
    whole = replace(app, settings=app.settings.model_copy(update={"phone_page": True}))
    web_app = make_app(whole, with_scheduler=False)
    told = document(web_app)
    for path, method, handler in all_routes(web_app):
        assert told["paths"][path][method]["summary"], path
        assert description(handler) or not path.startswith((API, CONSOLE)), path
    assert {"/phone", "/chat/socket", "/b/{token}.pdf", "/p/{token}", "/console", "/quote"} <= set(told["paths"])


async def test_every_reference_of_the_description_leads_somewhere(app: App) -> None:
    told = document(ops_app(app))

    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            here = [value["$ref"]] if "$ref" in value else []
            return here + [found for part in value.values() for found in references(part)]
        return [found for part in value for found in references(part)] if isinstance(value, list) else []

    names = {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
    assert set(references(told)) <= names
    assert len(names) > 5


async def test_every_route_of_the_ops_side_carries_a_permission(app: App) -> None:
    silent = [
        f"{method} {path}"
        for path, method, handler in all_routes(ops_app(app))
        if path.startswith((API, CONSOLE)) and description(handler) is None
    ]
    assert silent == []


async def test_a_route_that_forgot_its_permission_is_refused(app: App, aiohttp_client: Serve, world: World) -> None:
    async def forgotten(_request: web.Request) -> web.Response:
        return web.Response(text="everything")

    web_app = ops_app(app)
    web_app.router.add_get("/tmf-api/forgotten/v4/thing", forgotten)
    client = await aiohttp_client(web_app)
    answer = await client.get("/tmf-api/forgotten/v4/thing", headers={"Authorization": f"Bearer {world.admin_key}"})
    assert answer.status == 403


async def test_a_bug_is_told_with_a_reference_and_without_its_words(
    app: App, aiohttp_client: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    async def buggy(_request: web.Request) -> web.Response:
        raise RuntimeError("customer 42 has PIN 1234")

    web_app = ops_app(app)
    web_app.router.add_get("/buggy", buggy)
    answer = await (await aiohttp_client(web_app)).get("/buggy")
    assert answer.status == 500
    assert "1234" not in await answer.text()
    logged = capsys.readouterr().out
    assert "RuntimeError" in logged
    assert "PIN 1234" not in logged
    assert "if you call us" in await answer.text()


async def test_every_answer_carries_the_headers_that_keep_a_browser_honest(world: World) -> None:
    for path in ("/healthz", "/nothing", "/tmf-api/x", "/metrics"):
        answer = await world.client.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
