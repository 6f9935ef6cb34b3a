"""The versions of a tariff that a file holds, and those of them that a question is about."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from core.catalog.compile import compile_document
from core.catalog.quote_json import period_of
from core.catalog.read import documents
from core.catalog.wrong import refuse
from core.rating.tariff import Tariff
from core.rating.versions import in_force


def load_versions(path_or_text: str | Path) -> tuple[Tariff, ...]:
    """All versions of one tariff in a YAML file or text (documents parted by `---`), by their first day."""
    found = documents(path_or_text)
    where = found[0][0]
    versions = sorted((compile_document(doc, where) for _, doc in found), key=lambda tariff: tariff.valid_from)
    for one, after in pairwise(versions):
        if one.code != after.code or one.currency != after.currency:
            refuse(
                where,
                f"it holds {one.code} and {after.code}",
                "keep versions of one tariff, in one currency, in a file",
            )
        if one.valid_from == after.valid_from:
            refuse(where, f"two versions start on {one.valid_from}", "give each its own `valid_from`")
    return tuple(versions)


def load_for(path_or_text: str | Path, data: Mapping[str, Any]) -> tuple[Tariff, ...]:
    """The versions that hold in the period of a quote's request. A file of one version is that version's, whenever.

    Give the result to `core.rating.quote.quote`, and its last version to `quote_json.parse` and `answer`.
    """
    versions = load_versions(path_or_text)
    if len(versions) == 1:
        return versions
    since, until = period_of(data)
    return tuple(version for version, _, _ in in_force(versions, since, until))
