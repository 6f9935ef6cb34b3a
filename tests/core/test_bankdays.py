"""A due day is a day on which banks work, by the country's own weekend and holidays."""

from datetime import date

import pytest

from core.bankdays import on_or_after


@pytest.mark.parametrize(
    "country, day, expected",
    [
        ("KE", "2026-03-10", "2026-03-10"),
        ("KE", "2026-03-14", "2026-03-16"),  # a Saturday
        ("KE", "2026-12-25", "2026-12-28"),  # Christmas, Boxing Day and a Sunday
        ("KE", "2026-06-01", "2026-06-02"),  # Madaraka Day
        ("EG", "2026-03-13", "2026-03-15"),  # Friday and Saturday are the weekend
        ("AQ", "2026-03-14", "2026-03-16"),
    ],
)
def test_the_next_bank_day(country: str, day: str, expected: str) -> None:
    assert on_or_after(date.fromisoformat(day), country).isoformat() == expected
    assert on_or_after(date.fromisoformat(expected), country).isoformat() == expected
