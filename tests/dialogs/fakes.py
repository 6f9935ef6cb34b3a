"""A counter that answers from a table: the fields of its answer by the name of the counter's function."""

from typing import Any

from msgspec import convert
from msgspec.structs import fields

from core.config.operator import Operator
from dialogs.answers import DOWN, Answer, ListAnswer, refusal
from dialogs.book import FlowBook
from dialogs.events import Need
from dialogs.flows import book_of
from dialogs.model import AnyLoad, Effect
from dialogs.session import SessionContact

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


def a_book(**changes: Any) -> FlowBook:
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

    async def __call__(self, need: Need) -> Answer:
        name = (need.run.do if isinstance(need.run, Effect) else need.run.ask).__name__
        self.asked.append(name)
        self.heard.append({**need.session.data, **need.session.whisper})
        answer = self.answers[name]
        if isinstance(answer, list):
            answer = answer.pop(0)
        return answer_of(need.run, answer)


def answer_of(run: AnyLoad | Effect[Answer], given: dict[str, Any]) -> Answer:
    """The answer that a transcript gives: what it does not name is blank."""
    if given.get("is") in ("refused", "down"):
        return refusal(given["why"]) if given["is"] == "refused" else DOWN
    of = type(run.widest)
    rows = [make(type(run.widest.rows[0]), row) for row in given["rows"]] if isinstance(run.widest, ListAnswer) else []
    return make(of, {**given, **({"rows": rows} if rows or "rows" in given else {})})


def make(of: type[Any], given: dict[str, Any]) -> Any:
    values = {field.name: given[field.encode_name] for field in fields(of) if field.encode_name in given}
    blank = {field.name: "" for field in fields(of) if field.required}
    if isinstance(values.get("who"), dict):
        values["who"] = convert(list(values["who"].values()), SessionContact)
    return of(**{**blank, **values})
