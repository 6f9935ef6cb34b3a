"""A mail server as IMAP4rev1 clients see it: the few commands that reading a mailbox takes, with tags, literals and flags, over the wire."""

import asyncio
import re
from dataclasses import dataclass, field


@dataclass
class Letter:
    uid: int
    raw: bytes
    seen: bool = False


@dataclass
class ImapServer:
    """One mailbox with one user. `log`: every command it was given, without its tag."""

    user: str = "help"
    password: str = "mail pw"
    letters: list[Letter] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    up: bool = True
    port: int = 0

    def put(self, raw: bytes) -> Letter:
        letter = Letter(len(self.letters) + 11, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        self.letters.append(letter)
        return letter

    async def __aenter__(self) -> "ImapServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_told: object) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        return f"imap://{self.user}:{self.password.replace(' ', '%20')}@127.0.0.1:{self.port}/INBOX"

    async def _serve(self, read: asyncio.StreamReader, write: asyncio.StreamWriter) -> None:
        if self.up:
            write.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
            while line := await read.readline():
                tag, _, command = line.decode().strip().partition(" ")
                self.log.append(re.sub(r"^LOGIN .*", "LOGIN", command))
                for one in self._answer(command):
                    write.write(one)
                done = "NO" if self._refuses(command) else "OK"
                write.write(f"{tag} {done} done\r\n".encode())
                await write.drain()
                if command == "LOGOUT":
                    break
        write.close()

    def _refuses(self, command: str) -> bool:
        if command.startswith("LOGIN"):
            return command != f'LOGIN {self.user} "{self.password}"'
        return command.startswith("SELECT") and command not in ("SELECT INBOX", 'SELECT "INBOX"')

    def _answer(self, command: str) -> list[bytes]:
        if command == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1\r\n"]
        if command.startswith("SELECT"):
            return [f"* {len(self.letters)} EXISTS\r\n".encode(), b"* OK [UIDVALIDITY 1] ok\r\n"]
        if command == "UID SEARCH UNSEEN":
            return [b"* SEARCH" + b"".join(b" %d" % one.uid for one in self.letters if not one.seen) + b"\r\n"]
        if told := re.fullmatch(r"UID (FETCH|STORE) (\d+) (.+)", command):
            return self._one(int(told[2]), told[3])
        return [b"* BYE bye\r\n"] if command == "LOGOUT" else []

    def _one(self, uid: int, what: str) -> list[bytes]:
        at, letter = next((at, one) for at, one in enumerate(self.letters, start=1) if one.uid == uid)
        if what == "(RFC822.SIZE)":
            return [f"* {at} FETCH (UID {uid} RFC822.SIZE {len(letter.raw)})\r\n".encode()]
        if what == "(BODY.PEEK[])":
            return [f"* {at} FETCH (UID {uid} BODY[] {{{len(letter.raw)}}}\r\n".encode(), letter.raw, b")\r\n"]
        letter.seen = letter.seen or what == r"+FLAGS.SILENT (\Seen)"
        return []
