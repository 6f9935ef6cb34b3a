"""A slip of the pen in a tariff, in words: what is wrong with a field, and what to write instead."""

from difflib import get_close_matches

from pydantic_core import ErrorDetails

from core.catalog import charge_document, document

CODES = {
    "tariff": "small letters, digits and dashes, such as kplc-domestic",
    "currency": "three capital letters of ISO 4217, such as KES",
}
"""How a code is written, by its field; all others as in `CODE`."""
CODE = "small letters, digits and underscores, beginning with a letter, such as off_peak"


def reading(error: ErrorDetails) -> tuple[str, str]:
    """(what is wrong, the remedy) of one finding of pydantic's."""
    kind, name = error["type"], str(error["loc"][-1]) if error["loc"] else ""
    given = str(error.get("input"))[:40]
    context = error.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return f"{name!r} is no field here", _nearest(
                name, _fields(), "remove it, or look it up in write-a-tariff.md"
            )
        case "missing":
            return f"{name!r} is missing", f"add `{name}`"
        case "union_tag_not_found":
            return "its `type` is missing", f"add one of: {_listed(_types())}"
        case "union_tag_invalid":
            tag = str(context.get("tag"))
            return f"type {tag!r} is unknown", _nearest(tag, _types(), f"write one of: {_listed(_types())}")
        case "literal_error":
            return f"{given!r} is not possible here", f"write {str(context.get('expected')).replace(chr(39), '')}"
        case "string_pattern_mismatch":
            return f"{given!r} is no code", f"write {CODES.get(name, CODE)}"
        case "date_from_datetime_parsing" | "date_parsing" | "date_type":
            return f"{given!r} is no date", "write one such as 2026-01-01"
    message, _, remedy = error["msg"].removeprefix("Value error, ").partition(": ")
    if kind == "value_error" and remedy:
        return message, remedy
    return error["msg"][:1].lower() + error["msg"][1:], "see write-a-tariff.md for what it takes"


def _nearest(name: str, known: list[str], otherwise: str) -> str:
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]!r}?" if close else otherwise


def _listed(names: list[str]) -> str:
    return ", ".join(names)


def _types() -> list[str]:
    return ["usage", "event", "fixed", "percent", "tax", "discount", "minimum", "maximum", "commitment"]


def _fields() -> list[str]:
    names: set[str] = set()
    for model in (*vars(document).values(), *vars(charge_document).values()):
        if isinstance(model, type) and issubclass(model, charge_document.Doc):
            names |= {field.alias or name for name, field in model.model_fields.items()}
    return sorted(names)
