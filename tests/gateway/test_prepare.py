"""A provider that is down when Hodi starts costs its channel something, and the start of the server nothing."""

import asyncio

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from channels.contract import NotReady
from channels.telegram.channel import Telegram
from gateway.hooks.registration import prepare
from tests.doubles.telegram import TOKEN, BotApi


async def test_a_bot_is_prepared_once_telegram_answers_and_its_updates_are_sent_here() -> None:
    bot = BotApi(down=3)
    async with TestServer(bot.app()) as server, aiohttp.ClientSession() as http:
        address = str(server.make_url("/bot"))
        telegram = Telegram(SecretStr(TOKEN), SecretStr("s"), address, http, "https://hodi.example/")
        await asyncio.wait_for(prepare(telegram, first_seconds=0.01), 5)
    assert bot.webhook == {
        "url": "https://hodi.example/hooks/telegram",
        "secret_token": "s",
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
    }


async def test_where_telegram_cannot_call_us_no_address_is_given() -> None:
    bot = BotApi()
    async with TestServer(bot.app()) as server, aiohttp.ClientSession() as http:
        telegram = Telegram(SecretStr(TOKEN), SecretStr("s"), str(server.make_url("/bot")), http, "http://127.0.0.1:1")
        await prepare(telegram)
    assert bot.webhook is None


async def test_a_wrong_token_is_told_without_the_token() -> None:
    bot = BotApi()
    async with TestServer(bot.app()) as server, aiohttp.ClientSession() as http:
        telegram = Telegram(SecretStr("9:wrong"), SecretStr("s"), str(server.make_url("/bot")), http)
        with pytest.raises(NotReady, match=r"^wrong_key$"):
            await telegram.prepare()
