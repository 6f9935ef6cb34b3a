"""`hodi spool`: what was laid aside is listed without its words, and taken up again once its cause is mended."""

import asyncio
import json
from pathlib import Path

import pytest

from core.clock import SetClock
from core.message import Inbound
from gateway.hooks.spool import Spool
from tests.conftest import NOON
from tests.gateway.commands.test_cli import hodi, quiet

__all__ = ["quiet"]
SECRET = "a secret of the test that is long enough"


class Breaks:
    """A room whose code is broken until it is mended."""

    def __init__(self) -> None:
        self.mended, self.seen = False, list[str]()

    async def take(self, about: str, what: Inbound) -> None:
        if not self.mended:
            raise ValueError("a bug of ours")
        self.seen.append(what.text)


def a_spool(folder: Path, room: Breaks) -> Spool:
    async def answers() -> None:
        """The database is there."""

    spool = Spool(folder, SetClock(NOON), answers, SECRET)
    spool.opens("hook", room.take, Inbound)
    return spool


async def test_what_was_laid_aside_is_listed_and_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, room = tmp_path / "kept", Breaks()
    monkeypatch.setenv("HODI_SPOOL_PATH", str(folder))
    monkeypatch.setenv("HODI_SECRET_KEY", SECRET)
    assert json.loads(hodi("spool", "aside", "--json")[1]) == []
    spool = a_spool(folder, room)
    await spool.keep("hook", "sms", Inbound("sms", "+254700000001", "my PIN is 4711", message_id="m"))
    assert [await spool.drain() for _ in range(3)] == [False, False, True]
    await spool.close()

    [row] = json.loads(hodi("spool", "aside", "--json")[1])
    assert row["what"] == "hook sms Inbound"
    assert row["came"].startswith(f"{NOON:%Y-%m-%d}")
    told = hodi("spool", "aside")[1]
    assert (row["file"] in told, "4711" in told, "254700" in told) == (True, False, False)
    for wrong in ("../x.aside", "none.aside", row["file"].replace(".aside", "")):
        assert hodi("spool", "again", wrong)[0] == 1

    room.mended = True
    assert hodi("spool", "again", row["file"])[0] == 0
    later = a_spool(folder, room)
    async with later.drained():
        for _ in range(600):
            if room.seen:
                break
            await asyncio.sleep(0.05)
    assert room.seen == ["my PIN is 4711"]
    assert json.loads(hodi("spool", "aside", "--json")[1]) == []


def test_what_another_key_sealed_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HODI_SPOOL_PATH", str(tmp_path))
    monkeypatch.setenv("HODI_SECRET_KEY", SECRET)
    (tmp_path / "x.aside").write_bytes(b"nothing of ours")
    assert json.loads(hodi("spool", "aside", "--json")[1])[0]["what"] == "empty"
