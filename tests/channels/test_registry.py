"""A channel is open when its settings are there, has the one shape, and every failure has a sentence in each language."""

import aiohttp
import pytest
from pydantic import SecretStr

from channels import errors
from channels.contract import Channel, Tools
from channels.registry import ROWS, open_channels
from core.config.operator import Settings
from core.message import Notice
from core.text import CONSOLE


async def push(notice: Notice) -> bool:
    return False


async def test_only_channels_with_their_settings_are_open(settings: Settings) -> None:
    async with aiohttp.ClientSession() as http:
        bare = open_channels(Tools(settings, http, push))
        keyed = settings.model_copy(update={"africastalking_api_key": SecretStr("key")})
        full = open_channels(Tools(keyed, http, push))
    assert set(bare) == {"ussd", "webchat"}
    assert set(full) == {"ussd", "webchat", "sms", "sms.africastalking"}
    assert full["sms"] is full["sms.africastalking"]
    for name, channel in full.items():
        assert channel.name == name.split(".")[0]


async def test_no_two_doors_are_the_same(settings: Settings) -> None:
    needed = {name for row in ROWS for name in row.needs}
    keys = {name: SecretStr("key") if isinstance(getattr(settings, name), SecretStr) else "key" for name in needed}
    async with aiohttp.ClientSession() as http:
        tools = Tools(settings.model_copy(update=keys), http, push)
        channels: list[Channel] = [row.make(tools) for row in ROWS]
    doors = [(door.method, door.path) for channel in channels for door in channel.doors]
    assert len(doors) == len(set(doors))


FAILURES = [error for error in vars(errors).values() if isinstance(error, errors.SendError)]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: error.code)
def test_every_failure_has_a_sentence_in_each_language(error: errors.SendError) -> None:
    sentences = {error.sentence(lang) for lang in CONSOLE}
    assert len(sentences) == len(CONSOLE)
    assert all(sentence.endswith(".") for sentence in sentences)


def test_a_failure_says_what_becomes_of_the_message() -> None:
    assert (errors.INVALID_NUMBER.state, errors.NO_CREDIT.state, errors.NO_ANSWER.state) == (
        "refused",
        "not_reached",
        "unknown",
    )
    assert errors.NO_CREDIT.alert
    sent = errors.REJECTED.sent("k", "x" * 500)
    assert len(sent.details["told"]) == 200


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, errors.REJECTED),
        (401, errors.WRONG_KEY),
        (429, errors.TOO_FAST),
        (500, errors.NO_ANSWER),
        (503, errors.PROVIDER_BUSY),
    ],
)
def test_an_http_status_alone_has_a_meaning(status: int, error: errors.SendError) -> None:
    assert errors.from_http(status) is error
