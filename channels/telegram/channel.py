"""Telegram, with python-telegram-bot's types for reading and its `Bot` for sending, over our own HTTP session.

Only private chats reach a conversation: groups, channels and commands to other bots are ignored, and what stands in a topic is answered in
it. A phone is believed only when customers share their own contact, for which a question that a phone would answer brings a button
along. A button carries the key of its option, at most 64 bytes. The bot is prepared in the background
(`prepare`: is the token right, does Telegram know our address), so a provider that is down does not keep Hodi from starting;
what arrives meanwhile is answered as ever.
"""

import asyncio
import hmac
import json
from collections.abc import Sequence
from functools import partial

import aiohttp
from pydantic import SecretStr
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    Message,
    ReplyKeyboardMarkup,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from channels import errors
from channels.contract import ByMessage, ChannelRow, Door, Event, File, NotReady, Page, RawRequest, Tools
from channels.errors import SendError
from channels.form import clean
from channels.http import download
from channels.paging import Budget, pages
from channels.telegram.request import AiohttpRequest, NoConnection, TooFast
from channels.telegram.updates import LARGEST_BODY, parse
from core.message import Inbound, Notice, Option, Screen, Sent

TEXT = Budget(4096, 4096)
BUTTON_BYTES = 64
BUTTONS = 100
AT_ONCE = 16
UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
"""What we want to be told: no groups' affairs."""


class Telegram(ByMessage):
    """The channel `telegram`."""

    name = "telegram"

    def __init__(
        self, token: SecretStr, secret: SecretStr, base_url: str, http: aiohttp.ClientSession, public_url: str = ""
    ) -> None:
        request = AiohttpRequest(http)
        files = base_url.removesuffix("/bot") + "/file/bot"
        self.bot = Bot(
            token.get_secret_value(),
            base_url=base_url,
            base_file_url=files,
            request=request,
            get_updates_request=request,
        )
        self.http, self.secret, self.public_url = http, secret, public_url.rstrip("/")
        self.doors = (Door("POST", "/hooks/telegram", self._heard, self._is_ours, largest=LARGEST_BODY),)
        self._lanes = asyncio.Semaphore(AT_ONCE)
        self._name = ""
        """What the bot is called, once Telegram said so."""

    def _is_ours(self, received: RawRequest) -> bool:
        return genuine(self.secret.get_secret_value(), received.headers.get("x-telegram-bot-api-secret-token", ""))

    def _heard(self, received: RawRequest) -> list[Event]:
        return parse(received, self._name)

    def lay_out(self, screen: Screen) -> tuple[Page, ...]:
        """One page with buttons, or numbered lines where a key does not fit a button or the text is too long."""
        if TEXT.holds(screen.text) and _as_buttons(screen.options):
            return (Page(screen.text, tuple(option.key for option in screen.options)),)
        return pages(screen, TEXT)

    def render(self, screen: Screen, page: Page) -> str:
        """Text and keyboard as JSON, as the provider names them."""
        body: dict[str, object] = {"text": page.text}
        if page.text == screen.text and screen.options:
            body["reply_markup"] = _keyboard(screen.options, screen.share).to_dict()
        return json.dumps(body, ensure_ascii=False)

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """Each on its own. The provider's limits (30 a second, 1 a second to one chat) are the dispatcher's to keep."""
        return await asyncio.gather(*[self._send(notice) for notice in notices])

    async def _send(self, notice: Notice) -> Sent:
        text, keyboard = clean(notice.text), None
        if _as_buttons(notice.options):
            keyboard = _keyboard(notice.options, notice.share)
        else:
            text = "\n".join([text, *(f"{option.key}. {option.label}" for option in notice.options)])
        if len(text) > TEXT.gsm7:
            return errors.TOO_LONG.sent(notice.key)
        try:
            async with self._lanes:
                sent = await self._say(notice, text, keyboard)
        except (TelegramError, ValueError, KeyError, TypeError) as why:
            return failure(why).sent(notice.key, str(why), getattr(why, "after", None))
        return Sent(notice.key, "done", str(sent.message_id))

    async def _say(
        self, notice: Notice, text: str, keyboard: InlineKeyboardMarkup | ReplyKeyboardMarkup | None
    ) -> Message:
        """In the topic where the question stood; beside it where that is gone meanwhile."""
        topic = int(notice.topic) if notice.topic.isdecimal() else None
        say = partial(self.bot.send_message, chat_id=notice.to, text=text, reply_markup=keyboard)
        try:
            return await say(message_thread_id=topic)
        except BadRequest as why:
            if topic is None or not any(word in str(why).lower() for word in ("thread", "topic")):
                raise
            return await say()

    async def acknowledge(self, inbound: Inbound) -> None:
        """Takes the waiting sign off a button that was pressed; of no consequence when it fails."""
        if callback := inbound.details.get("callback"):
            try:
                await self.bot.answer_callback_query(callback)
            except TelegramError:
                return

    async def prepare(self) -> None:
        """Asks who the bot is and, where our address is one that Telegram calls (https), has its updates sent here."""
        try:
            await self.bot.initialize()
            self._name = self.bot.username
            if self.public_url.startswith("https://"):
                await self.bot.set_webhook(
                    f"{self.public_url}/hooks/telegram",
                    allowed_updates=UPDATES,
                    secret_token=self.secret.get_secret_value(),
                )
        except (TelegramError, ValueError, KeyError, TypeError) as why:
            raise NotReady(failure(why).code) from None

    async def fetch(self, ref: str, largest: int) -> File | SendError:
        """The file of this id: Telegram first says where it lies."""
        try:
            file = await self.bot.get_file(ref)
        except (TelegramError, ValueError, KeyError, TypeError) as why:
            return failure(why)
        if not file.file_path or (file.file_size or 0) > largest:
            return errors.TOO_LONG
        return await download(self.http, file.file_path, largest)


def genuine(secret: str, header: str) -> bool:
    """Whether the secret that we gave with `setWebhook` came along."""
    return bool(secret) and hmac.compare_digest(secret.encode(), header.encode("utf-8", "replace"))


def failure(why: Exception) -> SendError:
    """What an error of the library means for the message."""
    if isinstance(why, BadRequest | ChatMigrated):
        return errors.UNKNOWN_SUBSCRIBER if "not found" in str(why).lower() else errors.REJECTED
    kinds: list[tuple[type[Exception], SendError]] = [
        (NoConnection, errors.NOT_REACHED),
        (Forbidden, errors.BLOCKED),
        (TooFast, errors.TOO_FAST),
        (InvalidToken, errors.WRONG_KEY),
        (TimedOut, errors.NO_ANSWER),
        (NetworkError, errors.NO_ANSWER),
    ]
    return next((error for kind, error in kinds if isinstance(why, kind)), errors.NOT_SAID)


def _as_buttons(options: Sequence[Option]) -> bool:
    return len(options) <= BUTTONS and all(o.label and 0 < len(o.key.encode()) <= BUTTON_BYTES for o in options)


def _keyboard(options: Sequence[Option], share: str = "") -> InlineKeyboardMarkup | ReplyKeyboardMarkup:
    """A row for each option: labels stay whole on a narrow screen. Only the keyboard below the text may ask for a contact, so there
    the options are words that the customer sends."""
    if share:
        rows = [[KeyboardButton(share, request_contact=True)], *([KeyboardButton(option.label)] for option in options)]
        return ReplyKeyboardMarkup(rows, resize_keyboard=True, one_time_keyboard=True)
    return InlineKeyboardMarkup([[InlineKeyboardButton(option.label, callback_data=option.key)] for option in options])


def _make(tools: Tools) -> Telegram:
    settings = tools.settings
    return Telegram(
        settings.telegram_token, settings.telegram_secret, settings.telegram_base_url, tools.http, settings.public_url
    )


ROW = ChannelRow("telegram", "telegram", ("telegram_token", "telegram_secret"), _make)
