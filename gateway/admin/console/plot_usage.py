"""Draws the records of the last days as SVG, on the server: what was taken below, what is rejected on top.

Only numbers and dates of ours go into it, as whole pixels. The same figures stand in a table below the plot.
"""

from collections.abc import Sequence

from babel.numbers import format_decimal
from markupsafe import Markup

from core.metering.queries import Daily
from gateway.admin.console.language import speaks
from gateway.admin.console.plot import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, ceiling
from gateway.pages.page import fragment
from gateway.pages.tongue import told


def usage_plot(days: Sequence[Daily]) -> Markup:
    """The plot of these days."""
    top = ceiling(max([1, *(one.taken + one.rejected for one in days)]))
    room, floor = HEIGHT - BOTTOM - TOP, HEIGHT - BOTTOM
    step = (WIDTH - LEFT) // max(1, len(days))
    parts = [_axis(top, room)]
    for index, one in enumerate(days):
        x, wide = LEFT + index * step + 4, max(4, step - 8)
        taken = one.taken * room // top
        bad = max(3, one.rejected * room // top) if one.rejected else 0
        parts.append(
            f'<g class="day"><rect class="received" x="{x}" y="{floor - taken}" width="{wide}" height="{taken}" rx="2"/>'
            f'<rect class="rejected" x="{x}" y="{floor - taken - bad}" width="{wide}" height="{bad}" rx="2"/>'
            f'<text class="date" x="{x + wide // 2}" y="{floor + 18}" text-anchor="middle">{one.on.day}</text></g>'
        )
    words = told("Records taken and rejected by the day they came", speaks())
    head = f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">'
    return fragment(head + "".join(parts) + "</svg>")


def _axis(top: int, room: int) -> str:
    lines = []
    for quarter in range(5):
        y = TOP + room - room * quarter // 4
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}"/>')
        lines.append(
            f'<text class="scale" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{format_decimal(top * quarter // 4, locale=speaks())}</text>'
        )
    return "".join(lines)
