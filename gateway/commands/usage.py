"""`hodi usage` watches over what comes in; `hodi balance` shows and fills what customers have beforehand."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from gateway.commands.bill import day_of
from gateway.commands.run import err, fail, notation, out, show_json, told, with_house

if TYPE_CHECKING:
    from core.context import App

usage = typer.Typer(help="Usage files: what came, what is missing, what was rejected.", no_args_is_help=True)
balance = typer.Typer(help="What customers have beforehand: bundles and prepaid money.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
SourceName = Annotated[str | None, typer.Option("--source", help="Only this source.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(usage, name="usage")
    app.add_typer(balance, name="balance")


@usage.command("files")
@told
def files(source: SourceName = None, as_json: Json = False) -> None:
    """The last files: records, and what became of each; numbers that a source left out."""
    from core.metering import queries
    from core.metering.vee import gaps

    async def run(app: "App") -> None:
        async with app.db.reading() as conn:
            rows = await queries.files(conn, source=source)
            missing = gaps.told(await gaps.missing_files(conn))
        if as_json:
            show_json({"files": [_file(row) for row in rows], "missing": missing})
            return
        table = Table(box=None)
        table.add_column("source and file", min_width=18, overflow="fold")
        for heading in HEADINGS:
            table.add_column(heading, justify="right")
        table.add_column("state")
        for row in rows:
            counts = (f"{getattr(row, name):,}" for name in COUNTS)
            table.add_row(f"{row.source} {row.name}", *counts, row.problem or row.state)
        out.print(table)
        for sentence in missing:
            err.print(f"{sentence}.", style="red", highlight=False)

    with_house(run)


HEADINGS = ("all", "new", "known", "other", "bad", "again", "left")
"""All records, of which new, there already, revised, rejected, recycled, and left out as not usage."""
COUNTS = ("rows", "accepted", "duplicates", "revised", "rejected", "recycled", "filtered")


def _file(row: object) -> dict[str, object]:
    names = ("name", "source", "kind", "digest", "sequence", "declared", "state", "problem", *COUNTS)
    return {"id": str(getattr(row, "id", "")), **{name: getattr(row, name) for name in names}}


@usage.command("recycle")
@told
def recycle(
    source: SourceName = None,
    file: Annotated[int | None, typer.Option("--file", help="Only the rejects of this file (its id).")] = None,
) -> None:
    """Take rejected records again, after what was wrong has been put right."""
    from core.metering.store.reprocess_rejects import recycle as again

    async def run(app: "App") -> None:
        done = await again(app, source=source, file_id=file, actor="user:command line")
        out.print(
            f"{done.tried:,} tried: {done.taken:,} taken, {done.duplicates:,} there already, {done.still:,} still rejected.",
            highlight=False,
        )

    with_house(run)


@usage.command("fetch")
@told
def fetch(name: Annotated[str | None, typer.Argument(help="A source; none: all of them.")] = None) -> None:
    """Fetch what lies in the sources' folders now, rather than at the next tick."""
    from core.metering.store import pickup, sources

    async def run(app: "App") -> None:
        wanted = [sources.named(app, name)] if name else list(sources.of_house(app).values())
        problems = []
        for source in wanted:
            found = await pickup.fetch(app, source)
            for file, report in found.reports.items():
                out.print(
                    f"{source.source}: {file}: {report.accepted:,} accepted, {report.rejected:,} rejected.",
                    highlight=False,
                )
            problems += found.problems
        if problems:
            raise fail("\n".join(problems))

    with_house(run)


@usage.command("gaps")
@told
def gaps(
    since: Annotated[str, typer.Option("--from", help="The first day.")],
    until: Annotated[str, typer.Option("--to", help="The day after the last.")],
    as_json: Json = False,
) -> None:
    """Days on which meters have too few or too many readings, and days that have not 24 hours."""
    from core.metering.vee import gaps as looking

    async def run(app: "App") -> None:
        first, end = day_of(since), day_of(until)
        async with app.db.reading() as conn:
            found = await looking.gaps(conn, app, first, end)
        odd = looking.odd_days(app, first, end)
        if as_json:
            show_json(
                {
                    "gaps": [
                        {
                            "meter": one.serial,
                            "register": one.register,
                            "day": one.day.isoformat(),
                            "readings": one.readings,
                            "expected": one.expected,
                        }
                        for one in found
                    ],
                    "days": [{"day": day.isoformat(), "hours": hours} for day, hours in odd],
                }
            )
            return
        for day, hours in odd:
            out.print(f"{day} has {hours} hours.", highlight=False)
        for one in found:
            out.print(f"{one.serial} {one.register}  {one.day}: {one.readings} of {one.expected}", highlight=False)
        out.print(f"{len(found)} days are not whole.", highlight=False)

    with_house(run)


@balance.command("show")
@told
def show(account: Annotated[str, typer.Argument(help="The account number.")], as_json: Json = False) -> None:
    """What an account has beforehand, in the order in which it is drawn."""
    from core.balances import queries
    from core.balances.words import called, shown
    from core.metering.live import store

    async def run(app: "App") -> None:
        lang = app.operator.languages[0]
        async with app.db.reading() as conn:
            account_id = await _account(app, account)
            found = await queries.buckets_of(conn, account_id, app.clock.now())
            owed = (await store.owed_of(conn, [account_id])).get(account_id, 0)
        if as_json:
            show_json(
                [
                    {
                        "id": str(one.id),
                        "name": called(one.name, one.unit, lang),
                        "unit": one.unit,
                        "free": shown(one.free, one.unit, lang),
                        "held": shown(one.reserved, one.unit, lang),
                        "until": one.expires_at and one.expires_at.isoformat(),
                    }
                    for one in found
                ]
            )
            return
        table = Table("what", "free", "held", "until", "id", box=None)
        for one in found:
            until = f"{one.expires_at.astimezone(app.zone):%Y-%m-%d %H:%M}" if one.expires_at else ""
            held = shown(one.reserved, one.unit, lang)
            table.add_row(called(one.name, one.unit, lang), shown(one.free, one.unit, lang), held, until, str(one.id))
        out.print(table)
        if owed:
            out.print(f"{shown(owed, app.currency, lang)} fell due for live uses and was not there.", highlight=False)

    with_house(run)


@balance.command("movements")
@told
def movements(
    account: Annotated[str, typer.Argument(help="The account number.")],
    most: Annotated[int, typer.Option(min=1, max=1_000, help="How many, the newest first.")] = 20,
) -> None:
    """What moved an account's bundles and prepaid money: when, what, how much and why."""
    from core.balances import queries
    from core.balances.words import called, shown

    async def run(app: "App") -> None:
        lang = app.operator.languages[0]
        async with app.db.reading() as conn:
            rows = await queries.movements(conn, await _account(app, account), most)
        table = Table("when", "what", "moved", "how much", "why", "id", box=None)
        for row in rows:
            when = f"{row.at.astimezone(app.zone):%Y-%m-%d %H:%M}"
            table.add_row(
                when,
                called(row.name, row.unit, lang),
                row.kind,
                shown(row.amount, row.unit, lang),
                row.why,
                str(row.bucket_id),
            )
        out.print(table if rows else f"Nothing ever moved on account {account}.", highlight=False)

    with_house(run)


@balance.command("share")
@told
def share(
    bucket: Annotated[int, typer.Argument(help="Its id, as `hodi balance show` says it.")],
    account: Annotated[str, typer.Argument(help="The number of the account that may draw from it too.")],
) -> None:
    """Let another account draw from a bundle as well."""
    from core.balances import grant as giving
    from core.balances import queries

    async def run(app: "App") -> None:
        other = await _account(app, account)
        async with app.db.writing() as conn:
            if bucket not in await queries.buckets(conn, [bucket]):
                raise fail(f"There is no bucket {bucket}. `hodi balance show ACCOUNT` lists an account's.")
            await giving.share(conn, app, bucket, other, actor="user:command line")
        out.print(f"Account {account} draws from bucket {bucket} too.", highlight=False)

    with_house(run)


@balance.command("grant")
@told
def grant(
    account: Annotated[str, typer.Argument(help="The account number.")],
    amount: Annotated[str, typer.Argument(help="How much, such as 500.")],
    unit: Annotated[str, typer.Argument(help="KES, MB, GB, s, min, event, kWh ...")],
    key: Annotated[str, typer.Option(help="Your own number of this grant: the same again does nothing.")],
    name: Annotated[str, typer.Option(help="What the customer calls it.")] = "",
    use: Annotated[str | None, typer.Option(help="Only for this use: voice, sms, data.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3_660, help="It ends after so many days.")] = None,
    decimal: Annotated[str | None, typer.Option(help="comma or point: how the amount writes decimals.")] = None,
) -> None:
    """Give an account a bundle, or money for any use. A gift of the house, noted as such in the books."""
    from core.balances import grant as giving
    from core.balances.words import amount_of, shown

    async def run(app: "App") -> None:
        unit_, value = amount_of(amount, unit, notation(decimal))
        until = app.clock.now() + timedelta(days=days) if days else None
        given = giving.Grant(
            await _account(app, account),
            unit_,
            value,
            {"en": name} if name else {},
            uses=[use] if use else [],
            expires_at=until,
            priority=giving.priority_of(unit_),
        )
        async with app.db.writing() as conn:
            bucket = await giving.put_in(conn, app, given, key=f"cli:{key}", why="gift", actor="user:command line")
        out.print(f"Bucket {bucket} of account {account} has {shown(value, unit_, 'en')}.", highlight=False)

    with_house(run)


async def _account(app: "App", number: str) -> int:
    from core.parties import queries as parties

    async with app.db.reading() as conn:
        found = await parties.account_by_number(conn, number)
    if found is None:
        raise fail(f"There is no account {number}. Look it up in the console.")
    return found.id
