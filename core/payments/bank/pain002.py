"""Reads pain.002 payment status reports: which direct debits of a file the bank refused before the day, and why."""

from dataclasses import dataclass

from defusedxml.ElementTree import fromstring

from core.payments.bank.xml import every, name_of, text_of


@dataclass(frozen=True, slots=True)
class DebitRefusal:
    """One debit that will not be collected: our EndToEndId, and the bank's code."""

    end_to_end: str
    code: str


def read(raw: bytes) -> list[DebitRefusal]:
    """The refusals of a report; ValueError when it is none."""
    try:
        root = fromstring(raw)
    except Exception as why:
        raise ValueError("it is no XML") from why
    report = [one for one in root.iter() if name_of(one) == "CstmrPmtStsRpt"]
    if not report:
        raise ValueError("it holds no status report (CstmrPmtStsRpt)")
    return [
        DebitRefusal(text_of(one, "OrgnlEndToEndId"), text_of(one, "StsRsnInf", "Rsn", "Cd"))
        for group in every(report[0], "OrgnlPmtInfAndSts")
        for one in every(group, "TxInfAndSts")
        if text_of(one, "TxSts") == "RJCT"
    ]
