"""A model of price is a row and a file: the row alone makes it known to documents, to selling units and to the words of a quote."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from core.catalog import compile_usage
from core.catalog.compile import load_tariff
from core.catalog.explain import explain
from core.catalog.quote_json import answered, parse
from core.errors import BadInput
from core.rating.charges.flat import Flat
from core.rating.measure import Measure
from core.rating.model import Part
from core.rating.sheet import Worksheet
from core.text import catalogue
from tests.house.sources import ROOT

HEAD = "tariff: t\nvalid_from: 2026-01-01\ncurrency: KES\n"
TWICE = (
    HEAD + 'charges:\n  - {code: e, type: usage, meter: energy, unit: kWh, model: twice, price: "10"}\n'
    "  - {code: vat, type: tax, percent: '10', of: [e]}\n"
)
DATA = {"period": {"from": "2026-01-01", "to": "2026-02-01"}, "usage": [{"meter": "energy", "quantity": "7"}]}


@dataclass(frozen=True, slots=True)
class Twice:
    """Everything costs twice its price."""

    once: Flat

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        return [replace(part, amount=part.amount.times(2)) for part in self.once.parts(sheet, measure)]


@pytest.fixture
def twice(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = compile_usage.MODELS["flat"]

    def compiled(context, doc):  # type: ignore[no-untyped-def]
        return Twice(flat.compile(context, doc))

    row = replace(flat, compile=compiled, makes=(Twice,), falls=lambda model: True, allowances=False, sentence="demand")
    monkeypatch.setitem(compile_usage.MODELS, "twice", row)  # type: ignore[arg-type]
    monkeypatch.setitem(compile_usage._ROW_OF, Twice, row)


@pytest.mark.usefixtures("twice")
def test_a_new_model_is_one_row() -> None:
    tariff = load_tariff(TWICE)
    lines = answered((tariff,), DATA)["lines"]
    assert [line["amount"] for line in lines] == ["140.00", "14.00"]
    told = explain(tariff, parse(tariff, DATA))
    assert "140" in told[1]
    with pytest.raises(BadInput, match="more kWh can cost less"):
        load_tariff(TWICE + "buy: {meter: energy}\n")
    with pytest.raises(BadInput, match="has no units to include"):
        load_tariff(TWICE + 'allowances: [{code: a, meter: energy, unit: kWh, units: "5", charges: [e]}]\n')


def test_a_model_that_nobody_knows_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput, match=r"charge e, model: 'twice' is not possible here.*flat, graduated.* or sets"):
        load_tariff(TWICE + 'allowances: [{code: a, meter: energy, unit: kWh, units: "5", charges: [e]}]\n')


def test_a_set_is_of_a_model_that_sets_may_be_of() -> None:
    text = HEAD + (
        "charges:\n  - {code: e, type: usage, meter: energy, unit: kWh, model: sets, "
        'sets: [{attribute: class, is: [1], model: package, price: "1"}, {model: flat, price: "2"}]}\n'
    )
    with pytest.raises(BadInput, match=r"charge e, sets 1 model: 'package' is not possible here"):
        load_tariff(text)


def test_every_model_has_its_sentence_and_its_row_in_the_guides() -> None:
    words = catalogue("en")
    lacking = [row.sentence for row in compile_usage.MODELS.values() if row.sentence]
    assert [key for key in lacking if f"tariff.explain.{key}" not in words] == []
    guide = (ROOT / "docs" / "guides" / "write-a-tariff.md").read_text("utf-8")
    language = (ROOT / "docs" / "tariff-language.md").read_text("utf-8")
    assert [name for name in compile_usage.MODELS if f"| `{name}` |" not in guide] == []
    assert [name for name in compile_usage.MODELS if f"`model: {name}`" not in language] == []
