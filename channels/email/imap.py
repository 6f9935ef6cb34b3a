"""The mailbox that letters to us lie in, looked into over IMAP: each unread letter is handed over, and marked as read only after that.

A letter that could not be taken in stays unread and is found by the next look; whoever takes it in claims it first, because another
process may be looking into the same mailbox. The standard library speaks IMAP, in a thread.
"""

import asyncio
import contextlib
import imaplib
import ssl
from collections.abc import Awaitable, Callable
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import SecretStr

from channels.contract import NotReady

log = structlog.get_logger()

PATIENCE = 20
"""Seconds for each step of the conversation with the mail server."""
AT_ONCE = 50
"""Letters of one look."""
BROKEN = (OSError, imaplib.IMAP4.error)

Take = Callable[[bytes], Awaitable[bool]]
"""Takes a letter in; whether it is done with. May raise: then it is left unread, and so are those after it."""


class Mailbox:
    """One folder: `imaps://user:password@host:993/INBOX`, or `imap://` (TLS where it is offered)."""

    def __init__(self, server: SecretStr, largest: int) -> None:
        self.server, self.largest = server, largest

    async def look(self, take: Take) -> int:
        """Hand over what is unread, the oldest first; how many letters are done with. `NotReady` when the server would not have us."""
        try:
            line = await asyncio.to_thread(connect, self.server.get_secret_value())
        except BROKEN as why:
            raise NotReady(type(why).__name__) from None
        try:
            return await self._all(line, take)
        except BROKEN as why:
            raise NotReady(type(why).__name__) from None
        finally:
            await asyncio.to_thread(_leave, line)

    async def _all(self, line: imaplib.IMAP4, take: Take) -> int:
        done = 0
        for uid in await asyncio.to_thread(_unseen, line):
            raw = await asyncio.to_thread(_letter, line, uid, self.largest)
            if raw is None:
                log.warning("mailbox.letter_too_long", uid=uid)
            if raw is None or await take(raw):
                await asyncio.to_thread(line.uid, "STORE", uid, "+FLAGS.SILENT", "(\\Seen)")
                done += 1
        return done


def connect(server: str) -> imaplib.IMAP4:
    """A line into the folder, encrypted where that is asked for or offered."""
    url = urlsplit(server)
    host, context = url.hostname or "localhost", ssl.create_default_context()
    line: imaplib.IMAP4
    if url.scheme == "imaps":
        line = imaplib.IMAP4_SSL(host, url.port or 993, timeout=PATIENCE, ssl_context=context)
    else:
        line = imaplib.IMAP4(host, url.port or 143, timeout=PATIENCE)
    try:
        if url.scheme != "imaps" and "STARTTLS" in line.capabilities:
            line.starttls(ssl_context=context)
        line.login(unquote(url.username or ""), unquote(url.password or ""))
        state, _ = line.select(unquote(url.path.strip("/")) or "INBOX")
        if state != "OK":
            raise imaplib.IMAP4.error("there is no such folder")
    except BaseException:
        _leave(line)
        raise
    return line


def _unseen(line: imaplib.IMAP4) -> list[str]:
    state, ids = line.uid("SEARCH", "UNSEEN")
    if state != "OK":
        raise imaplib.IMAP4.error("the folder cannot be searched")
    return (ids[0] or b"").decode("ascii").split()[:AT_ONCE]


def _letter(line: imaplib.IMAP4, uid: str, largest: int) -> bytes | None:
    """The whole letter, still unread; empty: somebody took it away meanwhile; None: it is longer than we take."""
    _, sized = line.uid("FETCH", uid, "(RFC822.SIZE)")
    response = sized[0] if sized and isinstance(sized[0], bytes) else b""
    size = response.rpartition(b"RFC822.SIZE ")[2].split(b")")[0].split(b" ")[0]
    if size.isdigit() and int(size) > largest:
        return None
    _, parts = line.uid("FETCH", uid, "(BODY.PEEK[])")
    return next((part[1] for part in parts if isinstance(part, tuple)), b"")


def _leave(line: imaplib.IMAP4) -> None:
    with contextlib.suppress(*BROKEN):
        line.logout()
