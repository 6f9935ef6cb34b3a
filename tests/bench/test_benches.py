"""Every bench runs to its end at a tiny size and tells whole figures; what they say of speed is asserted nowhere."""

import asyncio
import importlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bench import busy, chat, dispatch, growth, loop_watch, peer, sms, turn, workers
from bench.loop_watch import Watch
from gateway.commands.bench import NAMES
from tests.gateway.kannel import must_be_here

FIELDS = {"name", "value", "unit", "limit", "ratio", "peak_mb"}


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (turn, growth, chat, sms, peer, workers, busy, dispatch):
        for name, value in (("ROUNDS", 1), ("SECONDS", 0.1)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)
    monkeypatch.setenv("HODI_BENCH_MESSAGES", "40")
    monkeypatch.setenv("HODI_BENCH_SMS", "20")
    monkeypatch.setenv("HODI_BENCH_CUSTOMERS", "64,128")
    for name, value in (("CHATS", 4), ("VISITORS", 2), ("SAYS", 3)):
        monkeypatch.setattr(chat, name, value)
    monkeypatch.setattr(busy, "ACCOUNTS", 10)


def _whole(figures: list[dict[str, Any]], *begin: str) -> None:
    """Each of these is told, and whole; a machine may lack what some need."""
    assert all(set(figure) == FIELDS for figure in figures)
    assert not [one for one in begin if not any(figure["name"].startswith(one) for figure in figures)]
    assert all(figure["value"] >= 0 for figure in figures if figure["unit"] != "exponent")


def test_every_name_of_the_command_is_a_bench() -> None:
    assert all(callable(importlib.import_module(f"bench.{name}").run) for name in NAMES)


@asynccontextmanager
async def _nowhere(_: Path) -> AsyncIterator[None]:
    yield None


def test_the_outbox_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_postgres", _nowhere)  # to start one takes longer than all the rest
    _whole(
        dispatch.run(),
        "outbox dispatched by a bare channel, SQLite",
        "outbox dispatched through Africa's Talking, SQLite, cpu",
        "outbox dispatched, longest callback",
    )


def test_sms_go_through_a_real_kannel() -> None:
    must_be_here()
    _whole(sms.run(), sms.NAME)


def test_where_a_part_is_missing_the_figure_says_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.boxes.installed", lambda: False)
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert [figure["name"] for figure in (*sms.run(), *peer.run())] == [
        "SMS through Kannel: not measured, Kannel is not installed: apt install kannel kannel-extras",
        "turn.sqlite of ussd-menu-builder: not measured, node and npm are not installed",
    ]


async def test_the_longest_callback_is_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_watch, "_switched", lambda: 0)  # a busy machine takes the processor from anybody
    watch = Watch()
    watch.begin()

    async def dawdle() -> None:
        await asyncio.sleep(0)
        time.sleep(0.05)  # noqa: ASYNC251 - what the watch is there for

    await asyncio.create_task(dawdle())
    watch.end()
    took, which = watch.told()
    assert took >= 50
    assert "dawdle" in which
    assert watch.told() == (0.0, "")


@pytest.mark.soak
@pytest.mark.parametrize("module", [turn, workers, busy, peer, growth, chat], ids=lambda module: module.__name__)
def test_the_others_run_too(module: Any) -> None:
    _whole(module.run(), "chat" if module is chat else "turn")
