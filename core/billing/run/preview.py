"""Draft columns as bills a person can read, before anything is written: what `hodi bill --preview` prints."""

import json
from collections.abc import Iterator
from datetime import date

import numpy as np

from core.billing.due import due_on
from core.billing.model import Bill, BillLine, Parked
from core.billing.render.assemble import services
from core.billing.run.draft_columns import NO_QUANTITY, Drafts
from core.context import Context


def bills_of(context: Context, drafts: Drafts, on: date) -> Iterator[Bill]:
    """The bills of a partition, as they would be if it were finalised on `on`; without number, link or earlier balance."""
    partition, lines = drafts.partition, drafts.lines
    edges = np.searchsorted(lines.bill, np.arange(len(drafts.accounts) + 1))
    due = due_on(context, on)
    for bill, at in enumerate(drafts.accounts.tolist()):
        cycle, facts, total = partition.due[at], partition.facts[at], int(drafts.total[bill])
        yield Bill(
            invoice_id=0,
            account_id=cycle.account_id,
            number=None,
            token="",
            name=cycle.name,
            account_number=cycle.number,
            from_date=cycle.from_date,
            to_date=partition.to_date,
            issued_on=None,
            due_on=due,
            currency=cycle.currency,
            total_minor=total,
            tax_minor=int(drafts.tax[bill]),
            rounding_minor=int(drafts.rounding[bill]),
            before_minor=0,
            paid_minor=0,
            open_minor=max(0, total),
            disputed_minor=0,
            estimated=bool(drafts.estimated[bill]),
            services=services(facts, list(_lines(drafts, int(edges[bill]), int(edges[bill + 1])))),
            use=(),
            use_unit="",
            operator=context.operator.name,
            support_phone=context.operator.support_phone,
            url="",
        )


def parked_of(drafts: Drafts) -> Iterator[Parked]:
    """Who of a partition cannot be billed, and why."""
    partition = drafts.partition
    for at, reason in sorted(partition.parked.items()):
        due = partition.due[at]
        yield Parked(due.account_id, due.number, due.from_date, partition.to_date, reason)


def _lines(drafts: Drafts, first: int, end: int) -> Iterator[BillLine]:
    lines = drafts.lines
    for row in range(first, end):
        spec, quantity = drafts.specs[int(lines.spec[row])], int(lines.quantity[row])
        yield BillLine(
            int(lines.position[row]),
            int(lines.service[row]),
            spec.code,
            json.loads(spec.label),
            None if quantity == NO_QUANTITY else quantity,
            spec.unit,
            spec.price,
            int(lines.amount[row]),
            spec.kind,
            spec.part_of,
        )
