"""Reads camt.053 statements, camt.052 reports and camt.054 notifications (any version) with ElementTree, made safe by defusedxml.

A batch is one entry with many transactions: each becomes a part, if they add up to the batch, with the bank's charges or without.
`RvslInd` and `RtrInf` mark what undoes an earlier movement, with the reason (AM04 ...). Namespaces differ by version, so names are read
without them. Only the amount of an entry in the account's currency and its sign are needed; whatever else a bank leaves out costs
nothing but itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from core import files, money
from core.payments.bank.model import NO_REFERENCE, Movement, Statement, StatementEntry, Unread, batch, unread_as_one
from core.payments.bank.xml import every, first, name_of, text_of

FORMS = {"Stmt": "camt.053", "Rpt": "camt.052", "Ntfctn": "camt.054"}
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)
INTERIM = "ITBD"
LONGEST = 1_000


def read(raw: bytes) -> list[Statement]:
    """Every statement of a file; ValueError when it is no camt."""
    root = _parsed(raw)
    found = [_statement(one) for one in root.iter() if name_of(one) in FORMS]
    if not found:
        raise ValueError("it holds no statement (BkToCstmrStmt/Stmt)")
    return found


def _parsed(raw: bytes) -> Element:
    """The document; letters are what its declaration says, else what they can only be."""
    try:
        root: Element = fromstring(raw)
        return root
    except Exception as why:
        text = files.decoded(raw)
        head, sign, rest = text.lstrip().partition("?>")
        if not (sign and head.startswith("<?xml")) or "<!DOCTYPE" in text:
            raise ValueError("it is no XML") from why
        try:
            root = fromstring(rest)
        except Exception as again:
            raise ValueError("it is no XML") from again
        return root


def _statement(told: Element) -> Statement:
    opening_at, closing_at = _balances(told)
    currency = _currency(told, opening_at, closing_at)
    opening, closing = _signed(opening_at, currency), _signed(closing_at, currency)
    last = next((day for one in (closing_at, opening_at) if (day := _day(one)) is not None), None)
    movements: list[Movement] = []
    unread: list[Unread] = []
    for one in every(told, "Ntry"):
        if not _booked(one):
            continue
        try:
            movements.append(_movement(one, currency, last))
        except ValueError as why:
            unread.append(Unread(" ".join("".join(one.itertext()).split()), str(why)))
    fallback = last or _day(told, "CreDtTm")
    known = [one.booked_on for one in movements] or ([fallback] if fallback else [])
    if not known:
        raise ValueError("a statement without a day")
    if opening is not None and closing is not None and INTERIM == _code(opening_at) == _code(closing_at):
        moved = sum(one.amount_minor for one in movements)
        if not unread and opening + moved != closing and closing + moved == opening:
            opening, closing = closing, opening
    movements += unread_as_one(unread, movements, opening, closing, max(known), currency)
    account = text_of(told, "Acct", "Id", "IBAN") or text_of(told, "Acct", "Id", "Othr", "Id")
    return Statement(
        form=FORMS[name_of(told)],
        account=account,
        currency=currency,
        from_on=min(known),
        to_on=max(known),
        number=text_of(told, "ElctrncSeqNb") or text_of(told, "LglSeqNb") or text_of(told, "Id"),
        page=text_of(told, "StmtPgntn", "PgNb") or text_of(told, "RptPgntn", "PgNb"),
        opening_minor=opening,
        closing_minor=closing,
        movements=tuple(movements),
    )


def _code(balance: Element | None) -> str:
    return text_of(balance, "Tp", "CdOrPrtry", "Cd")


def _balances(told: Element) -> tuple[Element | None, Element | None]:
    """The balances before and after; of interim ones (a page, a report of the day) the first and the last."""
    found = every(told, "Bal")
    interim = [one for one in found if _code(one) == INTERIM]
    opening = next((one for code in OPENING for one in found if _code(one) == code), None)
    closing = next((one for code in CLOSING for one in reversed(found) if _code(one) == code), None)
    if opening is None and (len(interim) > 1 or closing is not None):
        opening = interim[0] if interim else None
    if closing is None and interim and interim[-1] is not opening and (opening is not None or len(interim) > 1):
        closing = interim[-1]
    return opening, closing


def _currency(told: Element, *balances: Element | None) -> str:
    amounts = [first(one, "Amt") for one in balances] + [first(one, "Amt") for one in every(told, "Ntry")]
    said = [one.attrib.get("Ccy", "") for one in amounts if one is not None]
    found = text_of(told, "Acct", "Ccy") or next((one for one in said if one), "")
    if not money.known(found):
        raise ValueError("a statement without a currency")
    return found


def _booked(told: Element) -> bool:
    status = text_of(told, "Sts") or text_of(told, "Sts", "Cd")
    return status in ("BOOK", "")


def _movement(told: Element, currency: str, last: date | None) -> Movement:
    total = _signed(told, currency)
    if total is None:
        raise ValueError("its amount or its sign is missing, or of another currency than its account")
    on = _day(told, "BookgDt") or _day(told, "ValDt") or last
    if on is None:
        raise ValueError("it has no day")
    groups = every(told, "NtryDtls")
    parts = [one for group in groups for one in every(group, "TxDtls")]
    counts = [text_of(group, "Btch", "NbOfTxs") for group in groups]
    count = sum(int(one) for one in counts if one.isascii() and one.isdigit()) or None
    if len(parts) == 1 and count in (None, 1) and _amount(parts[0], currency) in (None, abs(total)):
        return Movement((_single(told, parts[0], total, on),))
    charges = [one for part in (told, *parts) for one in _charges(part, currency)]
    return batch(
        _entry(told, parts[0] if len(parts) == 1 else told, total, on),
        list(_parts(told, parts, total, on, currency)),
        currency,
        charges_minor=charges,
        told=max(count or 0, len(parts)),
    )


def _single(told: Element, part: Element, total: int, on: date) -> StatementEntry:
    """An entry of one transaction: where that says nothing, what the entry says of itself."""
    one = _entry(told, part, total, on)
    return one if one.purpose.strip() else replace(one, purpose=text_of(told, "AddtlNtryInf")[:LONGEST])


def _parts(told: Element, parts: Sequence[Element], total: int, on: date, currency: str) -> Iterator[StatementEntry]:
    """The payments of a batch, if each tells what it came to in the account's currency."""
    way = 1 if total >= 0 else -1
    amounts = [_amount(one, currency) for one in parts]
    if any(minor is None for minor in amounts):
        return
    for part, minor in zip(parts, amounts, strict=True):
        sign = {"CRDT": 1, "DBIT": -1}.get(text_of(part, "CdtDbtInd"), way)
        yield _entry(told, part, sign * (minor or 0), on)


def _charges(part: Element, currency: str) -> Iterator[int]:
    for told in every(part, "Chrgs"):
        for one in every(told, "Rcrd") or [told]:
            minor = _minor(first(one, "Amt"), currency)
            if minor:
                yield minor if text_of(one, "CdtDbtInd") == "CRDT" else -minor


def _entry(told: Element, part: Element, minor: int, on: date) -> StatementEntry:
    reason = text_of(part, "RtrInf", "Rsn", "Cd") or None
    party = "Dbtr" if minor > 0 else "Cdtr"
    end_to_end, ref = text_of(part, "Refs", "EndToEndId"), text_of(told, "AcctSvcrRef")
    said = " ".join((one.text or "").strip() for one in part.iter() if name_of(one) in ("Ustrd", "AddtlNtryInf", "Ref"))
    return StatementEntry(
        booked_on=on,
        amount_minor=minor,
        bank_ref="" if ref.upper() in NO_REFERENCE else ref,
        end_to_end=None if end_to_end.upper() in NO_REFERENCE else end_to_end,
        mandate=text_of(part, "Refs", "MndtId") or None,
        name=text_of(part, "RltdPties", party, "Nm") or text_of(part, "RltdPties", party, "Pty", "Nm"),
        purpose=said[:LONGEST],
        returned=reason is not None or text_of(told, "RvslInd") in ("true", "1"),
        reason=reason,
    )


def _amount(told: Element, currency: str) -> int | None:
    """What a transaction came to in the account's currency; what was instructed in another is a detail."""
    paths = (("Amt",), ("AmtDtls", "TxAmt", "Amt"), ("AmtDtls", "CntrValAmt", "Amt"), ("AmtDtls", "InstdAmt", "Amt"))
    found = (_minor(first(told, *path), currency) for path in paths)
    return next((minor for minor in found if minor is not None), None)


def _minor(amount: Element | None, currency: str) -> int | None:
    if amount is None or amount.attrib.get("Ccy", currency) != currency:
        return None
    try:
        return abs(money.parse(amount.text or "", currency))
    except ValueError:
        return None


def _signed(told: Element | None, currency: str) -> int | None:
    minor = _minor(first(told, "Amt"), currency)
    way = {"CRDT": 1, "DBIT": -1}.get(text_of(told, "CdtDbtInd"))
    return None if minor is None or way is None else way * minor


def _day(told: Element | None, *path: str) -> date | None:
    """The day that stands there, as a date or as an instant; None when there is none."""
    for end in (("Dt",), ("Dt", "Dt"), ("DtTm",), ("Dt", "DtTm"), ()):
        text = text_of(told, *path, *end)
        try:
            return datetime.fromisoformat(text).date() if "T" in text else date.fromisoformat(text[:10])
        except ValueError:
            continue
    return None
