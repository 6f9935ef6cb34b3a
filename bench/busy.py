"""A customer's 99th percentile while a bill run is under way, against the same at rest: at most three times as much is asked, a
ratio of 0.33.

A few phones that think between their answers call a gateway; then the same while another process closes the cycles of the same
database. `HODI_BENCH_ACCOUNTS` says how many are billed: enough that the run lasts as long as the calls.
"""

import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench import callers
from bench.billrun import ON, OPERATOR, TARIFF, Stated, settle_accounts
from bench.served import Figure, Server, figure, postgres_and_redis, serving
from bench.turn import SECONDS, fill
from bench.turn_served import PATH
from core.catalog.compile import load_tariff
from core.clock import SetClock
from core.config.operator import Settings
from core.context import App
from core.db.engine import Database
from core.journeys.close_cycles import close_cycles
from core.journeys.follow import follow

PHONES, PAUSE = 8, 0.05
ACCOUNTS = int(os.environ.get("HODI_BENCH_ACCOUNTS", "20000"))


def run() -> list[Figure]:
    """On SQLite and, where they are installed, on PostgreSQL with Redis."""
    with tempfile.TemporaryDirectory(prefix="hodi-bench-") as folder, ExitStack() as servers:
        others = servers.enter_context(postgres_and_redis(Path(folder)))
        return uvloop.run(_measure(Path(folder), others))


async def _measure(folder: Path, others: tuple[str, str] | None) -> list[Figure]:
    figures = await _on("SQLite", f"sqlite+aiosqlite:///{folder / 'bench.db'}", str(folder / "sessions.db"), "-")
    if others:
        figures += await _on("PostgreSQL and Redis", others[0], str(folder / "stand-in.db"), others[1])
    return figures


async def _on(name: str, url: str, sessions: str, redis: str) -> list[Figure]:
    await fill(url, PHONES)
    app = billed(url)
    await settle_accounts(app, ACCOUNTS)
    await app.db.close()
    async with serving({"ours": ["turn", url, sessions, redis]}) as servers:
        server = servers["ours"]
        await _calls(server, 1.0)
        rest = await _calls(server, SECONDS)
        bills = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.busy", url, stdout=asyncio.subprocess.PIPE
        )
        try:
            if bills.stdout is None or await bills.stdout.readline() != b"begun\n":
                raise RuntimeError("the bill run did not begin")
            busy = await _calls(server, SECONDS)
            lasted = bills.returncode is None
            if await bills.wait():
                raise RuntimeError("the bill run failed")
        finally:
            if bills.returncode is None:
                bills.kill()
                await bills.wait()
    note = "" if lasted else ", longer than the run"
    return [figure(f"turn p99 during a bill run, {name}{note}", busy, "ms", rest, rest / busy)]


async def _calls(server: Server, seconds: float) -> float:
    heard = await callers.call(server.port, PATH, seconds, PHONES, check=True, pause=PAUSE)
    if heard.wrong:
        raise RuntimeError(f"{heard.wrong} wrong answers")
    return heard.p99_ms()


def billed(url: str) -> App:
    """The house on the day of its bill run."""
    return App(SetClock(datetime(2026, 2, 1, 3, 0, tzinfo=UTC)), OPERATOR, Database(url), Settings(), follow)


async def _bill(url: str) -> None:
    app, tariff = billed(url), Stated(load_tariff(TARIFF))
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    report = await close_cycles(app, ON, sources=tariff)
    await app.db.close()
    if report.problems:
        raise RuntimeError(f"the run is not closed: {report.problems[:3]}")


if __name__ == "__main__":
    asyncio.run(_bill(sys.argv[1]))
