"""Draws the first tries of the last days as SVG, on the server: what was paid at once below, what was not on top.

Only numbers and dates of ours go into it, as whole pixels.
"""

from collections.abc import Sequence

from babel.numbers import format_decimal
from markupsafe import Markup

from core.payments.first_attempt_rate import TriesOfDay
from core.text.days import written
from gateway.admin.console.language import speaks
from gateway.admin.console.plot import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, ceiling
from gateway.pages.page import fragment
from gateway.pages.tongue import told


def tries_plot(days: Sequence[TriesOfDay]) -> Markup:
    """The plot of these days; a bar says its numbers to who hovers or listens."""
    top = ceiling(max([1, *(one.tries for one in days)]))
    room, floor = HEIGHT - BOTTOM - TOP, HEIGHT - BOTTOM
    step = (WIDTH - LEFT) // max(1, len(days))
    parts = [_line(top * quarter // 4, TOP + room - room * quarter // 4) for quarter in range(5)]
    for index, one in enumerate(days):
        x, wide = LEFT + index * step + 4, max(4, step - 8)
        good, bad = one.succeeded * room // top, (one.tries - one.succeeded) * room // top
        parts.append(
            f'<g class="day"><title>{written(one.on, speaks())}: {one.succeeded} / {one.tries}</title>'
            f'<rect class="received" x="{x}" y="{floor - good}" width="{wide}" height="{good}" rx="2"/>'
            f'<rect class="rejected" x="{x}" y="{floor - good - bad}" width="{wide}" height="{bad}" rx="2"/>'
            f'<text class="date" x="{x + wide // 2}" y="{floor + 18}" text-anchor="middle">{one.on.day}</text></g>'
        )
    words = told("First tries of payments by day: paid at once, and not", speaks())
    head = f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">'
    return fragment(head + "".join(parts) + "</svg>")


def _line(count: int, y: int) -> str:
    return (
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}"/>'
        f'<text class="scale" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{format_decimal(count, locale=speaks())}</text>'
    )
