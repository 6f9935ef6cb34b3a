"""`hodi serve --workers 2` under load while what it leans on is taken away: the callers, what they heard, and how long it took."""

import asyncio
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.databases import missing
from tests.faults.servers import Servers
from tests.ports import free_port

BINARIES = Path("/usr/lib/postgresql/15/bin")


@dataclass
class Postgres15:
    """A server of our own, to be stopped as a power cut stops it."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        where = f"-p {self.port} -h 127.0.0.1 -k {self.folder}"
        self._as_postgres(
            "pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), "-o", where, "start"
        )

    def stop(self) -> None:
        """At once: whoever is connected is thrown out, and what was not committed is gone."""
        self._as_postgres("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def _as_postgres(self, name: str, *arguments: str) -> None:
        command = [str(BINARIES / name), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


@contextmanager
def postgres15() -> Iterator[Postgres15]:
    """A fresh server, gone afterwards."""
    if not BINARIES.is_dir():
        missing("PostgreSQL 15 is missing: `apt-get install postgresql-15`")
    folder = Path(tempfile.mkdtemp(prefix="hodi-pg15-", dir="/tmp"))
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    server = Postgres15(folder, free_port())
    server._as_postgres("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "--locale=C.UTF-8")
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def opened(running: Servers, customers: int) -> None:
    """An operator with so many customers, whose numbers are `number(0)` and on."""
    await running.hodi("init", str(running.folder / "operator"))
    rows = "".join(f"C-{one},Customer {one},{number(one)},1,2026-01-01\n" for one in range(customers))
    (running.folder / "customers.csv").write_text("number,name,phone,bill_day,opened_on\n" + rows)
    await running.hodi("db", "upgrade")
    await running.hodi("import", "customers", str(running.folder / "customers.csv"))


def number(one: int) -> str:
    return f"+2547110{one:05}"


@dataclass
class Heard:
    """What callers heard: seconds and first words of each screen, and what was no screen."""

    seconds: list[float] = field(default_factory=list)
    polite: int = 0
    wrong: list[str] = field(default_factory=list)

    def share(self, of: float) -> float:
        """The seconds within which this share of all were answered."""
        return sorted(self.seconds)[max(0, int(len(self.seconds) * of) - 1)] if self.seconds else 0.0

    def __str__(self) -> str:
        return (
            f"{len(self.seconds)} screens, {len(self.wrong)} wrong, {self.polite} polite ends, "
            f"p50 {self.share(0.5):.3f} s, p99 {self.share(0.99):.3f} s, longest {max(self.seconds, default=0):.3f} s"
        )


async def calls(running: Servers, one: int, over: asyncio.Event, heard: Heard) -> None:
    """One customer, dialling again and again, each time with a connection of its own (so either worker may take it)."""
    turn = 0
    while not over.is_set():
        turn += 1
        for typed in ("", "1"):
            form = {
                "sessionId": f"s{one}.{id(heard)}.{turn}",
                "phoneNumber": number(one),
                "serviceCode": "*384*100#",
                "text": typed,
            }
            began = time.monotonic()
            try:
                url = f"{running.hooks}/ussd"
                async with running.http.post(url, data=form, headers={"Connection": "close"}) as answer:
                    status, screen = answer.status, await answer.text()
            except aiohttp.ClientError as why:
                heard.wrong.append(f"{turn} {typed!r}: {type(why).__name__}")
                continue
            heard.seconds.append(time.monotonic() - began)
            polite = screen.startswith("END Sorry")
            heard.polite += polite
            right = screen.startswith("CON") and ("Balance" in screen if not typed else f"C-{one}" in screen)
            if status != 200 or not (right or polite):
                heard.wrong.append(f"{status} {typed!r}: {screen[:80]!r}")
            await asyncio.sleep(0.02)


async def writes(running: Servers, one: int, first: int, count: int, kept: set[str]) -> list[str]:
    """One customer who sends `count` SMS one after the other; their network brings each until it is taken. What it was told before that."""
    told = []
    for at in range(first, first + count):
        name = f"m{one}.{at}"
        form = {"from": number(one), "id": name, "to": "40400", "text": "BAL", "date": "2026-03-10 09:00:00"}
        while f"reply:sms:{name}" not in kept:
            try:
                async with running.http.post(f"{running.hooks}/sms", data=form) as answer:
                    if answer.status == 200:
                        kept.add(f"reply:sms:{name}")
                    else:
                        told.append(f"{name}: {answer.status}")
            except aiohttp.ClientError as why:
                told.append(f"{name}: {type(why).__name__}")
    return told


async def metric(running: Servers, name: str) -> float:
    """One worker's figure."""
    async with running.http.get(f"http://127.0.0.1:{running.port}/metrics", headers={"Connection": "close"}) as answer:
        found = re.search(rf"^{name} (\S+)$", await answer.text(), re.MULTILINE)
    return float(found[1]) if found else -1.0
