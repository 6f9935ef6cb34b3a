"""Who asks is believed only of our own proxies; half a request, odd bytes and a thousand fields keep nobody out and break nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from core.access import keys
from core.context import App
from core.db.engine import Database
from gateway import request_timeouts
from gateway.address import address, limited_by
from gateway.app import make_app
from gateway.app_keys import APP
from gateway.request_timeouts import Runner
from tests.gateway.conftest import Serve
from tests.ports import free_port


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    """One database will do here."""
    return sqlite_db


def behind(app: App, proxies: str) -> App:
    """The house, with these proxies before it."""
    return replace(app, settings=app.settings.model_copy(update={"trusted_proxies": proxies}))


@pytest.mark.parametrize(
    ("proxies", "told", "who"),
    [
        ("", {}, "127.0.0.1"),
        ("", {"X-Forwarded-For": "203.0.113.7"}, "127.0.0.1"),
        ("127.0.0.1", {}, "127.0.0.1"),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, "203.0.113.7"),
        ("127.0.0.0/8", {"X-Forwarded-For": "8.8.8.8, 203.0.113.7"}, "203.0.113.7"),
        ("127.0.0.1, 10.0.0.0/8", {"X-Forwarded-For": "8.8.8.8, 203.0.113.7, 10.1.2.3"}, "203.0.113.7"),
        ("127.0.0.1", {"X-Forwarded-For": "8.8.8.8, nonsense"}, "127.0.0.1"),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7:51234"}, "203.0.113.7"),
        ("127.0.0.1", {"X-Forwarded-For": "[2001:db8:1:2:3::9]:443"}, "2001:db8:1:2:3::9"),
        ("127.0.0.1", {"X-Forwarded-For": "::ffff:203.0.113.7"}, "203.0.113.7"),
        ("10.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, "127.0.0.1"),
    ],
)
async def test_who_asks_is_what_our_own_proxies_say(
    app: App, aiohttp_client: Serve, proxies: str, told: dict[str, str], who: str
) -> None:
    async def say(request: web.Request) -> web.Response:
        return web.json_response([str(address(request)), limited_by(request)])

    web_app = web.Application()
    web_app[APP] = behind(app, proxies)
    web_app.add_routes([web.get("/", say)])
    answer = await (await aiohttp_client(web_app)).get("/", headers=told)
    said, counted = await answer.json()
    assert said == who
    assert counted == ("2001:db8:1:2::/64" if ":" in who else who)


async def test_one_address_behind_a_proxy_never_locks_out_the_others(app: App, aiohttp_client: Serve) -> None:
    client = await aiohttp_client(make_app(behind(app, "127.0.0.1"), with_scheduler=False))

    async def tries(who: str, form: dict[str, str], path: str) -> int:
        answer = await client.post(path, data=form, headers={"X-Forwarded-For": who}, allow_redirects=False)
        return answer.status

    for path, form in (("/me/enter", {"phone": "0711 000111"}), ("/console/login", {"name": "a", "password": "b"})):
        flood = [await tries("203.0.113.7", form, path) for _ in range(30)]
        assert 429 in flood, path
        assert await tries("203.0.113.8", form, path) != 429, path


async def test_the_phone_page_is_not_for_whom_a_proxy_brings(app: App, aiohttp_client: Serve) -> None:
    shown = replace(app, settings=app.settings.model_copy(update={"phone_page": True}))
    client = await aiohttp_client(make_app(shown, with_scheduler=False))
    assert (await client.get("/phone")).status == 200
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert (await client.get("/phone", headers={name: "203.0.113.7"})).status == 403, name


async def test_the_counters_are_not_for_strangers(app: App, aiohttp_client: Serve) -> None:
    client = await aiohttp_client(make_app(app, with_scheduler=False))
    far = {"X-Forwarded-For": "203.0.113.7"}
    assert (await client.get("/metrics")).status == 200
    assert (await client.get("/metrics", headers=far)).status == 401
    async with app.db.writing() as conn:
        watcher, viewer = [await keys.create_key(conn, app, role) for role in ("watcher", "viewer")]
    for key, status in ((watcher, 200), (viewer, 403), ("nonsense", 401)):
        answer = await client.get("/metrics", headers={**far, "Authorization": f"Bearer {key}"})
        assert answer.status == status


@pytest.fixture
async def port(app: App) -> AsyncIterator[int]:
    """The whole gateway behind the runner that `hodi serve` uses."""
    runner = Runner(make_app(app, with_scheduler=False), access_log=None)
    await runner.setup()
    number = free_port()
    await web.TCPSite(runner, "127.0.0.1", number).start()
    yield number
    await runner.cleanup()


async def raw(port: int, sent: bytes) -> bytes:
    """What comes back until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: "])
async def test_half_a_head_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(request_timeouts, "HEAD_SECONDS", 0.2)
    assert await raw(port, sent) == b""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/me/enter", b"application/x-www-form-urlencoded"), ("/me/enter", b"multipart/form-data; boundary=b"),
        ("/quote", b"application/json"), ("/hooks/africastalking/test-hook-secret/ussd", b"application/x-www-form-urlencoded"),
        ("/hooks/payments/test-hook-secret/sandbox", b"application/json"),
    ],
)  # fmt: skip
async def test_half_a_body_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch, path: str, kind: bytes
) -> None:
    monkeypatch.setattr(request_timeouts, "LOOK_SECONDS", 0.2)
    head = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: 900\r\n\r\n--b\r\n"
    told = await raw(port, head % (path.encode(), kind))
    assert told.split(b" ")[1] == b"408", told
    assert b"connection: close" in told.lower()


async def test_a_slow_phone_that_keeps_sending_is_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_timeouts, "LOOK_SECONDS", 0.4)
    monkeypatch.setattr(request_timeouts, "BYTES_AT_LEAST", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b"phone=0711000111&padding=" + b"x" * 25
    writer.write(b"POST /me/enter HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n")
    writer.write(b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(body))
    for at in range(0, len(body), 5):
        writer.write(body[at : at + 5])
        await writer.drain()
        await asyncio.sleep(0.1)
    assert b"200" in (await reader.read()).split(b"\r\n")[0]
    writer.close()


ODD: tuple[tuple[str, bytes, bytes], ...] = (
    ("GET", b"/me", b"Cookie: hodi_me=\xff\xfe.1.x"),
    ("GET", b"/console", b"Cookie: hodi_console=" + b"\xff" * 43),
    ("POST", b"/console/logout", b"Cookie: hodi_console=" + b"\xff" * 43),
    ("GET", b"/chat", b"Cookie: hodi_chat=" + b"\xe9" * 43),
    ("POST", b"/me/enter", b"Origin: http://["),
    ("POST", b"/console/login", b"Origin: http://["),
    ("GET", b"/chat/socket", b"Origin: http://["),
    ("POST", b"/hooks/telegram", b"X-Telegram-Bot-Api-Secret-Token: \xff\xfe"),
    ("POST", b"/hooks/whatsapp", b"X-Hub-Signature-256: sha256=\xff"),
    ("POST", b"/hooks/payments/test-hook-secret/sandbox", b"Sandbox-Signature: t=1,v1=\xff"),
    ("POST", b"/hooks/payments/test-hook-secret/stripe", b"Stripe-Signature: t=\xff,v1=\xff"),
    ("POST", b"/hooks/payments/test-hook-secret/paystack", b"X-Paystack-Signature: \xff"),
    ("POST", b"/hooks/payments/test-hook-secret/flutterwave", b"verif-hash: \xff"),
    ("POST", b"/hooks/payments/test-hook-secret/gocardless", b"Webhook-Signature: \xff"),
    ("POST", b"/hooks/payments/\xff\xfe/sandbox", b"A: b"),
    ("GET", b"/tmf-api/customerManagement/v4/customer", b"Authorization: Bearer \xff\xfe"),
    ("POST", b"/tmf-api/prepayBalanceManagement/v4/topupBalance", b"Idempotency-Key: \xff"),
    ("GET", b"/", b"Accept-Language: \xff"),
)


@pytest.mark.parametrize(("method", "path", "header"), ODD, ids=range(len(ODD)))
async def test_bytes_that_are_no_text_are_refused_and_break_nothing(
    port: int, method: str, path: bytes, header: bytes
) -> None:
    body = b"" if method == "GET" else b"Content-Length: 2\r\nContent-Type: application/json\r\n"
    told = await raw(
        port,
        method.encode()
        + b" "
        + path
        + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        + header
        + b"\r\n"
        + body
        + b"\r\n"
        + (b"{}" if body else b""),
    )
    status = int(told.split(b" ")[1])
    assert status < 500, told
    assert status >= 400 or path in (b"/me", b"/console", b"/console/logout", b"/chat", b"/"), told


async def test_a_form_of_a_thousand_fields_is_refused(app: App, aiohttp_client: Serve) -> None:
    client = await aiohttp_client(make_app(app, with_scheduler=False))
    many: Any = {f"f{at}": "x" for at in range(400)}
    assert (await client.post("/me/enter", data=many)).status == 413
