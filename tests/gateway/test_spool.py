"""What came in while the database was away: on the disk before anybody is told, taken up in order, once, whatever dies."""

import asyncio
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import SetClock
from core.message import Delivery, Inbound
from gateway.hooks import spool as spools
from gateway.hooks.spool import Full, Spool
from gateway.hooks.spool_entry import Seal
from gateway.hooks.spool_file import NoSpool, SpoolBatch, SpoolFile
from tests.conftest import NOON


class Hall:
    """A room that takes in what it is brought, while its database is there."""

    def __init__(self) -> None:
        self.there, self.seen, self.breaks_at = True, list[str](), ""

    async def take(self, about: str, what: Any) -> None:
        if not self.there:
            raise ConnectionRefusedError
        text = what.text if isinstance(what, Inbound) else what.provider_ref
        if text == self.breaks_at:
            raise ValueError("a bug of ours")
        self.seen.append(f"{about} {text}")

    async def answers(self) -> None:
        if not self.there:
            raise ConnectionRefusedError


def a_spool(folder: Path, hall: Hall, **more: Any) -> Spool:
    spool = Spool(folder, SetClock(NOON), hall.answers, "a secret of the test", **more)
    spool.opens("hall", hall.take, Inbound, Delivery)
    return spool


def said(text: str) -> Inbound:
    return Inbound("sms", "+254700000001", text, message_id=text)


async def bring(spool: Spool, *texts: str) -> None:
    for text in texts:
        await spool.take("hall", "sms", said(text))


@pytest.fixture
def hall() -> Hall:
    return Hall()


async def test_no_word_of_a_customer_can_be_read_from_the_disk(tmp_path: Path, hall: Hall) -> None:
    hall.there = False
    spool = a_spool(tmp_path / "spool", hall)
    await bring(spool, "my card is 4111 1111 1111 1111")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "spool").iterdir())
    assert len(kept) > 100
    assert b"4111" not in kept
    assert b"254700000001" not in kept
    await spool.close()


async def test_what_can_be_done_at_once_touches_no_disk(tmp_path: Path, hall: Hall) -> None:
    await bring(a_spool(tmp_path / "spool", hall), "one")
    assert hall.seen == ["sms one"]
    assert not (tmp_path / "spool").exists()


async def test_what_is_kept_is_taken_up_in_order_and_once(tmp_path: Path, hall: Hall) -> None:
    spool = a_spool(tmp_path, hall)
    hall.there = False
    await bring(spool, "one", "two")
    await spool.take("hall", "sms", Delivery("sms", "ref", "delivered", final=True))
    assert not await spool.drain()
    hall.there = True
    assert (hall.seen, spool.waiting, await spool.told()) == ([], 3, "3 waiting")
    assert await spool.drain()
    assert await spool.drain()
    assert (hall.seen, spool.waiting, await spool.told()) == (["sms one", "sms two", "sms ref"], 0, None)
    await spool.close()
    assert list(tmp_path.iterdir()) == []


async def test_nobody_overtakes_what_waits(tmp_path: Path, hall: Hall) -> None:
    spool = a_spool(tmp_path, hall)
    hall.there = False
    await bring(spool, "one")
    hall.there = True
    await bring(spool, "two")
    assert hall.seen == []
    await spool.drain()
    await bring(spool, "three")
    assert hall.seen == ["sms one", "sms two", "sms three"]


async def test_only_its_owner_can_read_a_spool(tmp_path: Path, hall: Hall) -> None:
    os.umask(0)
    spool = a_spool(tmp_path, hall)
    await spool.keep("hall", "sms", said("one"))
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_what_a_dead_process_kept_is_taken_up_by_another_before_its_own(tmp_path: Path, hall: Hall) -> None:
    dead, hall.there = a_spool(tmp_path, hall), False
    await bring(dead, "one", "two", "three")
    hall.there = True
    first = dead._files()[0]
    raw = first.first()
    assert raw is not None
    first.advance(raw)
    os.close(first._file)  # as the system does for a process that dies
    async with a_spool(tmp_path, hall).drained() as _:
        for _ in range(200):
            if len(hall.seen) == 2:
                break
            await asyncio.sleep(0.01)
    assert hall.seen == ["sms two", "sms three"]
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_another_process_works_on_is_left_alone(tmp_path: Path, hall: Hall) -> None:
    living, hall.there = a_spool(tmp_path, hall), False
    await bring(living, "one")
    hall.there = True
    async with a_spool(tmp_path, hall).drained():
        pass
    assert hall.seen == []
    with pytest.raises(SpoolBatch):
        SpoolFile(living._files()[0].path)


async def test_an_entry_that_a_crash_cut_short_was_promised_to_nobody(tmp_path: Path) -> None:
    path = tmp_path / "a.spool"
    file = SpoolFile(path)
    file.append([b"whole", b"also whole"])
    file.close()
    with path.open("ab") as torn:
        torn.write(b"\0\0\0\x20\0\0\0\0half")
    file = SpoolFile(path)
    assert (file.waiting, file.first()) == (2, b"whole")
    file.append([b"after"])
    file.close()
    assert SpoolFile(path).waiting == 3


async def test_a_byte_that_rotted_ends_the_file_there(tmp_path: Path) -> None:
    path = tmp_path / "a.spool"
    file = SpoolFile(path)
    file.append([b"whole", b"rotten"])
    file.close()
    path.write_bytes(path.read_bytes().replace(b"rotten", b"Rotten"))
    assert SpoolFile(path).waiting == 1


async def test_a_strange_file_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.spool"
    path.write_bytes(b"something else entirely, and long enough")
    with pytest.raises(NoSpool):
        SpoolFile(path)


async def test_what_breaks_our_own_code_is_laid_aside_and_stops_nobody(tmp_path: Path, hall: Hall) -> None:
    spool = a_spool(tmp_path, hall)
    hall.there = False
    await bring(spool, "one", "bad", "two")
    hall.there, hall.breaks_at = True, "bad"
    assert [await spool.drain() for _ in range(3)] == [False, False, True]
    assert hall.seen == ["sms one", "sms two"]
    [aside] = tmp_path.glob("*.aside")
    assert b"bad" in Seal("a secret of the test").opened(SpoolFile(aside).first() or b"")


async def test_a_database_that_is_away_lays_nothing_aside(tmp_path: Path, hall: Hall) -> None:
    spool = a_spool(tmp_path, hall)
    hall.there = False
    await bring(spool, "one")
    assert [await spool.drain() for _ in range(5)] == [False] * 5
    assert spool.waiting == 1


async def test_a_full_spool_says_so_and_keeps_what_it_has(tmp_path: Path, hall: Hall) -> None:
    spool = a_spool(tmp_path, hall, most_bytes=2500)
    hall.there = False
    with pytest.raises(Full):
        await bring(spool, *(f"message {number}" for number in range(30)))
    kept = spool.waiting
    assert 0 < kept < 30
    hall.there = True
    with pytest.raises(Full):
        await spool.told()
    await spool.drain()
    assert len(hall.seen) == kept
    await bring(spool, "room again")


async def test_a_disk_that_fails_is_told_as_full(tmp_path: Path, hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_given: Any) -> None:
        raise OSError(28, "No space left on device")

    spool = a_spool(tmp_path, hall)
    await spool.keep("hall", "sms", said("one"))
    monkeypatch.setattr("gateway.hooks.spool_file.os.fdatasync", no_room)
    with pytest.raises(Full):
        await spool.keep("hall", "sms", said("two"))
    monkeypatch.undo()
    await spool.drain()
    assert hall.seen == ["sms one"], "what was refused is not there"


async def test_a_thousand_at_once_share_a_few_writes(
    tmp_path: Path, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []
    sync = os.fdatasync
    monkeypatch.setattr("gateway.hooks.spool_file.os.fdatasync", lambda file: (writes.append(file), sync(file))[1])
    spool = a_spool(tmp_path, hall)
    await asyncio.gather(*(spool.keep("hall", "sms", said(str(number))) for number in range(1000)))
    await spool.drain()
    assert hall.seen == [f"sms {number}" for number in range(1000)]
    assert len(writes) < 10


async def test_an_entry_of_another_time_that_nobody_understands_is_laid_aside(tmp_path: Path, hall: Hall) -> None:
    spool = a_spool(tmp_path, hall)
    await spool.keep("a room that was", "sms", said("one"))
    assert [await spool.drain() for _ in range(spools.TRIES)][-1]
    assert len(list(tmp_path.glob("*.aside"))) == 1


async def test_what_two_processes_kept_is_taken_up_in_the_order_it_came(tmp_path: Path) -> None:
    hall = Hall()
    clocks = [SetClock(NOON), SetClock(NOON)]
    spools = [Spool(tmp_path, clock, hall.answers, "a secret of the test") for clock in clocks]
    hall.there = False
    for number in range(20):
        for clock in clocks:
            clock.forward(timedelta(milliseconds=1))
        spool = spools[number % 3 % 2]
        if not number:
            for one in spools:
                one.opens("hall", hall.take, Inbound, Delivery)
        await bring(spool, str(number))
    hall.there = True
    await asyncio.gather(*(spool.drain() for spool in spools))
    assert hall.seen == [f"sms {number}" for number in range(20)]
    await bring(spools[0], "after")
    assert hall.seen[-1] == "sms after"
    for spool in spools:
        await spool.close()


async def test_who_has_emptied_its_own_spool_overtakes_nobody_else_s(tmp_path: Path, hall: Hall) -> None:
    one, two = a_spool(tmp_path, hall), a_spool(tmp_path, hall)
    hall.there = False
    await bring(one, "one")
    await bring(two, "two")
    hall.there = True
    emptying = asyncio.create_task(two.drain())
    while not hall.seen:  # noqa: ASYNC110 - a few instants
        await asyncio.sleep(0.001)
    two.clock = SetClock(NOON + timedelta(seconds=1))
    await bring(two, "three")
    assert (hall.seen, one.waiting) == (["sms two"], 1)
    await one.drain()
    await emptying
    assert hall.seen == ["sms two", "sms one", "sms three"]


async def test_a_process_that_never_gets_on_holds_nobody_up(
    tmp_path: Path, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.hooks.spool_order.PATIENCE_SECONDS", 0.02)
    hung, spool = a_spool(tmp_path, hall), a_spool(tmp_path, hall)
    hall.there = False
    await bring(hung, "never")
    await bring(spool, "one", "two")
    hall.there = True
    assert await spool.drain()
    assert hall.seen == ["sms one", "sms two"]
    await bring(spool, "three")
    assert hall.seen[-1] == "sms three"
