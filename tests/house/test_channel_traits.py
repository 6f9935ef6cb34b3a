"""USSD is a trait, not a provider: who serves channels asks what they can do (`channels/contract.py`), never who they are."""

import ast

import pytest

from channels.registry import ROWS
from tests.house.sources import sources

SHARED = frozenset({"contract", "errors", "form", "http", "limits", "paging", "registry", "transliteration"})
"""What others may import of the room: everything but the providers."""
NAMES = frozenset(row.name for row in ROWS)
OUTSIDE = ("gateway/sandbox/", "gateway/demo/")
"""Here providers themselves are played, and the towns that use them."""


def offences(path: str, text: str) -> list[str]:
    """Where a file imports one provider's channel, or compares with a channel's name."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found += [f"{path}:{node.lineno} imports {name}" for name in _imported(node) if _is_provider(name)]
        elif compared := _compared(node) & NAMES:
            found.append(f"{path}:{node.lineno} compares with {', '.join(sorted(compared))}")
    return found


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}.{alias.name}" for alias in node.names]


def _is_provider(module: str) -> bool:
    room, _, rest = module.partition(".")
    return room == "channels" and rest.partition(".")[0] not in SHARED


def _compared(node: ast.AST) -> set[object]:
    """The words that a comparison, a `case`, or a `startswith` names."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
    elif isinstance(node, ast.MatchValue):
        sides = [node.value]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith":
        sides = list(node.args)
    else:
        return set()
    parts = [
        part for side in sides for part in (side.elts if isinstance(side, ast.Tuple | ast.Set | ast.List) else [side])
    ]
    return {part.value for part in parts if isinstance(part, ast.Constant)}


def test_no_file_of_the_gateway_the_dialogs_or_the_scheduler_knows_a_provider_or_asks_a_channel_its_name() -> None:
    files = [(path, text) for path, text in sources("gateway", "dialogs", "scheduler") if not path.startswith(OUTSIDE)]
    assert [offence for path, text in files for offence in offences(path, text)] == []


@pytest.mark.parametrize(
    "planted",
    [
        "from channels.africastalking.ussd import AfricasTalkingUssd",
        "from channels import kannel",
        "import channels.telegram.channel",
        "if channel.name == 'ussd': pass",
        "plain = name in ('ussd', 'sms')",
        "kept = {n: c for n, c in channels.items() if n != 'ussd'}",
        "line.startswith('sms')",
        "match name:\n    case 'email': pass",
    ],
)
def test_an_offender_is_found(planted: str) -> None:
    assert len(offences("planted.py", planted)) == 1
