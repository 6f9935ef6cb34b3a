"""Cuts a screen into pages that fit the air: every page within its budget, no character lost, every option reachable.

The content of a screen is one string: its words, then a line for each option (`1. Balance`). Pages are consecutive pieces of
that string, cut after a line where possible, else after a space, else in the middle of a word; below each piece stand the
ways to the next page and to the one before. Whether GSM-7 or UCS-2 counts is asked of each page, because each travels alone.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from channels.contract import Page
from channels.limits import GSM7, size, units, wide
from core.message import Option, Screen

MORE_KEYS = ("98", "99", "998", "999", "9998")
BACK_KEYS = ("0", "97", "96", "997", "996", "9997")
"""What is answered for the next page and the page before: the first that is not one of the screen's own keys."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Units of one page, in each encoding."""

    gsm7: int = 156
    ucs2: int = 80

    def holds(self, text: str) -> bool:
        """Whether the text fits on one page."""
        encoding, total = units(text)
        return total <= (self.gsm7 if encoding == "gsm7" else self.ucs2)


USSD = Budget()
"""160 septets less the `CON ` that many gateways count; 80 characters where the script needs UCS-2."""


def pages(screen: Screen, budget: Budget = USSD) -> tuple[Page, ...]:
    """The screen as pages. One page when it fits: that is nearly always, and quick."""
    lines, keys = _below(screen.options)
    content = screen.text + lines
    if budget.holds(content):
        return (Page(content, keys),)
    return tuple(_Cutter(screen, content, budget).cut())


@lru_cache(maxsize=1024)
def _below(options: tuple[Option, ...]) -> tuple[str, tuple[str, ...]]:
    """The lines of the options and their keys. Most screens offer what another offered a moment ago."""
    return "".join([f"\n{option.key}. {option.label}" for option in options]), tuple([option.key for option in options])


def free_key(candidates: tuple[str, ...], taken: set[str]) -> str:
    """The first candidate that the screen does not use itself."""
    free = (key for key in candidates if key not in taken)
    return next(free, "") or next(key for key in (f"{n}*" for n in range(len(taken) + 1)) if key not in taken)


class _Cutter:
    """One screen on its way to become pages."""

    def __init__(self, screen: Screen, content: str, budget: Budget) -> None:
        own = {option.key for option in screen.options}
        self.content, self.budget, self.ends = content, budget, screen.ends
        self.more = free_key(MORE_KEYS, own)
        self.back = free_key(BACK_KEYS, own | {self.more})
        self.more_line = _way(self.more, screen.more, budget)
        self.back_line = _way(self.back, screen.back, budget)
        self.spans = _spans(screen.text, screen.options)
        self.tail = self.spans[-screen.ways][0] if 0 < screen.ways <= len(self.spans) else len(content) + 1
        """Where the options begin that only lead away."""

    def cut(self) -> list[Page]:
        """Greedy: the rest if it fits with its way back, otherwise as much as leaves room for both ways.

        Where the talk ends, the last page has no way back: the session is over once it is shown.
        """
        finished: list[Page] = []
        start = 0
        while True:
            back = self.back if finished else None
            last_back = None if self.ends else back
            last = self._below(self.content[start:], last_back, None)
            if self.budget.holds(last):
                return [*finished, Page(last, self._keys(start, len(self.content)), None, last_back)]
            end = self._before_the_ways(start, self._end(start, back))
            text = self._below(self.content[start:end], back, self.more)
            finished.append(Page(text, self._keys(start, end), self.more, back))
            start = end

    def _below(self, piece: str, back: str | None, more: str | None) -> str:
        """A piece with the ways out of it on lines of their own below."""
        ways = [line for key, line in ((more, self.more_line), (back, self.back_line)) if key]
        if not ways:
            return piece
        return piece + ("" if piece.endswith("\n") else "\n") + "\n".join(ways)

    def _end(self, start: int, back: str | None) -> int:
        """Where the page that begins at `start` stops: at least one character on."""
        hard = self._furthest(start, "\n" + self._below("", back, self.more).lstrip("\n"))
        hard += self.content.startswith(
            "\n", hard
        )  # a line that ends here takes no more room: the ways begin a new one
        line = self.content.rfind("\n", start, hard) + 1
        in_options = hard > self.spans[0][0] if self.spans else False
        if line > start and (in_options or line - start > (hard - start) // 2):
            return line
        space = self.content.rfind(" ", start, hard) + 1
        if space > start:
            return space
        return _whole_letter(self.content, start, hard)

    def _before_the_ways(self, start: int, end: int) -> int:
        """`end`, or a line (a word, half a word) earlier where nothing but the ways out would be left for the next page."""
        last = self.tail - 1
        if end < last or last - start < 2:
            return end
        for sign in ("\n", " "):
            earlier = self.content.rfind(sign, start, last - 1) + 1
            if earlier > start:
                return earlier
        return _whole_letter(self.content, start, (start + last + 1) // 2)

    def _furthest(self, start: int, ways: str) -> int:
        """The longest piece that fits above the ways out, to the character."""
        septets = sum(size(c, "gsm7") for c in ways)
        broad = wide(ways)
        plain = GSM7.issuperset(ways)
        for at in range(start, len(self.content)):
            character = self.content[at]
            plain = plain and character in GSM7
            septets += size(character, "gsm7")
            broad += size(character, "ucs2")
            if (septets > self.budget.gsm7) if plain else (broad > self.budget.ucs2):
                return max(at, start + 1)
        return len(self.content)

    def _keys(self, start: int, end: int) -> tuple[str, ...]:
        """The options of which something stands between `start` and `end`."""
        return tuple(key for first, after, key in self.spans if first < end and after > start)


def _way(key: str, label: str, budget: Budget) -> str:
    """The line of a way out; only its key when a long translation would leave the page no room."""
    line = f"{key}. {label}"
    septets = sum(size(c, "gsm7") for c in line)
    fits = septets * 4 <= budget.gsm7 and wide(line) * 4 <= budget.ucs2 and "\n" not in label
    return line if fits else f"{key}."


def _spans(text: str, options: tuple[Option, ...]) -> list[tuple[int, int, str]]:
    """Where in the content each option's line begins and ends."""
    spans, at = [], len(text) + 1
    for option in options:
        after = at + len(option.key) + 2 + len(option.label)
        spans.append((at, after, option.key))
        at = after + 1
    return spans


def _whole_letter(text: str, start: int, hard: int) -> int:
    """`hard`, or a little before it, so that a letter keeps its accents and an emoji its parts."""
    for end in range(hard, max(start, hard - 8), -1):
        if end >= len(text) or not (_joins(text[end]) or text[end - 1] == "\u200d"):
            return end
    return hard


def _joins(character: str) -> bool:
    return unicodedata.combining(character) > 0 or character in "\u200d\ufe0e\ufe0f" or "🏻" <= character <= "🏿"
