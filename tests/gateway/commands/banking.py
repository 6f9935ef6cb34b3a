"""A house in euros with two customers, and a bank that writes statements, for tests of `hodi import`."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from tests.gateway.commands.test_cli import hodi

IBAN = "DE89370400440532013000"
TARIFF = """
tariff: home
valid_from: 2025-01-01
currency: {currency}
zone: {zone}
name: {{en: Home}}
{times}
charges:
  - {{code: energy, type: usage, meter: energy, unit: kWh, model: flat, price: {price}}}
"""


def an_operator(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    country: str = "DE",
    zone: str = "Europe/Berlin",
    currency: str = "EUR",
    times: str = "",
    price: str = '"0.10"',
) -> Path:
    """An operator of that country with one tariff, its database upgraded, named by the environment."""
    home = folder / "operator"
    (home / "tariffs").mkdir(parents=True)
    said = {
        "name": "Stadtwerke",
        "short_name": "SW",
        "country": country,
        "zone": zone,
        "currency": currency,
        "languages": ["en", "fr"],
        "support_phone": "+4930123456",
        "default_tariff": "home",
        "reconcile": {"bank_account": IBAN},
    }
    (home / "operator.yaml").write_text(yaml.safe_dump(said))
    (home / "tariffs" / "home.yaml").write_text(TARIFF.format(currency=currency, zone=zone, times=times, price=price))
    monkeypatch.setenv("HODI_OPERATOR", str(home))
    monkeypatch.setenv("HODI_DATABASE_URL", f"sqlite+aiosqlite:///{folder / 'hodi.db'}")
    assert hodi("db", "upgrade")[0] == 0
    return home


def taken(kind: str, path: Path, *more: str) -> str:
    """Import a file of which nothing is refused; what was said."""
    status, told = hodi("import", kind, str(path), *more)
    assert status == 0, told
    return told


def two_customers(folder: Path) -> None:
    """Accounts 100001 and 100002."""
    path = folder / "customers.csv"
    path.write_text("number,name,opened_on\n100001,Anna Muster,2026-01-01\n100002,Bert Probe,2026-01-01\n")
    taken("customers", path)


def sta(
    number: str, opening: str, closing: str, lines: Iterable[str], *, day: str = "261103", page: bool = False
) -> str:
    """One MT940 message."""
    kind = "M" if page else "F"
    return "\n".join(
        [
            f":20:S{number}",
            ":25:37040044/0532013000",
            f":28C:{number}",
            f":60{kind}:C{day}EUR{opening}",
            *lines,
            f":62{kind}:C{day}EUR{closing}",
            "-",
            "",
        ]
    )


def line(amount: str, purpose: str, *, day: str = "261103", ref: str = "//0001", mark: str = "CR") -> str:
    """A movement with what was written."""
    return f":61:{day}{day[2:]}{mark}{amount}NTRFNONREF{ref}\n:86:166?00GUTSCHRIFT?20SVWZ+{purpose}?32MUSTER"


def camt(
    entries: str,
    opening: str,
    closing: str,
    *,
    kind: str = "053",
    codes: tuple[str, str] = ("OPBD", "CLBD"),
    version: str = "08",
    number: str = "301",
    day: str = "2026-11-12",
) -> str:
    """A camt document with one statement, report or notification."""
    outer, inner = {
        "053": ("BkToCstmrStmt", "Stmt"),
        "052": ("BkToCstmrAcctRpt", "Rpt"),
        "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    }[kind]
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, amount in zip(codes, (opening, closing), strict=True)
        if amount
    )
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{version}'><{outer}>"
        f"<{inner}><Id>X{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>{day}T20:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>{balances}{entries}</{inner}></{outer}></Document>"
    )


def ntry(
    amount: str,
    details: str,
    *,
    ref: str = "B700",
    more: str = "",
    booked: str = "<BookgDt><Dt>2026-11-12</Dt></BookgDt>",
    way: str = "CRDT",
    status: str = "<Sts><Cd>BOOK</Cd></Sts>",
) -> str:
    """An entry with its details."""
    sign = f"<CdtDbtInd>{way}</CdtDbtInd>" if way else ""
    return (
        f"<Ntry><Amt Ccy='EUR'>{amount}</Amt>{sign}{status}{booked}<AcctSvcrRef>{ref}</AcctSvcrRef>{more}"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def part(amount: str, purpose: str, *, currency: str = "EUR", more: str = "") -> str:
    """A payment of an entry."""
    told = f"<Amt Ccy='{currency}'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>" if amount else ""
    return f"<TxDtls>{told}{more}<RmtInf><Ustrd>{purpose}</Ustrd></RmtInf></TxDtls>"


CHARGE = "<Chrgs><Rcrd><Amt Ccy='EUR'>1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs>"
OLD_CHARGE = "<Chrgs><Amt Ccy='EUR'>1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Chrgs>"
