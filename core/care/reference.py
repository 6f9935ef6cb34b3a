"""A ticket's reference, to be read out over the phone and typed on a keypad: `T-4821937-5`. Its last digit is a check digit (Damm):
any one wrong digit and any two neighbours swapped are noticed. Digits are random, so that one reference tells nothing of another.
"""

import secrets

DIGITS = 7
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def check_digit(digits: str) -> int:
    """Damm's check digit of a string of digits."""
    row = 0
    for digit in digits:
        row = _DAMM[row][int(digit)]
    return row


def draw(digits: int = DIGITS) -> str:
    """A new reference; never begins with zero."""
    number = str(10 ** (digits - 1) + secrets.randbelow(9 * 10 ** (digits - 1)))
    return written(number)


def written(number: str) -> str:
    """The reference of a number."""
    return f"T-{number}-{check_digit(number)}"


def read(typed: str) -> str | None:
    """The reference a person meant (`t 4821937 5`, `48219375`), or None when its check digit is wrong."""
    digits = "".join(letter for letter in typed if letter.isascii() and letter.isdigit())
    if len(digits) <= DIGITS or check_digit(digits) != 0:
        return None
    return written(digits[:-1])
