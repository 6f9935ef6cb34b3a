"""`docs/capabilities.toml` says where each capability stands; this keeps it from saying more than there is."""

import ast
import asyncio
import tomllib
from functools import cache
from typing import Any

import aiohttp
import pytest
import typer
from aiohttp import web
from pydantic import SecretStr

from channels.contract import Tools
from channels.registry import ROWS
from core.config.operator import Settings
from core.message import Notice
from dialogs.flows import FLOWS
from gateway.admin import openapi
from gateway.app import ROUTES
from gateway.cli import app as commands
from gateway.pages import phone
from scheduler.jobs import JOBS
from tests.house.sources import ROOT

CATALOGUE = {
    "A": 12, "B": 10, "C": 11, "D": 8, "E": 7, "F": 12, "G": 14, "H": 14, "I": 3, "J": 16, "K": 11,
}  # fmt: skip
"""How many rows each chapter of the catalogue has: A1 to A12 ... K1 to K11."""
KEYS = {"id", "what", "state", "doors", "proof", "left"}


@cache
def rows() -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = tomllib.loads((ROOT / "docs" / "capabilities.toml").read_text("utf-8"))["row"]
    return told


def test_every_row_of_the_catalogue_is_there_once_and_in_order() -> None:
    wanted = [f"{chapter}{number}" for chapter, last in CATALOGUE.items() for number in range(1, last + 1)]
    assert [row["id"] for row in rows()] == wanted


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_a_row_says_no_more_than_there_is(row: dict[str, Any]) -> None:
    assert set(row) <= KEYS
    assert row["state"] in ("works", "part", "none")
    doors, proof, left = row.get("doors", []), row.get("proof", []), row.get("left", "")
    assert [door for door in doors if door not in every_door()] == [], "no such door"
    assert [name for name in proof if not is_test(name)] == [], "no such test"
    if row["state"] == "works":
        assert doors, "it works through which door?"
        assert proof, "which test goes in by it?"
    else:
        assert left, "say what is missing"


@cache
def every_door() -> frozenset[str]:
    """Every route, command, conversation and job that there is, as a row names them."""
    web_app = web.Application()
    for routes in ROUTES:
        web_app.add_routes(routes())
    web_app.add_routes(phone.routes())
    routes = {f"{method.upper()} {path}" for path, method, _ in openapi.all_routes(web_app)}
    root = typer.main.get_command(commands)
    return frozenset(
        routes
        | asyncio.run(_hooks())
        | set(_commands("hodi", root))
        | {f"dialog {flow.name}" for flow in FLOWS}
        | {f"job {job.name}" for job in JOBS}
    )


async def _hooks() -> set[str]:
    """The addresses that message providers call."""

    async def push(notice: Notice) -> bool:
        return False

    settings = Settings(secret_key=SecretStr("a secret of the test that is long enough"), hook_secret=SecretStr("hook"))
    needed = {name for row in ROWS for name in row.needs}
    keys = {name: SecretStr("key") if isinstance(getattr(settings, name), SecretStr) else "key" for name in needed}
    async with aiohttp.ClientSession() as http:
        tools = Tools(settings.model_copy(update=keys), http, push)
        return {f"{door.method} {door.path}" for row in ROWS for door in row.make(tools).doors}


def _commands(name: str, command: Any) -> list[str]:
    if not hasattr(command, "list_commands"):
        return [name]
    words = command.list_commands(None)
    return [one for word in words for one in _commands(f"{name} {word}", command.get_command(None, word))]


@cache
def is_test(name: str) -> bool:
    """Whether `tests/file.py::test` is a test that there is."""
    path, _, function = name.partition("::")
    file = ROOT / path
    if not file.is_file():
        return False
    return function in {
        node.name
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
