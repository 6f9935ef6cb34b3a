"""Keywords reach the same flows as the menus: one table of words per language, matched on the whole message.

A word in the middle of a sentence is no keyword, so that a customer who writes "please stop the leak" is not signed off. MENU, HELP and
AGENT work over every question; STOP and START even in a talk with a person. The others work where a choice was expected,
and where the question that waits cannot use them. A word that cannot be taken back is looked for only in the languages of the house,
and where it could be the answer to a question it is asked back, but for the STOP that we tell people to send.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.numbers import tidied
from core.text import LANGUAGES
from dialogs.normalize import plain_figures
from dialogs.number_slots import NUMBER_SLOTS, after_keyword
from dialogs.opt_out import wants_opt_out
from dialogs.payment_reference import reference_of
from dialogs.small_talk import small_talk


@dataclass(frozen=True, slots=True)
class Intent:
    """Where a word leads, and what it brings along."""

    flow: str
    everywhere: bool = False
    """Even in a talk with a person."""
    keep: Mapping[str, Any] = field(default_factory=dict)
    over_questions: bool = False
    """Over every question of the house, whatever it could make of the word."""
    sure: str = ""
    """The flow that asks back where the word could be the answer to a question."""
    greet: str = ""
    """What is said above the first menu (a catalogue key)."""


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
    "agent": ("AGENT", "PERSON", "HUMAN", "CALL", "MHUDUMU", "MTU", "CONSEILLER", "MUTUM", "WAKILI", "NHAN VIEN", "MEDEWERKER"),
    "consent": ("OFFERS", "CONSENT", "MATANGAZO"),
    "language": ("LANGUAGE", "LUGHA", "LANGUE", "HARSHE", "NGON NGU", "TAAL"),
    "paid": ("PAID", "I PAID", "NIMELIPA", "J AI PAYE", "NA BIYA", "DA TRA", "BETAALD"),
    "debit": ("DEBIT", "DIRECT DEBIT", "MANDATE", "AUTOPAY", "PRELEVEMENT", "INCASSO"),
    "photo": ("PHOTO", "PICTURE", "PICHA", "HOTO"),
    "link": ("LINK", "UNGANISHA"),
    "unlink": ("UNLINK", "TENGANISHA"),
    "new_pin": ("PIN", "PINCODE"),
    "home": (
        "MENU", "HOME", "HI", "HELLO", "HODI", "MWANZO", "HABARI", "MENYU", "BONJOUR", "SALUT", "SANNU", "XIN CHAO", "HALLO",
    ),
    "help": ("HELP", "INFO", "MSAADA", "AIDE", "TAIMAKO", "TRO GIUP", "HULP"),
    "stop": ("STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE"),
    "start": ("START", "UNSTOP"),
}  # fmt: skip
OF_A_LANGUAGE: dict[str, dict[str, tuple[str, ...]]] = {
    "stop": {
        "sw": ("ACHA", "SIMAMISHA"), "ha": ("DAINA", "TSAYA"), "fr": ("ARRET", "ARRETER", "DESABONNER"),
        "vi": ("DUNG", "HUY"), "nl": ("STOPPEN", "AFMELDEN"),
    },
    "start": {
        "sw": ("ANZA",), "ha": ("FARA",), "fr": ("DEMARRER", "REPRENDRE"), "vi": ("BAT DAU",), "nl": ("AANMELDEN",),
    },
}  # fmt: skip
"""Words that cannot be taken back: heard only where the house speaks the language, because elsewhere they mean something else."""
SURE = {"stop": "stop_sure", "start": "start_sure"}
"""The flow that asks back whether a word of one language was meant so."""
WORDS |= {
    flow: (*WORDS[flow], *(word for words in told.values() for word in words)) for flow, told in OF_A_LANGUAGE.items()
}
WORDS |= dict.fromkeys((*SURE.values(), "leaving"), ())
OVER_QUESTIONS = frozenset(
    {
        "MENU", "MENYU", "HELP", "MSAADA", "AIDE", "TAIMAKO", "TRO GIUP", "HULP",
        "AGENT", "MHUDUMU", "CONSEILLER", "MUTUM", "WAKILI", "NHAN VIEN", "MEDEWERKER",
    }
)  # fmt: skip
"""The first menu, help and a person, under one word in each language."""
EVERYWHERE = frozenset({"stop", "start"})

_LANGUAGES = {
    "en": ("ENGLISH", "KIINGEREZA", "KIZUNGU", "ANGLAIS", "TURANCI", "TIENG ANH", "ENGELS"),
    "sw": ("SWAHILI", "KISWAHILI", "SUAHILI", "SOUAHELI", "TIENG SWAHILI"),
    "ha": ("HAUSA", "KIHAUSA", "HAOUSSA", "HARSHEN HAUSA", "TIENG HAUSA"),
    "fr": ("FRENCH", "FRANCAIS", "KIFARANSA", "FARANSANCI", "FARANSA", "TIENG PHAP", "FRANS"),
    "vi": ("VIETNAMESE", "TIENG VIET", "VIETNAMIEN", "KIVIETINAMU", "VIETNAMEES", "VIETNAMANCI"),
    "nl": ("DUTCH", "NEDERLANDS", "NEERLANDAIS", "HOLLANDAIS", "KIHOLANZI", "KIDACHI", "TIENG HA LAN", "YAREN HOLAND"),
}
LANGUAGE_NAMES = {name: lang for lang, names in _LANGUAGES.items() for name in names}
"""How a language is called, in capital letters without accents -> its code."""

_FLOW = {word: flow for flow, words in WORDS.items() for word in words}
_TONGUE = {word: lang for told in OF_A_LANGUAGE.values() for lang, words in told.items() for word in words}
_WITH_FIGURE = re.compile(r"(?P<word>[A-Z]+)\s+(?P<rest>.*\d.*)")
_GLUED = re.compile(r"([A-Z]{3,})(?=\d)")
_WITH_NUMBER = re.compile(r"(?P<word>[A-Z' ]{4,12}?)\s+(?P<number>(?=[A-Z_-]*\d)[A-Z0-9_-]{4,40})")
"""`PAID QWE123`: the number of a payment has a figure in it."""

_WORD = re.compile(r"[a-z0-9]+")


def plain(text: str) -> list[str]:
    """The words in small letters without accents: `Điện` is `dien`."""
    bare = unicodedata.normalize(
        "NFKD", text.casefold().replace("đ", "d").replace("ɗ", "d").replace("ƙ", "k").replace("ɓ", "b")
    )
    return _WORD.findall("".join(letter for letter in bare if not unicodedata.combining(letter)))


def find(text: str, languages: Sequence[str] = LANGUAGES) -> Intent | None:
    """The intent of a whole message: a keyword, one with its figure (`PAY 500`), a receipt, a wish to leave, a kind word."""
    text = tidied(plain_figures(text))
    paid = reference_of(text)
    if paid:
        return Intent("paid", keep={"typed_reference": paid})
    words = plain(text)
    phrase = " ".join(words)
    message = text.strip(".!?").strip().upper()
    short = len(text) <= 40
    intent = (_keyword(phrase.upper(), languages) or _brings(message)) if short else None
    if intent is None and wants_opt_out(words):
        return Intent("leaving", sure="leaving")
    if intent is None and short and (key := small_talk(phrase)):
        return Intent("home", greet=key)
    return intent


def _keyword(phrase: str, languages: Sequence[str]) -> Intent | None:
    """A word alone, or the name of a language of the house."""
    flow = _FLOW.get(phrase)
    tongue = _TONGUE.get(phrase)
    if flow and (tongue is None or tongue in languages):
        sure = SURE.get(flow, "") if tongue else ""
        return Intent(flow, flow in EVERYWHERE, {}, phrase in OVER_QUESTIONS, sure)
    named = LANGUAGE_NAMES.get(phrase)
    if named:
        return Intent("language", keep={"language": named, "named": True} if named in languages else {})
    return None


def _brings(message: str) -> Intent | None:
    """A keyword and what it is about: `PAY 500`, `PAY500`, `PAID QWE123`."""
    glued = _GLUED.match(message)
    if glued and _FLOW.get(glued[1]) in NUMBER_SLOTS:
        message = f"{glued[1]} {message[glued.end() :]}"
    match = _WITH_FIGURE.fullmatch(message)
    flow = _FLOW.get(match["word"]) if match else None
    figure = after_keyword(flow, match["rest"]) if match and flow else {}
    if flow and figure:
        return Intent(flow, keep=figure)
    named = _WITH_NUMBER.fullmatch(message)
    if named and _FLOW.get(" ".join(plain(named["word"])).upper()) == "paid":
        return Intent("paid", keep={"typed_reference": named["number"]})
    return None
