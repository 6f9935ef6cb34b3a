"""Puts lines under their services, with what the bill remembers of each: the same for a bill on file and for a preview. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.billing.model import BillLine, ServicePart


def services(facts: Mapping[str, Any], lines: Sequence[BillLine]) -> tuple[ServicePart, ...]:
    """One part per service that is on the bill (also one without a line), each with its subtotal."""
    of_service: dict[int, list[BillLine]] = {int(number): [] for number in facts["services"]}
    for line in lines:
        of_service.setdefault(line.service_id, []).append(line)
    return tuple(_part(facts, number, mine) for number, mine in sorted(of_service.items()))


def _part(facts: Mapping[str, Any], service_id: int, lines: list[BillLine]) -> ServicePart:
    known = facts["services"].get(str(service_id), {})
    return ServicePart(
        service_id,
        known.get("commodity", ""),
        known.get("address", ""),
        tuple(known.get("meters", ())),
        str(service_id) in facts["estimated"],
        tuple(lines),
        sum(line.amount_minor for line in lines),
        known.get("off", 0),
    )
