"""The other end of the wire for benches: answers every POST at once as Africa's Talking answers one accepted SMS.

A bare asyncio protocol in a process of its own, so that what is measured is the sender. `python -m bench.provider` prints its port.
"""

import asyncio
import sys
from typing import cast
from urllib.parse import unquote_plus

_HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_SAID = b'{"SMSMessageData":{"Message":"Sent to 1/1","Recipients":[{"statusCode":101,"number":"%s","status":"Success","cost":"KES 0.8000","messageId":"ATXid_%d"}]}}'


class Answering(asyncio.Protocol):
    """One kept connection."""

    count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport and begin with nothing."""
        self.transport, self.held = cast("asyncio.Transport", transport), b""

    def data_received(self, data: bytes) -> None:
        """Answer each whole request in what has come."""
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            head = self.held[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.held) < end + 4 + length:
                return
            body, self.held = self.held[end + 4 : end + 4 + length], self.held[end + 4 + length :]
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        Answering.count += 1
        number = next((part[3:] for part in body.split(b"&") if part.startswith(b"to=")), b"")
        said = _SAID % (unquote_plus(number.decode()).encode(), Answering.count)
        self.transport.write(_HEAD % len(said) + said)


async def _main() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
