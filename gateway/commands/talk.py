"""`hodi dialogs`: proves, draws, or plays the conversations in the terminal."""

import asyncio
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.run import err, out, told, with_house

if TYPE_CHECKING:
    from core.context import App

dialogs = typer.Typer(help="The conversations: check, draw, try.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(dialogs, name="dialogs")


@dialogs.command()
@told
def check() -> None:
    """Prove every conversation in every language: no dead end, no missing word, no screen over its budget."""
    from channels.paging import pages
    from channels.transliteration import on_air
    from core.text import LANGUAGES
    from dialogs.check import check as problems
    from dialogs.check_pages import check_pages
    from dialogs.flows import FLOWS, book_of
    from gateway.bootstrap import example_operator

    operator = example_operator()
    plain = on_air if operator.notices.plain_letters else (lambda screen: screen)
    book = book_of(operator)
    found = problems(book, LANGUAGES, lambda screen: len(pages(plain(screen))))
    found = found or check_pages(book, LANGUAGES, lambda screen: pages(plain(screen)))
    for problem in found:
        err.print(problem, style="red", markup=False, highlight=False)
    if found:
        raise typer.Exit(1)
    out.print(f"{len(FLOWS)} conversations hold in {', '.join(LANGUAGES)}.", highlight=False)


@dialogs.command()
@told
def verbs() -> None:
    """What a customer can do on which channel, as Markdown; and where not, why."""
    from dialogs.channel_matrix import table

    typer.echo(table())


@dialogs.command()
@told
def draw(folder: Annotated[Path, typer.Argument(help="Where the pages go.")] = Path("docs/dialogs")) -> None:
    """Draw every conversation as Mermaid, from the tables that run it."""
    from dialogs.flows import book_of
    from dialogs.mermaid import write_all
    from gateway.bootstrap import example_operator

    folder.mkdir(parents=True, exist_ok=True)
    changed = write_all(book_of(example_operator()), folder)
    for path in changed:
        out.print(f"drawn {path}", highlight=False)
    out.print("Every drawing is fresh." if not changed else f"{len(changed)} drawn.", highlight=False)


@dialogs.command()
@told
def intents(
    page: Annotated[Path, typer.Argument(help="Where the page goes.")] = Path("docs/intents.md"),
    cases: Annotated[Path, typer.Option(help="Labelled messages, a CSV a language.")] = Path("tests/dialogs/intents"),
) -> None:
    """Publish how well free text is understood: the confusion matrix of labelled messages."""
    from dialogs import confusion_matrix

    found = confusion_matrix.read(cases)
    page.write_text(confusion_matrix.page(found, confusion_matrix.first_message), "utf-8")
    for lang, messages in found.items():
        counts = confusion_matrix.counted(messages, lang, confusion_matrix.first_message)
        out.print(f"{lang}: {confusion_matrix.right(counts)} of {counts.total()}", highlight=False)


@dialogs.command("try")
@told
def play(
    phone: Annotated[
        str | None, typer.Option(help="Be this customer of your database; else answers are made up.")
    ] = None,
    lang: Annotated[str | None, typer.Option(help="The language to speak; else the customer's own.")] = None,
) -> None:
    """Dial, answer, hang up with an empty line. With --phone, what you do is done."""

    async def run(app: "App") -> None:
        if lang:
            await _speak(app, str(phone), lang)
        await _dial(app, str(phone))

    if phone:
        with_house(run)
    else:
        asyncio.run(_pretend(lang or "en"))


async def _pretend(lang: str) -> None:
    """The book played with the examples that stand beside each question: no database, nothing happens."""
    from dialogs.flows import book_of
    from dialogs.play import Conversation, made_up, shown
    from gateway.bootstrap import example_operator

    book = book_of(example_operator())
    talk = Conversation(book, made_up(book, lang), lang)
    screen = await talk.dial()
    while True:
        out.print("\n".join(shown(screen)), markup=False, highlight=False)
        if screen.ends:
            return
        typed = typer.prompt(">", default="", show_default=False)
        if not typed:
            return
        screen = await talk.type(typed)


async def _speak(app: "App", phone: str, lang: str) -> None:
    from core.parties import contacts
    from core.parties.model import PHONE

    async with app.db.writing() as conn:
        contact = await contacts.find_or_make(conn, app, PHONE, phone, phone)
        await contacts.set_language(conn, contact.id, lang)


async def _dial(app: "App", phone: str) -> None:
    from core.message import Inbound
    from core.summary.reader import open_quick
    from gateway.commands.terminal import Terminal
    from gateway.conversation.sessions import EmbeddedStore
    from gateway.conversation.turn import Turns

    channel, sessions, quick = Terminal(), EmbeddedStore(":memory:"), open_quick(app.db)
    turns, session, typed = Turns(app, sessions, quick), f"try-{secrets.token_hex(6)}", ""
    while True:
        inbound = Inbound(
            channel.name,
            phone,
            typed,
            "text" if typed else "new",
            phone=phone,
            session=session,
            service=app.operator.ussd_code,
        )
        answer = await turns.take(inbound, channel)
        out.print(answer.removesuffix(channel.END), markup=False, highlight=False)
        if answer.endswith(channel.END):
            break
        typed = typer.prompt(">", default="", show_default=False)
        if not typed:
            break
    await quick.close()
    await sessions.close()
