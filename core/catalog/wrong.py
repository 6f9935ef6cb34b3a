"""How a tariff that cannot be used is refused: file, charge, what is wrong, and what to write instead."""

from typing import NoReturn

from core.errors import BadInput


def refuse(where: str, wrong: str, remedy: str) -> NoReturn:
    """Refuse the tariff. `where` is the file and the charge or other part of it."""
    end = "" if remedy.endswith("?") else "."
    raise BadInput(where, f"{wrong}.", f"{remedy[:1].upper()}{remedy[1:]}{end}")
