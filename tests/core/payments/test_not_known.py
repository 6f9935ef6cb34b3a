"""Only a provider that does not know a payment says that it never was; any other no leaves it unknown, and is asked again."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.payments.providers.contract import Queried, StatusQuery, Unanswered
from core.payments.providers.flutterwave import Flutterwave
from core.payments.providers.paystack import Paystack

ASKED = StatusQuery("card", "link:7", None, 1_500_00, "NGN", datetime(2026, 3, 1, tzinfo=UTC))
Answer = Callable[[int, str], Awaitable[str]]


@pytest.fixture
async def says() -> Any:
    """Starts a provider that answers every question with this status and message; its address."""
    servers: list[TestServer] = []

    async def start(status: int, message: str) -> str:
        async def handle(_request: web.Request) -> web.Response:
            return web.json_response({"status": False, "message": message}, status=status)

        app = web.Application()
        app.router.add_get("/{path:.*}", handle)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return str(servers[-1].make_url("")).rstrip("/")

    yield start
    for server in servers:
        await server.close()


UNKNOWN = (404, ""), (400, "Transaction reference not found."), (400, "No transaction was found for this id")
REFUSED = (403, "This IP is not allowed"), (400, "Invalid key"), (422, "Unprocessable")


@pytest.mark.parametrize(("status", "message"), UNKNOWN)
async def test_who_does_not_know_it_says_that_it_never_was(says: Answer, status: int, message: str) -> None:
    url = await says(status, message)
    for till in (Paystack(url, "sk", "a@b.ke"), Flutterwave(url, "sk", "hash", "a@b.ke")):
        assert await till.query(ASKED) == Queried("missing")


@pytest.mark.parametrize(("status", "message"), REFUSED)
async def test_any_other_no_says_nothing_of_the_payment(says: Answer, status: int, message: str) -> None:
    url = await says(status, message)
    for till in (Paystack(url, "sk", "a@b.ke"), Flutterwave(url, "sk", "hash", "a@b.ke")):
        assert isinstance(await till.query(ASKED), Unanswered)
