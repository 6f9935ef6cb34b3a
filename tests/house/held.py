"""A rule's list of today's offenders (`offenders/<rule>.toml`), which may only shrink: nothing joins it, and what is mended leaves it.

An entry is `"offender" = "why it stands yet"`, or `"place" = 12` where a rule counts. `SHRINK=1 pytest tests/house` takes mended
entries off and lowers numbers; it never adds.
"""

import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

LISTS = Path(__file__).parent / "offenders"


def held(rule: str, found: Iterable[str] | Mapping[str, int]) -> list[str]:
    """What is wrong with a rule's list: nothing, where it says exactly what was found."""
    file = LISTS / f"{rule}.toml"
    text = file.read_text("utf-8")
    if os.environ.get("SHRINK"):
        text = shrunk(text, found)
        file.write_text(text, "utf-8")
    return complaints(text, found)


def complaints(text: str, found: Iterable[str] | Mapping[str, int]) -> list[str]:
    """What found and listed disagree on, as sentences for whoever broke the rule."""
    listed: dict[str, str | int] = tomllib.loads(text)
    counts = _counts(found)
    rows = []
    for offender, count in counts.items():
        entry = listed.get(offender)
        if entry is None:
            rows.append(f"{offender} ({count}): new, mend it" if count > 1 else f"{offender}: new, mend it")
        elif isinstance(entry, int) and count > entry:
            rows.append(f"{offender}: {count}, {entry} were allowed")
        elif isinstance(entry, int) and count < entry:
            rows.append(f"{offender}: {count} by now, write the smaller number on the list")
        elif not isinstance(entry, int) and not entry.strip():
            rows.append(f"{offender}: say why it stands")
    rows += [f"{offender}: no offender any more, take it off the list" for offender in listed if offender not in counts]
    return rows


def shrunk(text: str, found: Iterable[str] | Mapping[str, int]) -> str:
    """The list without what is mended, and with the smaller numbers."""
    counts = _counts(found)
    lines = []
    for line in text.splitlines():
        if not line.startswith('"'):
            lines.append(line)
            continue
        ((offender, entry),) = tomllib.loads(line).items()
        if offender in counts:
            smaller = isinstance(entry, int) and counts[offender] < entry
            lines.append(f"{json.dumps(offender)} = {counts[offender]}" if smaller else line)
    return "\n".join(lines) + "\n"


def _counts(found: Iterable[str] | Mapping[str, int]) -> dict[str, int]:
    return dict(found) if isinstance(found, Mapping) else dict.fromkeys(found, 1)
