"""What became of something we asked of a remote system: done, refused, not reached, or unknown. The same four for everybody outside.

Payments, vending, networks and channels answer in these and in nothing else, because what follows is the same everywhere: what is
done is kept; what is refused is over; whoever was not reached surely never heard us and is asked again; what is unknown may have
happened, so it is asked *about* and never asked for again. A room that is given something with the `Done` (a page's address, a token)
subclasses that one; the shades of the others are their `code`.

The refusal of a remote system is a `Refusal`, because `Refused` (`core/errors.py`) is what we say to a person and is raised.
"""

from dataclasses import dataclass
from enum import StrEnum

UNKNOWN_TO_PROVIDER = "unknown_to_provider"
"""Code of a `Refusal`: it does not know what we named. Where we asked about something of ours, that never happened."""
CALLED_BACK = "called_back"
"""Code of an `Unknown`: it took the question and will tell by itself, under `ref`."""
NOTHING_TO_ASK_BY = "nothing_to_ask_by"
"""Code of an `Unknown`: nobody was asked (what we would ask by was lost, or a question is under way), so it says nothing of their health."""


class OutcomeState(StrEnum):
    """The four as words, for rows and for messages that are told of by the wave."""

    DONE = "done"
    REFUSED = "refused"
    NOT_REACHED = "not_reached"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Done:
    """It did it, or took it (what comes of that is told later, under the reference that a subclass carries)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """It said no, for good. `code` is for machines; `why` is what is kept where the code alone does not say it."""

    code: str
    why: str = ""

    @property
    def reason(self) -> str:
        """What is kept of it."""
        return self.why or self.code


@dataclass(frozen=True, slots=True)
class NotReached:
    """It surely never heard us, so nothing happened: ask again, after `wait_s` seconds where it says so."""

    why: str
    wait_s: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A timeout, a broken connection, an answer that says nothing: it may have happened. Ask what became of it; never ask for it again."""

    why: str
    code: str = "no_answer"
    ref: str | None = None
    wait_s: int | None = None

    @property
    def is_silence(self) -> bool:
        """Whether nobody answered: not so where it will tell later, nor where nobody was asked."""
        return self.code not in (CALLED_BACK, NOTHING_TO_ASK_BY)


Unsettled = NotReached | Unknown
"""What says nothing of the thing itself."""
