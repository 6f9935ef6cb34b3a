"""`hodi money`: a day matched and closed, the summary for the finance system, files of direct debits, the paybill's addresses.

Also the files of money that `hodi import` takes: bank statements, providers' settlements, payments taken elsewhere.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from core.errors import BadInput
from core.outcome import Refusal
from gateway.commands.bill import day_of
from gateway.commands.run import fail, notation, out, show_json, told, with_house

if TYPE_CHECKING:
    from core.context import App
    from core.payments.named_rows import Ways

KINDS = ("statement", "settlements", "payments")
"""What `hodi import` hands over to this room."""
money = typer.Typer(help="Days matched and closed, files for the bank and for finance.", no_args_is_help=True)
Day = Annotated[str, typer.Argument(help="The day, such as 2026-03-31.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
ACTOR = "job:command"


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(money, name="money")


def bring_in(
    kind: str,
    file: Path,
    column: Mapping[str, str],
    fill: Mapping[str, str],
    dates: str | None = None,
    decimal: str | None = None,
) -> None:
    """Take a file of money in; the same file again changes nothing."""
    if not file.is_file():
        raise BadInput(str(file), "there is no such file.", "Check its name and folder.")
    provider = fill.get("provider", "agent" if kind == "payments" else "")
    if kind == "settlements" and not provider:
        raise BadInput(str(file), "is whose report?", "Say so: --fill provider=stripe.")
    if kind == "statement" and (column or fill or dates):
        raise BadInput(str(file), "is the bank's, in a format of its own.", "Leave out --column, --fill and --dates.")

    writes = notation(decimal)
    if decimal is not None and kind == "statement":
        raise BadInput("--decimal", "is not for statements.", "camt.053 and MT940 say how they write. Leave it out.")

    async def run(app: "App") -> None:
        from core.payments.named_rows import Ways

        ways = Ways(column, fill, dates, writes)
        match kind:
            case "statement":
                await _statement(app, file)
            case "settlements":
                await _settlements(app, file, provider, ways)
            case _:
                await _payments(app, file, provider, ways)

    with_house(run)


async def _statement(app: "App", file: Path) -> None:
    from core.journeys import bank_statement

    done = await bank_statement.bring_in(app, file)
    words = ", ".join(f"{count} {state}" for state, count in sorted(done.told.items())) or "none"
    out.print(
        f"{done.statements} statements: {done.new:,} entries new, {done.known:,} there already, {done.refusals} refusals. "
        f"What they said: {words}.",
        highlight=False,
    )
    for sentence in done.doubts:
        out.print(f"  nobody's until somebody looks: {sentence}", markup=False, highlight=False, soft_wrap=True)
    for sentence in done.otherwise:
        out.print(f"  {sentence}", markup=False, highlight=False, soft_wrap=True)
    if done.otherwise:
        raise typer.Exit(1)


async def _settlements(app: "App", file: Path, provider: str, ways: "Ways") -> None:
    from core.payments.reconcile import report

    done = await report.bring_in(app, file, provider, ways=ways)
    left = f", {done.left_out:,} no transactions" if done.left_out else ""
    _rejected(f"{done.new:,} lines of {provider} new, {done.known:,} there already{left}", done.rejected)


async def _payments(app: "App", file: Path, provider: str, ways: "Ways") -> None:
    from core.payments import payments_file

    done = await payments_file.bring_in(app, file, provider, ways=ways)
    _rejected(f"{done.new:,} payments of {provider} new, {done.known:,} there already", done.rejected)


def _rejected(words: str, rejected: tuple[tuple[int, str], ...]) -> None:
    out.print(f"{words}, {len(rejected):,} rejected.", highlight=False)
    for row, reason in rejected[:10]:
        out.print(f"  row {row}: {reason}", markup=False, highlight=False, soft_wrap=True)
    if rejected:
        raise typer.Exit(1)


@money.command("day")
@told
def day(
    on: Day, close: Annotated[bool, typer.Option(help="Close the day as well.")] = False, as_json: Json = False
) -> None:
    """Match a day three ways: ours, the providers', the bank's; with --close, close it if nothing is unexplained."""
    the_day = day_of(on)

    async def run(app: "App") -> None:
        from dataclasses import asdict

        from core.payments.reconcile import close as closing
        from core.payments.reconcile import queries
        from core.payments.reconcile import run as matching

        async with app.db.writing() as conn:
            await matching.run(conn, app, the_day)
            if close:
                await closing.close(conn, app, the_day, actor=ACTOR)
            channels = await closing.channels(conn, the_day)
            found = await queries.of_day(conn, the_day)
        if as_json:
            show_json(
                {"channels": [asdict(one) for one in channels], "differences": [_difference(row) for row in found]}
            )
            return
        table = Table("branch", "by", "received", "taken back", "reported", "fees", "late", "unexplained")
        for one in channels:
            amounts = (one.received, one.taken_back, one.reported, one.fees, one.late, one.unexplained)
            table.add_row(one.branch, one.provider, *(_show(minor, app) for minor in amounts))
        out.print(table)
        for row in found:
            out.print(
                f"{row.state}: {row.kind} {row.provider} {row.about} {_show(row.amount_minor, app)} {row.note or ''}".rstrip(),
                markup=False,
                soft_wrap=True,
            )

    with_house(run)


def _show(minor: int, app: "App") -> str:
    from core.money import show

    return show(minor, app.currency)


def _difference(row: object) -> dict[str, object]:
    names = ("kind", "provider", "about", "amount_minor", "state", "note")
    return {name: getattr(row, name) for name in names}


@money.command("summary")
@told
def summary(on: Day, as_json: Json = False) -> None:
    """The numbered summary of a day for the finance system, as CSV or JSON; the same again when it was made before."""
    the_day = day_of(on)

    async def run(app: "App") -> None:
        from core.payments.reconcile import general_ledger

        async with app.db.writing() as conn:
            made = await general_ledger.summarise(conn, app, the_day)
        if as_json:
            show_json([general_ledger.as_json(one) for one in made])
        else:
            typer.echo(general_ledger.as_csv(made), nl=False)

    with_house(run)


@money.command("debits")
@told
def debits(
    file: Annotated[Path, typer.Argument(help="Where to put the file for the bank; must not exist yet.")],
) -> None:
    """Make the next file of SEPA direct debits (pain.008) and keep a copy."""
    if file.exists():
        raise BadInput(str(file), "exists already.", "A file of debits is never written over: choose another name.")

    made: list[str] = []

    async def run(app: "App") -> None:
        from core.payments.bank import debit_files

        file_id = await debit_files.make(app, actor=ACTOR)
        if file_id is not None:
            async with app.db.writing() as conn:
                made.append(await debit_files.body(conn, app, file_id, actor=ACTOR))

    with_house(run)
    for body in made:
        file.write_text(body, "utf-8")
    out.print(f"{file} is ready for the bank." if made else "No direct debit waits to be handed in.", highlight=False)


@money.command("register-paybill")
@told
def register() -> None:
    """Tell Safaricom where to ask about paybill payments and where to tell of them."""

    async def run(app: "App") -> None:
        from core.payments.providers import callback_url, daraja
        from core.payments.providers.contract import Begun

        said = await daraja.opened(app).register(callback_url(app, "daraja"))
        if isinstance(said, Begun):
            out.print(f"Payments to {app.settings.daraja_shortcode} are asked about and told of here.", highlight=False)
            return
        why = said.reason if isinstance(said, Refusal) else said.why
        raise fail(f"Safaricom did not register the addresses: {why}. Check HODI_DARAJA_* and HODI_PUBLIC_URL.")

    with_house(run)


@money.command("pull-paybill")
@told
def pull() -> None:
    """Compare what Safaricom lists of the last hours with what we were told, now."""

    async def run(app: "App") -> None:
        from core.payments import doors as payment_doors

        found = await payment_doors.pull(app)
        words = ", ".join(f"{count} {state}" for state, count in sorted(found.items())) or "nothing new"
        out.print(f"Pulled: {words}.", highlight=False)

    with_house(run)
