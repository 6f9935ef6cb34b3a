"""A fault report through the real routes: a place is asked where none is on file, and the kinds are those of what is supplied."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.care.tables import ticket
from core.context import App
from tests.gateway.talking import Phone, a_customer, counter
from tests.gateway.test_flows import rows

NOBODY = "+254799000111"


async def test_a_place_is_asked_where_the_account_has_none(app: App, tmp_path: Path) -> None:
    known = await a_customer(app, address="  ", area="")
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        assert "Where is it?" in await phone.answer("4")
        assert (await phone.answer("Behind the mosque")).startswith("CON What is wrong?")
        assert "No supply, at Behind the mosque. Shall we report it?" in await phone.answer("1")
        await phone.answer("1")
    [opened] = await rows(app, ticket)
    assert (opened.account_id, opened.premise_id) == (known.account_id, known.premise_id)
    assert opened.description == "Behind the mosque"


async def test_of_several_supplies_the_one_without_a_place_is_asked_for_it(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    other = await a_customer(app, number="1002", address="", area="", commodity="water")
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        which = await phone.answer("4")
        assert "1. 12 Moi Road" in which and "2. Water" in which
        assert "Where is it?" in await phone.answer("2")
        assert "A leak" in await phone.answer("Kibera gate")
        assert "A leak, at Kibera gate" in await phone.answer("2")
        await phone.answer("1")
    [opened] = await rows(app, ticket)
    assert (opened.account_id, opened.kind, opened.description) == (other.account_id, "leak", "Kibera gate")


async def test_a_place_on_file_is_not_asked_for(app: App, tmp_path: Path) -> None:
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        phone = Phone(client)
        await phone.dial()
        assert (await phone.answer("4")).startswith("CON What is wrong?")
        assert "at 12 Moi Road" in await phone.answer("1")


KINDS = {
    "electricity": ["No supply", "Weak or too strong", "Danger: wire or pole", "Something else"],
    "water": ["No supply", "A leak", "Bad water", "Something else"],
    "gas": ["No supply", "A leak", "Something else"],
    "internet": ["No supply", "Slow or unsteady", "Something else"],
    "mobile": ["No supply", "Slow or unsteady", "Something else"],
}


@pytest.mark.parametrize("trade", KINDS)
@pytest.mark.parametrize("told", [True, False])
async def test_a_stranger_is_offered_the_faults_of_what_the_house_supplies(
    trade: str, told: bool, app: App, tmp_path: Path
) -> None:
    if told:
        app = replace(app, operator=app.operator.model_copy(update={"trades": (trade,)}))
    else:
        await a_customer(app, commodity=trade)
    async with counter(app, tmp_path) as client:
        phone = Phone(client, NOBODY)
        await phone.dial()
        await phone.answer("3")
        asked = await phone.answer("Kisumu market")
        offered = [line.split(". ", 1)[1] for line in asked.splitlines()[1:]]
        assert offered == [*KINDS[trade], "Back", "Home"]
