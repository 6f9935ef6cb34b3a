"""A network of access servers that ask a RADIUS server, which reads our wish from the views `radcheck` and `radreply`.

So the next sign-in of a line follows our wish by itself; what runs is told: a CoA-Request changes the session to soft or back, a
Disconnect-Request ends it for hard (RFC 5176). No session (Error-Cause 503) is as good as done. Both may be said twice, so an answer
that was lost is simply asked for again. What is actual is asked by signing in as the line would.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyrad import packet
from pyrad.client import Client, Timeout
from pyrad.dictionary import Dictionary

from core.config.operator import Settings
from core.outcome import NotReached, Refusal, Unknown
from core.provisioning.model import Answer, Applied, Command, Level

DICTIONARY = Path(__file__).with_name("radius_dictionary.txt")
NO_SESSION = 503
AT_ONCE = 16
SOFT = "soft"
"""The Filter-Id of a softly barred line: the access server's walled garden has this name."""


@dataclass(frozen=True, slots=True)
class RadiusNetwork:
    """One RADIUS server and one access server (or the proxy before many)."""

    host: str
    secret: str
    auth_port: int = 1812
    coa_host: str = ""
    coa_port: int = 3799
    seconds: int = 2
    tries: int = 2

    @classmethod
    def from_settings(cls, settings: Settings) -> "RadiusNetwork":
        """As the environment says."""
        return cls(
            settings.radius_host,
            settings.radius_secret.get_secret_value(),
            settings.radius_auth_port,
            settings.radius_coa_host,
            settings.radius_coa_port,
        )

    async def apply(self, command: Command) -> Answer:
        """Change or end the session that runs."""
        return await asyncio.to_thread(self._apply, command)

    async def ask(self, command: Command) -> Answer:
        """Saying it again is how one asks."""
        return NotReached("said again")

    async def levels(self, logins: Sequence[str]) -> Mapping[str, Level | None]:
        """How each line is let in just now."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(login: str) -> Level | None:
            async with gate:
                return await asyncio.to_thread(self._level, login)

        return dict(zip(logins, await asyncio.gather(*(one(login) for login in logins)), strict=True))

    def _client(self, host: str) -> Any:
        return Client(
            server=host,
            authport=self.auth_port,
            coaport=self.coa_port,
            secret=self.secret.encode(),
            dict=Dictionary(str(DICTIONARY)),
            retries=self.tries,
            timeout=self.seconds,
        )

    def _apply(self, command: Command) -> Answer:
        client = self._client(self.coa_host or self.host)
        ends = command.level == "hard"
        request = client.CreateCoAPacket(code=packet.DisconnectRequest if ends else packet.CoARequest)
        request["User-Name"] = command.login
        if not ends:
            request["Filter-Id"] = command.level
        if command.level == SOFT and command.kbps is not None:
            request["WISPr-Bandwidth-Max-Down"] = command.kbps * 1_000
        try:
            reply = client.SendPacket(request)
        except (Timeout, OSError) as why:
            return Unknown(type(why).__name__)
        finally:
            client._CloseSocket()
        return _read(reply)

    def _level(self, login: str) -> Level | None:
        client = self._client(self.host)
        request = client.CreateAuthPacket(code=packet.AccessRequest)
        request["User-Name"] = login
        request["Service-Type"] = "Call-Check"
        request["NAS-Identifier"] = "hodi"
        try:
            reply = client.SendPacket(request)
        except (Timeout, OSError):
            return None
        finally:
            client._CloseSocket()
        if reply.code == packet.AccessReject:
            return "hard"
        return "soft" if SOFT in reply.get("Filter-Id", []) else "none"


def _read(reply: Any) -> Answer:
    if reply.code in (packet.CoAACK, packet.DisconnectACK):
        return Applied()
    cause = next(iter(reply.get("Error-Cause", [])), None)
    return Applied("no session") if cause == NO_SESSION else Refusal(f"error_cause_{cause}", f"Error-Cause {cause}")
