"""What a field :86: says, in the three ways banks write it: German (`166?20SVWZ+...`), with code words (`/REMI/USTD//...`), or free.

Lines are broken where they are full, in the middle of a word or a number; a line that is not full ended by itself. Pure.
"""

import re
from typing import NamedTuple

FULL_SEGMENT, FULL_LINE = 27, 65
_GERMAN = re.compile(r"^(\d{3})([^\w\s])(?=\d{2})")
_KEYWORDS = ("EREF", "KREF", "MREF", "CRED", "DEBT", "SVWZ", "ABWA", "ABWE", "IBAN", "BIC", "PURP", "MDAT", "SQTP", "COAM",
             "OAMT", "RREF", "RTRN")  # fmt: skip
_KEYWORD = re.compile(rf"(?:^|(?<=[^A-Za-z0-9])|(?<=\s))({'|'.join(_KEYWORDS)})\+")
_CODES = ("EREF", "PREF", "MREF", "MARF", "CSID", "CREF", "IREF", "RTRN", "CNTP", "REMI", "PURP", "ULTC", "ULTD", "ULTB", "TRTP",
          "TRCD", "IBAN", "BIC", "NAME", "ORDP", "BENM", "ADDR", "ISDT", "EXCH", "CHGS", "CHGS1", "CHGS2", "OAMT", "OCMT", "SVCL",
          "BTCH", "ID", "BANK", "INFO")  # fmt: skip
_CODE = re.compile(rf"/({'|'.join(_CODES)})/")


class EntryText(NamedTuple):
    """What a field :86: says of its movement."""

    purpose: str = ""
    end_to_end: str | None = None
    mandate: str | None = None
    name: str = ""
    code: str = ""
    """The German business code: 109 is a returned debit."""
    returned: str | None = None
    """What it says of a return."""


def said_in(text: str) -> EntryText:
    """Read a field :86:."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if not lines:
        return EntryText()
    german = _GERMAN.match(lines[0])
    if german:
        return _german("".join(lines)[len(german[1]) :], german[1], german[2])
    whole = _joined(lines, FULL_LINE)
    return _coded(whole) if _CODE.match(whole) else EntryText(whole)


def _joined(lines: list[str], full: int) -> str:
    """Pieces as one text: a full one was broken where it was full, another ended by itself."""
    return "".join(line if len(line) >= full else f"{line} " for line in lines).strip()


def _german(text: str, code: str, sign: str) -> EntryText:
    cut = re.split(rf"{re.escape(sign)}(\d{{2}})", text)
    found = list(zip(cut[1::2], cut[2::2], strict=True))
    purpose = _joined([one for place, one in found if "20" <= place <= "29" or "60" <= place <= "63"], FULL_SEGMENT)
    name = _joined([one for place, one in found if place in ("32", "33")], FULL_SEGMENT)
    pieces = _KEYWORD.split(purpose)
    told = dict(zip(pieces[1::2], (one.strip() for one in pieces[2::2]), strict=True))
    plain = " ".join(one for one in (pieces[0].strip(), told.get("SVWZ", "")) if one)
    return EntryText(plain, told.get("EREF"), told.get("MREF"), name, code, told.get("RTRN"))


def _coded(text: str) -> EntryText:
    pieces = _CODE.split(text)
    told: dict[str, str] = {}
    for code, value in zip(pieces[1::2], pieces[2::2], strict=True):
        told.setdefault(code, value.strip("/ "))
    remitted = re.sub(r"^(USTD|STRD)/+(CUR/+)?", "", told.get("REMI", "").lstrip("/"))
    other = told.get("CNTP", "").split("/")
    name = told.get("NAME") or (other[2] if len(other) > 2 else "")
    left = remitted or told.get("INFO", "") or pieces[0].strip()
    return EntryText(left, told.get("EREF"), told.get("MARF") or told.get("MREF"), name, "", told.get("RTRN"))
