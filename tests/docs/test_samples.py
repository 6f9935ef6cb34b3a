"""Samples in the docs are true: Python compiles and its imports exist, YAML is taken by the real loaders, commands and targets exist."""

import ast
import json
import re
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from core import yaml_text
from core.catalog.compile import compile_document
from core.catalog.document import TariffDoc
from core.catalog.quote_json import load, period_of
from core.catalog.read import parsed
from core.config.operator import Operator, read_operator
from core.errors import BadInput
from core.metering.store.sources import of_folder
from core.text import catalogue, fields
from gateway.cli import app
from tests.docs.pages import Sample, named, pages, samples, samples_in, ticks
from tests.house.sources import ROOT

EXAMPLE = ROOT / "examples" / "electricity"
HODI = re.compile(r"^(?:\$ )?hodi +(\S.*)$")
MAKE = re.compile(r"(?:^|(?<=[&;] ))make +([a-z]+)")
COMMENT = re.compile(r"\s{2,}#.*$|\s{3,}\S.*$")
"""What stands beside a command: a comment, or words after a gap."""


# --- Python


@pytest.mark.parametrize("sample", samples("python"), ids=str)
def test_python_compiles_and_its_imports_exist(sample: Sample) -> None:
    for node in ast.walk(ast.parse(sample.text)):
        if isinstance(node, ast.ImportFrom):
            module = import_module(str(node.module))
            assert [name.name for name in node.names if not hasattr(module, name.name)] == []
        elif isinstance(node, ast.Import):
            for name in node.names:
                import_module(name.name)


# --- YAML and JSON


def as_tariff(given: Any) -> dict[str, Any]:
    """A whole tariff with these parts; a list is a list of charges."""
    whole: dict[str, Any] = {
        "tariff": "sample",
        "valid_from": "2026-01-01",
        "currency": "KES",
        "zone": "Africa/Nairobi",
        "times": [{"code": "peak", "from": "18:00", "to": "22:00"}, {"code": "off_peak"}],
        "charges": [
            {"code": "energy", "type": "usage", "meter": "energy", "unit": "kWh", "model": "flat", "price": "20"},
            {"code": "data", "type": "usage", "meter": "data", "unit": "MB", "model": "flat", "price": "1"},
            {"code": "traffic", "type": "usage", "meter": "traffic", "unit": "GB", "model": "flat", "price": "0"},
        ],
    }
    parts = {"charges": given} if isinstance(given, list) else given
    if "fair_use" in parts:
        whole["charges"] = [charge | {"unit": parts["fair_use"][0]["unit"]} for charge in whole["charges"]]
    return whole | parts


def laid_over(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A section's fields laid over the example's."""
    return whole | {
        key: laid_over(whole[key], value) if isinstance(value, dict) and isinstance(whole.get(key), dict) else value
        for key, value in part.items()
    }


def take(text: str, folder: Path) -> str:
    """The sample through the loader that it is for; which one that was."""
    given = yaml_text.read(text)
    if isinstance(given, list) or given.keys() <= TariffDoc.model_fields.keys():
        compile_document(parsed(json.loads(json.dumps(as_tariff(given), default=str))))
        return "tariff"
    if "source" in given:
        (folder / "usage").mkdir(parents=True)
        (folder / "usage" / "sample.yaml").write_text(text)
        assert list(of_folder(folder)) == [given["source"]]
        return "source"
    if given.keys() <= Operator.model_fields.keys():
        shutil.copytree(EXAMPLE, folder)
        whole = yaml_text.read((EXAMPLE / "operator.yaml").read_text())
        (folder / "operator.yaml").write_text(yaml.safe_dump(laid_over(whole, given)))
        read_operator(folder)
        return "operator"
    ours = catalogue("en")
    for key, words in given.items():
        assert fields(words) <= fields(ours[key]) | {"operator"}, key
    return "texts"


YAML = samples("yaml")


@pytest.mark.parametrize("sample", YAML, ids=str)
def test_yaml_is_taken_by_the_real_loader(sample: Sample, tmp_path: Path) -> None:
    assert take(sample.text, tmp_path / "sample")


def test_every_kind_of_yaml_is_found_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    assert {take(sample.text, tmp_path / str(at)) for at, sample in enumerate(YAML)} == {
        "tariff",
        "source",
        "operator",
        "texts",
    }
    for at, planted in enumerate(
        (
            '- {code: e, type: usage, meter: energy, unit: kWh, model: slab, price: "1"}',
            "source: a\nformat: none",
            "billing: {gapps: park}",
            'notice.nobody: "Hello"',
        )
    ):
        with pytest.raises((BadInput, KeyError)):
            take(planted, tmp_path / f"planted{at}")


@pytest.mark.parametrize("sample", samples("json"), ids=str)
def test_what_a_quote_asks_is_read(sample: Sample) -> None:
    since, until = period_of(load(sample.text))
    assert since < until


# --- commands


def lines(text: str) -> Iterator[str]:
    """The lines of a block, those that go on joined."""
    yield from re.sub(r" *\\\n\s*", " ", text).splitlines()


def commands_in(sample: Sample) -> Iterator[str]:
    """What follows `hodi` on each line that begins with it; pipes and what is read from elsewhere cut off."""
    for line in lines(sample.text):
        call = HODI.match(line.strip())
        if call:
            yield re.split(r" (?:<<<|\||>|&&) ", COMMENT.sub("", call[1]))[0]


def wrong_with(call: str) -> str:
    """What of a command does not exist; nothing, if all does. `hodi key list|create` are two."""
    either = re.match(r"((?:[\w-]+ )*)([\w-]+(?:\|[\w-]+)+)(.*)", call)
    if either:
        first, words, last = either.groups()
        return "; ".join(filter(None, (wrong_with(f"{first}{word}{last}") for word in words.split("|"))))
    command: Any = typer.main.get_command(app)
    known: set[str] = set()
    rest = call.split()
    while rest and hasattr(command, "get_command"):
        inner = command.get_command(None, rest[0])
        if inner is None:
            return "" if rest[0].startswith("-") else f"hodi {call}: there is no {rest[0]!r}"
        command, rest = inner, rest[1:]
    for parameter in command.params:
        known.update(parameter.opts, parameter.secondary_opts)
    strange = [option for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", " ".join(rest)) if option not in known]
    return f"hodi {call}: no option {', '.join(strange)}" if set(strange) - {"--help"} else ""


def test_every_command_in_the_docs_exists_with_its_options() -> None:
    calls = [(sample.page, call) for sample in samples() for call in commands_in(sample)]
    inline = [
        (named(path), tick.removeprefix("hodi "))
        for path, text in pages()
        for tick in ticks(text)
        if tick.startswith("hodi ")
    ]
    assert len(calls) > 30 and len(inline) > 30
    assert [f"{page}: {wrong}" for page, call in (*calls, *inline) if (wrong := wrong_with(call))] == []


def test_a_command_or_an_option_that_does_not_exist_is_found() -> None:
    block = "```sh\nhodi bill --date 2026-03-31 --preview   # ours\nhodi bil --date x\nhodi bill \\\n  --dat x\n```\n"
    calls = [call for sample in samples_in("planted", block) for call in commands_in(sample)]
    assert [wrong_with(call) for call in calls] == [
        "",
        "hodi bil --date x: there is no 'bil'",
        "hodi bill --dat x: no option --dat",
    ]


def test_every_target_in_the_docs_is_one_of_make() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    fenced = [
        (sample.page, target) for sample in samples() for line in lines(sample.text) for target in MAKE.findall(line)
    ]
    inline = [(named(path), target) for path, text in pages() for tick in ticks(text) for target in MAKE.findall(tick)]
    assert {"demo", "test"} <= {target for _, target in fenced}
    assert [f"{page}: make {target}" for page, target in (*fenced, *inline) if target not in targets] == []
