"""Account numbers we make ourselves: the id with a check digit, so that one mistyped figure is never somebody else."""


def account_number(account_id: int) -> str:
    """`account_id` followed by its Luhn digit."""
    return f"{account_id}{check_digit(str(account_id))}"


def check_digit(digits: str) -> int:
    """The Luhn digit that belongs behind `digits`: finds every single wrong figure and nearly every swap of two."""
    doubled = [int(digit) * (2 - position % 2) for position, digit in enumerate(reversed(digits))]
    return -sum(value // 10 + value % 10 for value in doubled) % 10
