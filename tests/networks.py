"""A network for tests that keeps its own ledger of truth, and loses what it is told to lose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.outcome import NotReached, Refusal, Unknown
from core.provisioning.model import Answer, Applied, Command, Level


@dataclass
class FakeNetwork:
    """Does each key once, and ignores a wish older than the newest it knows."""

    lines: dict[str, Level] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    done: dict[str, Level] = field(default_factory=dict)
    manners: list[str] = field(default_factory=list)
    """How the next calls go: down (never heard), lost (done, answer lost), refuses; else answered."""
    calls: list[str] = field(default_factory=list)

    async def apply(self, command: Command) -> Answer:
        self.calls.append(f"apply {command.level}")
        manner = self.manners.pop(0) if self.manners else "answers"
        if manner == "down":
            return NotReached("down")
        if manner == "refuses":
            return Refusal("no_such_line", "no such line")
        if command.key not in self.done and command.generation > self.newest.get(command.login, 0):
            self.lines[command.login], self.newest[command.login] = command.level, command.generation
        self.done[command.key] = command.level
        return Unknown("timeout") if manner == "lost" else Applied("n1")

    async def ask(self, command: Command) -> Answer:
        self.calls.append("ask")
        return Applied("n1") if command.key in self.done else NotReached("never arrived")

    async def levels(self, logins: Sequence[str]) -> Mapping[str, Level | None]:
        return {login: self.lines.get(login, "none") for login in logins}
