"""`hodi notices`: the words of notices, checked and kept; `hodi costs`: what messages cost; `hodi airtime`: orders without an answer."""

from typing import TYPE_CHECKING, Annotated

import typer

from core.money import show
from gateway.commands.bill import day_of
from gateway.commands.run import fail, out, show_json, told, with_house

if TYPE_CHECKING:
    from core.context import App

app = typer.Typer(help="The words of notices.", no_args_is_help=True)
airtime = typer.Typer(help="Airtime orders without an answer.", no_args_is_help=True)
Lang = Annotated[str, typer.Argument(help="A language, such as sw.")]
Key = Annotated[str, typer.Argument(help="A notice, as `list` has it.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
By = Annotated[str, typer.Option("--by", help="Who says so.")]
ACTOR = "command line"


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(app, name="notices")
    cli.add_typer(airtime, name="airtime")
    cli.command("costs")(costs)


@app.command("list")
@told
def list_(lang: Lang, as_json: Json = False) -> None:
    """Every notice as it leaves now, and what is wrong with it."""
    from core.notices import own_texts

    async def run(app: "App") -> None:
        async with app.db.reading() as conn:
            words = await own_texts.words_of(conn, lang)
        rows = [(key, text, own, own_texts.check(app, lang, key, text)) for key, text, own in words]
        if as_json:
            show_json([{"key": key, "text": text, "own": own, "warnings": wrong} for key, text, own, wrong in rows])
            return
        for key, text, own, wrong in rows:
            out.print(f"{key}{' (your own)' if own else ''}: {text}", markup=False, highlight=False, soft_wrap=True)
            for one in wrong:
                out.print(f"  {one}", style="yellow", markup=False, highlight=False, soft_wrap=True)

    with_house(run)


@app.command("check")
@told
def check(lang: Lang, key: Key, text: Annotated[str, typer.Argument(help="The wording.")]) -> None:
    """What is wrong with a wording: fields, length, letters. Exit status 1 where anything is."""
    from core.notices import own_texts

    async def run(app: "App") -> None:
        wrong = own_texts.check(app, lang, key, text)
        if wrong:
            raise fail("\n".join(wrong))
        out.print("It is fine.", highlight=False)

    with_house(run)


@app.command("keep")
@told
def keep(
    lang: Lang,
    key: Key,
    text: Annotated[str, typer.Argument(help="The wording; blank: our own again.")],
    by: By = ACTOR,
) -> None:
    """Keep a wording: it holds from the next message on."""
    from core.notices import own_texts

    async def run(app: "App") -> None:
        own_texts.check(app, lang, key, text)
        async with app.db.writing() as conn:
            warned = await own_texts.keep(conn, app, lang, key, text, f"user:{by}")
        for one in warned:
            out.print(one, style="yellow", markup=False, highlight=False, soft_wrap=True)
        out.print("Kept.", highlight=False)

    with_house(run)


@told
def costs(
    since: Annotated[
        str | None, typer.Option("--from", help="The first day; the first of this month unless said.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="The last day, included; today unless said.")] = None,
    as_json: Json = False,
) -> None:
    """What messages cost, by channel and category."""
    from core.overview import message_costs

    async def run(app: "App") -> None:
        today = app.today()
        first, last = day_of(since) if since else today.replace(day=1), day_of(until) if until else today
        async with app.db.reading() as conn:
            found = await message_costs.costs(conn, app, first, last)
        if as_json:
            show_json(
                [
                    {
                        "channel": one.channel,
                        "category": one.category,
                        "currency": one.currency,
                        "messages": one.messages,
                        "amount": one.shown.partition(" ")[2].replace(",", ""),
                    }
                    for one in found
                ]
            )
            return
        for one in found:
            words = f"{one.channel} {one.category or '-'}: {one.messages:,} messages, {one.shown} ({one.each} each)"
            out.print(words, markup=False, highlight=False)
        out.print(
            f"{first} to {last}, both included: {' + '.join(message_costs.together(found)) or 'nothing'}.",
            highlight=False,
        )

    with_house(run)


@airtime.command("list")
@told
def orders(as_json: Json = False) -> None:
    """Which they are, the oldest first."""
    from core.overview.airtime_orders import unknown_orders

    async def run(app: "App") -> None:
        async with app.db.reading() as conn:
            found = await unknown_orders(conn)
        if as_json:
            show_json(
                [
                    {
                        "id": str(one.id),
                        "account": one.number,
                        "points": one.points,
                        "since": one.created_at.isoformat(),
                        "reason": one.reason,
                    }
                    for one in found
                ]
            )
            return
        for one in found:
            words = f"{one.id}  {one.number}  {show(one.amount_minor, one.currency)}  {one.created_at:%Y-%m-%d %H:%M}: {one.reason or 'no answer'}"
            out.print(words, markup=False, highlight=False)
        out.print(f"{len(found)} orders without an answer.", highlight=False)

    with_house(run)


Order = Annotated[int, typer.Argument(help="Its number, as `list` tells it.")]


@airtime.command("arrived")
@told
def arrived(order: Order, by: By = ACTOR) -> None:
    """The provider says that it arrived."""
    _decide(order, True, by)


@airtime.command("failed")
@told
def failed(order: Order, by: By = ACTOR) -> None:
    """The provider says that it did not: the points return, and the customer is told."""
    _decide(order, False, by)


def _decide(order: int, yes: bool, by: str) -> None:
    from core.overview.airtime_orders import unknown_order
    from core.rewards import airtime as orders

    async def run(app: "App") -> None:
        async with app.db.writing() as conn:
            await unknown_order(conn, order)
            await orders.decided(conn, app, order, arrived=yes, actor=f"user:{by}")
        out.print("Noted.", highlight=False)

    with_house(run)
