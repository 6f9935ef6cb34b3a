"""A bill as words in one language: what HTML and PDF both lay out, so that they can never tell two stories. Pure.

Total and due day come first. Everything is plain text; escaping is the layout's business.
"""

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from core.billing.model import Bill, BillLine, ServicePart, Words
from core.money import show
from core.text import say
from core.text.days import last_of

Pair = tuple[str, str]
"""A label and its value."""

MICRO = 6
UNIT = 10**MICRO


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line of the bill; `detail` says how it was reckoned."""

    label: str
    detail: str
    amount: str


@dataclass(frozen=True, slots=True)
class ShownService:
    """A service's lines under its title; `notes` are its meters and whether it was estimated."""

    title: str
    notes: tuple[str, ...]
    lines: tuple[ShownLine, ...]
    subtotal: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One period of the chart: `share` of the tallest bar in thousandths."""

    label: str
    value: str
    share: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class BillView:
    """Everything a page of the bill says."""

    lang: str
    operator: str
    title: str
    head: tuple[Pair, ...]
    facts: tuple[Pair, ...]
    columns: Pair
    services: tuple[ShownService, ...]
    subtotal: str
    sums: tuple[Pair, ...]
    verdict: str
    plan_title: str
    plan: tuple[Pair, ...]
    """The instalments that were agreed, and last what is left of them."""
    use_title: str
    use_words: str
    bars: tuple[Bar, ...]
    pay_words: str
    pay: str
    pdf: str
    url: str
    help: str

    def as_json(self) -> dict[str, Any]:
        """Plain values, for a layout that is not Python."""
        return asdict(self)


def day(value: date, lang: str) -> str:
    """A date as people of the language write it: 16 Feb 2026."""
    return format_date(value, "d MMM y", locale=lang)


def named(words: Words, lang: str) -> str:
    """A text in the customer's language, in English where the tariff has no other."""
    return words.get(lang) or words.get("en") or next(iter(words.values()), "")


def number(micro: int, lang: str) -> str:
    """A quantity without needless zeros: 42, 1,234.5."""
    value = Decimal(micro).scaleb(-MICRO)
    return format_decimal(value, "#,##0.######", locale=lang)


def shown(bill: Bill, lang: str) -> BillView:
    """The bill in words."""
    title = _title(bill, lang)
    return BillView(
        lang=lang,
        operator=bill.operator,
        title=title,
        head=(
            (say(lang, "bill.page.total"), show(bill.total_minor, bill.currency, lang)),
            _until(bill, lang),
        ),
        facts=_facts(bill, lang),
        columns=(say(lang, "bill.page.item"), say(lang, "bill.page.amount")),
        services=tuple(_service(bill, part, lang) for part in bill.services),
        subtotal=say(lang, "bill.page.subtotal") if len(bill.services) > 1 else "",
        sums=_sums(bill, lang),
        verdict=say(lang, "bill.page.nothing_to_pay") if bill.to_pay_minor <= 0 and not bill.corrects else "",
        plan_title=say(lang, "bill.plan.title") if bill.plan else "",
        plan=_plan(bill, lang),
        use_title=say(lang, "bill.page.use", unit=bill.use_unit) if bill.use else "",
        use_words=_use_words(bill, lang),
        bars=_bars(bill, lang),
        pay_words=say(lang, "bill.page.pay_here") if bill.url else "",
        pay=say(lang, "bill.page.pay") if bill.to_pay_minor > 0 else "",
        pdf=say(lang, "bill.page.pdf"),
        url=bill.url,
        help=say(lang, "bill.page.help", operator=bill.operator, phone=bill.support_phone) if bill.operator else "",
    )


def _until(bill: Bill, lang: str) -> Pair:
    """By when it is to be paid: where it is paid in instalments, the next of them."""
    if bill.corrects:
        return say(lang, "bill.page.corrects"), bill.corrects
    coming = bill.plan.next if bill.plan and bill.plan.covers else None
    if coming is not None:
        return say(lang, "bill.plan.next"), day(coming.due_on, lang)
    return say(lang, "bill.page.due"), day(bill.due_on, lang)


def _plan(bill: Bill, lang: str) -> tuple[Pair, ...]:
    if bill.plan is None:
        return ()
    rows = []
    for one in bill.plan.instalments:
        key = "bill.plan.by" if one.left_minor == one.amount_minor else "bill.plan.rest"
        key = key if one.left_minor else "bill.plan.paid"
        minor = one.left_minor or one.amount_minor
        rows.append((say(lang, key, date=day(one.due_on, lang)), show(minor, bill.currency, lang)))
    return (*rows, (say(lang, "bill.plan.left"), show(bill.plan.left_minor, bill.currency, lang)))


def _title(bill: Bill, lang: str) -> str:
    if bill.number is None:
        return say(lang, "bill.page.preview")
    return say(lang, "bill.page.credit_title" if bill.corrects else "bill.page.title", number=bill.number)


def _facts(bill: Bill, lang: str) -> tuple[Pair, ...]:
    period = say(lang, "bill.page.from_to", first=day(bill.from_date, lang), last=day(last_of(bill.to_date), lang))
    found = [
        (say(lang, "bill.page.name"), bill.name),
        (say(lang, "bill.page.account"), bill.account_number),
        (say(lang, "bill.page.period"), period),
    ]
    if bill.number:
        found.append((say(lang, "bill.page.number"), bill.number))
    if bill.issued_on:
        found.append((say(lang, "bill.page.issued"), day(bill.issued_on, lang)))
    return tuple(found)


def _service(bill: Bill, part: ServicePart, lang: str) -> ShownService:
    notes = [say(lang, "bill.page.meters", meters=", ".join(part.meters))] if part.meters else []
    if part.off_days:
        notes.append(say(lang, "bill.page.off", days=part.off_days))
    if part.estimated:
        notes.append(say(lang, "bill.page.estimated"))
    lines = tuple(
        ShownLine(named(line.label, lang), _detail(line, lang), show(line.amount_minor, bill.currency, lang))
        for line in part.lines
    )
    title = ", ".join(word for word in (commodity(part.commodity, lang), part.address) if word)
    return ShownService(title, tuple(notes), lines, show(part.subtotal_minor, bill.currency, lang))


def commodity(name: str, lang: str) -> str:
    """What a service is called; the operator's own word where we have none."""
    try:
        return say(lang, f"bill.commodity.{name}")
    except KeyError:
        return name[:1].upper() + name[1:]


def _detail(line: BillLine, lang: str) -> str:
    if line.quantity_micro is None:
        return line.price or ""
    params = {"quantity": number(line.quantity_micro, lang), "unit": line.unit or ""}
    return say(lang, "bill.page.each" if line.price else "bill.page.quantity", price=line.price, **params)


def _sums(bill: Bill, lang: str) -> tuple[Pair, ...]:
    """Total, what came before, what was paid since, and what is to be paid; rows of nothing are left out."""
    before = "bill.page.before_owed" if bill.before_minor > 0 else "bill.page.before_credit"
    rows = [
        ("bill.page.tax", bill.tax_minor, bill.tax_minor != 0),
        ("bill.page.total", bill.total_minor, True),
        (before, abs(bill.before_minor), bill.before_minor != 0),
        ("bill.page.credited", -bill.credited_minor, bill.credited_minor != 0),
        ("bill.page.paid", bill.paid_minor, bill.paid_minor != 0),
        ("bill.page.disputed", bill.disputed_minor, bill.disputed_minor != 0),
        ("bill.page.to_pay", max(0, bill.to_pay_minor), not bill.corrects),
    ]
    return tuple((say(lang, key), show(minor, bill.currency, lang)) for key, minor, there in rows if there)


def _use_words(bill: Bill, lang: str) -> str:
    """The chart in a sentence, for who cannot see it."""
    if not bill.use:
        return ""
    now, unit = bill.use[-1].quantity_micro, bill.use_unit
    change = now - bill.use[-2].quantity_micro if len(bill.use) > 1 else 0
    key = "bill.page.use_more" if change > 0 else "bill.page.use_less" if change < 0 else "bill.page.use_now"
    return say(lang, key, now=number(now, lang), unit=unit, difference=number(abs(change), lang))


def _bars(bill: Bill, lang: str) -> tuple[Bar, ...]:
    tallest = max((one.quantity_micro for one in bill.use), default=0) or 1
    return tuple(
        Bar(
            format_date(one.from_date, "MMM", locale=lang),
            number((one.quantity_micro + UNIT // 2) // UNIT * UNIT, lang),
            max(0, one.quantity_micro) * 1000 // tallest,
            one.estimated,
        )
        for one in bill.use
    )
