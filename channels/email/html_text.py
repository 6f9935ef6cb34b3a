"""The words of a letter in HTML, without what the mail program itself marks as quoted, as who wrote when, or as a signature."""

import re
from html.parser import HTMLParser

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
SILENT = frozenset({"script", "style", "head", "title", "blockquote"})
BLOCKS = frozenset(
    {"p", "div", "li", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "pre", "section", "article", "blockquote"}
)
_SET_APART = re.compile(
    r"(?:^|\s|x_)(?:gmail_quote\S*|gmail_attr|gmail_signature\S*|yahoo_quoted\S*|ydp\S*yahoo_quoted|moz-cite-prefix|moz-signature|"
    r"AppleMailSignature\S*|ms-outlook-mobile-signature|Signature|protonmail_quote|protonmail_signature_block\S*|zmail_extra|"
    r"tutanota_quote|mail-editor-reference-message-container)(?:\s|$)",
    re.IGNORECASE,
)
"""Classes and ids of elements that hold a quotation or a signature: Gmail, Yahoo, Thunderbird, Apple, Outlook and others."""
_BELOW = re.compile(
    r"(?:^|\s|x_)(?:appendonsend|divRplyFwdMsg|stopSpelling|OLK_SRC_BODY_SECTION)(?:\s|$)", re.IGNORECASE
)
"""Outlook: everything from this element on is the letter that is answered."""


def words(page: str) -> str:
    """What a person sees of the page that is not set apart."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    return "\n".join(lines)


class _Reader(HTMLParser):
    """Collects words, and keeps account of which elements are open: an end tag that nobody began ends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.silent_from: int | None = None
        """How many elements were open where the silence began."""
        self.over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block begins a line; what is set apart says nothing."""
        named = " ".join(value for name, value in attrs if name in ("class", "id") and value)
        self.over = self.over or bool(_BELOW.search(named))
        if tag == "br" or tag in BLOCKS:
            self._say("\n")
        if tag in VOID:
            return
        if self.silent_from is None and (tag in SILENT or _SET_APART.search(named)):
            self.silent_from = len(self.open)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """The element ends, and with it those within that nobody ended."""
        if tag not in self.open:
            return
        while self.open and self.open.pop() != tag:
            pass
        if self.silent_from is not None and len(self.open) <= self.silent_from:
            self.silent_from = None
        if tag in BLOCKS:
            self._say("\n")

    def handle_data(self, data: str) -> None:
        """Words that are shown; a line break in the source is a blank."""
        self._say(" ".join(re.split(r"[\r\n]+", data)))

    def _say(self, words: str) -> None:
        if self.silent_from is None and not self.over:
            self.words.append(words)
