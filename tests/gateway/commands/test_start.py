"""The command starts at once: its list loads no command, and pricing loads no database; the list says what the commands say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from bench.start import USAGE
from gateway.cli import COMMANDS, app, built

HEAVY = {"sqlalchemy", "aiohttp", "alembic"}
TARIFF = Path(__file__).parents[3] / "examples" / "tariffs" / "kenya-domestic.yaml"
LOADED = """
import json, sys
from gateway.cli import app
try:
    app(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded(*words: str) -> set[str]:
    """The modules that are there once a command has run in a process of its own."""
    done = subprocess.run([sys.executable, "-c", LOADED, *words], check=True, capture_output=True, text=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("words", [("--help",), ("quote", "--help")])
def test_help_loads_no_database_and_no_server(words: tuple[str, ...]) -> None:
    assert HEAVY & loaded(*words) == set()


def test_the_list_loads_no_command() -> None:
    assert not [name for name in loaded("--help") if name.startswith("gateway.commands")]


def test_a_quote_loads_no_database_and_no_server(tmp_path: Path) -> None:
    usage = tmp_path / "usage.json"
    usage.write_text(USAGE)
    assert HEAVY & loaded("quote", "--tariff", str(TARIFF), "--usage", str(usage)) == set()


def test_the_list_says_what_the_commands_say_and_leaves_none_out() -> None:
    told = {name: command.help.split("\n\n")[0].replace("\n", " ") for name, command in everything().items()}
    assert told == {name: line for name, (_, line) in COMMANDS.items()}


def everything() -> dict[str, typer.core.TyperCommand]:
    """The commands of every file that the table names, whether the table names them or not."""
    return {name: command for files, _ in COMMANDS.values() for name, command in built(files).items()}


def test_a_word_that_is_no_command_is_told_with_the_nearest() -> None:
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, ["qoute"])
    assert done.exit_code == 2 and "No such command" in done.output
