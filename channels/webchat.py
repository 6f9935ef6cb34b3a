"""The chat on the web page: small JSON frames over a WebSocket, read and written here, carried by the gateway.

In: `{"id": "k1", "text": "bal"}`, `{"id": "k2", "choice": "1"}` (a button), `{"since": 12}` (I am back, and 12 was the last I
saw), `{"since": 0}` (I am new). Out: `{"seq": 13, "text": ..., "options": [{"key", "label"}], "ends": false}`, numbered so that
a reconnecting page loses and repeats nothing; the page makes the `id` up, so that a repeated frame is one turn.
"""

import json
from collections.abc import Awaitable, Callable, Sequence

from channels import errors
from channels.contract import ByMessage, ChannelRow, Door, Malformed, Page, Since
from channels.form import clean, too_long
from core.message import Inbound, Notice, Option, Screen, Sent

LONGEST_TEXT = 2000
LARGEST_FRAME = 16 * 1024
"""Bytes of one frame; the gateway gives it to its WebSocket too."""


class WebChat(ByMessage):
    """The channel `webchat`. `push` shows a notice in the visitor's open chat and says whether one was open."""

    name = "webchat"
    doors: tuple[Door, ...] = ()
    largest_frame = LARGEST_FRAME

    def __init__(self, push: Callable[[Notice], Awaitable[bool]]) -> None:
        self.push = push

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """One page: a browser scrolls."""
        return (Page(screen.text, tuple(option.key for option in screen.options)),)

    def render(self, screen: Screen, page: Page) -> str:
        """A frame without its number, which the gateway gives when it stores the frame."""
        return frame(0, screen.text, screen.options, screen.ends, screen.secret)

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """Shown where a chat is open; otherwise later, so that a fallback channel may be chosen."""
        return [
            Sent(notice.key, "done", notice.key) if await self.push(notice) else errors.ABSENT.sent(notice.key)
            for notice in notices
        ]

    def read(self, visitor: str, raw: str | bytes) -> Inbound | Since:
        """One frame of a visitor; Malformed is answered in the chat as `refusal`."""
        if len(raw) > LARGEST_FRAME:
            raise Malformed("body.too_long", f"A frame may hold {LARGEST_FRAME} bytes.")
        try:
            data = json.loads(raw)
        except (ValueError, RecursionError) as why:
            raise Malformed("body.not_json", "A frame must be a JSON object.") from why
        if not isinstance(data, dict):
            raise Malformed("body.not_json", "A frame must be a JSON object.")
        since = data.get("since")
        if isinstance(since, int) and not isinstance(since, bool) and 0 <= since < 2**53:
            return Since(since)
        return _message(visitor, data)

    def read_file(self, visitor: str, message_id: str) -> Inbound:
        """A file that the page sent beside its socket, under an id that the page made up."""
        known = clean(message_id)
        if not 0 < len(known) <= 64:
            raise Malformed("field.missing", "A file needs an id of 1 to 64 characters.")
        return Inbound(
            "webchat", visitor, "", "media", None, known, None, "chat", details={"media": f"{visitor}:{known}"}
        )

    def refusal(self, why: Malformed) -> str:
        """The answer to a frame that was not understood: it has no number and is not kept."""
        return json.dumps({"error": {"code": why.code, "reason": why.reason}})


def _message(visitor: str, data: dict[str, object]) -> Inbound:
    message_id, text = data.get("id"), data.get("choice", data.get("text"))
    if not isinstance(message_id, str) or not 0 < len(clean(message_id)) <= 64:
        raise Malformed("field.missing", "A frame needs an id of 1 to 64 characters.")
    if not isinstance(text, str) or not clean(text).strip():
        raise Malformed("field.missing", "A frame needs a text or a choice.")
    if len(text) > LONGEST_TEXT:
        raise too_long("text", LONGEST_TEXT)
    return Inbound("webchat", visitor, clean(text), "text", None, clean(message_id), None, "chat")


def frame(seq: int, text: str, options: Sequence[Option] = (), ends: bool = False, secret: bool = False) -> str:
    """What the page is shown, as the `seq`-th thing of this chat; `secret`: the page shall hide what is typed next."""
    shown = [{"key": option.key, "label": option.label} for option in options]
    hidden = {"secret": True} if secret else {}
    return json.dumps({"seq": seq, "text": text, "options": shown, "ends": ends, **hidden}, ensure_ascii=False)


ROW = ChannelRow("webchat", "hodi", (), lambda tools: WebChat(tools.push))
