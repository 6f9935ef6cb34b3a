"""What stands in a file that somebody else wrote: its letters, and what its columns are parted by. One reader for every CSV.

Letters are what the file says they are (a mark at its beginning) or what they can only be: UTF-8 is told from the older alphabets by
its own rules, and what breaks them is Windows' Western European. Columns are parted by whatever its first line has most of.
"""

import codecs
import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
"""What a file may begin with, the longer before what it begins with itself."""
DELIMITERS = (",", ";", "\t", "|")
_PIECE = 1 << 20
UNREADABLE = (UnicodeDecodeError, gzip.BadGzipFile, EOFError, csv.Error)
"""What goes wrong while a file that is no text is read."""


WESTERN = "cp1252"


def _latin(why: UnicodeError) -> tuple[str, int]:
    """The five places that Windows' alphabet leaves empty are what Latin-1 has there: every byte is a letter."""
    assert isinstance(why, UnicodeDecodeError)
    return why.object[why.start : why.end].decode("latin-1"), why.end


codecs.register_error("hodi_latin", _latin)


def _errors(name: str) -> str:
    return "hodi_latin" if name == WESTERN else "strict"


def alphabet(file: BinaryIO) -> str:
    """The encoding of an open file, which is read once and rewound."""
    first = file.read(_PIECE)
    try:
        for mark, name in MARKS:
            if first.startswith(mark):
                return name
        if wide := _wide(first[:512]):
            return wide
        check, piece = codecs.getincrementaldecoder("utf-8")(), first
        while piece:
            check.decode(piece)
            piece = file.read(_PIECE)
        check.decode(b"", final=True)
    except UnicodeDecodeError:
        return WESTERN
    finally:
        file.seek(0)
    return "utf-8"


def _wide(first: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Western text is nothing."""
    for name, empty, full in (("utf-16-le", first[1::2], first[::2]), ("utf-16-be", first[::2], first[1::2])):
        if len(empty) > 1 and empty.count(0) > 0.8 * len(empty) and not full.count(0):
            return name
    return None


def decoded(raw: bytes) -> str:
    """The text of a small file. UnicodeDecodeError when its mark says what it is not."""
    name = alphabet(io.BytesIO(raw))
    text = raw.decode(name, _errors(name))
    if "\0" in text:
        raise UnicodeDecodeError("utf-8", raw[:1], 0, 1, "it is no text")
    return text


def opened(raw: BinaryIO, path: Path) -> TextIO:
    """The text of a plain or compressed file, line by line."""
    stream: BinaryIO = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw  # type: ignore[assignment]  # gzip reads like a file, and typeshed calls it none
    name = alphabet(stream)
    return io.TextIOWrapper(stream, name, _errors(name), newline="")


def delimiter_of(line: str) -> str:
    """What parts the columns of this head: the sign it has most of outside quotation marks; a comma when it has none."""
    bare = "".join(line.split('"')[::2])
    seen = Counter({sign: bare.count(sign) for sign in DELIMITERS})
    return max(DELIMITERS, key=lambda sign: seen[sign])


def table(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every row of a small CSV that is not empty; the first is its head."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text.lstrip("\r\n").partition("\n")[0]))
    for row in rows:
        if any(cell.strip() for cell in row):
            yield rows.line_num, row
