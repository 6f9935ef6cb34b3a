"""What no door reaches is not built: a list of today's excuses, each with its reason and the issue that ends it, which may only shrink."""

from pathlib import Path

from tests.house.reached import House

EXCUSES: dict[str, tuple[str, tuple[str, ...]]] = {
    "core/clock.py": ("the clock of tests and bench; the issue of the house moves it there", ("SetClock",)),
    "core/onboarding/register.py": (
        "one customer, for tests and bench; the issue of the customer's life registers by it",
        ("IDS_EACH", "register_customer"),
    ),
    "core/rating/arrivals.py": ("events in the order they arrive; the issue of size decides", ("Till",)),
    "core/rating/fast.py": ("events in the order they arrive; the issue of size decides", ("_arrived", "arrived")),
    "core/rating/online.py": (
        "events in the order they arrive; the issue of size decides",
        ("Counter", "Pricer", "Steps", "_bands", "_parts", "_tiers", "denominator", "price_of", "steps_of"),
    ),
    "core/text/__init__.py": (
        "which words only staff reads, held against the catalogues by a test; the issue of the house moves it there",
        ("FOR_STAFF",),
    ),
    "gateway/sandbox/vending.py": (
        "a vendor that is late, for tests; the issue of the house moves it there",
        ("Vault.come_late",),
    ),
}
"""File -> why nothing reaches these names yet, and which issue ends that; the names."""


def test_whatever_is_defined_is_reached_by_a_door() -> None:
    rows = {row.partition(":")[0] + " " + row.rpartition(" ")[2]: row for row in House().unreached()}
    found = rows
    excused = {f"{file} {name}" for file, (_, names) in EXCUSES.items() for name in names}
    assert [row for name, row in found.items() if name not in excused] == [], "wire it to a door, or let it go"
    assert sorted(excused - set(found)) == [], "it is reached by now, or gone: take its excuse away"


def test_a_function_a_method_and_a_table_that_only_tests_call_are_found(tmp_path: Path) -> None:
    (tmp_path / "gateway").mkdir()
    (tmp_path / "core").mkdir()
    (tmp_path / "gateway" / "cli.py").write_text(
        "from core import trade\nfrom core.trade import Shop\n\nAPP = {}\n\n"
        "def main():\n    shop = Shop()\n    shop.sells()\n    trade.opened()\n"
    )
    (tmp_path / "core" / "trade.py").write_text(
        "from core.keep import register\n\nUNUSED = 1\nTABLE = {'a': 1}\n\n"
        "class Shop:\n    def sells(self):\n        return self.helps()\n    def helps(self):\n        return TABLE\n"
        "    def closes(self):\n        return self.counts()\n    def counts(self):\n        return 1\n\n"
        "class Gone:\n    def any(self):\n        return 1\n\n"
        "def opened():\n    return 1\n\ndef lonely():\n    return helper()\n\ndef helper():\n    return 1\n\n"
        "@register('x')\ndef hook():\n    return 1\n"
    )
    (tmp_path / "core" / "keep.py").write_text("def register(name):\n    return lambda hook: hook\n")
    house = House(tmp_path, ("gateway", "core"), foreign=lambda module, node: set())
    assert {row.rpartition(" ")[2] for row in house.unreached()} == {
        "UNUSED",
        "Shop.closes",
        "Shop.counts",
        "Gone",
        "lonely",
        "helper",
    }
