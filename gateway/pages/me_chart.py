"""Thirteen months of use as bars, drawn on the server: whole numbers in, SVG out, readable on a narrow screen and without scripts."""

from collections.abc import Sequence

from babel.dates import format_date
from markupsafe import Markup, escape

from core.billing.model import MonthUse
from core.billing.render.view_model import number
from gateway.pages.page import fragment

WIDTH, HEIGHT, FLOOR, STEP = 325, 150, 130, 25


def bars(use: Sequence[MonthUse], unit: str, lang: str, words: str) -> Markup:
    """The chart, with its words for who cannot see it; estimated months are paler."""
    tallest = max((one.quantity_micro for one in use), default=0) or 1
    parts = [_bar(one, place, tallest, unit, lang) for place, one in enumerate(use)]
    head = f'<svg class="bars" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words)}">'
    return fragment(f"{head}{''.join(parts)}</svg>")


def _bar(one: MonthUse, place: int, tallest: int, unit: str, lang: str) -> str:
    tall = max(0, one.quantity_micro) * (FLOOR - 10) // tallest
    told = f"{format_date(one.from_date, 'MMM y', locale=lang)}: {number(one.quantity_micro, lang)} {unit}"
    month = format_date(one.from_date, "MMM", locale=lang)[:3]
    kind = "guess" if one.estimated else "bar"
    x = place * STEP
    return (
        f'<g><title>{escape(told)}</title><rect class="{kind}" x="{x + 3}" y="{FLOOR - tall}" width="{STEP - 6}" height="{tall}" rx="3"/>'
        f'<text x="{x + STEP // 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(month)}</text></g>'
    )
