"""One voice for the logs: structlog, and the libraries' stdlib logging through it. What a person wrote or owes never gets there.

A stack trace names files and lines only: the values of local variables may be a customer's, and SQL parameters are hidden by
the engine (`core/db/engine.py`).
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog


def configure() -> None:
    """Colours on a terminal, a JSON object a line anywhere else."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("aiosqlite", "alembic", "httpx", "telegram", "apscheduler", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    look: Any = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    if not sys.stderr.isatty():
        look = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_values,
            look,
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # where standard error is now, not where it was
        cache_logger_on_first_use=False,
    )


def _without_values(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception becomes its type and its frames; its words may quote a customer."""
    told = event.pop("exc_info", None)
    error = told if isinstance(told, BaseException) else sys.exc_info()[1] if told else None
    if error is not None:
        event["error"] = type(error).__name__
        event["frames"] = frames_of(error)
    return event


def frames_of(error: BaseException) -> list[str]:
    """Where it broke: files, lines and functions, the innermost last."""
    frames, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return frames[-12:]
