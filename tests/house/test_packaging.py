"""The package list is whole: a room that is not listed would be missing from the wheel."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from tests.house.sources import ROOMS, ROOT


def test_every_room_with_python_in_it_is_packaged() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
    }
    assert found == listed


def test_the_wheel_holds_every_template_catalogue_and_migration(tmp_path: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    source = tmp_path / "source"
    for name in (*tracked, "pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", ".", "-w", str(tmp_path)]
    subprocess.run(build, cwd=source, capture_output=True, check=True)
    [wheel] = tmp_path.glob("*.whl")
    assert sorted(set(tracked) - set(zipfile.ZipFile(wheel).namelist())) == []
