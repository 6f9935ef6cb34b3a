"""What is logged of a bug names its place, and no value a customer may own."""

import json

import pytest
import structlog

from gateway import logs


def test_a_logged_bug_names_type_and_place_but_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    secret_phone = "+254700000001"
    try:
        raise ValueError(f"{secret_phone} cannot be")
    except ValueError:
        structlog.get_logger().exception("it broke")
    structlog.reset_defaults()
    [line] = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["error"]) == ("it broke", "ValueError")
    assert told["frames"][-1].startswith("test_logs.py:")
    assert secret_phone not in line
