"""What a route says of itself: who may use it and what it takes and gives. The guard and `/openapi.json` read the same words.

`OPEN` must be said: a route of the console or of the ops API that says nothing is refused, and fails a test.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel

OPEN = "open"
"""The permission of a route that needs none (the sign-in page)."""
ANYBODY = "anybody"
"""The permission of what everybody who is signed in may do, whatever the role (to sign out)."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)


class NotGranted(web.HTTPForbidden):
    """403: what a role may not do. `params` fill the text in the language of whoever reads it."""

    def __init__(self, role: str) -> None:
        super().__init__(text="The role {role} may not do this.")
        self.params = {"role": role}


@dataclass(frozen=True, slots=True)
class Described:
    """One route in its own words."""

    permission: str
    summary: str = ""
    query: tuple[tuple[str, str], ...] = ()
    """Names of query parameters, and what each means."""
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    many: bool = False
    """Whether the answer is a list of `answer`."""
    status: int = 200
    also: tuple[str, ...] = ()
    """Further permissions that the handler itself asks for."""
    whole: bool = False
    """Whether it is done for the whole house, by somebody who belongs to no branch."""


def described(
    permission: str = OPEN,
    *,
    summary: str = "",
    query: tuple[tuple[str, str], ...] = (),
    body: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
    many: bool = False,
    status: int = 200,
    whole: bool = False,
    also: tuple[str, ...] = (),
) -> Callable[[H], H]:
    """Put the description on a handler."""

    def put(handler: H) -> H:
        words = summary or (handler.__doc__ or "").split("\n")[0]
        handler.described = Described(permission, words, query, body, answer, many, status, also, whole)  # type: ignore[attr-defined]  # on a function
        return handler

    return put


def description(handler: object) -> Described | None:
    """What a handler says of itself, if it says anything."""
    match = getattr(handler, "described", None)
    return match if isinstance(match, Described) else None
