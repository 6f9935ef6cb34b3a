"""Style is a test: what we banned stays out, every file says why it is there, and no file grows past its wall."""

import ast

import pytest

from tests.house.sources import ROOT, sources

BANNED = {
    "datetime.now(": ("core/clock.py", "clock.now()"),
    "date.today(": ("", "house.today()"),
    "time.time(": ("", "clock.now()"),
    "float(": ("bench/", "core/money.py or integers"),
    "print(": ("", "rich's console in the command line, structlog elsewhere"),
    "import africastalking": ("channels/", "the port in channels/"),
    "safe_load(": ("core/yaml_text.py", "yaml_text.read()"),
    "NotImplementedError": ("", "the real thing"),
    "round(": ("core/rating/rounding.py", "core/rating/rounding.py"),
}
MAY_MEASURE = ("bench/",)


@pytest.mark.parametrize("banned", sorted(BANNED))
def test_nobody_uses_what_we_banned(banned: str) -> None:
    allowed, instead = BANNED[banned]
    found = [
        f"{path}:{number}: {banned} is banned, use {instead}"
        for path, text in sources()
        if not (allowed and path.startswith(allowed)) and not path.startswith(MAY_MEASURE)
        for number, line in enumerate(text.splitlines(), 1)
        if _calls(line, banned)
    ]
    assert found == []


def _calls(line: str, banned: str) -> bool:
    at = line.split("#", maxsplit=1)[0].find(banned)
    if "def " in line:
        return False
    return at >= 0 and (at == 0 or not (line[at - 1].isalnum() or line[at - 1] in "_."))


def test_every_file_says_at_its_top_why_it_is_there() -> None:
    silent = [path for path, text in sources() if text.strip() and not ast.get_docstring(ast.parse(text))]
    assert silent == []


def test_no_file_outgrows_its_wall() -> None:
    spared = ("core/migrations/versions/",)
    tall = [
        f"{path}: {len(text.splitlines())} lines"
        for path, text in sources()
        if len(text.splitlines()) > 400 and not path.startswith(spared)
    ]
    assert tall == []


def test_no_function_is_longer_than_a_screen() -> None:
    spared = ("core/migrations/versions/", "bench/")
    long = [
        f"{path}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path, text in sources()
        if not path.startswith(spared)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > 60
    ]
    assert long == []


def test_con_is_written_in_one_place() -> None:
    written = [path for path, text in sources() if '"CON ' in text or "'CON '" in text or 'f"CON' in text]
    assert written == ["channels/africastalking/ussd.py"]


def test_no_registry_host_or_machine_path_is_in_the_project() -> None:
    suspects = [
        path
        for path in (*ROOT.glob("*.txt"), *ROOT.glob("*.toml"), *ROOT.glob(".ci/*"), ROOT / "Makefile")
        if path.is_file()
        and any(line.startswith(("--index-url", "--extra-index-url")) for line in path.read_text().splitlines())
    ]
    assert suspects == []
