"""Draws the money on each step of the ladder as SVG, on the server: a bar a step, the count of accounts on it.

Only numbers of ours and our own words go into it; heights are whole pixels, so no amount passes through a float.
"""

from collections.abc import Sequence

from markupsafe import Markup

from core import money
from gateway.admin.console.language import speaks
from gateway.admin.console.plot import ceiling
from gateway.pages.page import fragment
from gateway.pages.tongue import told

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 1000, 220, 130, 28, 22


def steps_plot(steps: Sequence[tuple[str, int, int]], currency: str) -> Markup:
    """The plot of (step, accounts, minor units)."""
    top = ceiling(max([1, *(minor for _, _, minor in steps)]))
    room, step = HEIGHT - BOTTOM - TOP, (WIDTH - LEFT) // max(1, len(steps))
    parts = [_line(top * quarter // 4, TOP + room - room * quarter // 4, currency) for quarter in range(5)]
    for at, (name, count, minor) in enumerate(steps):
        x, height = LEFT + at * step, minor * room // top
        parts.append(
            f'<rect class="expected" x="{x + step // 5}" y="{HEIGHT - BOTTOM - height}" width="{step * 3 // 5}" '
            f'height="{height}" rx="3"/>'
            f'<text class="count" x="{x + step // 2}" y="{HEIGHT - BOTTOM - height - 6}" text-anchor="middle">{count}</text>'
            f'<text class="date" x="{x + step // 2}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{name}</text>'
        )
    words = told("Overdue money by step of the ladder", speaks())
    head = f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">'
    return fragment(head + "".join(parts) + "</svg>")


def _line(minor: int, y: int, currency: str) -> str:
    return (
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}"/>'
        f'<text class="scale" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{money.show(minor, currency, speaks())}</text>'
    )
