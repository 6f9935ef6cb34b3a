"""The secret in a provider's address is its own: learnt from one, it opens no other; two are valid while it is changed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.clock import SetClock
from core.config import hook_secrets
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from gateway.admin.openapi import all_routes
from gateway.app import make_app
from tests.gateway.conftest import Client, Serve

Gateway = Callable[..., Awaitable[Client]]
OLD, NEW, LATER = "test-hook-secret", "another-hook-secret", "a-third-hook-secret"


@pytest.fixture
async def served(
    sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings, aiohttp_client: Serve, tmp_path: Path
) -> AsyncIterator[Gateway]:
    """A gateway with some settings changed."""

    async def serve(**changed: object) -> Client:
        mine = settings.model_copy(
            update={
                "sessions_path": str(tmp_path / f"s{len(changed)}.db"),
                "spool_path": str(tmp_path / "spool"),
                **changed,
            }
        )
        return await aiohttp_client(make_app(App(clock, operator, sqlite_db, mine, follow), with_scheduler=False))

    yield serve


async def ussd(client: Client, secret: str) -> int:
    form = {"sessionId": secret, "phoneNumber": "+254712345678", "serviceCode": "*384#", "text": ""}
    return (await client.post(f"/hooks/africastalking/{secret}/ussd", data=form)).status


async def paybill(client: Client, secret: str, provider: str = "daraja/validation") -> int:
    return (await client.post(f"/hooks/payments/{secret}/{provider}", json={})).status


def of(secret: str, provider: str) -> str:
    return hook_secrets.secret_of(Settings.model_validate({"hook_secret": secret}), provider)


async def test_the_secret_of_one_provider_opens_no_other(served: Gateway) -> None:
    client = await served(hook_shared=False)
    assert await ussd(client, of(OLD, "africastalking")) == 200
    assert await ussd(client, of(OLD, "daraja")) == 403
    assert await paybill(client, of(OLD, "africastalking")) == 403
    assert await paybill(client, of(OLD, "daraja")) != 403
    assert await paybill(client, of(OLD, "daraja"), "sandbox") == 403


async def test_the_shared_one_opens_until_it_is_shut(served: Gateway) -> None:
    client = await served()
    assert (await ussd(client, OLD), await paybill(client, OLD) != 403) == (200, True)
    shut = await served(hook_shared=False)
    assert (await ussd(shut, OLD), await paybill(shut, OLD)) == (403, 403)


async def test_while_it_is_changed_the_one_before_opens_as_well_and_no_older(served: Gateway) -> None:
    client = await served(hook_shared=False, hook_secret=SecretStr(NEW), hook_secret_before=SecretStr(OLD))
    for secret, status in ((NEW, 200), (OLD, 200), (LATER, 403)):
        assert await ussd(client, of(secret, "africastalking")) == status
    done = await served(hook_shared=False, hook_secret=SecretStr(NEW))
    assert await ussd(done, of(OLD, "africastalking")) == 403


async def test_a_house_without_a_secret_lets_nobody_in(served: Gateway) -> None:
    client = await served(hook_secret=SecretStr(""))
    assert await ussd(client, of("", "africastalking")) == 403


async def test_every_address_with_a_secret_asks_for_it(served: Gateway) -> None:
    """Learnt from the route table: a provider of tomorrow is asked too."""
    client = await served(
        africastalking_api_key=SecretStr("k"),
        kannel_username="k",
        kannel_password=SecretStr("k"),
        smtp_url=SecretStr("smtp://x"),
        email_sender="a@example.org",
    )
    found = [(method, path) for path, method, _ in all_routes(client.server.app) if "{secret}" in path]
    assert len(found) > 8
    for method, path in found:
        wrong = (
            path.replace("{secret}", of(OLD, "nobody"))
            .replace("{provider}/{topic}", "daraja/stk")
            .replace("{provider}", "sandbox")
        )
        assert (await client.request(method, wrong, data=b"x")).status == 403, (method, path)
