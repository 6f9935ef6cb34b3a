"""Reads the small url-encoded forms that African aggregators post, quickly and within bounds.

A USSD turn has about ten microseconds to spend beyond HTTP: what almost every body escapes (`+`, `*`, `#`) is undone for the
whole body at once, and the general decoder runs only on a field where an escape is left.
"""

from collections.abc import Mapping
from urllib.parse import quote_plus, unquote

from channels.contract import LARGEST_BODY, Malformed

FORM = "application/x-www-form-urlencoded"
LONGEST_FIELD = 200
"""Characters of any field that is not a text somebody wrote."""


def fields(body: bytes | str) -> dict[str, str]:
    """The fields of a form, decoded. The last one wins where a name is repeated; NUL characters are dropped."""
    if len(body) > LARGEST_BODY:
        raise Malformed("body.too_long", f"The body is longer than {LARGEST_BODY} bytes.")
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    if "\x00" in text:
        text = text.replace("\x00", "")
    text = text.replace("+", " ").replace("%2B", "+").replace("%2A", "*").replace("%23", "#")
    read: dict[str, str] = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if "%" in pair:
            name, value = unquote(name), unquote(value).replace("\x00", "")
        read[name] = value
    return read


_AS_IT_IS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~")
_ESCAPED = {code: f"%{code:02X}" for code in range(128) if chr(code) not in _AS_IT_IS} | {ord(" "): "+"}


def encoded(form: Mapping[str, str]) -> bytes:
    """A form as it is posted (`FORM` names its type). A bulk of messages spends a fifth of its time here, so ASCII goes the short way."""
    return "&".join([f"{_escaped(name)}={_escaped(value)}" for name, value in form.items()]).encode()


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED) if text.isascii() else quote_plus(text)


def required(read: dict[str, str], name: str, longest: int = LONGEST_FIELD) -> str:
    """A field that must be there and not be empty; Malformed otherwise."""
    value = read.get(name, "")
    if not value:
        raise Malformed("field.missing", f"The field {name} is missing.")
    if len(value) > longest:
        raise too_long(name, longest)
    return value


def optional(read: dict[str, str], name: str, longest: int = LONGEST_FIELD) -> str | None:
    """A field that may be missing or empty, then None."""
    value = read.get(name) or None
    if value is not None and len(value) > longest:
        raise too_long(name, longest)
    return value


def too_long(name: str, longest: int) -> Malformed:
    """The refusal of a field beyond its bound."""
    return Malformed("field.too_long", f"The field {name} is longer than {longest} characters.")


def clean(text: str) -> str:
    """Text that every store and encoder takes: no NUL, and a half of a surrogate pair becomes U+FFFD."""
    if text.isascii():
        return text.replace("\x00", "")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "")
