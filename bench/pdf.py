"""How many bills a second become PDF, one by one and in batches, against the targets of performance.md: 80 and 200 a core."""

import resource
import time
from datetime import date
from typing import Any

from core.billing.model import Bill, BillLine, MonthUse, ServicePart
from core.billing.render.pdf import render, render_many

Figure = dict[str, Any]
KWH = 1_000_000
SINGLY, BATCH = 80.0, 200.0
PAGES = 50


def run() -> list[Figure]:
    """Two figures; the limit of each is its target."""
    bills = [made(number) for number in range(1, 2 * PAGES + 1)]
    render(bills[0], "en")
    return [
        _figure("pdf, singly", SINGLY, lambda: [render(bill, "en") for bill in bills], len(bills)),
        _figure(
            "pdf, batches of 50",
            BATCH,
            lambda: [render_many(bills[at : at + PAGES], "en") for at in (0, PAGES)],
            len(bills),
        ),
    ]


def _figure(name: str, limit: float, work: Any, count: int) -> Figure:
    started = time.perf_counter()
    work()
    rate = count / (time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"name": name, "value": rate, "unit": "bills/s", "limit": limit, "ratio": rate / limit, "peak_mb": peak}


def made(number: int) -> Bill:
    """A bill of eight lines and thirteen bars, none like another, so that nothing is found in a cache."""
    lines = tuple(
        BillLine(
            at,
            1,
            f"line{at}",
            {"en": f"Charge {at} of {number}"},
            (number + at) * KWH,
            "kWh",
            "16.54",
            1000 * at + number,
            "charge",
        )
        for at in range(1, 9)
    )
    total = sum(line.amount_minor for line in lines)
    use = tuple(
        MonthUse(
            date(2025 + at // 12, at % 12 + 1, 1),
            date(2025 + (at + 1) // 12, (at + 1) % 12 + 1, 1),
            (20 + (number * at) % 70) * KWH,
            False,
        )
        for at in range(13)
    )
    return Bill(
        invoice_id=number,
        account_id=number,
        number=f"INV-{number:06}",
        token=f"{number:022}",
        name=f"Customer {number}",
        account_number=f"{1_000_000 + number}",
        from_date=date(2026, 1, 1),
        to_date=date(2026, 2, 1),
        issued_on=date(2026, 2, 1),
        due_on=date(2026, 2, 16),
        currency="KES",
        total_minor=total,
        tax_minor=0,
        rounding_minor=0,
        before_minor=number,
        paid_minor=0,
        open_minor=total,
        disputed_minor=0,
        estimated=False,
        services=(ServicePart(1, "electricity", f"{number} Moi Avenue", (f"M{number}",), False, lines, total),),
        use=use,
        use_unit="kWh",
        operator="Mwangaza Power",
        support_phone="+254800000000",
        url=f"https://mwangaza.example/b/{number:022}",
    )
