"""What the compiler of one tariff knows while it works: names of times and destinations, units, and where it is."""

import re
from collections.abc import Sequence
from fractions import Fraction
from hashlib import blake2b

from core import money
from core.catalog.charge_document import Prices, WhenDoc
from core.catalog.document import TariffDoc
from core.catalog.numbers import exact
from core.catalog.wrong import refuse
from core.rating.terms import Condition, Price

ANY_TIME = -1
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def number_of(word: str) -> int:
    """The number that rating knows a word by: the same in every version and tariff, never a number that is written."""
    return 10**18 + int.from_bytes(blake2b(word.encode(), digest_size=7).digest())


class TariffScope:
    """Looked up by every part of the compiler; gathers the attributes' words, the meters' units and the history needed."""

    def __init__(self, doc: TariffDoc, where: str) -> None:
        self.doc, self.where = doc, where
        try:
            self.exponent = money.exponent(doc.currency)
        except ValueError as why:
            refuse(where, str(why).split(":")[0], "use an ISO 4217 code such as KES")
        self.times: dict[str, int] = {}
        for rule in doc.times:
            self.times.setdefault(rule.code, len(self.times))
        self.destinations = {name: index for index, name in enumerate(doc.destinations)}
        self.meters: dict[str, str] = {}
        self.history: dict[str, int] = {}
        self.registers: set[str] = set()
        self.labels: dict[str, dict[str, int]] = {}

    def at(self, code: str) -> str:
        """Where a charge is."""
        return f"{self.where}, charge {code}"

    def price(self, text: str) -> Price:
        """A price as text and exact minor units."""
        return Price(text, self.minor(text))

    def maybe(self, text: str | None) -> Price | None:
        """A price, or none."""
        return None if text is None else self.price(text)

    def bounds(self, least: str | None, most: str | None, code: str) -> tuple[Price | None, Price | None]:
        """A least and a most; a least above the most is refused."""
        if least is not None and most is not None and exact(least) > exact(most):
            refuse(
                self.at(code), f"its minimum {least} is above its maximum {most}", "lower the one or raise the other"
            )
        return self.maybe(least), self.maybe(most)

    def minor(self, text: str) -> Fraction:
        """Exact minor units of a money text."""
        return exact(text) * Fraction(10**self.exponent)

    def by_time(self, prices: Prices, code: str, during: Sequence[str] | None = None) -> dict[int, Price]:
        """Prices by the index of the time of use; {ANY_TIME: price} where there is one for all."""
        if isinstance(prices, str):
            return {ANY_TIME: self.price(prices)}
        self.bands(list(prices), code)
        lacking = [name for name in (during or self.times) if name not in prices]
        if lacking:
            refuse(
                self.at(code),
                f"no price for the time {lacking[0]!r}",
                "give every time of use a price (a usage charge may name `during`)",
            )
        return {self.times[name]: self.price(text) for name, text in prices.items()}

    def bands(self, names: Sequence[str] | None, code: str) -> frozenset[int] | None:
        """Indexes of times of use."""
        if names is None:
            return None
        for name in names:
            if name not in self.times:
                known = ", ".join(self.times) or "none"
                refuse(self.at(code), f"{name!r} is no time of use", f"define it under `times` (defined: {known})")
        return frozenset(self.times[name] for name in names)

    def reach(self, names: Sequence[str] | None, code: str) -> frozenset[int] | None:
        """Indexes of destinations."""
        if names is None:
            return None
        for name in names:
            if name not in self.destinations:
                known = ", ".join(self.destinations) or "none"
                refuse(
                    self.at(code), f"{name!r} is no destination", f"define it under `destinations` (defined: {known})"
                )
        return frozenset(self.destinations[name] for name in names)

    def measured(self, meter: str, unit: str, code: str) -> None:
        """Note a meter's unit; two units of one meter are refused."""
        if self.meters.setdefault(meter, unit) != unit:
            refuse(
                self.at(code),
                f"meter {meter!r} is measured in {self.meters[meter]} elsewhere and in {unit} here",
                "use one unit for one meter",
            )

    def remembers(self, meter: str, periods: int, code: str) -> None:
        """Note how many earlier periods of a meter are needed."""
        if self.history.setdefault(meter, periods) != periods:
            refuse(
                self.at(code),
                f"it averages {periods} periods of {meter!r}, another charge {self.history[meter]}",
                "use one `average_of` for one meter",
            )

    def values(self, attribute: str, given: list[str | int] | str | int | None, code: str) -> frozenset[int]:
        """Numbers for the values an attribute is compared with; words get numbers of their own."""
        wanted = given if isinstance(given, list) else [given] if given is not None else []
        if not wanted:
            refuse(self.at(code), f"it asks for {attribute!r} and not for which value", "add `is: value`")
        words = [str(value) for value in wanted if not _WHOLE.fullmatch(str(value))]
        if words and len(words) != len(wanted):
            refuse(self.at(code), f"{attribute!r} is compared with words and numbers", "use one kind")
        if not words:
            return frozenset(int(value) for value in wanted)
        known = self.labels.setdefault(attribute, {})
        return frozenset(known.setdefault(word, number_of(word)) for word in words)

    def condition(self, when: WhenDoc | None, code: str) -> Condition | None:
        """When a charge applies."""
        if when is None:
            return None
        months = frozenset(when.months or ())
        if months and not months <= frozenset(range(1, 13)):
            refuse(self.at(code), "a month must be from 1 to 12", "write `months: [6, 7, 8]`")
        if when.attribute is None:
            return Condition(first_purchase=when.first_purchase, months=months)
        return Condition(when.attribute, self.values(when.attribute, when.equals, code), when.first_purchase, months)
