"""Hodi as it is run for real, for tests from outside: `hodi` commands, `hodi serve --workers 2`, the provider and the network beside it."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.clock import SystemClock
from gateway.sandbox import app as sandbox
from gateway.sandbox.africastalking import AfricasTalking
from tests.house.sources import ROOT
from tests.ports import free_port

SECRETS = {
    "HODI_SECRET_KEY": "k" * 40,
    "HODI_HOOK_SECRET": "hook-of-the-test",
    "HODI_SANDBOX_SECRET": "sandbox-of-the-test",
}
API_KEY = "at-key-of-the-test"


@dataclass(slots=True)
class Servers:
    """An operator's folder, the settings of its processes, and who else is on the wire."""

    folder: Path
    environment: dict[str, str]
    network: AfricasTalking
    http: aiohttp.ClientSession
    port: int
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)

    @property
    def hooks(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/africastalking/{SECRETS['HODI_HOOK_SECRET']}"

    async def hodi(self, *arguments: str) -> str:
        """A command, to its end; what it printed."""
        process = await self._start(*arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        printed, _ = await process.communicate()
        assert process.returncode == 0, f"hodi {' '.join(arguments)}: {printed.decode()[-2000:]}"
        return printed.decode()

    async def serve(self, *more: str) -> asyncio.subprocess.Process:
        """`hodi serve --workers 2`, up and ready; what it logs is in `serve.log`."""
        with (self.folder / "serve.log").open("ab") as log:
            process = await self._start("serve", "--workers", "2", "--port", str(self.port), *more, stderr=log)
        self.processes.append(process)
        for _ in range(1200):
            with contextlib.suppress(aiohttp.ClientError):
                async with self.http.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                    if answer.status == 200:
                        return process
            await asyncio.sleep(0.05)
        raise AssertionError("the gateway did not come up")

    async def _start(self, *arguments: str, **more: Any) -> asyncio.subprocess.Process:
        command = [sys.executable, "-m", "gateway.cli", *arguments]
        return await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=self.environment, start_new_session=True, **more
        )

    async def stop(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def workers_of(process: asyncio.subprocess.Process) -> list[int]:
    """The processes gunicorn keeps."""
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@asynccontextmanager
async def servers(folder: Path, database_url: str, redis_url: str) -> AsyncIterator[Servers]:
    """The network and the provider listen; nothing of Hodi runs yet."""
    async with AsyncExitStack() as stack:
        port = free_port()
        hook = SECRETS["HODI_HOOK_SECRET"]
        network = AfricasTalking(SystemClock(), API_KEY, f"http://127.0.0.1:{port}/hooks/africastalking/{hook}")
        callback = f"http://127.0.0.1:{port}/hooks/payments/{hook}/sandbox"
        bank = sandbox.make_app(SECRETS["HODI_SANDBOX_SECRET"], prompt_seconds=0.1, callback_url=callback)
        at = await stack.enter_async_context(_listening(network.app()))
        bank_at = await stack.enter_async_context(_listening(bank))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        known = {name: value for name, value in os.environ.items() if not name.startswith("HODI_")}
        mine = {
            "HODI_DATABASE_URL": database_url,
            "HODI_REDIS_URL": redis_url,
            "HODI_OPERATOR": str(folder / "operator"),
            "HODI_SESSIONS_PATH": str(folder / "sessions.db"),
            "HODI_SPOOL_PATH": str(folder / "spool"),
            "HODI_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "HODI_AFRICASTALKING_BASE_URL": at,
            "HODI_AFRICASTALKING_API_KEY": API_KEY,
            "HODI_SANDBOX_BASE_URL": bank_at,
        }
        running = Servers(folder, known | SECRETS | mine, network, http, port)
        stack.push_async_callback(running.stop)
        yield running


@asynccontextmanager
async def _listening(web_app: web.Application) -> AsyncIterator[str]:
    async with TestServer(web_app) as server:
        yield str(server.make_url("")).rstrip("/")
