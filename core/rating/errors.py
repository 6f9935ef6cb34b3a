"""What rating will not price, said so that the writer of the tariff or the sender of the usage knows what to change.

Rating is embedded in calculators, bill runs and other people's programs, so its refusal is a `ValueError` of its own and no
catalogue text: it names the charge (or the row), what is wrong, and the remedy.
"""


class CannotRate(ValueError):
    """No price is given rather than a wrong one. `where` names the charge, meter or row."""

    def __init__(self, where: str, wrong: str, remedy: str = "") -> None:
        super().__init__(f"{where}: {wrong}" + (f": {remedy}" if remedy else ""))
        self.where, self.wrong, self.remedy = where, wrong, remedy

    def __reduce__(self) -> tuple[type["CannotRate"], tuple[str, str, str]]:
        """So that it comes back whole from another process."""
        return CannotRate, (self.where, self.wrong, self.remedy)
