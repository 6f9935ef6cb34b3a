"""`hodi quote` and `hodi tariff`: prices with the very code that bills."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from core.errors import BadInput
from gateway.commands.run import err, out, show_json, told

tariff = typer.Typer(help="Tariff documents: check, explain.", no_args_is_help=True)
TariffFile = Annotated[Path, typer.Option("--tariff", help="A tariff document (YAML).")]
UsageFile = Annotated[str, typer.Option("--usage", help="A JSON file of a quote's request, or - for standard input.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(quote)
    app.add_typer(tariff, name="tariff")


def _asked(usage: str) -> dict[str, Any]:
    from core.catalog import quote_json

    return quote_json.load(sys.stdin.read() if usage == "-" else Path(usage).read_text("utf-8"))


@told
def quote(
    tariff_file: TariffFile,
    usage: UsageFile,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Price usage on a tariff, with the very code that bills."""
    from core.catalog import quote_json
    from core.catalog.versions import load_for

    asked = _asked(usage)
    versions = load_for(tariff_file, asked)
    answer = quote_json.answered(versions, asked)
    if as_json:
        show_json(answer)
        return
    table = Table("line", "quantity", "price", box=None)
    table.add_column(answer["currency"], justify="right")
    for line in answer["lines"]:
        quantity = f"{line.get('quantity', '')} {line.get('unit', '')}".strip()
        table.add_row(line["code"], quantity, line.get("price", ""), line["amount"])
    table.add_row("total", "", "", answer["total"], style="bold")
    out.print(table)
    if "units" in answer:
        out.print(f"{answer['units']} units", highlight=False)


@tariff.command()
@told
def check(file: Annotated[Path, typer.Argument(help="A tariff document (YAML).")]) -> None:
    """Lint a tariff: gaps, unreachable charges, tax on nothing, words missing in the languages of your operator."""
    from core.catalog.check import WITHOUT_OPERATOR
    from core.catalog.check import check as remarks

    if not file.is_file():
        raise BadInput(str(file), "there is no such file.", "Check the path.")
    found = remarks(file, tuple(dict.fromkeys((*WITHOUT_OPERATOR, *_languages()))))
    for remark in found:
        err.print(str(remark), style="red" if remark.level == "error" else "yellow", markup=False, highlight=False)
    if any(remark.level == "error" for remark in found):
        raise typer.Exit(1)
    out.print(f"{file.name}: it can be used." if found else f"{file.name}: nothing to remark.", highlight=False)


def _languages() -> tuple[str, ...]:
    """What the customers of the operator speak; nothing where none is set."""
    from core.config.operator import Settings, read_operator

    folder = Settings().operator
    return read_operator(folder).languages if folder else ()


@tariff.command()
@told
def explain(
    file: Annotated[Path, typer.Argument(help="A tariff document (YAML).")],
    usage: UsageFile,
    lang: Annotated[str, typer.Option(help="The language to tell it in.")] = "en",
) -> None:
    """Tell how each line of a quote came about, in words a clerk can read to a customer."""
    from core.catalog import quote_json
    from core.catalog.explain import explain as told_line_by_line
    from core.catalog.versions import load_for

    asked = _asked(usage)
    versions = load_for(file, asked)
    for sentence in told_line_by_line(versions, quote_json.parse(versions, asked), lang):
        out.print(sentence, markup=False, highlight=False)
