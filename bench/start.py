"""How much processor a command takes before it does anything: `hodi --help` and `hodi quote`, in rounds beside a bare typer and Python.

A person waits for it, and a cron job pays it every time. The limits are the design's: 0.3 s and 0.6 s; the peer is a program of the same
library with one empty command. Children are measured one at a time by what the system says they used, and the median round is told.
"""

import os
import resource
import subprocess
import sys
import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from statistics import median
from typing import Any

Figure = dict[str, Any]
ROUNDS = 5
HELP_SECONDS, QUOTE_SECONDS = 0.3, 0.6
USAGE = '{"period": {"from": "2023-07-01", "to": "2023-08-01"}, "usage": [{"meter": "energy", "quantity": "42"}]}'
PEER = "import typer; app = typer.Typer(); app.command()(lambda: None); app()"


def run() -> list[Figure]:
    """Processor seconds of our commands, each with its limit, and of the peer (its limit is that of `--help`)."""
    hodi = (sys.executable, "-m", "gateway.cli")
    with (
        tempfile.TemporaryDirectory() as folder,
        as_file(files("examples") / "tariffs" / "kenya-domestic.yaml") as tariff,
    ):
        usage = Path(folder) / "usage.json"
        usage.write_text(USAGE, "utf-8")
        kinds = {
            "start, hodi --help": ((*hodi, "--help"), HELP_SECONDS),
            "start, hodi quote": ((*hodi, "quote", "--tariff", str(tariff), "--usage", str(usage)), QUOTE_SECONDS),
            "start, peer: a bare typer --help": ((sys.executable, "-c", PEER, "--help"), HELP_SECONDS),
            "start, python alone": ((sys.executable, "-c", "pass"), HELP_SECONDS),
        }
        seconds: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(ROUNDS):  # in turn, so that whatever else the machine does meets all of them
            for name, (words, _limit) in kinds.items():
                seconds[name].append(_processor(words))
    return [_figure(name, median(seconds[name]), limit) for name, (_words, limit) in kinds.items()]


def _processor(words: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _figure(name: str, value: float, limit: float) -> Figure:
    """`ratio` is the limit's share: above 1 is quicker than the limit."""
    return {"name": name, "value": value, "unit": "s", "limit": limit, "ratio": limit / value, "peak_mb": None}
