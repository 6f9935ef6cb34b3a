"""The navigation of the console: which sections stand open for somebody, and where a page stands among them."""

from aiohttp import web

from core.access.model import Who
from gateway.admin.console.section import ROOT, Group, Section

SECTIONS: web.AppKey[tuple[Section, ...]] = web.AppKey("console_sections", tuple[Section, ...])
"""The sections of the application that runs; kept there, because each of them shows the navigation to all."""


def menus(sections: tuple[Section, ...], who: Who) -> dict[str, list[tuple[str, str]]]:
    """(path, title) of what somebody may open, by group, in the order of the rows; a group without one is left out."""
    open_to = [(one.entry, one) for one in sections if one.entry and one.opens_for(who)]
    groups = {
        group: [
            (section.path, entry.title)
            for entry, section in sorted(open_to, key=lambda pair: pair[0].order)
            if entry.group == group
        ]
        for group in Group
    }
    return {str(group): pages for group, pages in groups.items() if pages}


def crumbs(sections: tuple[Section, ...], who: Who, path: str) -> list[tuple[str, str]]:
    """(path, title) of the sections that lead to a page and stand open for somebody, the uppermost first; never the page itself."""
    by_path = {one.path: one for one in sections if one.path != ROOT or one.entry}
    nearest = max((one for one in by_path if f"{path}/".startswith(f"{one}/")), key=len, default="")
    match = list[tuple[str, str]]()
    while section := by_path.get(nearest):
        if section.entry and section.path != path and section.opens_for(who):
            match.insert(0, (section.path, section.entry.title))
        nearest = section.under
    return match


def first_page(sections: tuple[Section, ...], who: Who) -> str:
    """The first page that somebody may see."""
    pages = [path for pages in menus(sections, who).values() for path, _ in pages]
    return pages[0] if pages else "/console/nothing"
