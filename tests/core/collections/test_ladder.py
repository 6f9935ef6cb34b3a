"""The ladder's one rule: steps in order and on working days, holds, fresh notice after them, and nothing on any doubt."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from core.collections.calendar import Calendar, bar_hours
from core.collections.ladder import Rules, advance, after, decide, untrue
from core.collections.model import OverduePosition
from core.config.collections import Collections, Ladder

DUE = date(2026, 3, 2)  # a Monday


def rules(country: str = "KE", **more: object) -> Rules:
    ladder = Collections(ladder=more).ladder_of(country, "residential")
    return Rules(ladder, Calendar(country, ladder.closed), 10_000)


def standing(minor: int = 50_000, **more: object) -> OverduePosition:
    return replace(OverduePosition(1, "residential", minor, DUE, DUE - timedelta(days=14)), **more)


def walk(
    days: int, start: OverduePosition | None = None, *, by: Rules | None = None, told: bool = True
) -> list[tuple[str, date]]:
    """Every step taken in so many days from the due day, each carried out at once."""
    by, now, taken = by or rules(), start or standing(), []
    for on in (DUE + timedelta(days=n) for n in range(days + 1)):
        if on <= DUE:
            continue
        made, now = advance(now, by, on)
        if made[-1].kind == "step":
            now = after(now, made[-1], by)
            now = now if told else replace(now, told_on=None)
            taken.append((made[-1].step, on))
    return taken


def test_every_step_comes_once_in_order_at_its_day() -> None:
    assert [(step, (on - DUE).days) for step, on in walk(80)] == [
        ("overdue", 1),
        ("firm", 7),
        ("formal", 10),
        ("soft_bar", 15),
        ("hard_bar", 30),
        ("final", 63),
    ]
    # day 5 is a Saturday; day 60 is 1 May, Labour Day, and the Monday after the weekend is day 63


def test_a_step_falls_on_no_weekend_holiday_or_day_off_of_the_operator() -> None:
    taken = walk(80, by=rules(closed=[date(2026, 3, 9)]))
    assert taken[1] == ("firm", date(2026, 3, 10))


def test_a_scheduler_that_slept_catches_up_one_step_a_day_and_leaves_none_out() -> None:
    now, by, on = standing(), rules(), DUE + timedelta(days=50)
    steps = []
    while len(steps) < 4:
        made, now = advance(now, by, on)
        if made[-1].kind == "step":
            now = after(now, made[-1], by)
            steps.append((made[-1].step, on))
        on += timedelta(days=1)
    assert [step for step, _ in steps] == ["overdue", "firm", "formal", "soft_bar"]
    assert len({on for _, on in steps}) == 4
    told = dict(steps)["formal"]
    assert dict(steps)["soft_bar"] >= Calendar("KE").after(told, 2)


def test_nobody_is_restricted_before_the_formal_notice_has_reached_her() -> None:
    assert [step for step, _ in walk(80, told=False)] == ["overdue", "firm", "formal"]
    now, by = standing(), rules()
    for n in range(1, 12):
        made, now = advance(now, by, DUE + timedelta(days=n))
        now = replace(after(now, made[-1], by), told_on=None) if made[-1].kind == "step" else now
    assert decide(now, by, DUE + timedelta(days=40)).hold == "untold"


@pytest.mark.parametrize(
    ("more", "hold"),
    [
        ({"pending": True}, "pending"),
        ({"payable_minor": 0, "disputed_minor": 50_000}, "disputed"),
        ({"payable_minor": 0, "arranged_minor": 50_000}, "arrangement"),
        ({"protections": frozenset({"life_support"})}, "protected"),
    ],
)
def test_each_hold_stops_a_restriction(more: dict[str, object], hold: str) -> None:
    now, by = standing(), rules()
    for n in range(1, 15):
        made, now = advance(now, by, DUE + timedelta(days=n))
        now = after(now, made[-1], by) if made[-1].kind == "step" else now
    assert decide(now, by, DUE + timedelta(days=15)).step == "soft_bar"
    held = decide(replace(now, **more), by, DUE + timedelta(days=15))
    assert (held.kind, held.hold) == ("hold", hold)


def test_after_a_dispute_the_same_step_comes_again_with_fresh_notice_and_time() -> None:
    now, by = standing(), rules()
    for n in range(1, 17):
        made, now = advance(now, by, DUE + timedelta(days=n))
        now = after(now, made[-1], by) if made[-1].kind == "step" else now
    assert now.episode is not None and now.episode.position == "soft_bar"
    _, now = advance(replace(now, payable_minor=0, disputed_minor=50_000), by, DUE + timedelta(days=17))
    back = DUE + timedelta(days=30)
    made, now = advance(replace(now, payable_minor=50_000, disputed_minor=0), by, back)
    assert [(one.kind, one.step) for one in made] == [("resume", "formal"), ("step", "formal")]
    now = after(now, made[-1], by)
    assert now.episode is not None and now.episode.round == 1
    waits = decide(now, by, back + timedelta(days=1))
    assert (waits.kind, waits.step, waits.on) == ("wait", "soft_bar", by.calendar.on_or_after(back + timedelta(days=5)))


def test_a_payment_under_way_waits_and_asks_for_no_fresh_notice() -> None:
    now, by = standing(), rules()
    for n in range(1, 9):
        made, now = advance(now, by, DUE + timedelta(days=n))
        now = after(now, made[-1], by) if made[-1].kind == "step" else now
    _, now = advance(replace(now, pending=True), by, DUE + timedelta(days=10))
    made, _ = advance(replace(now, pending=False), by, DUE + timedelta(days=11))
    assert [(one.kind, one.step) for one in made] == [("step", "formal")]


def test_money_ends_the_episode_and_a_newer_debt_begins_at_the_beginning() -> None:
    now, by = standing(), rules()
    for n in range(1, 17):
        made, now = advance(now, by, DUE + timedelta(days=n))
        now = after(now, made[-1], by) if made[-1].kind == "step" else now
    paid, _ = advance(replace(now, payable_minor=0, oldest_due=None), by, DUE + timedelta(days=17))
    assert [one.kind for one in paid] == ["end", "none"]
    newer, later = advance(replace(now, oldest_due=DUE + timedelta(days=15)), by, DUE + timedelta(days=17))
    assert [one.kind for one in newer] == ["end", "start", "step"]
    assert newer[-1].step == "overdue" and later.episode is not None and later.episode.position is None


def test_less_than_the_minimum_chases_nobody() -> None:
    assert decide(standing(9_999), rules(), DUE + timedelta(days=40)).kind == "none"
    assert decide(standing(10_000), rules(), DUE + timedelta(days=40)).kind == "start"


def test_a_pensioner_is_not_restricted_in_a_british_winter_and_is_in_summer() -> None:
    by = rules("GB")
    held = replace(standing(), protections=frozenset({"pensioner"}))
    assert untrue(held, by, "formal", date(2026, 3, 31)) is not None
    assert untrue(held, by, "formal", date(2026, 4, 1)) is None
    assert untrue(held, by, "firm", date(2026, 3, 31)) is None
    assert untrue(held, rules("KE"), "formal", date(2026, 1, 15)) is None


def test_nigeria_gives_ten_days_from_the_bill_and_ten_working_days_from_a_corrected_one() -> None:
    late = standing(oldest_billed=DUE - timedelta(days=3))
    assert walk(40, late, by=rules("NG"))[0] == ("overdue", date(2026, 3, 10))
    corrected = standing(corrected_on=DUE + timedelta(days=10))
    bars = dict(walk(60, corrected, by=rules("NG")))
    assert bars["soft_bar"] >= Calendar("NG").after(DUE + timedelta(days=10), 10)


def test_belgium_restricts_later_and_leaves_256_kbps() -> None:
    by = rules("BE")
    assert by.ladder.soft_kbps == 256
    assert dict(walk(70, by=by))["soft_bar"] >= DUE + timedelta(days=30)
    assert Collections().fees_of("BE").reconnection_cap == "30"


def test_restrictions_end_at_noon_before_a_weekend_and_never_happen_on_one() -> None:
    ladder, calendar = Ladder(), Calendar("KE")
    hours = [bar_hours(calendar, ladder, date(2026, 3, day)) for day in (5, 6, 7)]
    assert [None if one is None else (one[0].hour, one[1].hour) for one in hours] == [(9, 15), (9, 12), None]


def test_a_ladder_must_climb_and_give_notice_before_it_bars() -> None:
    with pytest.raises(ValidationError, match="rise"):
        Ladder.model_validate({"steps": [{"step": "firm", "day": 5}, {"step": "formal", "day": 4}]})
    with pytest.raises(ValidationError, match="formal notice before"):
        Collections(segments={"business": {"steps": [{"step": "firm", "day": 5}, {"step": "soft_bar", "day": 9}]}})
