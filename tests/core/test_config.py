"""What an operator wrote wrongly is told with its place and its remedy."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from tests.gateway.commands.test_cli import quiet

__all__ = ["quiet"]


def hodi(*words: str) -> tuple[int, str]:
    """(exit status, all that was said)."""
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, " ".join((result.stdout + result.stderr).split())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator's folder and a database address, both right."""
    home = tmp_path / "operator"
    assert hodi("init", str(home))[0] == 0
    monkeypatch.setenv("HODI_OPERATOR", str(home))
    monkeypatch.setenv("HODI_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'hodi.db'}")
    assert hodi("db", "upgrade")[0] == 0
    return home


@pytest.mark.parametrize("twice", ["billing: {due_days: 20}", "currency: EUR", "notices:\n  urgent: []"])
def test_a_section_that_is_written_twice_is_refused_with_its_line(folder: Path, twice: str) -> None:
    path = folder / "operator.yaml"
    key = twice.partition(":")[0]
    lines = path.read_text().splitlines()
    if not any(line.startswith(f"{key}:") for line in lines):
        lines.append(f"{key}: {{}}")
    path.write_text("\n".join([*lines, twice, ""]))
    status, told = hodi("db", "verify")
    assert (status, "is written twice" in told, f"line {len(lines) + 1}" in told) == (1, True, True), told


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("sqlite:///hodi.db", "write sqlite+aiosqlite:///hodi.db"), ("postgresql://u:p@h/d", "write postgresql+asyncpg://..."),
        ("postgres://h/d", "write postgresql+asyncpg://..."), ("mysql://h/d", "write sqlite+aiosqlite://"), ("hodi.db", "write sqlite+aiosqlite://"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", [("db", "upgrade"), ("db", "verify"), ("serve",), ("bill", "--date", "2026-01-01")])
def test_a_database_that_cannot_be_used_gets_the_remedy(
    folder: Path, monkeypatch: pytest.MonkeyPatch, url: str, remedy: str, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HODI_DATABASE_URL", url)
    monkeypatch.setenv("HODI_SECRET_KEY", "x" * 40)
    status, told = hodi(*command)
    assert (status, remedy in told) == (1, True), told
    assert "u:p" not in told


def test_proxies_that_are_no_addresses_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HODI_TRUSTED_PROXIES", "10.0.0.1, nginx")
    status, told = hodi("db", "verify")
    assert (status, "10.0.0.2, 172.16.0.0/12" in told) == (1, True), told
    monkeypatch.setenv("HODI_TRUSTED_PROXIES", "10.0.0.1, 2001:db8::/32,")
    assert hodi("db", "verify")[0] == 0


def test_days_in_the_wrong_order_are_refused() -> None:
    for until in ("2026-01-01", "2025-12-31"):
        status, told = hodi("cycles", "--day", "1", "--from", "2026-01-01", "--to", until)
        assert (status, "is not after" in told) == (1, True)
    assert hodi("cycles", "--day", "1", "--from", "2026-01-01", "--to", "2026-01-02")[0] == 0
