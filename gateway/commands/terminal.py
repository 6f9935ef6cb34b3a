"""The terminal as a phone that dials (`hodi dialogs try --phone`): a synchronous channel that is brought the newest input alone."""

from channels.contract import BySession, Door, Page
from channels.paging import pages
from core.message import Screen


class Terminal(BySession):
    """A channel without a provider: what it renders is printed."""

    END = "\f"
    """Stands after the last screen of a session."""
    name = "ussd"
    doors: tuple[Door, ...] = ()

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """As a phone has it."""
        return pages(screen)

    def render(self, screen: Screen, page: Page) -> str:
        """The words of the page, and whether they are the last."""
        return page.text + (self.END if screen.ends and page.more is None else "")
