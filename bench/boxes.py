"""A real Kannel on this machine: bearerbox, smsbox and the fake SMSC that comes with them, on ports of their own.

The tests use it too (`tests/gateway/kannel.py`).
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

BEARERBOX, SMSBOX = Path("/usr/sbin/bearerbox"), Path("/usr/sbin/smsbox")
FAKESMSC = Path("/usr/lib/kannel/test/fakesmsc")
HINT = "Kannel is not installed: apt install kannel kannel-extras"

CONF = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = adminpw
smsbox-port = {inner}
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-file = "{folder}/bearerbox.log"
log-level = 0
store-type = file
store-location = "{folder}/kannel.store"
dlr-storage = internal
sms-resend-freq = 5
sms-resend-retry = 3

group = smsc
smsc = fake
smsc-id = FAKE
port = {smsc}
connect-allow-ip = "127.0.0.1"

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {inner}
smsbox-id = smsbox1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
log-file = "{folder}/smsbox.log"
http-request-retry = 3
http-queue-delay = 1

group = sendsms-user
username = hodi
password = hodipw
max-messages = 6
concatenation = true
default-smsc = FAKE

group = sms-service
keyword = default
catch-all = true
max-messages = 0
concatenation = true
omit-empty = true
send-sender = true
post-url = "{hooks}/sms?from=%p&to=%P&id=%I&ts=%T&smsc=%i&coding=%c&udh=%u"

group = smsbox-route
smsbox-id = smsbox1
smsc-id = FAKE
"""


def installed() -> bool:
    """Whether all of it is here."""
    return all(path.exists() for path in (BEARERBOX, SMSBOX, FAKESMSC))


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@dataclass
class Kannel:
    """The running boxes. `handset` types messages into the fake SMSC and reads what arrives there."""

    folder: Path
    smsc: int
    sendsms: int
    boxes: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, program: Path, *words: str, out: int | None = None) -> asyncio.subprocess.Process:
        """One program, to be ended with the others."""
        quiet = asyncio.subprocess.DEVNULL
        box = await asyncio.create_subprocess_exec(
            program, *words, stdin=quiet, stdout=out or quiet, stderr=asyncio.subprocess.STDOUT, cwd=self.folder
        )
        self.boxes.append(box)
        return box

    async def handset(self, *messages: str) -> "Handset":
        """Sends these (`from to text words`), then listens."""
        words = ("-H", "127.0.0.1", "-r", str(self.smsc), "-i", "0.1", "-m", str(len(messages)), *messages)
        box = await self.start(FAKESMSC, *words, out=asyncio.subprocess.PIPE)
        if box.stdout is None:
            raise RuntimeError("the fake SMSC has no output")
        return Handset(box.stdout)

    async def listen(self) -> None:
        """A fake SMSC that takes whatever comes, and says nothing."""
        await self.start(FAKESMSC, "-H", "127.0.0.1", "-r", str(self.smsc), "-i", "0.001", "-m", "0", "1 2 text none")

    async def end(self) -> None:
        """Every program, the last first; one that does not heed is killed."""
        for box in reversed(self.boxes):
            if box.returncode is None:
                box.terminate()
                try:
                    await asyncio.wait_for(box.wait(), 3)
                except TimeoutError:
                    box.kill()
                    await box.wait()


@dataclass
class Handset:
    """What the fake SMSC prints."""

    lines: asyncio.StreamReader

    async def got(self) -> str:
        """The next message that arrived, as it was printed."""
        while True:
            line = await asyncio.wait_for(self.lines.readline(), 20)
            if not line:
                raise RuntimeError("the fake SMSC went away")
            if b"Got message" in line:
                return line.decode("utf-8", "replace")


@asynccontextmanager
async def running(folder: Path, hooks: str) -> AsyncIterator[Kannel]:
    """Kannel, which posts what handsets send to `hooks`, up to `.../kannel/{secret}`."""
    admin, inner, smsc, sendsms = free_ports(4)
    text = CONF.format(folder=folder, hooks=hooks, admin=admin, inner=inner, smsc=smsc, sendsms=sendsms)
    conf = folder / "kannel.conf"
    conf.write_text(text)
    kannel = Kannel(folder, smsc, sendsms)
    try:
        await kannel.start(BEARERBOX, str(conf))
        await _listens(inner)
        await _listens(smsc)
        await kannel.start(SMSBOX, str(conf))
        await _listens(sendsms)
        yield kannel
    finally:
        await kannel.end()


async def _listens(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise RuntimeError(f"nothing listens on port {port}")
