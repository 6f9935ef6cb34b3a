"""What every test may ask for: `db` (each test runs on SQLite and on PostgreSQL), `house`, and a clock that stands still."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from argon2 import PasswordHasher

from core.access import staff
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.parties import identity
from tests.databases import Postgres, Sqlite, start_postgres


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """A bug that a test makes is told in plain lines: to draw it with all its variables takes seconds."""
    told = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], told])


@pytest.fixture(scope="session", autouse=True)
def real_hashers() -> Iterator[tuple[PasswordHasher, PasswordHasher]]:
    """Passwords and PINs are slow to check by design; tests check thousands. The real ones are handed to the test that judges them."""
    real = staff._hasher, identity._HASHER
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staff, "_hasher", quick)
        patch.setattr(identity, "_HASHER", quick)
        yield real


@pytest.fixture(scope="session")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    return Sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    # Not below pytest's own folder: another run closes that to all but root, and the server is not root.
    with tempfile.TemporaryDirectory(prefix="hodi-postgres-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield start_postgres(Path(folder))


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> Sqlite | Postgres:
    found: Sqlite | Postgres = request.getfixturevalue(f"{request.param}_server")
    return found


@pytest.fixture
async def db_url(server: Sqlite | Postgres, tmp_path: Path) -> AsyncIterator[str]:
    url = await server.fresh(tmp_path)
    yield url
    await server.drop(url)


@pytest.fixture
async def db(db_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database; the test runs once on SQLite and once on PostgreSQL."""
    database = Database(db_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite_db(sqlite_server: Sqlite, tmp_path: Path) -> AsyncIterator[Database]:
    """SQLite only: for tests that are about something else than the database."""
    url = await sqlite_server.fresh(tmp_path)
    database = Database(url)
    yield database
    await database.close()


NOON = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
"""Noon in Nairobi on a Tuesday."""


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def operator() -> Operator:
    return Operator(
        name="Mwangaza Power",
        short_name="Mwangaza",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        languages=("en", "sw"),
        support_phone="+254800000000",
        default_tariff="kplc-domestic-ordinary",
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "media_path": str(tmp_path / "media"),
            "secret_key": "test-secret-key-of-more-than-32-letters",
            "hook_secret": "test-hook-secret",
            "sandbox_secret": "test-sandbox-secret",
            "public_url": "http://127.0.0.1:8080",
            "network_url": "http://127.0.0.1:9",
        }
    )


@pytest.fixture
def app(db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, db, settings, follow)
