"""One file of the spool: entries in the order they came, each on the disk before anybody is told that it is kept.

The file begins with a line that names its format and eight bytes that say how far it has been taken up; then entry after entry:
length and checksum (four bytes each, big-endian), and the bytes. An entry that a crash cut short was promised to nobody, and is
cut off. Only its owner may read the file (mode 0600), and only one process works on it at a time (a lock the system lets go of
when the process dies). Everything here blocks: call it in a thread, but for `first` and `advance`, which touch a few bytes.
"""

import fcntl
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

_MAGIC = b"hodi-spool 1\n"
_DONE = struct.Struct(">Q")
_HEAD = struct.Struct(">II")
START = len(_MAGIC) + _DONE.size
LARGEST_ENTRY = 1024 * 1024


class SpoolBatch(Exception):
    """Another process works on this file."""


class NoSpool(Exception):
    """This is no file of ours."""


class SpoolFile:
    """An open file: `done` and `end` are positions, and between them is what waits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._lock()
            os.fchmod(self._file, 0o600)
            self.done, self.end = self._begin()
        except BaseException:
            os.close(self._file)
            raise
        self._added = self._taken = 0  # apart, because one grows in a thread and the other on the loop
        self.end = self._whole_entries()

    @property
    def waiting(self) -> int:
        """How many entries are not done."""
        return self._added - self._taken

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as why:
            raise SpoolBatch(str(self.path)) from why

    def _begin(self) -> tuple[int, int]:
        """How far a file that was left behind had been taken up, and where it ends; a new one gets its head."""
        size = os.fstat(self._file).st_size
        if size < START:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, _MAGIC + _DONE.pack(START), 0)
            os.fsync(self._file)
            _sync_folder(self.path.parent)
            return START, START
        head = os.pread(self._file, START, 0)
        if not head.startswith(_MAGIC):
            raise NoSpool(str(self.path))
        (done,) = _DONE.unpack_from(head, len(_MAGIC))
        return min(max(done, START), size), size

    def _whole_entries(self) -> int:
        """Where the last whole entry ends; what a crash left after it is cut off."""
        at, size = self.done, self.end
        while (entry := self._at(at)) is not None:
            at += _HEAD.size + len(entry)
            self._added += 1
        if at < size:
            os.ftruncate(self._file, at)
        return at

    def _at(self, at: int) -> bytes | None:
        return _entry(self._file, at)

    def append(self, entries: Sequence[bytes]) -> None:
        """Put these on the disk, all or none; OSError when the disk is full."""
        written = b"".join(_HEAD.pack(len(entry), zlib.crc32(entry)) + entry for entry in entries)
        try:
            at = self.end
            while at < self.end + len(written):
                at += os.pwrite(self._file, written[at - self.end :], at)
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self.end)
            raise
        self.end += len(written)
        self._added += len(entries)

    def first(self) -> bytes | None:
        """The entry that has waited longest."""
        return self._at(self.done) if self.done < self.end else None

    def advance(self, entry: bytes) -> None:
        """The first entry is done. A crash of the machine may forget this, and it is done again: all that is kept bears it."""
        self.done += _HEAD.size + len(entry)
        self._taken += 1
        os.pwrite(self._file, _DONE.pack(self.done), len(_MAGIC))

    def clear(self) -> None:
        """All is done: give the room back."""
        os.pwrite(self._file, _DONE.pack(START), len(_MAGIC))
        os.ftruncate(self._file, START)
        self.done = self.end = START

    def close(self, *, remove: bool = False) -> None:
        """Let go; `remove` when nothing is left in it."""
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._file)


def peek(path: Path) -> bytes | None:
    """The entry that has waited longest in a file that another process works on; None where none does."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        head = os.pread(file, START, 0)
        if len(head) < START or not head.startswith(_MAGIC):
            return None
        return _entry(file, max(START, *_DONE.unpack_from(head, len(_MAGIC))))
    finally:
        os.close(file)


def _entry(file: int, at: int) -> bytes | None:
    head = os.pread(file, _HEAD.size, at)
    if len(head) < _HEAD.size:
        return None
    length, check = _HEAD.unpack(head)
    entry = os.pread(file, length, at + _HEAD.size) if length <= LARGEST_ENTRY else b""
    return entry if len(entry) == length and zlib.crc32(entry) == check else None


def _sync_folder(folder: Path) -> None:
    """A new file is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
