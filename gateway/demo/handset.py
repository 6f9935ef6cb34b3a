"""A customer's phone in the story: it dials through the real webhook, reads its SMS, and prints what its owner sees."""

import secrets
from dataclasses import dataclass, field

from rich.console import Console
from rich.panel import Panel

from gateway.demo.servers import Wires


class StoryFailed(Exception):
    """The story did not go as it must; the demo ends with status 1."""


@dataclass(slots=True)
class Handset:
    """`phone` in E.164; what is shown and typed goes to `out`."""

    wires: Wires
    phone: str
    owner: str
    out: Console
    read: int = 0
    screen: str = ""
    ended: bool = False
    _session: str = ""
    _typed: list[str] = field(default_factory=list)

    async def dial(self) -> str:
        """Dial the operator's code."""
        self._session, self._typed = f"story-{secrets.token_hex(6)}", []
        return await self._step(f"{self.owner} dials {self.wires.app.operator.ussd_code}")

    async def answer(self, typed: str) -> str:
        """Type an answer."""
        self._typed.append(typed)
        return await self._step(f"{self.owner} answers {typed}")

    async def choose(self, words: str) -> str:
        """Answer with the key of the option whose label has `words`."""
        for line in self.screen.splitlines():
            key, _, label = line.partition(". ")
            if words.lower() in label.lower():
                return await self.answer(key)
        raise StoryFailed(f"{self.owner} looks for {words!r} and sees:\n{self.screen}")

    async def _step(self, told: str) -> str:
        form = {
            "sessionId": self._session,
            "phoneNumber": self.phone,
            "networkCode": "63902",
            "serviceCode": self.wires.app.operator.ussd_code,
            "text": "*".join(self._typed),
        }
        async with self.wires.http.post(f"{self.wires.hooks}/ussd", data=form) as response:
            body = await response.text()
            if response.status != 200:
                raise StoryFailed(f"the gateway answered {response.status}: {body}")
        kind, _, self.screen = body.partition(" ")
        self.ended = kind == "END"
        self.out.print(Panel(self.screen, title=told, title_align="left", subtitle=kind, width=64, highlight=False))
        return self.screen

    async def sms(self, last: int = 0) -> list[str]:
        """The messages that came since the last look; only the `last` few of them, if that is said."""
        await self.wires.dispatcher.drain()
        await self.wires.network.settle()
        inbox = self.wires.network.inbox(self.phone)
        new, self.read = [one.what for one in inbox[self.read :]][-last:], len(inbox)
        for text in new:
            self.out.print(
                Panel(text, title=f"SMS to {self.owner}", title_align="left", width=64, style="green", highlight=False)
            )
        return new
