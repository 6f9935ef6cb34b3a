"""`make` alone says what there is; it installs, runs and changes nothing, and says that the others install by themselves."""

import re
import shutil
import subprocess

from tests.databases import missing
from tests.house.sources import ROOT


def test_make_alone_says_every_target_and_that_they_install() -> None:
    if shutil.which("make") is None:
        missing("make is missing: `apt-get install make`")
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "installs what it needs" in done.stdout and "pip" not in done.stdout
    named = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert named is not None
    for target in named[1].split():
        assert re.search(rf"make {target} +\S", done.stdout), target
