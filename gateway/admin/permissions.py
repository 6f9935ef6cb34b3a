"""What may be done at the ops side, collected from the routes that ask for it: there is no other list of permissions.

Roles name permissions (`core/access/model.py`); whether the two agree is asked once, at the start, so that a slip of the pen is no
page that nobody can open.
"""

import re
from collections.abc import Iterable, Mapping

from aiohttp import web

from core.access.model import EVERYTHING, ROLES
from gateway.admin.described import ANYBODY, OPEN, description

BEHIND = ("/console", "/tmf-api")
"""Where no route may forget to say who may use it."""
_NAME = re.compile(r"[a-z]+\.[a-z]+")


def collect(routes: Iterable[web.AbstractRouteDef]) -> dict[str, list[str]]:
    """Permission (`thing.verb`) -> the routes that ask for it, as `POST /console/money`. `ValueError`: a route that declares none."""
    match: dict[str, list[str]] = {}
    for route in routes:
        if not isinstance(route, web.RouteDef):
            continue
        place, answer = f"{route.method} {route.path}", description(route.handler)
        if answer is None:
            if route.path.startswith(BEHIND):
                raise ValueError(f"{place} declares no permission")
            continue
        for permission in {answer.permission, *answer.also} - {OPEN, ANYBODY}:
            if not _NAME.fullmatch(permission):
                raise ValueError(f"{place}: {permission!r} is no thing.verb")
            match.setdefault(permission, []).append(place)
    return match


def check(permissions: Iterable[str], roles: Mapping[str, frozenset[str]] = ROLES) -> None:
    """`ValueError`: a role grants what no route asks for, or a route asks for what no role names (admin is granted everything unnamed)."""
    question, granted = set(permissions), {name for names in roles.values() for name in names} - {EVERYTHING}
    if stray := sorted(granted - question):
        raise ValueError(f"roles grant what no route asks for: {', '.join(stray)}")
    if unnamed := sorted(question - granted):
        raise ValueError(f"routes ask for what no role names: {', '.join(unnamed)}")
