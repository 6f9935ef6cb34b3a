"""Reads tariff documents: YAML of reasonable size, no key twice, every field known; every slip named with its remedy."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core import yaml_text
from core.catalog.document import Document, TariffDoc
from core.catalog.slips import reading
from core.catalog.wrong import refuse

LARGEST_TEXT = 1_000_000
"""A tariff document is a few kilobytes; anything near this is something else."""


class _Loader(yaml_text.Loader):
    """YAML without aliases, which make a short document a long one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.constructor.ConstructorError(None, None, "aliases (*name) are not used in tariffs", None)
        return super().compose_node(parent, index)


def text_of(path_or_text: str | Path) -> tuple[str, str]:
    """The document's text, and what to call it in errors. A text of several lines is taken as the document itself."""
    if isinstance(path_or_text, str) and "\n" in path_or_text:
        return path_or_text, "tariff"
    path = Path(path_or_text)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as why:
        refuse(str(path), f"it cannot be read ({why})", "give the path of a tariff in YAML")
    return text, path.name


def documents(path_or_text: str | Path) -> list[tuple[str, TariffDoc]]:
    """Every document of a file (versions of one tariff may share it), checked field by field: (where, document)."""
    text, where = text_of(path_or_text)
    if len(text) > LARGEST_TEXT:
        refuse(where, f"it has {len(text)} characters", f"a tariff has at most {LARGEST_TEXT}")
    try:
        raw = [raw for raw in yaml.load_all(text, Loader=_Loader) if raw is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as why:
        refuse(where, _not_yaml(why), "correct that line")
    if not raw:
        refuse(where, "it is empty", "write a tariff; the guide write-a-tariff.md shows one")
    return [(where, parsed(one, where)) for one in raw]


def _not_yaml(why: Exception) -> str:
    """What the YAML reader stumbled over, and in which line."""
    mark, problem = getattr(why, "problem_mark", None), getattr(why, "problem", None) or str(why)
    line = "" if mark is None else f", line {mark.line + 1}"
    return f"it is not YAML{line}: " + re.sub(r"\s+", " ", problem)


def parsed(raw: Document, where: str = "tariff") -> TariffDoc:
    """One document, checked field by field."""
    if not isinstance(raw, dict):
        refuse(where, "it is not a mapping", "begin with `tariff: its-code`")
    try:
        return TariffDoc.model_validate(raw)
    except ValidationError as why:
        first = why.errors()[0]
        refuse(_place(raw, first, where), *reading(first))


def _place(raw: Document, error: ErrorDetails, where: str) -> str:
    """`file, charge consumption, tiers 2 price`."""
    path = [part for part in error["loc"] if not _is_type(part)]
    if len(path) > 1 and path[0] in ("charges", "allowances", "fair_use", "times") and isinstance(path[1], int):
        entry = raw[str(path[0])][path[1]]
        code = entry.get("code", f"no. {path[1] + 1}") if isinstance(entry, dict) else f"no. {path[1] + 1}"
        kind = {"charges": "charge", "allowances": "allowance", "times": "time"}.get(str(path[0]), "fair use")
        where, path = f"{where}, {kind} {code}", path[2:]
    rest = " ".join(str(part + 1) if isinstance(part, int) else str(part) for part in path if "[" not in str(part))
    return f"{where}, {rest}" if rest else where


def _is_type(part: object) -> bool:
    return part in ("usage", "event", "fixed", "percent", "tax", "discount", "minimum", "maximum", "commitment") or (
        isinstance(part, str) and ("[" in part or part in ("str", "int", "literal"))
    )
