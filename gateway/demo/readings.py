"""Made-up half-hourly readings for the demo's town, as a CSV file like a real head-end would send, gaps included."""

import csv
import random
from datetime import date, datetime, timedelta
from pathlib import Path

SHAPE = (3, 2, 2, 2, 2, 3, 6, 9, 7, 5, 4, 4, 5, 5, 4, 4, 5, 8, 14, 18, 17, 13, 8, 5)
"""A day's use by the hour, in hundredths of a kWh per half-hour for a household of size one."""


def write_csv(path: Path, meters: list[str], first: date, last: date, seed: int = 7) -> None:
    """Half-hourly kWh of `meters` from `first` to before `last`; every eighth meter has lost a few hours."""
    dice = random.Random(seed)  # noqa: S311 - it makes a town up, it guards nothing
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("customer_id", "reading_datetime", "kwh"))
        for at, meter in enumerate(meters):
            size = dice.randint(2, 16)
            start = datetime(first.year, first.month, first.day)  # noqa: DTZ001 - local clock time, as meters write it
            slots = (last - first).days * 48
            lost = _gap(dice, slots) if at % 8 == 5 else range(0)
            for slot in range(slots):
                if slot not in lost:
                    moment = start + timedelta(minutes=30 * slot)
                    rows.writerow((meter, moment.isoformat(timespec="minutes"), _kwh(dice, size, moment.hour)))


def _gap(dice: random.Random, slots: int) -> range:
    begin = dice.randrange(slots // 2, slots - 20)
    return range(begin, begin + dice.randint(3, 15))


def _kwh(dice: random.Random, size: int, hour: int) -> str:
    thousandths = SHAPE[hour] * size * dice.randint(60, 140) // 100
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"
