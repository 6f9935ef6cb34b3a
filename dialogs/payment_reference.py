"""The number of a payment in what somebody forwards or writes: who has paid is not asked to pay.

A receipt is known by its wording: M-Pesa begins with the code and `Confirmed` (`Imethibitishwa`); others name a transaction beside an
amount. A sentence that says "paid" and holds such a code is one too. Wordings as the networks publish them, in docs/guides/conversations.md.
"""

import re
import unicodedata

LONGEST = 1_500
"""Letters of a forwarded message that are read: a receipt with the network's advertising behind it."""
_CODE = r"(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z][A-Z0-9]{7,11}"
_HEADED = r"(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{8,12}"
_HEAD = re.compile(
    rf"(?<![A-Z0-9])({_HEADED})[\s,.:]*(?:IS )?(?:CONFIRMED|IMETHIBITISHWA|UMETHIBITISHWA|YAMETHIBITISHWA|IMEKAMILIKA|CONFIRME|CONFIRMEE)(?![A-Z])"
)
_LABEL = re.compile(
    r"(?<![A-Z])(?:(?:TRANSACTION|TRANS|TXN|TRX|PAYMENT|RECEIPT|TRANSACTIE|BETALING|PAIEMENT|RECU)\s*\.?\s*"
    r"(?:(?:ID|NO|NR|NUMBER|NUMERO|CODE|REF|REFERENCE)(?![A-Z])|(?=[:#]))|TID(?![A-Z])|REF(?:ERENCE)?(?: NO| NUMBER)?(?![A-Z])|"
    r"ID (?:DE )?(?:LA )?TRANSACTION|(?:NAMBA|KUMBUKUMBU|NUMERO)(?: NO\.?| NAMBA)? (?:YA |DE |DU )(?:MUAMALA|MALIPO|RISITI|TRANSACTION|PAIEMENT|RECU)|"
    r"KUMBUKUMBU|RISITI|MUAMALA|MA (?:GD|GIAO DICH)|(?:BETALINGS)?KENMERK|LAMBAR (?:BIYA|CINIKI))"
    r"\s*(?:IS|NI|EST|LA|CE|NO)?\s*[.:#=\-]*\s*((?=[A-Z0-9._-]*\d)[A-Z0-9][A-Z0-9._-]{5,38}[A-Z0-9])(?![A-Z0-9])"
)
_AMOUNT = re.compile(r"\d+\.\d{1,2}")
_PAID = re.compile(
    r"(?<![A-Z])(?:PAID|HAVE SENT|SENT TO|SENT THE MONEY|PAYMENT OF|PAYMENT MADE|SUCCESSFULLY|SUCCESSFUL|COMPLETED|TRANSFERRED|"
    r"M-?PESA (?:CODE|MESSAGE|RECEIPT|REF)|MPESA (?:CODE|MESSAGE|RECEIPT|REF)|(?:TRANSACTION|PAYMENT) (?:CODE|ID|NUMBER)|CODE YA M-?PESA|"
    r"NIMELIPA|NIMESHALIPA|UMELIPA|IMELIPWA|IMETUMWA|TUMELIPA|MALIPO YA|NAMETUMA|NIMETUMA|NILILIPA|NIMEKWISHA LIPA|"
    r"PAYE|PAYEE|REGLE|REGLEE|PAIEMENT (?:DE|EFFECTUE|REUSSI)|EFFECTUE|TRANSFERE|ENVOYE|"
    r"NA BIYA|MUN BIYA|AN BIYA|NA TURA|BIYAN|DA TRA|DA THANH TOAN|DA CHUYEN|DA DONG|THANH TOAN THANH CONG|CHUYEN KHOAN|"
    r"BETAALD|OVERGEMAAKT|VOLDAAN)(?![A-Z])"
)
_ALONE = re.compile(rf"(?:M-?PESA:? )?({_CODE})[.!]?")
_LONE_LETTERS = 5
"""A code alone is taken for a payment's only with so many letters: an account's number may look like `MW12345678`."""
_TEN = re.compile(rf"(?<![A-Z0-9])({_CODE})(?![A-Z0-9])")


def _folded(text: str) -> str:
    """In capitals, without accents, on one line."""
    bare = unicodedata.normalize("NFKD", " ".join(text.split()).upper().replace("Đ", "D"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


def reference_of(text: str) -> str:
    """The number of the payment that the text tells of; empty where it tells of none."""
    if len(text) > LONGEST or not any(letter.isdigit() for letter in text):
        return ""
    folded = _folded(text)
    head = _HEAD.search(folded)
    if head:
        return head[1]
    if alone := _ALONE.fullmatch(folded):
        return alone[1] if len(alone[1]) == 10 and sum(c.isalpha() for c in alone[1]) >= _LONE_LETTERS else ""
    if not _PAID.search(folded):
        return ""
    labelled = _LABEL.search(folded)
    if labelled and not _AMOUNT.fullmatch(labelled[1]):
        return labelled[1].rstrip(".")
    codes = _TEN.findall(folded)
    return codes[0] if len(codes) == 1 else ""
