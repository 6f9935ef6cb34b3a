"""What a network must be able to do for us; its adapters stand in `providers/`, one file each."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from core.provisioning.model import Answer, Command, Level


class Network(Protocol):
    """A network that lets services through or not. Nothing of it raises for what the network does."""

    async def apply(self, command: Command) -> Answer:
        """Tell it; the same key again changes nothing."""

    async def ask(self, command: Command) -> Answer:
        """What became of a command whose answer we do not have; `NotReached` when it never heard of it."""

    async def levels(self, logins: Sequence[str]) -> Mapping[str, Level | None]:
        """How it lets each line through just now; None or absent where it cannot say."""
