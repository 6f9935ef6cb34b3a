"""`hodi key` and `hodi user`: who may use the ops side, and the end of it. Every change is audited with who did it and why."""

import getpass
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.run import out, told, with_house

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from core.context import App

key = typer.Typer(help="API keys for machines.", no_args_is_help=True)
user = typer.Typer(help="People for the console.", no_args_is_help=True)
Role = Annotated[str, typer.Option("--role", help="What they may do: admin, finance, clerk, viewer ...")]
Branch = Annotated[str | None, typer.Option("--branch", help="Only this branch's customers.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the audit.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(key, name="key")
    app.add_typer(user, name="user")


@key.command("create")
@told
def create_key(role: Role, branch: Branch = None) -> None:
    """Make an API key. It is shown once and stored hashed."""
    from core.access import keys

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            await _a_branch(conn, branch, yet=True)
            made = await keys.create_key(conn, app, role, branch, actor=_me())
        typer.echo(made)

    with_house(run)


@key.command("list")
@told
def list_keys(as_json: Json = False) -> None:
    """All keys by their prefix, the newest first; never what is secret of them."""
    from core.access import keys

    async def run(app: "App") -> None:
        async with app.db.reading() as conn:
            found = await keys.keys(conn)
        now = app.clock.now()
        rows = [
            {
                "key": one.prefix,
                "role": one.role,
                "branch": one.branch or "",
                "created": one.created_at.isoformat(),
                "state": "valid"
                if one.revoked_at is None
                else "revoked"
                if one.revoked_at <= now
                else f"until {one.revoked_at.isoformat()}",
            }
            for one in found
        ]
        _show(rows, as_json, "No key was made yet.")

    with_house(run)


@key.command("revoke")
@told
def revoke_key(prefix: str, why: Why = "") -> None:
    """End a key for good, from its next request. PREFIX is what `hodi key list` shows; the whole key does as well."""
    from core.access import keys
    from core.errors import Refused

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            if not await keys.revoke_key(conn, app, _prefix(prefix), _me(), why):
                raise Refused("access.key", status=404, prefix=_prefix(prefix)[:20])
        out.print(f"The key {_prefix(prefix)} is revoked.", highlight=False)

    with_house(run)


@key.command("rotate")
@told
def rotate_key(
    prefix: str,
    keep_hours: Annotated[
        int, typer.Option("--keep-hours", min=0, max=24 * 90, help="The old one stays valid so long.")
    ] = 0,
    why: Why = "",
) -> None:
    """A new key of the same role and branch in place of an old one, which ends at once or after `--keep-hours`."""
    from core.access import keys

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            keep = timedelta(hours=keep_hours)
            made = await keys.rotate_key(conn, app, _prefix(prefix), _me(), keep=keep, why=why)
        typer.echo(made)

    with_house(run)


@user.command("create")
@told
def create_user(name: str, role: Role, branch: Branch = None) -> None:
    """Make a person for the console; asks for the password. The first admin comes so."""
    from core.access import staff

    password = _password()

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            await _a_branch(conn, branch, yet=True)
            await staff.create_staff(conn, app, name, role, password, branch=branch, actor=_me())
        out.print(f"{name} may sign in at /console.", highlight=False)

    with_house(run)


@user.command("list")
@told
def list_users(as_json: Json = False) -> None:
    """Everybody who has a name for the console."""
    from core.access import people

    async def run(app: "App") -> None:
        async with app.db.reading() as conn:
            found = await people.people(conn)
        now = app.clock.now()
        rows = [
            {
                "name": one.name,
                "role": one.role,
                "branch": one.branch or "",
                "created": one.created_at.isoformat(),
                "state": "disabled"
                if one.disabled_at
                else "locked"
                if one.locked_until and one.locked_until > now
                else "active",
            }
            for one in found
        ]
        _show(rows, as_json, "Nobody yet: hodi user create NAME --role admin")

    with_house(run)


@user.command("disable")
@told
def disable(name: str, why: Why = "") -> None:
    """This person may do nothing from the next request on; every sitting of theirs ends. The last admin stays."""
    from core.access import people

    _change(lambda conn, app: people.disable(conn, app, name, actor=_me(), why=why), f"{name} is disabled.")


@user.command("enable")
@told
def enable(name: str, why: Why = "") -> None:
    """Let a disabled person in again, with the password and role there was."""
    from core.access import people

    _change(lambda conn, app: people.enable(conn, app, name, actor=_me(), why=why), f"{name} may sign in again.")


@user.command("reset")
@told
def reset(name: str, why: Why = "") -> None:
    """A new password, which is asked for; ends a lock, and every sitting of theirs."""
    from core.access import people

    password = _password()
    _change(
        lambda conn, app: people.reset(conn, app, name, password, actor=_me(), why=why),
        f"{name} has a new password.",
    )


@user.command("role")
@told
def role(
    name: str,
    role: Annotated[str | None, typer.Argument(help="What they may do from now on.")] = None,
    role_option: Annotated[str | None, typer.Option("--role", help="The same.")] = None,
    branch: Branch = None,
    whole_house: Annotated[bool, typer.Option("--whole-house", help="Of no branch any more.")] = False,
    why: Why = "",
) -> None:
    """Another role or branch from the next request on; every sitting of theirs ends. What is not named stays."""
    from core.access import people

    wanted = role or role_option
    if wanted is None and branch is None and not whole_house:
        raise typer.BadParameter("say the role, --branch or --whole-house")

    async def change(conn: "AsyncConnection", app: "App") -> None:
        await _a_branch(conn, branch)
        before = await people.person(conn, name)
        there = None if whole_house else branch or before.branch
        await people.change_role(conn, app, name, wanted or before.role, there, actor=_me(), why=why)

    _change(change, f"{name} has another role.")


def _change(change: Callable[["AsyncConnection", "App"], Awaitable[None]], done: str) -> None:
    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            await change(conn, app)
        out.print(done, highlight=False)

    with_house(run)


def _show(rows: list[dict[str, str]], as_json: bool, none: str) -> None:
    if as_json:
        typer.echo(json.dumps(rows))
        return
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in rows[0]} if rows else {}
    for row in [dict(zip(widths, widths, strict=True)), *rows] if rows else []:
        typer.echo("  ".join(f"{row[name]:{width}}" for name, width in widths.items()).rstrip())
    if not rows:
        typer.echo(none)


def _password() -> str:
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _prefix(text: str) -> str:
    """The part of a key that lists show, also of a whole one."""
    return text.removeprefix("hodi_").partition("_")[0]


def _me() -> str:
    """Who sits at this machine, for the audit."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli:unknown"


async def _a_branch(conn: "AsyncConnection", code: str | None, *, yet: bool = False) -> None:
    """`Refused` for a branch that does not exist: whoever belongs to it would see nothing. `yet`: it may still come, but it is said."""
    from core.errors import Refused
    from core.overview.branches import branches

    known = [one.code for one in await branches(conn)]
    if code is None or code in known:
        return
    why = Refused("access.branch", branch=code[:40], branches=", ".join(known) or "-")
    if not yet:
        raise why
    typer.echo(f"Until there is such a branch, nothing can be seen with this. {why.sentence()}", err=True)


@user.callback()
def _users() -> None:
    """People for the console."""


@key.callback()
def _keys() -> None:
    """API keys for machines."""
