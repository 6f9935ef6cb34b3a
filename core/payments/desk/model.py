"""What a drawer should hold, and what its count means. Pure."""

from collections.abc import Iterable


def expected(float_minor: int, moves: Iterable[int]) -> int:
    """Float, plus what was received, less what was turned in."""
    return float_minor + sum(moves)


def difference(counted_minor: int, expected_minor: int) -> int:
    """Above zero: over; below: short."""
    return counted_minor - expected_minor
