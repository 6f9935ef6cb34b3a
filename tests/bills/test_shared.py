"""An amount off lines of different tax, as a bill one can reckon on paper: each line has its part, and its tax follows."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from typer.testing import CliRunner

from core.billing import queries
from core.billing.render import html
from core.billing.run.passes import build, finalise
from core.catalog import store as catalog
from core.catalog.compile import load_tariff
from core.context import App
from core.journeys import line_disputed
from core.journeys.dispute_decided import decide
from core.journeys.verify_books import problems
from gateway.cli import app as commands
from tests.bills.paper import bill, printed
from tests.core.billing.world import Customer, Fake, settle
from tests.journeys.test_dispute_decided import FEB, contest

HEAD = 'tariff: mixed\nvalid_from: 2020-01-01\ncurrency: KES\nrounding: {line: "0.01"}\ncharges:\n'
LINES = """
  - {code: power, type: fixed, price: "100", name: {en: Power, sw: Umeme}}
  - {code: rent, type: fixed, price: "50", name: {en: Rent, sw: Kodi}}
"""
TAXES = """
  - {code: low, type: tax, percent: "10", of: [power], name: {en: Low tax, sw: Kodi ndogo}}
  - {code: high, type: tax, percent: "20", of: [rent], name: {en: High tax, sw: Kodi kubwa}}
"""
OFF = '  - {code: off, type: discount, amount: "10", of: [power, rent], name: {en: Discount, sw: Punguzo}}\n'
JULY = {"period": {"from": "2023-07-01", "to": "2023-08-01"}}


def tariff(*charges: str) -> str:
    return HEAD + "".join(charges)


def named(taxes: str, code: str) -> str:
    """The taxes as somebody writes them who names the discount, too."""
    return taxes.replace("of: [power]", f"of: [power, {code}]").replace("of: [rent]", f"of: [rent, {code}]")


def money(text: str) -> dict[str, str]:
    told = hodi(text, "quote", "--tariff", "FILE", "--usage", "-", "--json")
    return {line["code"]: line["amount"] for line in json.loads(told)["lines"]}


def hodi(text: str, *words: str) -> str:
    """What the command prints about a tariff (FILE) and July."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tariff.yaml"
        path.write_text(text)
        told = CliRunner().invoke(
            commands, [str(path) if word == "FILE" else word for word in words], input=json.dumps(JULY)
        )
    assert told.exit_code == 0, told.output
    return told.stdout if "--json" in words else told.output


def test_10_off_100_at_10_percent_and_50_at_20_percent() -> None:
    assert bill(load_tariff(tariff(LINES, OFF, TAXES))) == printed("""
        power |1 period x 100 |100.00
        rent  |1 period x 50  |50.00
        off   |10             |-10.00
        low   |10 %           |9.33
        high  |20 %           |9.33
        total |               |158.66 KES
    """)


@pytest.mark.parametrize("taxes", [TAXES, named(TAXES, "off")], ids=["lines", "lines and discount"])
def test_whether_the_taxes_name_the_discount_or_not_they_are_18_66(taxes: str) -> None:
    text = tariff(LINES, OFF, taxes)
    told = json.loads(hodi(text, "quote", "--tariff", "FILE", "--usage", "-", "--json"))
    off = next(line for line in told["lines"] if line["code"] == "off")
    assert off["parts"] == [{"of": ["power"], "amount": "-6.67"}, {"of": ["rent"], "amount": "-3.33"}]
    assert told["total"] == "158.66"


def test_the_lint_has_no_advice_that_changes_the_price() -> None:
    assert "off" not in hodi(tariff(LINES, OFF, TAXES), "tariff", "check", "FILE").replace("office", "")
    assert "after the tax" in hodi(tariff(LINES, TAXES, OFF), "tariff", "check", "FILE")


def test_explain_tells_the_parts() -> None:
    told = hodi(tariff(LINES, OFF, TAXES), "tariff", "explain", "FILE", "--usage", "-")
    assert "Of this Power KES -6.67, Rent KES -3.33." in " ".join(told.split())
    assert "10 % of KES 93.33 (Power) is KES 9.33" in " ".join(told.split())


@pytest.mark.parametrize(
    ("between", "low", "high"),
    [
        # at least 180: 30 more, 20 and 10 of it
        ('  - {code: least, type: minimum, amount: "180", of: [power, rent]}', "12.00", "12.00"),
        # at most 120: 30 less
        ('  - {code: most, type: maximum, amount: "120", of: [power, rent]}', "8.00", "8.00"),
        # 10 % of each by itself, 5.00 and 10.00
        ('  - {code: tenth, type: discount, percent: "10", of: [power, rent]}', "9.00", "9.00"),
        # half of both would be 75.00, but at most 10.00
        ('  - {code: half, type: discount, percent: "50", of: [power, rent], cap: "10"}', "9.33", "9.33"),
        # one of the other: 95.00 and 50.00 are left, and 10.00 off them are 6.55 and 3.45
        (
            '  - {code: first, type: discount, amount: "5", of: [power]}\n'
            '  - {code: then, type: discount, amount: "10", of: [power, rent, first]}',
            "8.85", "9.31",
        ),
        # all of the bill: nothing left to tax
        ('  - {code: gift, type: discount, amount: "500", of: "*"}', "0.00", "0.00"),
    ],
)  # fmt: skip
def test_whatever_is_on_both_lines_is_shared_by_them(between: str, low: str, high: str) -> None:
    found = money(tariff(LINES, between + "\n", TAXES))
    assert (found["low"], found["high"]) == (low, high)


def test_a_levy_on_a_discounted_line_is_of_what_is_left_of_it() -> None:
    levy = '  - {code: levy, type: percent, percent: "3", of: [power]}\n'
    assert money(tariff(LINES, OFF, levy, TAXES))["levy"] == "2.80"


def test_taxes_in_the_price_are_those_in_what_is_paid() -> None:
    inside = TAXES.replace("percent:", "inclusive: true, percent:")
    for taxes in (inside, named(inside, "off")):
        # 93.33 hold 8.48, 46.67 hold 7.78
        found = money(tariff(LINES, OFF, taxes))
        assert (found["low"], found["high"]) == ("8.48", "7.78")
        assert sum(float(amount) for amount in found.values()) == pytest.approx(140)


def test_a_discount_after_the_taxes_leaves_them_as_they_are() -> None:
    found = money(tariff(LINES, TAXES, OFF))
    assert (found["low"], found["high"], found["off"]) == ("10.00", "10.00", "-10.00")


@pytest.fixture
async def invoice(app: App) -> tuple[int, int]:
    """(account, invoice) of January by the tariff with the discount."""
    text = tariff(LINES, OFF, TAXES)
    loaded = load_tariff(text)
    async with app.db.writing() as conn:
        await catalog.load(conn, app, [catalog.Checked("mixed", loaded.valid_from, text, "shared")], by="test")
    [(account_id, _)] = await settle(app, [Customer(tariffs=("mixed",))])
    await build(app, FEB, sources=Fake((text,)))
    await finalise(app, FEB)
    async with app.db.reading() as conn:
        [last] = await queries.last_bills(conn, account_id)
    return account_id, last.invoice_id


async def test_the_bill_shows_each_part_by_the_line_it_is_on(app: App, invoice: tuple[int, int]) -> None:
    async with app.db.reading() as conn:
        shown = await queries.bill(conn, invoice_id=invoice[1], context=app)
        assert shown is not None and await problems(conn) == []
    assert [(line.label["en"], line.amount_minor) for line in shown.lines] == [
        ("Power", 100_00),
        ("Rent", 50_00),
        ("Discount (Power)", -6_67),
        ("Discount (Rent)", -3_33),
        ("Low tax", 9_33),
        ("High tax", 9_33),
    ]
    assert shown.lines[2].label["sw"] == "Punguzo (Umeme)"
    page = html.render(shown, "en")
    assert "Discount (Rent)" in page and "-KES 3.33" in page.replace("\u202f", " ").replace("KES -", "-KES ")


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_a_credited_line_takes_its_part_of_the_discount_and_its_own_tax_with_it(
    app: App, invoice: tuple[int, int], order: tuple[int, int]
) -> None:
    worth: dict[int, Any] = {1: (100_00 - 6_67 + 9_33, 9_33), 2: (50_00 - 3_33 + 9_33, 9_33)}
    async with app.db.reading() as conn:
        shown = await queries.bill(conn, invoice_id=invoice[1], context=app)
        assert shown is not None
    for position in order:
        dispute = await contest(app, shown, position)
        async with app.db.writing() as conn:
            decided = await decide(conn, app, dispute, "upheld", actor="user:ann")
        assert decided.note is not None
        assert (decided.note.amount_minor, decided.note.tax_minor) == worth[position]
    async with app.db.reading() as conn:
        owing = await queries.owing(conn, invoice[0])
        assert owing.open_minor == 0 and await problems(conn) == []


async def test_contested_lines_freeze_what_a_credit_of_them_would_take(app: App, invoice: tuple[int, int]) -> None:
    for position, frozen in ((1, 102_66), (2, 158_66)):
        async with app.db.writing() as conn:
            await line_disputed.dispute(
                conn,
                app,
                account_id=invoice[0],
                invoice_id=invoice[1],
                position=position,
                reason="wrong",
                contact_id=None,
                key=f"k{position}",
            )
            assert (await queries.owing(conn, invoice[0])).disputed_minor == frozen
