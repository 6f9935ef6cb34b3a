"""Who lives in the demo's town: made-up people, the same at every start."""

from dataclasses import dataclass

FIRST = (
    "Amina", "Baraka", "Chebet", "Daudi", "Esther", "Faraji", "Grace", "Hamisi", "Imani", "Juma", "Kamau", "Leila",
    "Mwende", "Njeri", "Otieno", "Pendo", "Rehema", "Salim", "Tatu", "Upendo", "Wanjiru", "Yusuf", "Zawadi", "Akinyi",
    "Bakari",
)  # fmt: skip
LAST = ("Odhiambo", "Mwangi", "Kiplagat", "Hassan", "Mutua", "Wambui", "Abdalla")
AREAS = ("Kilimani", "Kawangware", "Buruburu", "Umoja", "Karen")
BRANCHES = ("Nairobi West", "Nairobi East", "Kiambu")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One household of the town."""

    name: str
    phone: str
    language: str
    area: str
    address: str
    branch: str
    account: str
    meter: str
    bill_day: int
    mandate: bool


def neighbours(meters: list[str], bill_day: int, *, spread: bool = False) -> list[Neighbour]:
    """A household for each meter serial; the second pays by mandate. `spread`: from the first household's `bill_day` on, the
    others' are spread over the month."""
    return [_neighbour(at, meter, _spread(bill_day, at) if spread else bill_day) for at, meter in enumerate(meters)]


def _spread(first: int, at: int) -> int:
    """The first two, of whom the story tells, close together."""
    return first if at < 2 else (first - 1 + at * 31 // 25) % 31 + 1


def _neighbour(at: int, meter: str, bill_day: int) -> Neighbour:
    name = f"{FIRST[at % len(FIRST)]} {LAST[at % len(LAST)]}"
    return Neighbour(
        name=name,
        phone=f"+2547000{at + 1:05d}",
        language="sw" if at % 5 == 3 else "en",
        area=AREAS[at % len(AREAS)],
        address=f"App {at + 1}, {AREAS[at % len(AREAS)]}",
        branch=BRANCHES[at % len(BRANCHES)],
        account=f"{100_001 + at}",
        meter=meter,
        bill_day=bill_day,
        mandate=at % 6 == 1,
    )
