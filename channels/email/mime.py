"""Reads a letter as it came over the wire, and writes one: RFC 5322 and MIME through the standard library.

What a machine wrote (a bounce, an absence notice, a list) is not for a conversation: two machines would answer each other for
ever. Of a reply only what is new is read, not the quoted letter below it.
"""

import hashlib
import re
from collections.abc import Collection
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.utils import parseaddr

from channels.contract import Malformed
from channels.email import automated, html_text
from channels.email.reply_text import new_words
from channels.form import clean
from core.message import Inbound, Kind, Notice

LARGEST_LETTER = 5 * 1024 * 1024
LONGEST_TEXT = 4096
RECEIVERS = (
    "To", "Cc", "Delivered-To", "X-Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "Resent-To", "Apparently-To",
)  # fmt: skip
"""Where a letter says whom it was brought to."""
_ANGLED = re.compile(r"<\s*([^<>\s@]+@[^<>\s@]+)\s*>")
_BARE = re.compile(r"[^\s<>,;:()\"]+@[^\s<>,;:()\"]+")
_TAG = re.compile(r"\+[^@]*@")
_ANSWERS = re.compile(r"^\s*(?:re|aw|antw|tr|rv|sv|fw|fwd|trả lời)\s*:", re.IGNORECASE)
"""The beginning of a subject that only repeats ours."""


def read(raw: bytes, ours: Collection[str] = ()) -> Inbound | None:
    """A person's letter; None for a machine's, and for one that was brought to somebody else than `ours`. Malformed when
    there is no sender. When it was written only its sender's own clock says, so it has no instant."""
    if len(raw) > LARGEST_LETTER:
        raise Malformed("body.too_long", f"A letter may hold {LARGEST_LETTER} bytes.")
    try:
        letter = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(raw)
        sender, receiver = _address(letter, "From"), _address(letter, "To")
        nothing = automated.wrote(letter, sender) or sender in ours or not _is_for(letter, ours)
        text, subject = _words(letter), clean(str(letter.get("Subject", "")))[:300]
        message_id = clean(str(letter.get("Message-ID", "")))[:300] or _digest(raw)
        files = any(True for _ in letter.iter_attachments())
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as why:  # the library stumbles on odd headers
        raise Malformed("body.not_a_letter", "The body is no letter we can read.") from why
    if "@" not in sender:
        raise Malformed("field.missing", "The letter has no sender.")
    if nothing:
        return None
    details = {"subject": subject} if subject else {}
    words = text or ("" if _ANSWERS.match(subject) else subject)
    kind: Kind = "text"
    if not words and files:
        kind, details = "other", {**details, "what": "attachment"}
    return Inbound("email", sender, words[:LONGEST_TEXT], kind, None, message_id, None, receiver, None, details)


def _is_for(letter: EmailMessage, ours: Collection[str]) -> bool:
    """Whether it was brought to one of our addresses, with or without a `+tag`. A letter that names nobody was (we had a blind copy), and so
    was one that names only strangers (somebody forwards to us); one to another mailbox of our own domain was not."""
    named = _addresses(letter, *RECEIVERS)
    if any(address in ours or _TAG.sub("@", address) in ours for address in named):
        return True
    domains = {address.partition("@")[2] for address in ours}
    return not any(address.partition("@")[2] in domains for address in named)


def write(notice: Notice, sender: str, subject: str) -> EmailMessage:
    """A notice as a letter. Its id comes from the notice's key, so that a repeat is seen as one; ValueError for a bad address."""
    if any(c in notice.to for c in "\r\n,;<> ") or notice.to.count("@") != 1:
        raise ValueError("not an address")
    letter = EmailMessage(policy=policy.SMTP)
    letter["From"], letter["To"], letter["Subject"] = sender, notice.to, " ".join(subject.split())
    letter["Message-ID"] = f"<{_digest(notice.key.encode())}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    lines = [clean(notice.text), *(f"{option.key}. {option.label}" for option in notice.options)]
    letter.set_content("\n".join(lines))
    return letter


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:32]


def _address(letter: EmailMessage, header: str) -> str:
    """The first address of a header; a name with a comma in it that nobody quoted is no address."""
    return next(iter(_addresses(letter, header)), "")


def _addresses(letter: EmailMessage, *headers: str) -> list[str]:
    addresses: list[str] = []
    for header in headers:
        for value in letter.get_all(header, []):
            spelled = _ANGLED.findall(str(value)) or _BARE.findall(str(value))
            addresses += [clean(address).lower()[:254] for address in spelled]
    return addresses


def _words(letter: EmailMessage) -> str:
    """What the person wrote: the plain part, or the HTML without its tags; no quotes, no signature."""
    for kind in ("plain", "html"):
        part = letter.get_body((kind,))
        if part is not None and (value := new_words(_text(part))):
            return value
    return ""


def _text(part: MIMEPart) -> str:
    raw = part.get_payload(decode=True)
    charset = part.get_content_charset("utf-8")
    try:
        text = raw.decode(charset, "replace") if isinstance(raw, bytes) else ""
    except LookupError:
        text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
    return clean(html_text.words(text) if part.get_content_type() == "text/html" else text)
