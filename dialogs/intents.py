"""Keywords reach the same flows as the menus: one table of words per language, matched on the whole message.

A word in the middle of a sentence is no keyword, so that a customer who writes "please stop the leak" is not signed off. STOP
and START work everywhere, also where a question waits for an answer; the other words only where a choice was expected.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Intent:
    """Where a word leads, and what it brings along."""

    flow: str
    everywhere: bool = False
    keep: Mapping[str, Any] = field(default_factory=dict)


WORDS: dict[str, tuple[str, ...]] = {
    "balance": ("BAL", "BALANCE", "SALIO", "SOLDE", "BASHI", "SO DU", "SALDO"),
    "bill": ("BILL", "BILLS", "BILI", "ANKARA", "FACTURE", "BIL", "HOA DON", "REKENING", "FACTUUR"),
    "pay": ("PAY", "LIPA", "PAYER", "BIYA", "THANH TOAN", "TRA", "BETALEN", "BETAAL"),
    "fault": ("FAULT", "OUTAGE", "HITILAFU", "TATIZO", "PANNE", "MATSALA", "SU CO", "STORING"),
    "tickets": ("TICKET", "TICKETS", "STATUS", "TIKETI", "HALI"),
    "rewards": ("POINTS", "REWARDS", "POINTI", "ZAWADI", "MAKI", "DIEM", "PUNTEN"),
    "reading": ("READ", "READING", "METER", "SOMA", "MITA", "RELEVE", "KARATU", "CHI SO", "METERSTAND"),
    "top_up": ("TOPUP", "TOKEN", "TOKENS", "UNITS", "BUY", "TOKENI", "UNITI", "NUNUA"),
    "price": ("PRICE", "COST", "BEI"),
    "arrange": ("LATER", "PARTS", "BAADAYE", "AWAMU"),
    "plan": ("PLAN", "TARIFF", "MPANGO"),
    "numbers": ("NUMBER", "ACCOUNT", "NAMBA", "AKAUNTI"),
    "agent": ("AGENT", "PERSON", "HUMAN", "CALL", "MHUDUMU", "MTU", "CONSEILLER", "MUTUM", "NHAN VIEN", "MEDEWERKER"),
    "consent": ("OFFERS", "CONSENT", "MATANGAZO"),
    "language": ("LANGUAGE", "LUGHA", "LANGUE", "HARSHE", "NGON NGU", "TAAL"),
    "paid": ("PAID", "I PAID", "NIMELIPA", "J AI PAYE", "NA BIYA", "DA TRA", "BETAALD"),
    "debit": ("DEBIT", "DIRECT DEBIT", "MANDATE", "AUTOPAY", "PRELEVEMENT", "INCASSO"),
    "photo": ("PHOTO", "PICTURE", "PICHA", "HOTO"),
    "link": ("LINK", "UNGANISHA"),
    "unlink": ("UNLINK", "TENGANISHA"),
    "home": (
        "MENU",
        "HOME",
        "HI",
        "HELLO",
        "HODI",
        "MWANZO",
        "HABARI",
        "MENYU",
        "BONJOUR",
        "SALUT",
        "SANNU",
        "XIN CHAO",
        "HALLO",
    ),
    "help": ("HELP", "INFO", "MSAADA", "AIDE", "TAIMAKO", "TRO GIUP", "HULP"),
    "stop": (
        "STOP",
        "STOPALL",
        "STOP ALL",
        "UNSUBSCRIBE",
        "ACHA",
        "SIMAMISHA",
        "DAINA",
        "TSAYA",
        "ARRET",
        "ARRETER",
        "DESABONNER",
        "DUNG",
        "HUY",
        "STOPPEN",
        "AFMELDEN",
    ),
    "start": ("START", "UNSTOP", "ANZA", "FARA", "DEMARRER", "REPRENDRE", "BAT DAU", "AANMELDEN"),
}
EVERYWHERE = frozenset({"stop", "start"})

_FLOW = {word: flow for flow, words in WORDS.items() for word in words}
_WITH_FIGURE = re.compile(
    r"(?P<word>[A-Z]+)\s+(?:[A-Z]{2,3}\.?\s*)?(?P<figure>\d[\d.,]{0,12})(?:/[-=]|\s*(?:KWH|M3|UNITS))?"
)
_WITH_NUMBER = re.compile(r"(?P<word>[A-Z' ]{4,12}?)\s+(?P<number>(?=[A-Z_-]*\d)[A-Z0-9_-]{4,40})")
"""`PAID QWE123`: the number of a payment has a figure in it."""
TAKES_A_FIGURE = {"pay": "typed_amount", "reading": "typed_reading", "price": "typed_use", "top_up": "typed_amount"}
"""Flows that a figure may come along with (`PAY 500`, `READ 12345`, `PRICE 180`), and what it is kept as."""


_WORD = re.compile(r"[a-z0-9]+")


def plain(text: str) -> list[str]:
    """The words in small letters without accents: `Điện` is `dien`."""
    bare = unicodedata.normalize(
        "NFKD", text.casefold().replace("đ", "d").replace("ɗ", "d").replace("ƙ", "k").replace("ɓ", "b")
    )
    return _WORD.findall("".join(letter for letter in bare if not unicodedata.combining(letter)))


def find(text: str) -> Intent | None:
    """The intent of a whole message: a keyword, or one with its figure (`PAY 500`)."""
    if len(text) > 40:
        return None
    message = text.strip().strip(".!?").strip().upper()
    flow = _FLOW.get(" ".join(plain(message)).upper())
    if flow:
        return Intent(flow, flow in EVERYWHERE)
    told = _WITH_FIGURE.fullmatch(message)
    flow = _FLOW.get(told["word"]) if told else None
    if told and flow in TAKES_A_FIGURE:
        return Intent(flow, keep={TAKES_A_FIGURE[flow]: told["figure"].rstrip(".,")})
    named = _WITH_NUMBER.fullmatch(message)
    if named and _FLOW.get(" ".join(plain(named["word"])).upper()) == "paid":
        return Intent("paid", keep={"typed_reference": named["number"]})
    return None
