"""Statements and reports as files, made for a test: a small bank that writes camt.053, MT940 and pain.002."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

IBAN = "DE89370400440532013000"


@dataclass
class Paper:
    """One day's statement in the making; amounts in minor units of `currency`."""

    on: date
    currency: str = "KES"
    opening: int = 100_000
    entries: list[tuple[int, str, str, str, str]] = field(default_factory=list)

    def entry(self, minor: int, ref: str, *, e2e: str = "", purpose: str = "", reason: str = "") -> "Paper":
        """One more movement; below zero it went out."""
        self.entries.append((minor, ref, e2e, purpose, reason))
        return self

    @property
    def closing(self) -> int:
        return self.opening + sum(one[0] for one in self.entries)

    def camt(self, folder: Path, name: str = "statement.xml") -> Path:
        """As camt.053."""
        parts = "".join(self._ntry(*one) for one in self.entries)
        balances = self._bal("OPBD", self.opening) + self._bal("CLBD", self.closing)
        path = folder / name
        path.write_text(
            '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
            f"<Stmt><Id>S{self.on}</Id><ElctrncSeqNb>{self.on:%j}</ElctrncSeqNb><Acct><Id><IBAN>{IBAN}</IBAN></Id>"
            f"</Acct>{balances}{parts}</Stmt></BkToCstmrStmt></Document>"
        )
        return path

    def _bal(self, code: str, minor: int) -> str:
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{self._amt(minor)}<Dt><Dt>{self.on}</Dt></Dt></Bal>"
        )

    def _amt(self, minor: int) -> str:
        way = "CRDT" if minor >= 0 else "DBIT"
        return f'<Amt Ccy="{self.currency}">{abs(minor) / 100:.2f}</Amt><CdtDbtInd>{way}</CdtDbtInd>'

    def _ntry(self, minor: int, ref: str, e2e: str, purpose: str, reason: str) -> str:
        back = f"<RtrInf><Rsn><Cd>{reason}</Cd></Rsn></RtrInf>" if reason else ""
        return (
            f"<Ntry>{self._amt(minor)}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{self.on}</Dt></BookgDt>"
            f"<AcctSvcrRef>{ref}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>{e2e or 'NOTPROVIDED'}</EndToEndId>"
            f"</Refs>{self._amt(minor)}<RmtInf><Ustrd>{purpose}</Ustrd></RmtInf>{back}</TxDtls></NtryDtls></Ntry>"
        )

    def mt940(self, folder: Path, name: str = "statement.sta") -> Path:
        """As MT940, with the third-letter mark and the segments that banks write."""
        day = f"{self.on:%y%m%d}"

        def said(minor: int) -> str:
            return f"{abs(minor) // 100},{abs(minor) % 100:02}"

        lines = [":20:STMT", ":25:37040044/0532013000EUR", f":28C:{self.on:%j}/1"]
        lines.append(f":60F:C{day}{self.currency}{said(self.opening)}")
        for minor, ref, e2e, purpose, reason in self.entries:
            mark = "CR" if minor >= 0 else "DR"
            kind = "NRTI" if reason else "NTRF"
            lines.append(f":61:{day}{self.on:%m%d}{mark}{said(minor)}{kind}NONREF//{ref}")
            lines.append(f":86:166?00X?20EREF+{e2e or 'NOTPROVIDED'}?21SVWZ+{purpose or reason}?31DE00?32Amina")
        lines.append(f":62F:C{day}{self.currency}{said(self.closing)}")
        path = folder / name
        path.write_text("\n".join([*lines, "-", ""]))
        return path


def refusals(folder: Path, *told: tuple[str, str]) -> Path:
    """A pain.002 that refuses (EndToEndId, code) each."""
    parts = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{name}</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>{code}</Cd>"
        "</Rsn></StsRsnInf></TxInfAndSts>"
        for name, code in told
    )
    path = folder / "status.xml"
    path.write_text(
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt><OrgnlPmtInfAndSts>'
        f"{parts}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )
    return path
