"""Draws the cash of a month as SVG, on the server: two bars a day, expected behind and received before.

Only numbers and dates of ours go into it; heights are whole pixels, so no amount passes through a float. The same figures stand in a
table below the plot, for whoever cannot see it.
"""

from collections.abc import Sequence
from datetime import date

from babel.dates import format_date
from markupsafe import Markup

from core import money
from core.overview.day import Cash
from gateway.admin.console.language import speaks
from gateway.pages.page import fragment
from gateway.pages.tongue import told

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 1000, 260, 130, 28, 12
_NICE = (1, 2, 5)


def cash_plot(month: Sequence[Cash], on: date, currency: str) -> Markup:
    """The plot; `on` is marked."""
    top = ceiling(max([1, *(max(one.expected_minor, one.received_minor) for one in month)]))
    room = HEIGHT - BOTTOM - TOP
    step = (WIDTH - LEFT) // len(month)
    parts = [_axis(top, room, currency)]
    for index, one in enumerate(month):
        parts.append(
            _bars(
                one,
                LEFT + index * step,
                step,
                one.expected_minor * room // top,
                one.received_minor * room // top,
                one.on == on,
            )
        )
    words = told("Cash expected and received by day, {month}", speaks()).format(
        month=format_date(month[0].on, "LLLL y", locale=speaks())
    )
    head = f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">'
    return fragment(head + "".join(parts) + "</svg>")


def ceiling(most: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50 ... that is not below `most`."""
    scale = 1
    while True:
        for nice in _NICE:
            if nice * scale >= most:
                return nice * scale
        scale *= 10


def _axis(top: int, room: int, currency: str) -> str:
    lines = []
    for quarter in range(5):
        y = TOP + room - room * quarter // 4
        words = money.show(top * quarter // 4, currency, speaks())
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}"/>')
        lines.append(f'<text class="scale" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{words}</text>')
    return "".join(lines)


def _bars(one: Cash, x: int, step: int, expected: int, received: int, marked: bool) -> str:
    floor, wide = HEIGHT - BOTTOM, max(4, step - 8)
    thin = max(2, wide // 2)
    here = f'<rect class="here" x="{x}" y="{TOP}" width="{step}" height="{floor - TOP}" rx="4"/>' if marked else ""
    return (
        f'<g class="day">{here}'
        f'<rect class="expected" x="{x + (step - wide) // 2}" y="{floor - expected}" width="{wide}" height="{expected}" rx="2"/>'
        f'<rect class="received" x="{x + (step - thin) // 2}" y="{floor - received}" width="{thin}" height="{received}" rx="2"/>'
        f'<text class="date" x="{x + step // 2}" y="{floor + 18}" text-anchor="middle">{one.on.day}</text></g>'
    )
