"""A section of the console is a row: where it stands in the navigation, its list, what opens from it, and what may be done there.

Each trade declares its own row in its own file; `sections.py` is the table of them. Routes, navigation and the crumbs above a page come
from it, and the permission of each stands on its handler (`described`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps

from aiohttp import web

from core.access.model import Who
from gateway.admin.described import Handler, description

ROOT = "/console"


class Group(StrEnum):
    """The menus of the navigation, in their order; each word is a text of the catalogue."""

    CUSTOMERS = "Customers"
    BILLS = "Bills"
    MONEY = "Money"
    MESSAGES = "Messages"
    WORK = "Work"


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a section stands in the navigation, and what it is called there."""

    group: Group
    order: int
    title: str


@dataclass(frozen=True, slots=True)
class Action:
    """A form of a section: its path below the section's, and who does it."""

    path: str
    handler: Handler
    verbs: Mapping[str, str] = field(default_factory=dict)
    """What it can be told to do: the last part of a route of its own, and the value of `named_by` that means it."""
    named_by: str = "do"


@dataclass(frozen=True, slots=True)
class Verb:
    """What the route of one verb means: the form at `path` with `field` = `value`."""

    path: str
    field: str
    value: str


def verb_of(handler: object) -> Verb | None:
    """The verb that a route stands for; None where a route takes a whole form."""
    match = getattr(handler, "verb", None)
    return match if isinstance(match, Verb) else None


def place_of(request: web.Request) -> str:
    """The route of the form that a request sends, whether to its own address or to that of a verb."""
    resource, verb = request.match_info.route.resource, verb_of(request.match_info.handler)
    if verb:
        return verb.path
    return resource.canonical if resource else ""


@dataclass(frozen=True, slots=True)
class Section:
    """One trade at the console."""

    path: str
    page: Handler | None = None
    """Its list, or the one page that it has."""
    entry: Entry | None = None
    """None: it is reached from another section's pages."""
    details: Mapping[str, Handler] = field(default_factory=dict)
    """What opens from the list, each by its path below the section's."""
    actions: tuple[Action, ...] = ()
    under: str = ""
    """The section whose pages lead here, for one without an entry of its own."""

    def routes(self) -> list[web.RouteDef]:
        """Every route of it: verbs first, because `{id}` would take their names."""
        rows = [web.post(verb.path, handler) for verb, handler in self._verbs()]
        rows += [web.get(self.path, self.page)] if self.page else []
        rows += [web.get(self.path + path, handler) for path, handler in self.details.items()]
        return rows + [web.post(self.path + action.path, action.handler) for action in self.actions]

    def _verbs(self) -> Iterator[tuple[Verb, Handler]]:
        for action in self.actions:
            for name, value in action.verbs.items():
                path = self.path + action.path
                yield (
                    Verb(f"{path}/{name}", action.named_by, value),
                    _of_a_verb(action, Verb(path, action.named_by, value)),
                )

    def opens_for(self, who: Who) -> bool:
        """Whether somebody may see its page; what is of the whole house is not shown to a branch."""
        page = description(self.page)
        return page is not None and who.may(page.permission) and not (page.whole and who.branch)


def _of_a_verb(action: Action, verb: Verb) -> Handler:
    """The action's own handler, with its permission, at the address of one verb."""

    @wraps(action.handler)
    async def act(request: web.Request) -> web.StreamResponse:
        return await action.handler(request)

    act.verb = verb  # type: ignore[attr-defined]  # on a function, as `described` is
    return act
