"""One logger: everything of ours speaks through structlog; the libraries' stdlib logging is met in one place, `gateway/logs.py`."""

import ast
from collections.abc import Iterable

import pytest

from tests.house.sources import sources

BRIDGE = "gateway/logs.py"
SILENCERS = ("bench/turn_served.py", "bench/chat_served.py")
"""Processes of the bench that say nothing: they switch stdlib logging off, and log nothing themselves."""


def second_loggers(files: Iterable[tuple[str, str]]) -> list[str]:
    """Where stdlib `logging` is imported, or a logger of it is taken, outside the bridge."""
    found = []
    for path, text in files:
        if path == BRIDGE:
            continue
        for node in ast.walk(ast.parse(text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            imports = any(name.partition(".")[0] == "logging" for name in names) and path not in SILENCERS
            if imports or (isinstance(node, ast.Attribute) and node.attr in ("getLogger", "basicConfig")):
                found.append(f"{path}:{node.lineno}")
    return found


def test_everything_of_ours_speaks_through_structlog() -> None:
    assert second_loggers(sources()) == []


def test_every_silencer_silences() -> None:
    assert all("logging.disable(" in text for path, text in sources("bench") if path in SILENCERS)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("core/x.py", "import logging\nlog = logging.getLogger('x')"),
        ("core/x.py", "from logging import getLogger"),
        ("core/x.py", "def f():\n    import logging.config"),
        ("bench/turn_served.py", "import logging\nlogging.getLogger('x')"),
    ],
)
def test_a_planted_second_logger_is_found(path: str, text: str) -> None:
    assert second_loggers([(path, text)])
