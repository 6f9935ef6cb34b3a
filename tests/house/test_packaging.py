"""The package list is whole: a room that is not listed would be missing from the wheel."""

import tomllib

from tests.house.sources import ROOMS, ROOT


def test_every_room_with_python_in_it_is_packaged() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
    }
    assert found == listed
