"""The `hodi` command: the commands of the contract, each a few lines over the use case that does the work.

A command's file is imported when the command is called, and with it only what that command needs: `hodi --help` and `hodi quote` open no
database, so they load none. What the list says of each command stands here too, held equal to the commands by tests/gateway/commands.
"""

from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS = {
    "init": (("gateway.commands.setup",), "An operator's folder to start from, with commented settings."),
    "demo": (("gateway.commands.demo",), "The main job on the embedded default."),
    "serve": (("gateway.commands.serve",), "Serve the gateway."),
    "schedule": (("gateway.commands.serve",), "The scheduler alone: it leads, or stands by until the leader is gone."),
    "quote": (("gateway.commands.rate",), "Price usage on a tariff, with the very code that bills."),
    "bill": (("gateway.commands.bill",), "Close the cycles due on a date. Again on the same date it does nothing."),
    "rebill": (("gateway.commands.bill",), "Put right the bills whose usage came late, as the daily job does. Only where `late_usage` says so."),
    "cycles": (("gateway.commands.bill",), "The periods of a service on an account of that bill day, each closing on it or on the month's last day."),
    "import": (("gateway.commands.data",), "Take a file of customers, meters, readings, usage, payments, settlements or a bank statement in. Again, it changes nothing."),
    "columns": (("gateway.commands.data",), "The columns of a file to import, each with its meaning and what a blank means."),
    "costs": (("gateway.commands.notices",), "What messages cost, by channel and category."),
    "hooks": (("gateway.commands.hooks",), "The addresses that providers call. They hold secrets: keep what this prints as you keep a password."),
    "bench": (("gateway.commands.bench",), "Measure, and print each figure's share of its limit: higher is better."),
    "db": (("gateway.commands.setup",), "The database: upgrade, backup, restore, verify."),
    "tariff": (("gateway.commands.rate",), "Tariff documents: check, explain."),
    "collections": (("gateway.commands.collections", "gateway.commands.agencies"), "Money that is late."),
    "usage": (("gateway.commands.usage",), "Usage files: what came, what is missing, what was rejected."),
    "balance": (("gateway.commands.usage",), "What customers have beforehand: bundles and prepaid money."),
    "money": (("gateway.commands.money",), "Days matched and closed, files for the bank and for finance."),
    "notices": (("gateway.commands.notices",), "The words of notices."),
    "airtime": (("gateway.commands.notices",), "Airtime orders without an answer."),
    "outage": (("gateway.commands.outages",), "Outages."),
    "outbox": (("gateway.commands.outbox",), "Messages that could not leave."),
    "parked": (("gateway.commands.parked",), "Months that nobody has billed yet."),
    "readings": (("gateway.commands.readings",), "Readings that wait for a person."),
    "spool": (("gateway.commands.spool",), "What was kept while the database was away, and could not be taken up."),
    "key": (("gateway.commands.people",), "API keys for machines."),
    "user": (("gateway.commands.people",), "People for the console."),
    "dialogs": (("gateway.commands.talk",), "The conversations: check, draw, try."),
}  # fmt: skip
"""Command -> the files that make it, and its line in the list."""


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
        modules, line = COMMANDS[cmd_name]
        return TyperCommand(cmd_name, help=line) if self._listing else built(modules)[cmd_name]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The list, without loading a single command."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False


@cache
def built(modules: tuple[str, ...]) -> dict[str, Any]:
    """The commands that these files make, by name."""
    scratch = typer.Typer()
    for name in modules:
        import_module(name).add_to(scratch)
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
