"""A folder of another machine over SFTP: spoken to only if it shows the key the operator wrote down, files copied to a spool first.

The password or the private key comes from the environment, by the source's name: `HODI_SFTP_PASSWORDS={"msc-north": "..."}` or
`HODI_SFTP_KEYS={"msc-north": "/etc/hodi/msc-north.key"}`. Every call has a deadline. asyncssh takes most of a second to load, so it is
loaded by whoever fetches.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.metering.model import Lying
from core.metering.store.sources import Sftp

PATIENCE_SECONDS = 30


class SftpUnavailable(Exception):
    """The machine does not answer, or is not the one the operator wrote down, or lets us not in."""


class SftpSecrets(BaseSettings):
    """`HODI_SFTP_...`: by the name of the source."""

    model_config = SettingsConfigDict(env_prefix="HODI_SFTP_", frozen=True, extra="ignore")

    passwords: dict[str, SecretStr] = {}
    keys: dict[str, Path] = {}


class SftpFolder:
    """An open folder."""

    def __init__(self, client: Any, folder: str, spool: Path) -> None:
        self.client, self.folder, self.spool = client, folder, spool

    async def lying(self) -> list[Lying]:
        """The plain files in it."""
        from asyncssh import FILEXFER_TYPE_REGULAR

        async with _patience():
            match = await self.client.readdir(self.folder)
        plain = [one for one in match if one.attrs.type == FILEXFER_TYPE_REGULAR]
        return [Lying(str(one.filename), one.attrs.size or 0, one.attrs.mtime or 0) for one in plain]

    @asynccontextmanager
    async def at_hand(self, name: str) -> AsyncIterator[Path]:
        """A copy of a file on this machine, gone afterwards."""
        path = self.spool / Path(name).name
        try:
            async with _patience(20):
                await self.client.get(f"{self.folder}/{name}", path)
            yield path
        finally:
            path.unlink(missing_ok=True)


@asynccontextmanager
async def opened(machine: Sftp, source: str, spool: Path) -> AsyncIterator[SftpFolder]:
    """The folder of a machine; `SftpUnavailable` when it cannot be reached or trusted."""
    import asyncssh

    try:
        async with _patience():
            connection = await asyncssh.connect(machine.host, machine.port, **_options(machine, source))
    except (asyncssh.Error, OSError, TimeoutError, ValueError) as why:
        raise SftpUnavailable(f"{machine.host} cannot be reached or trusted ({type(why).__name__})") from why
    try:
        async with connection, connection.start_sftp_client() as client:
            yield SftpFolder(client, machine.folder.rstrip("/") or "/", spool)
    except asyncssh.Error as why:
        raise SftpUnavailable(f"{machine.host}: {type(why).__name__}") from why


def _options(machine: Sftp, source: str) -> dict[str, Any]:
    import asyncssh

    secrets = SftpSecrets()
    password, key = secrets.passwords.get(source), secrets.keys.get(source)
    return {
        "username": machine.user,
        "known_hosts": ([asyncssh.import_public_key(machine.host_key)], [], []),
        "password": password.get_secret_value() if password else None,
        "client_keys": [str(key)] if key else None,
        "agent_path": None,
        "config": None,
    }


@asynccontextmanager
async def _patience(times: int = 1) -> AsyncIterator[None]:
    async with asyncio.timeout(PATIENCE_SECONDS * times):
        yield
