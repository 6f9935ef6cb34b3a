"""Errors for people are values that say what to do next; every other exception is a bug.

`Refused` carries a catalogue key, so that the same refusal reads well on a feature phone in Swahili, in the console and in
JSON. It is caught once, at the edge (a dialog's edge, a route, the command line).
"""

from core.text import say


class Refused(Exception):
    """Hodi will not do this, and says why and what to do next.

    `code` is stable and for machines (`account.unknown`); it is also the key of the sentence in the catalogues.
    """

    def __init__(self, code: str, /, status: int = 409, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.params = params

    def sentence(self, lang: str = "en") -> str:
        """The refusal in words a customer or a clerk can act on."""
        return say(lang, self.code, **self.params)

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence()}"


class BadInput(Exception):
    """A file or a setting cannot be used: names where, what is wrong, and the remedy. Exit status 1 on the command line."""

    def __init__(self, where: str, wrong: str, remedy: str) -> None:
        super().__init__(f"{where}: {wrong} {remedy}")
        self.where, self.wrong, self.remedy = where, wrong, remedy
