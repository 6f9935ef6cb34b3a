"""The `hodi` command: the commands of the contract, each a few lines over the use case that does the work."""

import typer

from gateway.commands import (
    agencies,
    bench,
    bill,
    collections,
    data,
    demo,
    hooks,
    money,
    notices,
    outages,
    outbox,
    parked,
    people,
    rate,
    readings,
    serve,
    setup,
    spool,
    talk,
    usage,
)

app = typer.Typer(
    name="hodi",
    help="The self-service counter in every phone, with the billing house behind it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for room in (
    setup,
    demo,
    serve,
    rate,
    bill,
    collections,
    agencies,
    data,
    usage,
    money,
    notices,
    outages,
    outbox,
    parked,
    readings,
    spool,
    people,
    hooks,
    talk,
    bench,
):
    room.add_to(app)


def main() -> None:
    """Entry of the console script."""
    app()


if __name__ == "__main__":
    main()
