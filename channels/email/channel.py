"""E-mail: letters come in whole, as the operator's mail server pipes them to us, and leave through its SMTP server.

SMTP speaks of each letter on its own, and says at which step it failed, so what certainly did not leave is told from what may
have.
"""

import asyncio
import contextlib
import smtplib
import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import SecretStr

from channels import errors
from channels.contract import ByMessage, ChannelRow, Door, Event, Malformed, Page, RawRequest, Tools
from channels.email.bounces import bounce
from channels.email.imap import Mailbox
from channels.email.mime import LARGEST_LETTER, read, write
from channels.errors import SendError
from core.message import Notice, Screen, Sent

log = structlog.get_logger()

PATIENCE = 20
"""Seconds for each step of the conversation with the mail server."""


class Email(ByMessage):
    """The channel `email`. `server` is `smtp://user:password@host:587` (TLS where it is offered) or `smtps://...`."""

    name = "email"
    bounces = True
    forgeable = True

    def __init__(
        self, server: SecretStr, sender: str, subject: str, also: Collection[str] = (), mailbox: Mailbox | None = None
    ) -> None:
        """`also`: addresses that customers write to besides the one that we send from; `mailbox`: where their letters lie, if no mail
        server pipes them to us."""
        self.doors = (Door("POST", "/hooks/email/{secret}", self.parse, largest=LARGEST_LETTER),)
        self.mailbox = mailbox
        self.server, self.sender, self.subject = server, sender, subject
        own = parseaddr(sender)[1].lower()
        self.ours = frozenset({own, *(address.lower() for address in also)} - {""}) if own else frozenset()

    def parse(self, received: RawRequest) -> list[Event]:
        """One raw letter, if it was brought to an address of ours."""
        return parse(received, self.ours)

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """One letter: the words, then what may be answered."""
        lines = [screen.text, *(f"{option.key}. {option.label}" for option in screen.options)]
        return (Page("\n".join(lines), tuple(option.key for option in screen.options)),)

    def render(self, screen: Screen, page: Page) -> str:
        """The text of the letter that answers."""
        return page.text

    @property
    def collects(self) -> bool:
        """Whether there is a mailbox to look into."""
        return self.mailbox is not None

    async def collect(self, take: Callable[[list[Event]], Awaitable[bool]]) -> int:
        """Each unread letter of the mailbox; one that we cannot read is done with."""

        async def letter(raw: bytes) -> bool:
            try:
                events = parse(RawRequest("POST", raw), self.ours) if raw else []
            except Malformed as why:
                log.warning("mailbox.letter_not_understood", code=why.code)
                return True
            return await take(events)

        return await self.mailbox.look(letter) if self.mailbox else 0

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """All over one connection, in a thread."""
        return await asyncio.to_thread(self._deliver, notices)

    def _deliver(self, notices: Sequence[Notice]) -> list[Sent]:
        try:
            line = connect(self.server.get_secret_value())
        except smtplib.SMTPAuthenticationError:
            return [errors.WRONG_KEY.sent(notice.key) for notice in notices]
        except (OSError, smtplib.SMTPException) as why:
            return [errors.NOT_REACHED.sent(notice.key, type(why).__name__) for notice in notices]
        try:
            return [self._send(line, notice) for notice in notices]
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                line.quit()
            line.close()

    def _send(self, line: smtplib.SMTP, notice: Notice) -> Sent:
        try:
            letter = write(notice, self.sender, self.subject)
        except ValueError:
            return errors.INVALID_NUMBER.sent(notice.key)
        failed = hand_over(line, letter)
        return failed.sent(notice.key) if failed else Sent(notice.key, "done", str(letter["Message-ID"]))


def parse(received: RawRequest, ours: Collection[str] = ()) -> list[Event]:
    """One raw letter. What a mail server says of one of ours is a report; another machine's letter is understood and is nothing, and so is
    one to somebody else."""
    if report := bounce(received.body):
        return [report]
    letter = read(received.body, ours)
    return [letter] if letter else []


def connect(server: str) -> smtplib.SMTP:
    """A line to the mail server, encrypted where that is asked for or offered, and logged in where there is a name."""
    url = urlsplit(server)
    host, context = url.hostname or "localhost", ssl.create_default_context()
    line: smtplib.SMTP
    if url.scheme == "smtps":
        line = smtplib.SMTP_SSL(host, url.port or 465, timeout=PATIENCE, context=context)
    else:
        line = smtplib.SMTP(host, url.port or 587, timeout=PATIENCE)
    try:
        line.ehlo()
        if url.scheme != "smtps" and line.has_extn("starttls"):
            line.starttls(context=context)
        if url.username:
            line.login(unquote(url.username), unquote(url.password or ""))
    except BaseException:
        line.close()
        raise
    return line


def hand_over(line: smtplib.SMTP, letter: EmailMessage) -> SendError | None:
    """One letter over an open line; None when the server took it. A line that broke before carries nothing more."""
    if line.sock is None:
        return errors.NOT_REACHED
    try:
        line.send_message(letter)
    except smtplib.SMTPRecipientsRefused as why:
        codes = [code for code, _ in why.recipients.values()]
        return errors.UNKNOWN_SUBSCRIBER if codes and min(codes) >= 500 else errors.PROVIDER_BUSY
    except smtplib.SMTPSenderRefused as why:
        return errors.BAD_SENDER if why.smtp_code >= 500 else errors.PROVIDER_BUSY
    except smtplib.SMTPResponseException as why:
        return errors.REJECTED if why.smtp_code >= 500 else errors.PROVIDER_BUSY
    except (OSError, smtplib.SMTPException):
        return errors.NO_ANSWER
    return None


def _make(tools: Tools) -> Email:
    settings, sender = tools.settings, tools.settings.email_sender
    reader = unquote(urlsplit(settings.imap_url.get_secret_value()).username or "")
    also = [*settings.email_addresses.replace(",", " ").split(), *([reader] if "@" in reader else [])]
    mailbox = Mailbox(settings.imap_url, LARGEST_LETTER) if settings.imap_url.get_secret_value() else None
    return Email(settings.smtp_url, sender, parseaddr(sender)[0] or sender, also, mailbox)


ROW = ChannelRow("email", "smtp", ("smtp_url", "email_sender"), _make)
