"""The bill as a page: readable at 320 px, prints well, works without scripts, says everything in text."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from core.billing.model import Bill
from core.billing.render.view_model import shown


@cache
def _template() -> Template:
    """Autoescaped, and a variable that is missing is an error rather than an empty place on a bill."""
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("bill.html")


def render(bill: Bill, lang: str, *, pay_url: str | None = None, also: str = "") -> str:
    """A whole HTML document. `pay_url` is where the pay button leads; without it there is none; `also` goes with the PDF's address."""
    return _template().render(bill=shown(bill, lang), pay_url=pay_url, also=also)
