"""Places where a rehearsal may kill the process: `HODI_FAULT=billing.built:3` dies like kill -9 at the third pass of that place.

Unarmed it costs one comparison. The kill tests (tests/faults) walk these places and prove that nothing is lost or done twice.
"""

import os
import signal
from dataclasses import dataclass


@dataclass(slots=True)
class _Armed:
    place: str
    left: int


def _from_environment() -> _Armed | None:
    place, _, count = os.environ.get("HODI_FAULT", "").partition(":")
    return _Armed(place, int(count or "1")) if place else None


_armed = _from_environment()


def point(place: str) -> None:
    """Die here, if the rehearsal said so."""
    if _armed is None or _armed.place != place:
        return
    _armed.left -= 1
    if _armed.left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
