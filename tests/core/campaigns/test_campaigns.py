"""A campaign reaches each chosen and willing contact once; it can be paused, resumed and cancelled at any moment."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from channels.contract import ByMessage
from core.campaigns import queries, store
from core.campaigns.model import Campaign, Segment, checked
from core.clock import SetClock
from core.config.operator import Notices, Operator, Settings
from core.context import App
from core.db.engine import Database
from core.errors import Refused
from core.journeys.follow import follow
from core.message import Notice, Sent
from core.notices.campaign_editor import full, parts_of, warnings
from core.outbox import queue
from core.overview.funnel import funnel
from core.parties import consent
from core.parties.tables import branch, contact
from scheduler.campaigns import feed_all
from scheduler.dispatch import Dispatcher
from tests.conftest import NOON
from tests.people import Customer, a_bill, a_branch, a_customer, a_receipt

WORDS = {"en": "Free tea at {operator} on Friday!", "sw": "Chai ya bure {operator} Ijumaa!"}


class Phones(ByMessage):
    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        self.got += [(notice.to, notice.text) for notice in notices]
        return [Sent(notice.key, "done", f"ref-{notice.key}") for notice in notices]


async def people(app: App, count: int, first: int = 1, **more: object) -> list[Customer]:
    async with app.db.writing() as conn:
        if first == 1:
            await a_branch(conn, app)
        return [await a_customer(conn, app, number, **more) for number in range(first, first + count)]


async def planned(app: App, segment: Segment | None = None, **more: object) -> Campaign:
    async with app.db.writing() as conn:
        return await store.plan(
            conn,
            app,
            name="tea",
            texts=WORDS,
            segment=segment or Segment(),
            actor="user:ann",
            **more,
        )


async def states(app: App, campaign_id: int) -> tuple[str, int, int, dict[str, int]]:
    async with app.db.reading() as conn:
        found = await queries.progress(conn, campaign_id)
    assert found is not None
    return found.state, found.chosen, found.left, dict(found.states)


async def test_each_willing_contact_gets_it_once_in_her_language(app: App) -> None:
    [ann] = await people(app, 1)
    [bahati] = await people(app, 1, 2, language="sw")
    await people(app, 1, 3, marketing=False)
    await people(app, 1, 4, stopped=True)
    await people(app, 1, 5, channel="telegram")
    campaign, phones = await planned(app), Phones()
    for _ in range(3):
        await feed_all(app)
        await Dispatcher(app, {"sms": phones}).drain()
    assert sorted(phones.got) == [
        (ann.phone, "Free tea at Mwangaza on Friday!"),
        (bahati.phone, "Chai ya bure Mwangaza Ijumaa!"),
    ]
    assert await states(app, campaign.id) == ("done", 2, 0, {"sent": 2})


async def test_who_says_stop_after_being_chosen_gets_nothing(app: App) -> None:
    await people(app, 2)
    campaign, phones = await planned(app), Phones()
    await feed_all(app)
    async with app.db.writing() as conn:
        await conn.execute(
            update(contact).where(contact.c.channel_user.endswith("1")).values(stopped_at=app.clock.now())
        )
    await Dispatcher(app, {"sms": phones}).drain()
    assert len(phones.got) == 1
    assert (await states(app, campaign.id))[3] == {"sent": 1, "dropped": 1}


async def test_it_begins_at_its_time_and_not_in_the_quiet_hours(app: App, clock: SetClock) -> None:
    await people(app, 1)
    campaign, phones = await planned(app, starts_at=clock.now() + timedelta(hours=10)), Phones()
    assert await feed_all(app) == 0
    clock.forward(timedelta(hours=10))
    assert await feed_all(app) == 1
    await Dispatcher(app, {"sms": phones}).drain()
    assert (phones.got, await states(app, campaign.id)) == ([], ("running", 1, 1, {}))
    clock.forward(timedelta(hours=11))
    await Dispatcher(app, {"sms": phones}).drain()
    assert len(phones.got) == 1


async def test_a_pause_holds_what_waits_and_resuming_loses_nobody(app: App, clock: SetClock) -> None:
    store.BATCH, batch = 3, store.BATCH
    store.AHEAD, ahead = 3, store.AHEAD
    try:
        await people(app, 7)
        campaign, phones = await planned(app), Phones()
        assert await feed_all(app) == 3
        async with app.db.writing() as conn:
            await store.move(conn, app, campaign.id, "paused", "user:ann")
        await Dispatcher(app, {"sms": phones}).drain()
        assert (len(phones.got), await feed_all(app)) == (0, 0)
        async with app.db.writing() as conn:
            await store.move(conn, app, campaign.id, "running", "user:ann")
        for _ in range(4):
            clock.forward(timedelta(minutes=2))
            await feed_all(app)
            await Dispatcher(app, {"sms": phones}).drain()
    finally:
        store.BATCH, store.AHEAD = batch, ahead
    assert len({to for to, _ in phones.got}) == len(phones.got) == 7
    assert await states(app, campaign.id) == ("done", 7, 0, {"sent": 7})


async def test_a_cancelled_campaign_drops_what_waits(app: App) -> None:
    await people(app, 2)
    campaign, phones = await planned(app), Phones()
    await feed_all(app)
    async with app.db.writing() as conn:
        await store.move(conn, app, campaign.id, "cancelled", "user:ann")
        with pytest.raises(Refused, match=r"campaign\.no_such_move"):
            await store.move(conn, app, campaign.id, "running", "user:ann")
    await Dispatcher(app, {"sms": phones}).drain()
    assert (phones.got, (await states(app, campaign.id))[3]) == ([], {"dropped": 2})


async def test_a_segment_means_whom_it_says(app: App) -> None:
    async with app.db.writing() as conn:
        await a_branch(conn, app)
        await conn.execute(insert(branch).values(id=8, code="MSA", name="Mombasa"))
        owing = await a_customer(conn, app, 1)
        await a_bill(conn, app, owing)
        free = await a_customer(conn, app, 2, language="sw")
        there = await a_customer(conn, app, 3, branch_id=8)

        async def meant(**terms: object) -> list[int]:
            segment = Segment(**terms)
            found = await queries.members_after(conn, segment, "sms", 0, 99)
            assert await queries.audience(conn, segment) == len(found)
            return found

        assert await meant() == [owing.contact_id, free.contact_id, there.contact_id]
        assert await meant(owing=True) == [owing.contact_id]
        assert await meant(owing=False) == [free.contact_id, there.contact_id]
        assert await meant(branch="MSA") == [there.contact_id]
        assert await meant(language="sw", branch="NRB") == [free.contact_id]
        assert await meant(customers="business") == []


@pytest.mark.parametrize(
    "texts", [{}, {"xx": "hello"}, {"en": " "}, {"en": "Dear {name}"}, {"en": "{operator.__class__}"}]
)
def test_words_that_cannot_be_sent_are_refused(texts: dict[str, str]) -> None:
    with pytest.raises(Refused):
        checked(texts)


async def test_two_campaigns_do_not_share_a_name(app: App) -> None:
    await planned(app)
    with pytest.raises(Refused, match=r"campaign\.name_taken"):
        await planned(app)


async def test_who_gets_which_wording_and_who_is_left_out_is_decided_once_and_about_evenly() -> None:
    two = Campaign(7, "tea", WORDS, Segment(), "sms", NOON, "running", 0, 0, WORDS, 10)
    arms = Counter(two.arm(contact_id) for contact_id in range(10_000))
    assert arms == Counter(two.arm(contact_id) for contact_id in range(10_000))
    assert 900 < arms["none"] < 1_100
    assert 4_200 < arms["a"] < 4_800
    assert 4_200 < arms["b"] < 4_800
    one = replace(two, texts_b=None, holdout_percent=0)
    assert {one.arm(contact_id) for contact_id in range(100)} == {"a"}
    assert any(replace(two, id=8).arm(contact_id) != two.arm(contact_id) for contact_id in range(100))


async def test_two_wordings_reach_their_halves_and_those_left_out_hear_nothing(app: App) -> None:
    chosen = await people(app, 30)
    campaign = await planned(app, texts_b={"en": "Free cake!"}, holdout_percent=30)
    phones = Phones()
    await feed_all(app)
    await Dispatcher(app, {"sms": phones}).drain()
    arms = {one.phone: campaign.arm(one.contact_id) for one in chosen}
    wordings = {"a": "Free tea at Mwangaza on Friday!", "b": "Free cake!"}
    assert dict(phones.got) == {phone: wordings[arm] for phone, arm in arms.items() if arm != "none"}
    assert set(arms.values()) == {"a", "b", "none"}
    async with app.db.writing() as conn:
        payer = next(one for one in chosen if arms[one.phone] == "none")
        await a_receipt(conn, app, payer, 5_000)
        await a_receipt(conn, app, payer, 5_000)
        await conn.execute(
            update(queue.outbox).where(queue.outbox.c.params["arm"].as_string() == "b").values(state="delivered")
        )
        reached = {arm.arm: arm for arm in await funnel(conn, campaign)}
    counts = Counter(arms.values())
    assert {name: arm.chosen for name, arm in reached.items()} == counts
    assert (reached["a"].sent, reached["a"].delivered) == (counts["a"], 0)
    assert (reached["b"].sent, reached["b"].delivered) == (counts["b"], counts["b"])
    assert (reached["none"].sent, reached["none"].paid, reached["a"].paid) == (0, 1, 0)


async def test_it_leaves_only_in_its_own_hours(app: App, clock: SetClock) -> None:
    await people(app, 2)
    await planned(app, window=("14:00", "16:00"))  # it is noon
    phones = Phones()
    await feed_all(app)
    assert await Dispatcher(app, {"sms": phones}).drain() == {"waiting": 2}
    clock.forward(timedelta(hours=1, minutes=59))
    assert await Dispatcher(app, {"sms": phones}).drain() == {}
    clock.forward(timedelta(minutes=1))
    assert await Dispatcher(app, {"sms": phones}).drain() == {"sent": 2}


async def test_it_is_no_faster_than_its_rate_whatever_feeds_it(app: App, clock: SetClock) -> None:
    await people(app, 7)
    campaign, phones = await planned(app, per_minute=3), Phones()
    sent = []
    for _ in range(4):
        await feed_all(app)
        await Dispatcher(app, {"sms": phones}).drain()
        sent.append(len(phones.got))
        clock.forward(timedelta(seconds=40))
    assert sent == [1, 3, 5, 7]
    await feed_all(app)
    assert (await states(app, campaign.id))[0] == "done"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"holdout_percent": 51}, "campaign.holdout"),
        ({"holdout_percent": -1}, "campaign.holdout"),
        ({"per_minute": 0}, "campaign.rate"),
        ({"window": ("09:00", "")}, "campaign.window"),
        ({"window": ("09:00", "09:00")}, "campaign.window"),
        ({"window": ("nine", "ten")}, "campaign.window"),
        ({"texts_b": {"xx": "?"}}, "campaign.language"),
    ],
)
async def test_terms_that_cannot_be_kept_are_refused(
    sqlite_db: Database, operator: Operator, terms: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        await planned(App(SetClock(NOON), operator, sqlite_db, Settings(), follow), **terms)
    assert refused.value.code == code


async def test_nobody_gets_more_campaigns_in_a_week_than_the_operator_allows(app: App, clock: SetClock) -> None:
    app = replace(app, operator=app.operator.model_copy(update={"notices": Notices(campaigns_per_week=2)}))
    await people(app, 1)
    phones = Phones()

    async def run(name: str) -> None:
        async with app.db.writing() as conn:
            await store.plan(conn, app, name=name, texts=WORDS, segment=Segment(), actor="user:ann")

    for name in ("one", "two", "three"):
        await run(name)
    await feed_all(app)
    assert await Dispatcher(app, {"sms": phones}).drain() == {"sent": 2, "dropped": 1}
    await run("four")
    clock.forward(timedelta(days=6, hours=23))
    await feed_all(app)
    await Dispatcher(app, {"sms": phones}).drain()
    assert len(phones.got) == 2
    await run("five")
    clock.forward(timedelta(hours=1, seconds=1))
    await feed_all(app)
    await Dispatcher(app, {"sms": phones}).drain()
    assert len(phones.got) == 3


def test_a_wording_is_counted_with_its_fields_filled_in(operator: Operator) -> None:
    fits = "x" * (160 - len("Mwangaza")) + "{operator}"
    assert parts_of(full(fits, operator)) == 1
    assert warnings(fits, operator) == []
    assert parts_of(full(fits + "x", operator)) == 2
    assert len(warnings("Ẹ ku {operator}", operator)) == 1
    assert full("{nobody} {", operator) == "{nobody} {"


@pytest.mark.parametrize("what", ["paused", "cancelled", "stop"])
async def test_what_happens_in_the_middle_of_sending_counts_from_the_next_wave(
    what: str, app: App, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.dispatch.FRESH_SECONDS", -1.0)
    everyone, campaign = await people(app, 6), await planned(app)
    await feed_all(app)

    class Busy(Phones):
        async def send(self, notices: Sequence[Notice]) -> list[Sent]:
            told = await super().send(notices)
            if len(self.got) == 2:
                async with app.db.writing() as conn:
                    if what == "stop":
                        await consent.stop(conn, app, everyone[-1].contact_id)
                    else:
                        await store.move(conn, app, campaign.id, what, "user:ann")
            return told

    phones = Busy()
    dispatcher = Dispatcher(app, {"sms": phones}, wave=2, lanes=1)
    assert (
        await dispatcher.drain()
        == {
            "paused": {"sent": 2, "waiting": 4},
            "cancelled": {"sent": 2, "dropped": 4},
            "stop": {"sent": 5, "dropped": 1},
        }[what]
    )
    if what == "paused":
        async with app.db.writing() as conn:
            await store.move(conn, app, campaign.id, "running", "user:ann")
        clock.forward(timedelta(minutes=2))
        assert await dispatcher.drain() == {"sent": 4}
        assert len({to for to, _ in phones.got}) == len(phones.got) == 6
