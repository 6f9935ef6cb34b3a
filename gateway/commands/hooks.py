"""`hodi hooks`: the addresses to give to each provider that signs nothing, with the secret that is its own."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.run import told, with_house

if TYPE_CHECKING:
    from core.context import App


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command("hooks")(hooks)


@told
def hooks(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """The addresses that providers call. They hold secrets: keep what this prints as you keep a password."""

    async def run(app: "App") -> None:
        found = await _addresses(app)
        if as_json:
            typer.echo(json.dumps([{"provider": provider, "url": url} for provider, url in found]))
        for provider, url in [] if as_json else found:
            typer.echo(f"{provider:16} {url}")

    with_house(run)


async def _addresses(app: "App") -> list[tuple[str, str]]:
    """(provider, address) of each door whose path has a secret: of the channels that are open, and of the payment providers named."""
    import aiohttp

    from channels.contract import Tools
    from channels.registry import open_rows
    from core.config import hook_secrets as secrets
    from core.errors import Refused
    from core.message import Notice
    from core.payments.providers import callback_url

    async def nobody(_notice: Notice) -> bool:
        return False

    base, settings, payments = app.settings.public_url.rstrip("/"), app.settings, app.operator.payments
    found: list[tuple[str, str]] = []
    async with aiohttp.ClientSession() as http:
        doors = [door for channel in open_rows(Tools(settings, http, nobody)).values() for door in channel.doors]
    for door in doors:
        if "{secret}" in door.path:
            provider = door.path.split("/")[2]
            found.append((provider, base + door.path.replace("{secret}", secrets.secret_of(settings, provider))))
    names = {payments.mobile_push, payments.paylink, payments.mandates, *(["daraja"] if payments.paybill else [])} - {
        "sepa"
    }
    for name in sorted(names):
        try:
            found.append((name, callback_url(app, name)))
        except Refused:
            continue
    return found
