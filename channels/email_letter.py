"""Reads a letter as it came over the wire, and writes one: RFC 5322 and MIME through the standard library.

What a machine wrote (a bounce, an absence notice, a list) is not for a conversation: two machines would answer each other for
ever. Of a reply only what is new is read, not the quoted letter below it.
"""

import hashlib
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from html.parser import HTMLParser

from channels.contract import NotUnderstood
from channels.form import clean
from core.message import Inbound, Notice

LARGEST_LETTER = 5 * 1024 * 1024
LONGEST_TEXT = 4096
FROM_MACHINES = {"bulk", "list", "junk", "auto_reply"}


def read(raw: bytes) -> Inbound | None:
    """A person's letter; None for a machine's. NotUnderstood when there is no sender."""
    if len(raw) > LARGEST_LETTER:
        raise NotUnderstood("body.too_long", f"A letter may hold {LARGEST_LETTER} bytes.")
    try:
        letter = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(raw)
        sender, receiver = _address(letter, "From"), _address(letter, "To")
        machine = _machine(letter, sender)
        text, subject = _words(letter), clean(str(letter.get("Subject", "")))[:300]
        message_id = clean(str(letter.get("Message-ID", "")))[:300] or _digest(raw)
        at = _instant(letter)
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as why:  # the library stumbles on odd headers
        raise NotUnderstood("body.not_a_letter", "The body is no letter we can read.") from why
    if "@" not in sender:
        raise NotUnderstood("field.missing", "The letter has no sender.")
    if machine:
        return None
    details = {"subject": subject} if subject else {}
    return Inbound(
        "email", sender, (text or subject)[:LONGEST_TEXT], "text", None, message_id, None, receiver, at, details
    )


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
    return clean(parseaddr(str(letter.get(header, "")))[1]).lower()[:254]


def _machine(letter: EmailMessage, sender: str) -> bool:
    said = str(letter.get("Auto-Submitted", "no")).strip().lower()
    precedence = str(letter.get("Precedence", "")).strip().lower()
    return (
        said != "no"
        or precedence in FROM_MACHINES
        or "List-Id" in letter
        or str(letter.get("Return-Path", "")).strip() == "<>"
        or sender.startswith(("mailer-daemon@", "postmaster@"))
    )


def _instant(letter: EmailMessage) -> datetime | None:
    try:
        instant = parsedate_to_datetime(str(letter.get("Date", "")))
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _words(letter: EmailMessage) -> str:
    """What the person wrote: the plain part, or the HTML without its tags; no quotes, no signature."""
    part = letter.get_body(("plain", "html"))
    if part is None:
        return ""
    raw = part.get_payload(decode=True)
    charset = part.get_content_charset("utf-8")
    try:
        text = raw.decode(charset, "replace") if isinstance(raw, bytes) else ""
    except LookupError:
        text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
    if part.get_content_type() == "text/html":
        stripper = _Stripper()
        stripper.feed(text)
        text = "".join(stripper.words)
    kept: list[str] = []
    for line in clean(text).splitlines():
        if line.rstrip() == "--" or line.startswith("-- "):
            break
        if line.startswith(">"):
            if kept and kept[-1].rstrip().endswith(":"):
                kept.pop()  # "On Monday Hodi wrote:"
            break
        kept.append(line)
    return "\n".join(kept).strip()


class _Stripper(HTMLParser):
    """The words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A paragraph begins a line; scripts, styles and quoted letters say nothing."""
        self.silent += tag in ("script", "style", "blockquote")
        if tag in ("p", "br", "div", "li", "tr"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """The silence ends where it began."""
        self.silent = max(0, self.silent - (tag in ("script", "style", "blockquote")))

    def handle_data(self, data: str) -> None:
        """Words that are shown."""
        if not self.silent:
            self.words.append(data)
