"""What a turn costs with a thousand, ten thousand and a hundred thousand customers: the exponent should be 0.

Each call is another customer's, so that all of them are read and all have a session. Judged by the server's CPU for a turn, rounds of
the sizes one after the other, the median. `HODI_BENCH_CUSTOMERS=1000,10000` sets other sizes.
"""

import os
import statistics
import tempfile
from math import log
from pathlib import Path

import uvloop

from bench import callers
from bench.served import Figure, figure, serving
from bench.turn import PHONES, ROUNDS, SECONDS, fill
from bench.turn_served import PATH

SIZES = "1000,10000,100000"


def run() -> list[Figure]:
    """CPU of a turn at each size, and how it grows."""
    sizes = [int(size) for size in os.environ.get("HODI_BENCH_CUSTOMERS", SIZES).split(",")]
    with tempfile.TemporaryDirectory(prefix="hodi-bench-") as folder:
        return uvloop.run(_measure(Path(folder), [-(-size // PHONES) * PHONES for size in sizes]))


async def _measure(folder: Path, sizes: list[int]) -> list[Figure]:
    made: dict[str, list[str]] = {}
    for size in sizes:
        url = f"sqlite+aiosqlite:///{folder / f'{size}.db'}"
        await fill(url, size)
        made[str(size)] = ["turn", url, str(folder / f"{size}-sessions.db"), "-"]
    cost: dict[int, list[float]] = {size: [] for size in sizes}
    async with serving(made) as servers:
        for round_ in range(ROUNDS + 1):
            for size in sizes:
                server = servers[str(size)]
                before = server.cpu_seconds()
                heard = await callers.call(server.port, PATH, SECONDS, PHONES, check=True, customers=size)
                heard.cpu_seconds = server.cpu_seconds() - before
                if heard.wrong:
                    raise RuntimeError(f"{heard.wrong} wrong answers among {size} customers")
                if round_:  # the first warms
                    cost[size].append(heard.cpu_us())
        peaks = {size: servers[str(size)].peak_mb() for size in sizes}
    us = {size: statistics.median(costs) for size, costs in cost.items()}
    few, many = sizes[0], sizes[-1]
    exponent = log(us[many] / us[few]) / log(many / few) if many > few else 0.0
    return [
        *(
            figure(f"turn of {size:,} customers", us[size], "us", us[few], us[few] / us[size], peaks[size])
            for size in sizes
        ),
        figure(f"turn growth, {few:,} to {many:,} customers", exponent, "exponent", 0.0, us[few] / us[many]),
    ]
