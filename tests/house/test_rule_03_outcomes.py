"""Rule 3: one outcome for every remote system, one circuit breaker, one back-off; one limit on people and one pace towards providers."""

import ast
import re
from collections.abc import Iterator

import pytest

from core.outcome import OutcomeState
from tests.house.sources import sources

ROOMS = ("core", "channels", "scheduler", "gateway")
"""Dialogs ask nothing of a remote system: their `Refusal` is an answer of the counter."""
PLAYED = ("gateway/sandbox/", "gateway/demo/")
"""Here remote systems themselves are played, with schedules of their own."""
OUTCOME, ERRORS = "core/outcome.py", "core/errors.py"
BREAKER, BACK_OFF = "core/outbox/circuit_breaker.py", "core/outbox/back_off.py"
PLACES = (
    (re.compile(r"Done|Refusal|NotReached|Unknown|OutcomeState"), (OUTCOME,)),
    (re.compile(r"Refused"), (ERRORS,)),
    (re.compile(r"Unreached|Unreachable|Unanswered|Unasked|Unaskable|Silence|Silent|Missing|NoAnswer|Timed?Out|Later"), ()),
    (re.compile(r"NotKnown|NotSure|Unsure|Unclear|Uncertain|Declined|Rejected|Denied|Failed|Succeeded|Accepted"), ()),
    (re.compile(r"\w*(Breaker|Circuit)\w*"), (BREAKER,)),
    (re.compile(r"\w*Back_?[Oo]ff\w*|RetryAfter"), (BACK_OFF,)),
    (re.compile(r"\w*(Throttle|RateLimit|Limiter|Pace)"), ("core/access/attempts.py", "core/outbox/rate_limit.py")),
)  # fmt: skip
"""Names of classes that mean one of these things, and where they may be defined."""
WAYS = re.compile(r"back_?off|retry_after|next_look|circuit_breaker")
"""Names of functions that do."""


def offences(path: str, text: str) -> Iterator[str]:
    """What a file defines of its own that the house has once."""
    tables = set[ast.AST]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            yield from _class(path, node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and WAYS.search(node.name):
            if path not in (BREAKER, BACK_OFF):
                yield f"{path}:{node.lineno} has a way of its own to wait: {node.name}"
        elif isinstance(node, ast.Call) and _name(node.func) == "BackOff":
            tables.update(node.args)
        elif isinstance(node, ast.Tuple) and node not in tables and _waits(node):
            yield f"{path}:{node.lineno} is a table of waits that no BackOff reads"
        elif (
            isinstance(node, ast.Subscript)
            and _name(node.value) == "Literal"
            and len(_words(node) & set(OutcomeState)) > 2
        ):
            yield f"{path}:{node.lineno} writes the outcomes as words: OutcomeState"


def _class(path: str, node: ast.ClassDef) -> Iterator[str]:
    for pattern, places in PLACES:
        if pattern.fullmatch(node.name) and path not in places:
            yield f"{path}:{node.lineno} defines {node.name}"
    shades = {_name(base) for base in node.bases} & {"Refusal", "NotReached", "Unknown"}
    if shades:
        yield f"{path}:{node.lineno} subclasses {', '.join(shades)}: a shade of an outcome is its code"


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _waits(node: ast.Tuple) -> bool:
    waits = [isinstance(one, ast.Call) and _name(one.func) == "timedelta" for one in node.elts]
    return len(waits) > 2 and all(waits)


def _words(node: ast.AST) -> set[str]:
    return {str(one.value) for one in ast.walk(node) if isinstance(one, ast.Constant)}


def test_what_the_house_has_once_is_defined_once() -> None:
    found = [each for path, text in sources(*ROOMS) if not path.startswith(PLAYED) for each in offences(path, text)]
    assert found == []


def test_the_four_are_there() -> None:
    text = dict(sources("core"))
    defined = {node.name for node in ast.walk(ast.parse(text[OUTCOME])) if isinstance(node, ast.ClassDef)}
    assert {"Done", "Refusal", "NotReached", "Unknown"} <= defined
    assert {"CircuitBreaker", "BackOff"} <= {
        node.name
        for path in (BREAKER, BACK_OFF)
        for node in ast.parse(text[path]).body
        if isinstance(node, ast.ClassDef)
    }


@pytest.mark.parametrize(
    "planted",
    [
        "class Unanswered: ...", "class NotReached: ...", "class Declined(Exception): ...", "class Refused: ...",
        "class Gone(NotReached): ...", "class Gone(outcome.Refusal): ...", "class ProviderCircuit: ...", "class SmsBreaker: ...",
        "class ExponentialBackoff: ...", "def next_look(polls): ...", "async def retry_after(answer): ...", "class PageThrottle: ...",
        "LOOKS = (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))",
        "state: Literal['done', 'refused', 'not_reached', 'unknown']",
    ],
)  # fmt: skip
def test_a_second_one_is_seen(planted: str) -> None:
    assert len(list(offences("core/payments/new.py", planted))) == 1


@pytest.mark.parametrize(
    "fine",
    [
        "class Begun(Done): ...", "LOOKS = BackOff((timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)))",
        "IDLE, MOST = timedelta(minutes=30), timedelta(hours=12)", "state: Literal['created', 'sent', 'unknown']",
    ],
)  # fmt: skip
def test_what_is_meant_to_be_is_not(fine: str) -> None:
    assert list(offences("core/payments/new.py", fine)) == []
