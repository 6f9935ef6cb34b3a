"""`hodi key create` and `hodi user create`: who may use the ops side."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.run import out, told, with_house

if TYPE_CHECKING:
    from core.house import House

key = typer.Typer(help="API keys for machines.", no_args_is_help=True)
user = typer.Typer(help="People for the console.", no_args_is_help=True)
Role = Annotated[str, typer.Option("--role", help="What they may do: admin, finance, clerk, viewer ...")]
Branch = Annotated[str | None, typer.Option("--branch", help="Only this branch's customers.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(key, name="key")
    app.add_typer(user, name="user")


@key.command("create")
@told
def create_key(role: Role, branch: Branch = None) -> None:
    """Make an API key. It is shown once and stored hashed."""
    from core.access import keys

    async def run(house: "House") -> None:
        async with house.db.writing() as conn:
            made = await keys.create_key(conn, house, role, branch)
        typer.echo(made)

    with_house(run)


@user.command("create")
@told
def create_user(name: str, role: Role, branch: Branch = None) -> None:
    """Make a person for the console; asks for the password. The first admin comes so."""
    from core.access import staff

    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)

    async def run(house: "House") -> None:
        async with house.db.writing() as conn:
            await staff.create_staff(conn, house, name, role, password, branch=branch)
        out.print(f"{name} may sign in at /console.", highlight=False)

    with_house(run)


@user.callback()
def _users() -> None:
    """People for the console."""


@key.callback()
def _keys() -> None:
    """API keys for machines."""
