"""A counter that answers from a table: values by the name of the counter's function."""

from typing import Any

from core.config.operator import Operator
from dialogs.book import Book
from dialogs.events import Need
from dialogs.flows import book_of
from dialogs.model import Effect

OPERATOR = Operator(
    name="Mwangaza Power",
    short_name="Mwangaza",
    country="KE",
    zone="Africa/Nairobi",
    currency="KES",
    languages=("en", "sw"),
    support_phone="+254800000000",
    default_tariff="kplc-domestic-ordinary",
)

CUSTOMER = {"is": "known", "who": {"contact_id": 7, "party_id": 8, "accounts": [1]}, "account_id": 1, "lang": "en"}
STRANGER = {"is": "known", "who": {"contact_id": 7, "party_id": None, "accounts": []}, "lang": "en"}
TWO = {"is": "known", "who": {"contact_id": 7, "party_id": 8, "accounts": [1, 2]}, "lang": "en"}


def a_book(**changes: Any) -> Book:
    return book_of(OPERATOR.model_copy(update=changes))


class Counter:
    """Answers by function name (a list is used up one by one), and remembers what was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "caller": CUSTOMER,
            "standing": {"line": "You owe nothing", "several": False},
            "here": {"here": ["word", "home.here.phone", {}]},
            "offers": {"reads": False, "prepaid": False},
            **answers,
        }
        self.asked: list[str] = []
        self.heard: list[dict[str, Any]] = []

    async def __call__(self, need: Need) -> dict[str, Any]:
        name = (need.run.do if isinstance(need.run, Effect) else need.run.ask).__name__
        self.asked.append(name)
        self.heard.append({**need.session.data, **need.session.whisper})
        answer = self.answers[name]
        if isinstance(answer, list):
            answer = answer.pop(0)
        given: dict[str, Any] = {"is": "done", **answer} if isinstance(need.run, Effect) else dict(answer)
        return given
