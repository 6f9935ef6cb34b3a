"""What a customer sent is a download for a clerk who may see her, and for nobody else."""

import pytest
from sqlalchemy import select

from core.audit.trail import audit
from core.care import media
from core.care.media import KIND, handler
from core.context import App
from core.db.engine import Database
from core.outbox.queue import OutboxRow
from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import World

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


async def a_file(app: App, contact_id: int, body: bytes | str, ref: str = "m1") -> int:
    async with app.db.writing() as conn:
        media_id = await media.expect(
            conn, app, channel="whatsapp", ref=ref, contact_id=contact_id, caption="<b>my meter</b>"
        )
        assert media_id is not None
        assert await media.expect(conn, app, channel="whatsapp", ref=ref, contact_id=contact_id) is None

    async def fetch(_channel: str, _ref: str, _largest: int) -> bytes | str | None:
        return body

    row = OutboxRow(1, "k", KIND, KIND, None, contact_id, None, media_id, {}, 1, False)
    assert (await handler(fetch)(app, row)).state == "sent"
    return media_id


async def test_a_clerk_downloads_it_and_the_look_is_noted(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    media_id = await a_file(world.app, world.nakuru.contact_id, PNG)
    text = await browser.get(f"/console/accounts/{world.nakuru.account_id}")
    link = f"/console/accounts/{world.nakuru.account_id}/files/{media_id}"
    assert link in text
    assert "&lt;b&gt;my meter" in text
    answer = await world.client.get(link)
    assert (answer.status, answer.content_type, await answer.read()) == (200, "image/png", PNG)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{media_id}.png"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    async with world.app.db.reading() as conn:
        actions = (await conn.execute(select(audit.c.action).where(audit.c.subject == f"media:{media_id}"))).scalars()
    assert list(actions) == ["media.seen"]


async def test_a_file_is_given_out_with_its_own_customer_only(world: World) -> None:
    await signed_in(world.client, world.app)
    media_id = await a_file(world.app, world.nakuru.contact_id, PNG)
    for account, file in (
        (world.kisumu.account_id, media_id),
        (world.nakuru.account_id, 99),
        (world.nakuru.account_id, "x"),
    ):
        assert (await world.client.get(f"/console/accounts/{account}/files/{file}")).status == 404


async def test_what_was_not_kept_is_told_and_not_given_out(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    for ref, body in (("m1", b"MZ program"), ("m2", "too_long"), ("m3", b"<svg onload=alert(1)>")):
        media_id = await a_file(world.app, world.nakuru.contact_id, body, ref)
        assert (await world.client.get(f"/console/accounts/{world.nakuru.account_id}/files/{media_id}")).status == 404
    text = await browser.get(f"/console/accounts/{world.nakuru.account_id}")
    assert "refused: type" in text
    assert "refused: too_long" in text
