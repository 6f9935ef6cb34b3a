"""Backup and restore of the database as one file: SQLite's own online copy, PostgreSQL's own pg_dump and pg_restore."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from core.errors import BadInput


def back_up(database_url: str, file: Path) -> None:
    """Copy the database into `file`, consistent although it is in use."""
    if file.exists():
        raise BadInput(str(file), "exists already.", "Name a new file, so that no backup is overwritten.")
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(_path(url))) as source, closing(sqlite3.connect(file)) as copy:
            source.backup(copy)
    else:
        _run("pg_dump", "--format=custom", f"--file={file}", _dsn(url))


def put_back(database_url: str, file: Path) -> None:
    """Fill an empty database from `file`."""
    if not file.is_file():
        raise BadInput(str(file), "there is no such file.", "Name a file made by `hodi db backup`.")
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        target = _path(url)
        if target.exists() and target.stat().st_size:
            raise BadInput(str(target), "is not empty.", "Restore into a new file and point HODI_DATABASE_URL at it.")
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    else:
        _run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={_dsn(url)}", str(file))


def _path(url: URL) -> Path:
    return Path(url.database or "hodi.db")


def _dsn(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _run(*command: str) -> None:
    if shutil.which(command[0]) is None:
        raise BadInput(command[0], "is not installed.", "Install PostgreSQL's client programs and try again.")
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        raise BadInput(command[0], f"failed: {done.stderr.strip().splitlines()[-1]}.", "Correct it and try again.")
