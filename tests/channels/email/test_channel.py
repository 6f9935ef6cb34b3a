"""E-mail: a person's new words are read and a machine's never answered; what left is told from what may have left."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from channels.contract import Malformed, RawRequest
from channels.email import channel
from channels.email.channel import Email, parse
from channels.email.mime import write
from core.message import Inbound, Notice, Option, Screen
from tests.channels.payloads import body


def said(text: str, message_id: str, **details: str) -> Inbound:
    return Inbound(
        "email", "amina@example.org", text, "text", None, message_id, None, "help@mwangaza.example", None, details
    )


@pytest.mark.parametrize(
    ("label", "raw", "expected"),
    [
        (
            "a reply, without the letter it quotes",
            body("email/reply.eml"),
            [said("bal please, habari gani 😀", "<abc123@mail.example.org>", subject="Re: Your bill is ready €")],
        ),
        ("the plain one of two, and no attachment", body("email/both.eml"), [said("café has no light", "<m2@x>", subject="FAULT")]),
        ("words without their tags", body("email/html.eml"), [said("pay 500\nnow & here", "<m3@x>")]),
        ("only a subject", b"From: amina@example.org\r\nTo: help@mwangaza.example\r\nMessage-ID: <m>\r\nSubject: BAL\r\n\r\n", [said("BAL", "<m>", subject="BAL")]),
        ("an unknown charset", b"From: amina@example.org\nTo: help@mwangaza.example\nMessage-ID: <m>\nContent-Type: text/plain; charset=klingon\n\nbal", [said("bal", "<m>")]),
        ("an absence notice", body("email/absence.eml"), []),
        ("a bounce", body("email/bounce.eml"), []),
    ],
)  # fmt: skip
def test_a_letter_is_read(label: str, raw: bytes, expected: list[Inbound]) -> None:
    assert parse(RawRequest("POST", raw)) == expected, label


def test_a_letter_without_an_id_gets_one_from_its_content() -> None:
    raw = b"From: amina@example.org\n\nbal"
    [one], [same] = parse(RawRequest("POST", raw)), parse(RawRequest("POST", raw))
    [other] = parse(RawRequest("POST", raw + b"!"))
    ids = [event.message_id for event in (one, same, other) if isinstance(event, Inbound)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("raw", "code"), [(b"", "field.missing"), (b"hello", "field.missing"), (b"x" * 5_300_000, "body.too_long")]
)
def test_what_is_no_letter_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(RawRequest("POST", raw))
    assert refused.value.code == code


HEADERS = st.sampled_from(
    [b"From: ", b"To: ", b"Date: ", b"Content-Type: ", b"Message-ID: ", b"Subject: ", b"From: a@b\n", b"\n\n"]
)


@given(st.lists(st.one_of(HEADERS, st.binary(max_size=30)), max_size=12))
def test_no_letter_whatever_makes_the_parser_stumble(pieces: list[bytes]) -> None:
    try:
        parse(RawRequest("POST", b"".join(pieces)))
    except Malformed as refused:
        assert refused.code


@dataclass
class MailServer:
    """An SMTP server that keeps what it took, and refuses or falls silent at a given step."""

    letters: list[bytes] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    hang_up_after: str | None = None
    port: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        while line := await reader.readline():
            word = line.split()[0].decode().upper() if line.split() else ""
            answer = self.answers.get(word, {"DATA": "354 go on", "QUIT": "221 bye"}.get(word, "250 fine"))
            writer.write(f"{answer}\r\n".encode())
            if answer.startswith("354"):
                letter = await reader.readuntil(b"\r\n.\r\n")
                self.letters.append(letter[:-3])
                if self.hang_up_after == "letter":
                    break
                writer.write(b"250 taken\r\n")
            if word == "QUIT":
                break
        writer.close()


@pytest.fixture
async def mail(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[MailServer, Email]]:
    monkeypatch.setattr(channel, "PATIENCE", 10)
    server = MailServer()
    listener = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    url = SecretStr(f"smtp://127.0.0.1:{server.port}")
    async with listener:
        yield server, Email(url, "Mwangaza <help@mwangaza.example>", "Mwangaza")


def notice(key: str, to: str = "amina@example.org", text: str = "Bill KES 500 €") -> Notice:
    return Notice(key, "email", to, text, options=(Option("1", "Pay"),))


async def test_letters_leave_over_one_line_and_carry_their_words_and_a_lasting_id(
    mail: tuple[MailServer, Email],
) -> None:
    server, email = mail
    sent = await email.send([notice("a"), notice("b", "otieno@example.org")])
    again = await email.send([notice("a")])
    assert [one.state for one in sent] == ["done", "done"]
    assert again[0].provider_ref == sent[0].provider_ref != sent[1].provider_ref
    letter = message_from_bytes(server.letters[0], policy=policy.default)
    assert (letter["To"], letter["Auto-Submitted"]) == ("amina@example.org", "auto-generated")
    assert letter.get_content().splitlines()[:2] == ["Bill KES 500 €", "1. Pay"]


@pytest.mark.parametrize(
    ("answers", "hang_up", "expected"),
    [
        ({"RCPT": "550 no such user"}, None, ("refused", "unknown_subscriber")),
        ({"RCPT": "450 greylisted"}, None, ("not_reached", "provider_busy")),
        ({"MAIL": "550 who are you"}, None, ("refused", "bad_sender")),
        ({"DATA": "554 spam"}, None, ("refused", "rejected")),
        ({}, "letter", ("unknown", "no_answer")),
    ],
)
async def test_what_goes_wrong_is_told_by_its_step(
    mail: tuple[MailServer, Email], answers: dict[str, str], hang_up: str | None, expected: tuple[str, str]
) -> None:
    server, email = mail
    server.answers, server.hang_up_after = answers, hang_up
    [sent, *_] = await email.send([notice("a")])
    assert (sent.state, sent.reason) == expected


async def test_after_a_broken_line_the_rest_has_certainly_not_left(mail: tuple[MailServer, Email]) -> None:
    server, email = mail
    server.hang_up_after = "letter"
    sent = await email.send([notice("a"), notice("b")])
    assert [(one.state, one.reason) for one in sent] == [("unknown", "no_answer"), ("not_reached", "not_reached")]
    assert len(server.letters) == 1


async def test_a_server_that_is_not_there_has_certainly_not_sent() -> None:
    email = Email(SecretStr("smtp://127.0.0.1:1"), "help@mwangaza.example", "M")
    [sent] = await email.send([notice("a")])
    assert (sent.state, sent.reason) == ("not_reached", "not_reached")


async def test_a_wrong_password_makes_letters_wait(mail: tuple[MailServer, Email]) -> None:
    server, _ = mail
    server.answers = {"EHLO": "250-mail\r\n250 AUTH PLAIN", "AUTH": "535 no"}
    email = Email(SecretStr(f"smtp://me:pw@127.0.0.1:{server.port}"), "help@mwangaza.example", "M")
    [sent] = await email.send([notice("a")])
    assert (sent.state, sent.reason) == ("not_reached", "wrong_key")


ADDRESSES = ["nobody", "a@b@c", "a@b,c@d", "a@b\r\nBcc: c@d", "A <a@b>", ""]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_what_is_no_address_never_leaves(mail: tuple[MailServer, Email], address: str) -> None:
    server, email = mail
    [sent] = await email.send([notice("a", address)])
    assert (sent.state, sent.reason, server.letters) == ("refused", "invalid_number", [])


def test_a_subject_cannot_smuggle_in_a_header() -> None:
    letter = write(notice("a"), "help@mwangaza.example", "Bill\r\nBcc: evil@example.org")
    assert letter["Bcc"] is None
    assert letter["Subject"] == "Bill Bcc: evil@example.org"


def test_a_screen_becomes_one_letter_with_what_may_be_answered() -> None:
    email, screen = Email(SecretStr(""), "a@b", "M"), Screen("Choose", (Option("1", "Pay"),))
    [page] = email.lay_out(screen)
    assert email.render(screen, page) == "Choose\n1. Pay"
