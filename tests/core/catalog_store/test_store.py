"""Tariff versions in the house: loaded once, never changed, and the right one found for a day."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from core.catalog import queries, store
from core.catalog.tables import tariff_version
from core.context import App
from core.errors import BadInput, Refused


def _tariff(day: str, price: str, more: str = "") -> str:
    return (
        f"tariff: home\nvalid_from: {day}\n{more}currency: KES\nname: {{en: Home, sw: Nyumbani}}\ncharges:\n"
        f'  - {{code: use, type: usage, meter: energy, unit: kWh, model: flat, price: "{price}"}}\n'
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An operator's folder with two versions in one file."""
    (tmp_path / "tariffs").mkdir()
    text = f"# our tariffs\n---\n{_tariff('2025-01-01', '10')}---\n{_tariff('2025-07-01', '12')}"
    (tmp_path / "tariffs" / "home.yaml").write_text(text, "utf-8")
    return tmp_path


async def _load(app: App, folder: Path) -> list[str]:
    async with app.db.writing() as conn:
        return await store.load_folder(conn, app, folder)


async def _price(app: App, on: date) -> str:
    async with app.db.reading() as conn:
        tariff = await queries.tariff_on(conn, "home", on)
        return str(next(iter(tariff.charges)))


async def test_a_folder_is_loaded_once(app: App, folder: Path) -> None:
    assert await _load(app, folder) == ["home 2025-01-01", "home 2025-07-01"]
    assert await _load(app, folder) == []


async def test_the_version_of_the_day_is_found_and_compiled_once(app: App, folder: Path) -> None:
    await _load(app, folder)
    async with app.db.reading() as conn:
        june = await queries.tariff_on(conn, "home", date(2025, 6, 30))
        july = await queries.tariff_on(conn, "home", date(2025, 7, 1))
        assert (june.valid_from, july.valid_from) == (date(2025, 1, 1), date(2025, 7, 1))
        assert await queries.tariff_on(conn, "home", date(2025, 3, 1)) is june
        assert await queries.codes(conn) == ["home"]


@pytest.mark.parametrize(("code", "day"), [("home", date(2024, 12, 31)), ("nothing", date(2025, 6, 1))])
async def test_a_day_without_a_version_is_refused(app: App, folder: Path, code: str, day: date) -> None:
    await _load(app, folder)
    async with app.db.reading() as conn:
        with pytest.raises(Refused, match=r"tariff\.unknown"):
            await queries.tariff_on(conn, code, day)
        with pytest.raises(Refused, match=r"tariff\.unknown"):
            await queries.versions_between(conn, code, day, date(2025, 12, 1))


async def test_a_version_that_has_ended_is_not_in_force(app: App, tmp_path: Path) -> None:
    (tmp_path / "home.yaml").write_text(_tariff("2025-01-01", "10", "valid_to: 2025-02-01\n"), "utf-8")
    await _load(app, tmp_path)
    async with app.db.reading() as conn:
        assert (await queries.tariff_on(conn, "home", date(2025, 1, 31))).code == "home"
        with pytest.raises(Refused):
            await queries.tariff_on(conn, "home", date(2025, 2, 1))


async def test_the_versions_of_a_period_come_by_their_first_day(app: App, folder: Path) -> None:
    await _load(app, folder)
    async with app.db.reading() as conn:
        both = await queries.versions_between(conn, "home", date(2025, 6, 15), date(2025, 7, 15))
        assert [one.valid_from.month for one in both] == [1, 7]
        june = await queries.versions_between(conn, "home", date(2025, 6, 1), date(2025, 7, 1))
        assert [one.valid_from.month for one in june] == [1]


async def test_a_corrected_text_is_a_revision_beside_the_old_one(app: App, folder: Path) -> None:
    await _load(app, folder)
    before = await _price(app, date(2025, 7, 1))
    path = folder / "tariffs" / "home.yaml"
    path.write_text(path.read_text("utf-8").replace('"12"', '"13"'), "utf-8")
    assert await _load(app, folder) == ["home 2025-07-01"]
    assert await _price(app, date(2025, 7, 1)) != before
    async with app.db.reading() as conn:
        assert (await conn.execute(select(func.count()).select_from(tariff_version))).scalar_one() == 3


async def test_a_version_cannot_be_changed_or_removed(app: App, folder: Path) -> None:
    await _load(app, folder)
    for statement in (update(tariff_version).values(document=""), delete(tariff_version)):
        with pytest.raises(DBAPIError, match="append-only"):
            async with app.db.writing() as conn:
                await conn.execute(statement)


async def test_a_folder_with_a_mistake_is_refused_whole(app: App, folder: Path) -> None:
    (folder / "tariffs" / "zz.yaml").write_text(_tariff("2025-01-01", "ten"), "utf-8")
    with pytest.raises(BadInput, match=r"zz\.yaml, charge use"):
        await _load(app, folder)
    async with app.db.reading() as conn:
        assert await queries.codes(conn) == []
