"""Who may import whom, as pyproject.toml says it."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_the_rooms_import_only_downwards() -> None:
    assert lint_imports(no_cache=True, is_debug_mode=False) == EXIT_STATUS_SUCCESS
