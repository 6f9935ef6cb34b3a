"""Reads camt.053 statements (any version) with ElementTree, made safe by defusedxml.

A batch is one entry with many transactions: each becomes an entry of its own, if they add up to the batch. `RvslInd` and `RtrInf` mark
what undoes an earlier movement, with the reason (AM04 ...). Namespaces differ by version, so names are read without them.
"""

from collections.abc import Iterator
from datetime import date, datetime
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from core import money
from core.payments.bank.model import Entry, Statement, numbered
from core.payments.bank.xml import every, first, name_of, needed, text_of

NOTHING = ("", "NOTPROVIDED", "NONREF")


def read(raw: bytes) -> list[Statement]:
    """Every statement of a file; ValueError when it is no camt.053."""
    try:
        root = fromstring(raw)
    except Exception as why:
        raise ValueError("it is no XML") from why
    found = [_statement(one) for one in root.iter() if name_of(one) == "Stmt"]
    if not found:
        raise ValueError("it holds no statement (BkToCstmrStmt/Stmt)")
    return found


def _statement(told: Element) -> Statement:
    balances = {text_of(one, "Tp", "CdOrPrtry", "Cd"): one for one in every(told, "Bal")}
    opening, closing = balances.get("OPBD", balances.get("PRCD")), balances.get("CLBD")
    if opening is None or closing is None:
        raise ValueError("a statement without opening or closing balance")
    amount = needed(closing, "Amt")
    currency = amount.attrib["Ccy"]
    entries = [entry for one in every(told, "Ntry") for entry in _entries(one, currency)]
    days = [entry.booked_on for entry in entries] or [_day(closing)]
    account = text_of(told, "Acct", "Id", "IBAN") or text_of(told, "Acct", "Id", "Othr", "Id")
    return Statement(
        account=account, number=text_of(told, "ElctrncSeqNb") or text_of(told, "LglSeqNb") or text_of(told, "Id"),
        currency=currency, from_on=min(days), to_on=max(days), opening_minor=_signed(opening, currency),
        closing_minor=_signed(closing, currency), entries=numbered(entries),
    )  # fmt: skip


def _entries(told: Element, currency: str) -> Iterator[Entry]:
    if text_of(told, "Sts") not in ("BOOK", "") and text_of(told, "Sts", "Cd") != "BOOK":
        return
    total = _signed(told, currency)
    parts = [one for group in every(told, "NtryDtls") for one in every(group, "TxDtls")]
    amounts = [_signed(one, currency, told) for one in parts] if all(_amount(one) is not None for one in parts) else []
    if len(parts) > 1 and sum(amounts) == total:
        for part, minor in zip(parts, amounts, strict=True):
            yield _entry(told, part, minor)
    else:
        yield _entry(told, parts[0] if len(parts) == 1 else told, total)


def _entry(told: Element, part: Element, minor: int) -> Entry:
    reason = text_of(part, "RtrInf", "Rsn", "Cd") or None
    party = "Dbtr" if minor > 0 else "Cdtr"
    end_to_end = text_of(part, "Refs", "EndToEndId")
    return Entry(
        booked_on=_day(told, "BookgDt"), amount_minor=minor, bank_ref=text_of(told, "AcctSvcrRef"),
        end_to_end=None if end_to_end in NOTHING else end_to_end, mandate=text_of(part, "Refs", "MndtId") or None,
        name=text_of(part, "RltdPties", party, "Nm") or text_of(part, "RltdPties", party, "Pty", "Nm"),
        purpose=" ".join(one.text or "" for one in part.iter() if name_of(one) in ("Ustrd", "AddtlNtryInf", "Ref"))[:300],
        returned=reason is not None or text_of(told, "RvslInd") == "true", reason=reason,
    )  # fmt: skip


def _amount(told: Element) -> Element | None:
    found = first(told, "Amt")
    return found if found is not None else first(told, "AmtDtls", "TxAmt", "Amt")


def _signed(told: Element, currency: str, outer: Element | None = None) -> int:
    amount = _amount(told)
    if amount is None or amount.attrib.get("Ccy") != currency:
        raise ValueError("an amount is missing, or of another currency than its statement")
    way = text_of(told, "CdtDbtInd") or (text_of(outer, "CdtDbtInd") if outer is not None else "")
    if way not in ("CRDT", "DBIT"):
        raise ValueError("an amount that is neither credit nor debit")
    minor = money.parse(amount.text or "", currency)
    return minor if way == "CRDT" else -minor


def _day(told: Element, *path: str) -> date:
    text = text_of(told, *path, "Dt") or text_of(told, *path, "Dt", "Dt") or text_of(told, *path, "DtTm")
    return datetime.fromisoformat(text).date() if "T" in text else date.fromisoformat(text[:10])
