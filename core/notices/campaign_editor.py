"""What whoever writes a campaign should know before it is planned: how many SMS each wording takes when its fields are filled in.

The fields of a campaign are the operator's own words, so what is counted here is what leaves, letter by letter.
"""

from core.config.operator import Operator
from core.notices.editor import counted, sizes


def full(words: str, operator: Operator) -> str:
    """A wording as it leaves; one that has a field we do not know stays as it is."""
    try:
        return words.format(operator=operator.short_name, ussd=operator.ussd_code)
    except (KeyError, ValueError, IndexError, AttributeError):
        return words


def parts_of(text: str) -> int:
    """How many SMS a text takes."""
    return counted(text)[2]


def warnings(words: str, operator: Operator, reader: str = "en") -> list[str]:
    """What makes a wording dear: letters that halve the room, and more than one SMS. Sentences; none: it is fine."""
    return sizes(full(words, operator), reader)
