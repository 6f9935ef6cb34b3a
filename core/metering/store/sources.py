"""Where usage comes from by itself, as the operator's folder says: `usage/*.yaml`, a file for each source.

    source: msc-north
    format: cdr                     # csv | nem12 | nem13 | cdr
    files: "CDR_*.csv"
    sequence: 'CDR_(\\d+)'           # the number in the name; gaps are reported
    folder: /srv/usage/msc-north    # or sftp: {host, user, folder, host_key}
    cdr: {fields: {...}}            # core/metering/events/mapping.py
    csv: {columns: {...}}           # core/metering/formats/interval_mapping.py, where a csv has other columns than ours

A mistake is told with file, line and remedy.
"""

import re
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core import yaml_text
from core.card_numbers import without_cards
from core.config.operator import line_of
from core.context import App, Context
from core.errors import BadInput, Refused
from core.metering.events.mapping import Format, Mapping
from core.metering.formats.interval_mapping import Intervals
from core.metering.store import collect


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sftp(_Part):
    """A folder on another machine. Its password or key comes from the environment (`HODI_SFTP_...`), never from here."""

    host: str
    user: str
    folder: str = "."
    port: Annotated[int, Field(ge=1, le=65_535)] = 22
    host_key: str
    """The machine's public key (`ssh-keyscan HOST`), such as `ssh-ed25519 AAAA...`: no other machine is spoken to."""


class Source(_Part):
    """One source of usage."""

    source: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    format: Format
    files: str = "*"
    sequence: str | None = None
    folder: Path | None = None
    sftp: Sftp | None = None
    quiet_seconds: Annotated[int, Field(ge=0, le=86_400)] = 30
    """A file is left alone until it has not changed for so long: it may still be written."""
    cdr: Mapping | None = None
    csv: Intervals | None = None

    @field_validator("sequence")
    @classmethod
    def _one_group(cls, text: str | None) -> str | None:
        if text is not None and re.compile(text).groups != 1:
            raise ValueError("write a pattern with one group around the number, such as CDR_(\\d+)")
        return text

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.format == "cdr") != (self.cdr is not None):
            raise ValueError("`format: cdr` and the columns under `cdr:` go together")
        if self.csv is not None and self.format != "csv":
            raise ValueError("the columns under `csv:` are of `format: csv`")
        if self.folder and self.sftp:
            raise ValueError("name a folder or an sftp machine, not both")
        return self

    def wants(self, name: str) -> bool:
        """Whether a file of this name is one of its."""
        return fnmatch(name, self.files)

    def number(self, name: str) -> int | None:
        """The number in a file's name."""
        match = re.search(self.sequence, name) if self.sequence else None
        return int(match[1]) if match and match[1].isdigit() and len(match[1]) < 19 else None


def of_folder(folder: Path) -> dict[str, Source]:
    """The sources of an operator's folder by name; BadInput says which file and line is wrong."""
    match: dict[str, Source] = {}
    for path in sorted((folder / "usage").glob("*.yaml")):
        source = _read(path)
        if source.source in match:
            raise BadInput(str(path), f"there are two sources {source.source}.", "Give one another name.")
        match[source.source] = source
    return match


def named(app: App, name: str) -> Source:
    """The source of this name; Refused `usage.no_source` when there is none."""
    source = of_house(app).get(name)
    if source is None:
        raise Refused("usage.no_source", 404, name=name)
    return source


def of_house(app: App) -> dict[str, Source]:
    """The sources of the house's operator."""
    folder = app.settings.operator
    return of_folder(folder) if folder is not None else {}


def coming(context: Context, source: Source, path: Path, *, name: str = "") -> collect.Coming:
    """A file of a source, ready to be loaded."""
    file = collect.coming(context, source.format, path, mapping=source.cdr, intervals=source.csv)
    name = without_cards(name or path.name)
    return replace(file, source=source.source, name=name, sequence=source.number(name))


def _read(path: Path) -> Source:
    text = path.read_text("utf-8")
    try:
        return Source.model_validate(yaml_text.read(text) or {})
    except yaml.YAMLError as why:
        raise BadInput(str(path), "is not YAML.", "Compare it with docs/guides/usage.md.") from why
    except ValidationError as why:
        first = why.errors()[0]
        keys = [part for part in first["loc"] if isinstance(part, str)]
        where = f"{path}, line {line_of(text, keys)}"
        raise BadInput(where, f"{'.'.join(keys) or 'the file'}: {first['msg']}.", "Correct it and try again.") from why
