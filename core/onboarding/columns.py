"""The columns of every file that can be imported: their names, what they mean, and what a blank means.

docs/guides/import.md is held against this by a test, and the command tells it when a head does not fit.
"""

from dataclasses import dataclass

from core.metering.formats import interval_csv

NEEDED = "needed"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `blank` says what a missing or empty one means (`needed`: it may not be)."""

    name: str
    meaning: str
    blank: str = NEEDED

    @property
    def needed(self) -> bool:
        """Whether a row cannot do without it."""
        return self.blank == NEEDED


CUSTOMERS = (
    Column("number", "the account number, as the customer reads it out; the key of the row, and with another `commodity` of a further service"),
    Column("name", "the customer's name"),
    Column("phone", "their telephone, as people write it in your country or with `+`", "no phone"),
    Column("email", "their e-mail address", "none"),
    Column("language", "the language to speak with them, such as `sw`", "the operator's first"),
    Column("national_id", "their identity number; rows with the same one are one person with several accounts", "a person of their own"),
    Column("kind", "`person` or `organisation`", "`person`"),
    Column("branch", "the branch that serves them; a new one is opened", "`main`"),
    Column("segment", "a word of yours, such as `residential`", "`residential`"),
    Column("bill_day", "the day of the month on which their bill closes, 1 to 31", "1"),
    Column("opened_on", "the first day to bill, such as `2025-01-31`", "today"),
    Column("persons", "how many share the supply, where the tariff asks", "not known"),
    Column("address", "where they are served", "nothing"),
    Column("area", "the quarter or feeder that an outage names", "nothing"),
    Column("commodity", "`electricity`, `water`, `gas`, `internet` or `mobile`", "`electricity`"),
    Column("payment_mode", "`postpaid` or `prepaid`", "`postpaid`"),
    Column("tariff", "the code of a tariff in your folder", "the operator's default"),
    Column("marketing", "`yes` if they agreed to campaigns", "no"),
)  # fmt: skip

METERS = (
    Column("serial", "the meter's serial number; the key of the row"),
    Column("account", "the number of the account it serves", "in store"),
    Column("commodity", "which of the account's services, where it has several", "its only one"),
    Column("code", "what your tariff calls what it counts, such as `energy` or `water`", "`energy`"),
    Column("unit", "what it counts in, such as `kWh` or `m3`", "`kWh`"),
    Column("kind", "`interval`, `register` (read by hand) or `line` (a number that calls: `+254712345678`)", "`interval`"),
    Column("interval_minutes", "how long its intervals are", "30, none for a register"),
    Column("dials", "how many figures its register shows before the point", "6"),
    Column("multiplier", "what a reading is multiplied by", "1"),
    Column("installed_on", "its first day on the wall", "the first day of the service"),
    Column("removed_on", "the day it was taken down; also on a row of a meter that is on file", "still there"),
    Column("replaces", "the serial number of the meter that it takes the place of: that one is taken down on the same day", "none"),
    Column("beside", "`yes` where it hangs beside another meter of the same code, and both count", "no"),
    Column("registers", "its registers, such as `day night`: your tariff calls them `energy_day` and `energy_night`", "it has one"),
)  # fmt: skip

READINGS = (
    Column("meter", "the meter's serial number"),
    Column("read_on", "the day at whose start the dials showed it"),
    Column("value", "what the dials showed, in the meter's unit"),
    Column("source", "`field`, `smart` or `customer`", "`field`"),
    Column("register", "which register, such as `E1`", "the only one"),
)

USAGE = tuple(
    Column(name, meaning.removeprefix("optional: "), "may be left out" if meaning.startswith("optional") else NEEDED)
    for name, meaning in interval_csv.COLUMNS.items()
)

KINDS = {"customers": CUSTOMERS, "meters": METERS, "readings": READINGS, "usage": USAGE}


def table(kind: str) -> str:
    """The columns of a kind of file as the guide shows them."""
    rows = [f"| `{column.name}` | {column.meaning} | {column.blank} |" for column in KINDS[kind]]
    return "\n".join(["| column | meaning | blank |", "|---|---|---|", *rows])
