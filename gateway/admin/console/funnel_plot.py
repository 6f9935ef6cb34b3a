"""Draws a campaign's funnel as SVG, on the server: a group of bars for each wording and for those left out.

Widths are whole pixels of the widest bar's share; the counts stand beside the bars, for whoever cannot see them.
"""

from collections.abc import Sequence

from babel.numbers import format_decimal
from markupsafe import Markup

from core.overview.funnel import Arm
from core.reasons import word
from gateway.admin.console.language import speaks
from gateway.pages.page import fragment
from gateway.pages.tongue import told

WIDTH, LEFT, RIGHT, ROW, GAP = 1000, 220, 130, 24, 18
NAMES = {"a": "Wording A", "b": "Wording B", "none": "Left out"}


def funnel_plot(arms: Sequence[Arm]) -> Markup:
    """The plot; each bar is a share of its own arm's people."""
    parts, y = list[str](), 0
    for arm in arms:
        for step, count in arm.steps():
            share = f"{count * 1000 // max(arm.chosen, 1)}"
            percent = f"{share[:-1] or '0'}.{share[-1]} %"
            width = (WIDTH - LEFT - RIGHT) * count // max(arm.chosen, 1)
            parts.append(
                f'<text class="scale" x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{told(NAMES[arm.arm], speaks())}: {word(step, speaks())}</text>'
                f'<rect class="received" x="{LEFT}" y="{y + 3}" width="{width}" height="{ROW - 6}"/>'
                f'<text class="scale" x="{LEFT + width + 8}" y="{y + 16}">{format_decimal(count, locale=speaks())} ({percent})</text>'
            )
            y += ROW
        y += GAP
    words = told("How far the campaign came", speaks())
    head = f'<svg class="plot" viewBox="0 0 {WIDTH} {max(y, ROW)}" role="img" aria-label="{words}">'
    return fragment(head + "".join(parts) + "</svg>")
