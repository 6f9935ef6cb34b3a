"""The real Kannel of `bench/boxes.py`, for tests: skipped where it is not installed."""

import os

import pytest

from bench.boxes import HINT, free_ports, installed, running

__all__ = ["free_ports", "must_be_here", "running"]


def must_be_here() -> None:
    """Skip where Kannel is not installed, but not in CI."""
    if installed():
        return
    if os.environ.get("CI") == "true":
        pytest.fail(HINT)
    pytest.skip(HINT)
