"""One bill, four renderings: total and due day first, nothing a customer wrote is markup, every line within its budget."""

import re
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from channels import limits, transliteration
from core.billing.model import Bill, BillLine, Instalment, MonthUse, ServicePart, ServicePlan
from core.billing.render import html, ussd
from core.billing.render import pdf as format_pdf
from core.billing.render.view_model import day, shown
from core.money import show
from core.text import LANGUAGES

KWH = 1_000_000
NASTY = '#set page(fill: red) <script>alert("x")</script> *bold* $x$ Achieng'


def line(position: int, code: str, micro: int | None, price: str | None, minor: int) -> BillLine:
    label = {"en": code.title(), "sw": f"{code} kwa Kiswahili"}
    return BillLine(position, 5, code, label, micro, "kWh" if micro else None, price, minor, "charge")


USE = tuple(
    MonthUse(date(2025 + at // 12, at % 12 + 1, 1), date(2025 + (at + 1) // 12, (at + 1) % 12 + 1, 1), (30 + at) * KWH, at == 12)
    for at in range(13)
)  # fmt: skip

BILL = Bill(
    invoice_id=1,
    account_id=2,
    number="INV-000123",
    token="abcdefghijklmnopqrstuv",
    name=NASTY,
    account_number="1000017",
    from_date=date(2026, 1, 1),
    to_date=date(2026, 2, 1),
    issued_on=date(2026, 2, 1),
    due_on=date(2026, 2, 16),
    currency="KES",
    total_minor=347700,
    tax_minor=12510,
    rounding_minor=4,
    before_minor=-5000,
    paid_minor=10000,
    open_minor=337700,
    disputed_minor=0,
    estimated=True,
    services=(
        ServicePart(
            5,
            "electricity",
            "12 Moi Avenue",
            ("M-77",),
            True,
            (line(1, "consumption", 30 * KWH, "12.23", 36690), line(2, "vat", None, "16 %", 54010)),
            90700,
        ),
        ServicePart(
            6,
            "water",
            "12 Moi Avenue",
            (),
            False,
            (replace(line(3, "water", 42 * KWH, "61.19", 257000), service_id=6),),
            257000,
        ),
    ),
    use=USE,
    use_unit="kWh",
    operator="Mwangaza Power",
    support_phone="+254800000000",
    url="https://pay.mwangaza.co.ke/b/abcdefghijklmnopqrstuv",
)


def text_of(pdf: bytes) -> list[str]:
    return [words for page in PdfReader(BytesIO(pdf)).pages for words in page.extract_text().splitlines()]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_total_and_due_day_are_within_the_first_ten_lines_of_the_pdf(lang: str) -> None:
    first = text_of(format_pdf.render(BILL, lang))[:10]
    assert show(347700, "KES", lang) in first
    assert day(BILL.due_on, lang) in first


def test_the_pdf_shows_what_a_customer_wrote_and_evaluates_none_of_it() -> None:
    words = " ".join(text_of(format_pdf.render(BILL, "en")))
    assert re.sub(r"\s+", " ", NASTY) in re.sub(r"\s+", " ", words)


def test_the_same_bill_is_the_same_bytes() -> None:
    assert format_pdf.render(BILL, "sw") == format_pdf.render(BILL, "sw") != format_pdf.render(BILL, "en")


def test_a_batch_begins_each_bill_on_a_page_of_its_own() -> None:
    other = replace(BILL, number="INV-000124", total_minor=100, url="", use=())
    pages = PdfReader(BytesIO(format_pdf.render_many([BILL, other], "en"))).pages
    assert len(pages) == 2
    assert "KES 1" in pages[1].extract_text().splitlines()[:4]


def test_the_qr_code_is_of_the_bill_s_own_link() -> None:
    assert format_pdf.qr_svg(BILL.url) == format_pdf.qr_svg(BILL.url) != format_pdf.qr_svg(BILL.url + "x")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_says_total_and_due_day_before_anything_else(lang: str) -> None:
    page = html.render(BILL, lang, pay_url="/p/token")
    body = page[page.index("<body>") :]
    order = [
        body.index(words)
        for words in (show(347700, "KES", lang), day(BILL.due_on, lang), "/p/token", "Achieng", "INV-000123", "12 Moi")
    ]
    assert order == sorted(order)
    assert "<script" not in page and "&lt;script&gt;" in page
    assert f'<html lang="{lang}">' in page


def test_the_page_has_no_pay_button_when_nothing_is_left_to_pay() -> None:
    paid = replace(BILL, open_minor=0, paid_minor=347700)
    page = html.render(paid, "en", pay_url="/p/token")
    assert "/p/token" not in page
    assert "Nothing is left to pay" in page


def test_lines_carry_the_customer_s_language_and_how_they_were_reckoned() -> None:
    words = shown(BILL, "sw")
    assert words.services[0].lines[0].label == "consumption kwa Kiswahili"
    assert words.services[0].lines[0].detail == "30 kWh kwa 12.23"
    assert words.services[0].title == "Umeme, 12 Moi Avenue"
    assert shown(BILL, "en").services[0].notes == ("Meter M-77", "Estimated: some readings were missing")


def test_the_sums_tell_credit_and_payments_and_end_with_what_is_to_be_paid() -> None:
    assert shown(BILL, "en").sums == (
        ("Tax in this bill", "KES 125.10"),
        ("Total", "KES 3,477"),
        ("Credit before this bill", "KES 50"),
        ("Paid so far", "KES 100"),
        ("To pay", "KES 3,377"),
    )


def test_what_is_disputed_is_not_asked_for() -> None:
    sums = dict(shown(replace(BILL, disputed_minor=37700), "en").sums)
    assert (sums["Held while we look into it"], sums["To pay"]) == ("KES 377", "KES 3,000")


def test_the_chart_has_thirteen_bars_and_a_sentence() -> None:
    words = shown(BILL, "en")
    assert [len(words.bars), words.bars[-1].share, words.bars[-1].estimated] == [13, 1000, True]
    assert words.use_words == "This period: 42 kWh, 1 more than the one before."


@pytest.mark.parametrize("lang", LANGUAGES)
def test_ussd_is_three_lines_of_at_most_156_plain_letters(lang: str) -> None:
    wide = replace(BILL, number="KIBOKO-ELECTRIC-2026-000000123456", total_minor=10**14, open_minor=10**14)
    for bill in (BILL, wide, replace(BILL, use=()), replace(BILL, estimated=False, open_minor=0)):
        words = ussd.render(bill, lang)
        assert len(words.splitlines()) == 3
        assert limits.units(transliteration.transliterate(words)) <= ("gsm7", 156)
    assert show(347700, "KES", lang) in ussd.render(BILL, lang).splitlines()[0]


def test_a_preview_has_no_number_and_no_link() -> None:
    draft = replace(BILL, number=None, url="", issued_on=None, operator="")
    assert shown(draft, "en").title == "Preview"
    assert "/b/" not in html.render(draft, "en")
    assert text_of(format_pdf.render(draft, "en"))[1] == "KES 3,477"


PLAN = ServicePlan(
    (
        Instalment(date(2026, 3, 17), 100_000, 0),
        Instalment(date(2026, 4, 16), 100_000, 40_000),
        Instalment(date(2026, 5, 16), 99_999, 99_999),
    ),
    covers=True,
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_agreed_instalments_stand_on_every_form_of_the_bill_with_what_is_left(lang: str) -> None:
    bill = replace(BILL, plan=PLAN)
    page, words = html.render(bill, lang), " ".join(text_of(format_pdf.render(bill, lang)))
    plain = re.sub(r"&#\d+;|&nbsp;", " ", page)
    for one in (day(date(2026, 5, 16), lang), show(40_000, "KES", lang), show(139_999, "KES", lang)):
        assert one in plain and one in words, (lang, one)
    assert shown(bill, lang).head[1][1] == day(date(2026, 4, 16), lang), "the next instalment, not the due day"
    assert shown(replace(bill, plan=replace(PLAN, covers=False)), lang).head[1][1] == day(BILL.due_on, lang)
    short = ussd.render(bill, lang)
    assert short.count("\n") == 2 and show(40_000, "KES", lang) in short
    assert limits.units(transliteration.transliterate(short)) <= ("gsm7", 156)
    assert html.render(replace(bill, plan=None), lang).count("<h2>") == page.count("<h2>") - 1
