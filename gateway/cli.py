"""The `hodi` command: the commands of the contract, each a few lines over the use case that does the work.

A command's file is imported when the command is called, and with it only what that command needs: `hodi --help` and `hodi quote` open no
database, so they load none. What the list says of each command stands here too, held equal to the commands by tests/gateway/commands.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


def _setup() -> tuple[Any, ...]:
    from gateway.commands import setup

    return (setup,)


def _demo() -> tuple[Any, ...]:
    from gateway.commands import demo

    return (demo,)


def _serve() -> tuple[Any, ...]:
    from gateway.commands import serve

    return (serve,)


def _rate() -> tuple[Any, ...]:
    from gateway.commands import rate

    return (rate,)


def _bill() -> tuple[Any, ...]:
    from gateway.commands import bill

    return (bill,)


def _data() -> tuple[Any, ...]:
    from gateway.commands import data

    return (data,)


def _notices() -> tuple[Any, ...]:
    from gateway.commands import notices

    return (notices,)


def _hooks() -> tuple[Any, ...]:
    from gateway.commands import hooks

    return (hooks,)


def _bench() -> tuple[Any, ...]:
    from gateway.commands import bench

    return (bench,)


def _collections_agencies() -> tuple[Any, ...]:
    from gateway.commands import agencies, collections

    return (
        collections,
        agencies,
    )


def _usage() -> tuple[Any, ...]:
    from gateway.commands import usage

    return (usage,)


def _money() -> tuple[Any, ...]:
    from gateway.commands import money

    return (money,)


def _outages() -> tuple[Any, ...]:
    from gateway.commands import outages

    return (outages,)


def _outbox() -> tuple[Any, ...]:
    from gateway.commands import outbox

    return (outbox,)


def _parked() -> tuple[Any, ...]:
    from gateway.commands import parked

    return (parked,)


def _readings() -> tuple[Any, ...]:
    from gateway.commands import readings

    return (readings,)


def _spool() -> tuple[Any, ...]:
    from gateway.commands import spool

    return (spool,)


def _people() -> tuple[Any, ...]:
    from gateway.commands import people

    return (people,)


def _talk() -> tuple[Any, ...]:
    from gateway.commands import talk

    return (talk,)


COMMANDS = {
    "init": (_setup, "An operator's folder to start from, with commented settings."),
    "demo": (_demo, "The main job on the embedded default."),
    "serve": (_serve, "Serve the gateway."),
    "schedule": (_serve, "The scheduler alone: it leads, or stands by until the leader is gone."),
    "quote": (_rate, "Price usage on a tariff, with the very code that bills."),
    "bill": (_bill, "Close the cycles due on a date. Again on the same date it does nothing."),
    "rebill": (_bill, "Put right the bills whose usage came late, as the daily job does. Only where `late_usage` says so."),
    "cycles": (_bill, "The periods of a service on an account of that bill day, each closing on it or on the month's last day."),
    "import": (_data, "Take a file of customers, meters, readings, usage, payments, settlements or a bank statement in. Again, it changes nothing."),
    "columns": (_data, "The columns of a file to import, each with its meaning and what a blank means."),
    "costs": (_notices, "What messages cost, by channel and category."),
    "hooks": (_hooks, "The addresses that providers call. They hold secrets: keep what this prints as you keep a password."),
    "bench": (_bench, "Measure, and print each figure's share of its limit: higher is better."),
    "db": (_setup, "The database: upgrade, backup, restore, verify."),
    "tariff": (_rate, "Tariff documents: check, explain."),
    "collections": (_collections_agencies, "Money that is late."),
    "usage": (_usage, "Usage files: what came, what is missing, what was rejected."),
    "balance": (_usage, "What customers have beforehand: bundles and prepaid money."),
    "money": (_money, "Days matched and closed, files for the bank and for finance."),
    "notices": (_notices, "The words of notices."),
    "airtime": (_notices, "Airtime orders without an answer."),
    "outage": (_outages, "Outages."),
    "outbox": (_outbox, "Messages that could not leave."),
    "parked": (_parked, "Months that nobody has billed yet."),
    "readings": (_readings, "Readings that wait for a person."),
    "spool": (_spool, "What was kept while the database was away, and could not be taken up."),
    "key": (_people, "API keys for machines."),
    "user": (_people, "People for the console."),
    "dialogs": (_talk, "The conversations: check, draw, try."),
}  # fmt: skip
"""Command -> what imports the files that make it, and its line in the list."""


class Commands(TyperGroup):
    """The commands of the table; each is built when it is called."""

    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; while the list is printed only its line."""
        if cmd_name not in COMMANDS:
            return None
        files, line = COMMANDS[cmd_name]
        return TyperCommand(cmd_name, help=line) if self._listing else built(files)[cmd_name]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The list, without loading a single command."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False


@cache
def built(files: Callable[[], tuple[Any, ...]]) -> dict[str, Any]:
    """The commands that these files make, by name."""
    scratch = typer.Typer()
    for file in files():
        file.add_to(scratch)
    return dict(typer.main.get_group(scratch).commands)


app = typer.Typer(
    name="hodi",
    cls=Commands,
    help="The self-service counter in every phone, with the billing house behind it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _hodi() -> None:
    """Makes a group of the table: a Typer without a command of its own would be none."""


def main() -> None:
    """Entry of the console script."""
    app()


if __name__ == "__main__":
    main()
