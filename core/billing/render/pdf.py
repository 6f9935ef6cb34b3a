"""The bill as PDF, by typst: one compiler with the fonts loaded once; a batch is one document, a page (or more) for each bill.

What customers wrote reaches typst as JSON strings and is shown, never evaluated. The same bill gives the same bytes.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import segno
import typst

from core.billing.model import Bill
from core.billing.render.view_model import shown

TEMPLATE = Path(__file__).parent / "bill.typ"
_one_at_a_time = Lock()


@cache
def _compiler() -> typst.Compiler:
    """Only the fonts that come with typst: the same page on every machine."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    return typst.Compiler(font_paths=fonts)


@cache
def _layout() -> bytes:
    return TEMPLATE.read_bytes()


def render(bill: Bill, lang: str) -> bytes:
    """One bill as PDF. Blocks for about 10 ms: call it in a thread from the loop."""
    return render_many([bill], lang)


def render_many(bills: Sequence[Bill], lang: str) -> bytes:
    """Bills in one document, each beginning on a page of its own: the way to print a whole run.

    Tags, which a screen reader needs, are written into a bill that is read, and left out of a stack that is printed.
    """
    inputs = {"bills": json.dumps([_page(bill, lang) for bill in bills], ensure_ascii=False)}
    with _one_at_a_time:
        match = _compiler().compile(_layout(), format="pdf", sys_inputs=inputs, timestamp=0, pdf_tags=len(bills) == 1)
    if not isinstance(match, bytes):
        raise TypeError("typst gave no single PDF")
    return match


def _page(bill: Bill, lang: str) -> dict[str, Any]:
    page = shown(bill, lang).as_json()
    page["qr"] = qr_svg(bill.url) if bill.url else ""
    return page


def qr_svg(url: str) -> str:
    """The link as a QR code. A fixed mask: choosing the best of eight costs five times as much and reads no better."""
    code = segno.make(url, error="m", mask=3, micro=False, boost_error=False)
    size = len(code.matrix) + 2 * QUIET
    runs = "".join(_runs(row, y) for y, row in enumerate(code.matrix, QUIET))
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
    return f'{frame}<rect width="{size}" height="{size}" fill="#fff"/><path d="{runs}"/></svg>'


QUIET = 4
"""Modules of white around the code: what the standard asks for."""


def _runs(row: bytearray, y: int) -> str:
    """The dark stretches of one row as rectangles."""
    dark = bytes(row).translate(_SHOWN).decode()
    return "".join(
        f"M{found.start() + QUIET} {y}h{found.end() - found.start()}v1h-{found.end() - found.start()}z"
        for found in _DARK.finditer(dark)
    )


_SHOWN = bytes.maketrans(b"\x00\x01", b".#")
_DARK = re.compile("#+")
