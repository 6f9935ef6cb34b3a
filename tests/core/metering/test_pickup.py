"""Files are fetched from folders, here and over SFTP: each once, in order, bad ones told, unknown machines not spoken to."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
import yaml
from sqlalchemy import func, select

from core.clock import SetClock
from core.context import App
from core.errors import BadInput, Refused
from core.metering.store import pickup, sources
from core.metering.tables import usage_event, usage_fetch, usage_file
from core.metering.vee import gaps
from tests.core.metering.events.world import FIELDS, HEAD, a_line, call

SOURCE = {
    "source": "msc", "format": "cdr", "files": "CDR_*.csv", "sequence": r"CDR_(\d+)", "quiet_seconds": 0,
    "cdr": {"fields": FIELDS},
}  # fmt: skip


def written(home: Path, /, **source: object) -> Path:
    """An operator's folder that names this source."""
    (home / "usage").mkdir(parents=True, exist_ok=True)
    (home / "usage" / "msc.yaml").write_text(yaml.safe_dump(SOURCE | source))
    return home


def operator_with(app: App, home: Path, /, **source: object) -> App:
    """The house of such an operator."""
    return replace(app, settings=app.settings.model_copy(update={"operator": written(home, **source)}))


def lay(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    os.utime(folder / name, (1_700_000_000, 1_700_000_000))


async def counts(app: App) -> tuple[int, int]:
    async with app.db.reading() as conn:
        files = await conn.execute(select(func.count()).select_from(usage_file))
        events = await conn.execute(select(func.count()).select_from(usage_event))
        return int(files.scalar_one()), int(events.scalar_one())


async def test_a_watched_folder_is_loaded_once_and_gaps_in_its_numbers_are_told(app: App, tmp_path: Path) -> None:
    await a_line(app)
    inbox = tmp_path / "in"
    inbox.mkdir()
    app = operator_with(app, tmp_path / "operator", folder=str(inbox))
    lay(inbox, "CDR_7.csv", HEAD + call())
    lay(inbox, "CDR_10.csv", HEAD + call(number=2, at="20260310080001"))
    lay(inbox, "other.txt", "not ours")
    assert await pickup.tick(app) == 2
    assert await pickup.tick(app) == 0
    assert await counts(app) == (2, 2)
    async with app.db.reading() as conn:
        told = gaps.told(await gaps.missing_files(conn))
    assert told == ["msc: numbers 8 to 9 are missing"]
    lay(inbox, "CDR_8.csv", HEAD + call(number=2, at="20260310080001"))
    lay(inbox, "CDR_9.csv", HEAD + call(number=9, at="20260310080009"))
    assert await pickup.tick(app) == 2
    assert await counts(app) == (4, 3)
    async with app.db.reading() as conn:
        assert await gaps.missing_files(conn) == []


async def test_a_name_that_comes_again_with_other_content_is_another_file(app: App, tmp_path: Path) -> None:
    await a_line(app)
    app = operator_with(app, tmp_path / "operator", folder=str(tmp_path))
    lay(tmp_path, "CDR_1.csv", HEAD + call())
    await pickup.tick(app)
    lay(tmp_path, "CDR_1.csv", HEAD + call() + call(number=2, at="20260310080001"))
    lay(tmp_path, "CDR_2.csv", HEAD + call())
    assert await pickup.tick(app) == 2
    assert await pickup.tick(app) == 0
    assert await counts(app) == (3, 2)


async def test_a_file_that_may_still_be_written_waits(app: App, tmp_path: Path) -> None:
    app = operator_with(app, tmp_path / "operator", folder=str(tmp_path), quiet_seconds=3_600)
    (tmp_path / "CDR_1.csv").write_text(HEAD)
    assert await pickup.tick(app) == 0
    assert await counts(app) == (0, 0)


async def test_a_file_that_cannot_be_read_is_told_once_and_stops_no_other(app: App, tmp_path: Path) -> None:
    await a_line(app)
    app = operator_with(app, tmp_path / "operator", folder=str(tmp_path))
    (tmp_path / "CDR_1.csv").write_bytes(b"\xff\xfe\x00")
    os.utime(tmp_path / "CDR_1.csv", (1, 1))
    lay(tmp_path, "CDR_2.csv", HEAD + call())
    found = await pickup.fetch(app, sources.named(app, "msc"))
    assert list(found.reports) == ["CDR_2.csv"]
    assert "not readable text" in found.problems[0]
    assert (await pickup.fetch(app, sources.named(app, "msc"))).problems == []
    async with app.db.reading() as conn:
        noted = select(usage_fetch.c.name, usage_fetch.c.problem.is_not(None)).order_by(usage_fetch.c.name)
        assert [tuple(row) for row in await conn.execute(noted)] == [("CDR_1.csv", True), ("CDR_2.csv", False)]


async def test_a_folder_that_is_gone_is_a_problem_and_no_crash(app: App, tmp_path: Path) -> None:
    app = operator_with(app, tmp_path, folder=str(tmp_path / "gone"))
    assert (await pickup.fetch(app, sources.named(app, "msc"))).problems
    assert await pickup.tick(app) == 0


class _Login(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("hodi", "a secret of theirs")


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[dict[str, object]]:
    """Another machine with a folder of files."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "theirs" / "out").mkdir(parents=True)

    def served(channel: asyncssh.SSHServerChannel) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(tmp_path / "theirs").encode())

    server = await asyncssh.listen("127.0.0.1", 0, server_factory=_Login, server_host_keys=[key], sftp_factory=served)
    async with server:
        yield {
            "host": "127.0.0.1",
            "port": server.get_port(),
            "user": "hodi",
            "folder": "/out",
            "host_key": key.export_public_key().decode().strip(),
        }


async def test_files_of_another_machine_are_fetched_over_sftp(
    app: App, tmp_path: Path, machine: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_line(app)
    monkeypatch.setenv("HODI_SFTP_PASSWORDS", '{"msc": "a secret of theirs"}')
    app = operator_with(app, tmp_path / "operator", sftp=machine)
    lay(tmp_path / "theirs" / "out", "CDR_1.csv", HEAD + call())
    lay(tmp_path / "theirs" / "out", "CDR_2.csv", HEAD + call() + call(number=2, at="20260310080001"))
    assert await pickup.tick(app) == 2
    assert await pickup.tick(app) == 0
    assert await counts(app) == (2, 2)


@pytest.mark.parametrize("wrong", ["password", "host_key"])
async def test_a_wrong_password_or_another_machine_is_refused(
    app: App, tmp_path: Path, machine: dict[str, object], monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("HODI_SFTP_PASSWORDS", '{"msc": "%s"}' % ("no" if wrong == "password" else "a secret of theirs"))
    if wrong == "host_key":
        machine["host_key"] = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    app = operator_with(app, tmp_path / "operator", sftp=machine)
    lay(tmp_path / "theirs" / "out", "CDR_1.csv", HEAD + call())
    found = await pickup.fetch(app, sources.named(app, "msc"))
    assert found.reports == {}
    assert "cannot be reached or trusted" in found.problems[0]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"format": "xml"}, r"line \d+: format"), ({"sequence": "CDR"}, "one group"), ({"cdr": None}, "go together"),
        ({"folder": "/a", "sftp": {"host": "h", "user": "u", "host_key": "k"}}, "not both"), ({"surprise": 1}, "surprise"),
        ({"cdr": {"fields": FIELDS | {"quantity": {"column": "a", "unit": "furlong"}}}}, "no unit we know"),
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_understood_is_told_with_file_and_remedy(
    tmp_path: Path, wrong: dict[str, object], words: str
) -> None:
    with pytest.raises(BadInput, match=words) as told:
        sources.of_folder(written(tmp_path, **wrong))
    assert "msc.yaml" in str(told.value)


def test_an_unknown_source_is_refused(app: App, clock: SetClock) -> None:
    with pytest.raises(Refused, match=r"usage\.no_source"):
        sources.named(app, "nobody")
