"""The bill as PDF, by typst: one compiler with the fonts loaded once; a batch is one document, a page (or more) for each bill.

What customers wrote reaches typst as JSON strings and is shown, never evaluated. The same bill gives the same bytes.
"""

import json
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import segno
import typst

from core.billing.model import Bill
from core.billing.shown import shown

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
    """Bills in one document, each beginning on a page of its own: the way to print a whole run."""
    inputs = {"bills": json.dumps([_page(bill, lang) for bill in bills], ensure_ascii=False)}
    with _one_at_a_time:
        found = _compiler().compile(_layout(), format="pdf", sys_inputs=inputs, timestamp=0)
    if not isinstance(found, bytes):
        raise TypeError("typst gave no single PDF")
    return found


def _page(bill: Bill, lang: str) -> dict[str, Any]:
    page = shown(bill, lang).as_json()
    page["qr"] = qr_svg(bill.url) if bill.url else ""
    return page


def qr_svg(url: str) -> str:
    """The link as a QR code. A fixed mask: choosing the best of eight costs five times as much and reads no better."""
    out = BytesIO()
    segno.make(url, error="m", mask=3, micro=False).save(out, kind="svg", xmldecl=False, border=2)
    return out.getvalue().decode()
