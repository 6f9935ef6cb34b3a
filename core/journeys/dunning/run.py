"""The ladder's day: every account with overdue debt is looked at once a day, by sets, and what is due to happen is put down.

Notices go to the outbox at once and are looked at again when they leave (`ladder_notices`); a restriction waits as a step, and is looked
at again at an hour at which it may happen (`account_barred`). A day that is run twice does nothing twice: a step is unique by episode,
round and name, and whatever leaves has a key made of it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections import agency, arrange, store
from core.collections.ladder import Rules, advance, after
from core.collections.model import LadderDecision, OverduePosition
from core.collections.placing import recalled
from core.collections.store import Changes
from core.context import App, Context
from core.db import idempotency
from core.journeys.dunning import fees, lift_restriction, load
from core.outbox.queue import OutboxDraft
from core.provisioning import queries as barring

BATCH = 2_000
Waiting = dict[tuple[int, int, str], int]
"""(episode, round, step) -> the id of a restriction that was put down and not carried out."""


async def due(app: App) -> int:
    """Run the day once its hour has come; to how many accounts something happened."""
    now = app.clock.now().astimezone(app.zone)
    rules = app.operator.collections
    key = f"collections:{now.date()}"
    if not rules.enabled or now.time() < rules.run_from:
        return 0
    async with app.db.reading() as conn:
        if await idempotency.known(conn, key):
            return 0
    text = await run(app, now.date())
    async with app.db.writing() as conn:
        await idempotency.first_time(conn, key, app.clock.now())
    return text.total() - text["wait"] - text["none"] - text["hold"]


async def run(app: App, on: date) -> Counter[str]:
    """Look at every account; how many decisions of each kind were made. Opens its own transactions."""
    text: Counter[str] = Counter()
    async with app.db.writing() as conn:
        text.update(await arrange.review(conn, app, on))
    last = 0
    while True:
        await app.db.reserve_ids(5 * BATCH)
        async with app.db.writing() as conn:
            ids = await load.candidates(conn, on, last, BATCH)
            text.update(await look(conn, app, on, ids))
        if len(ids) < BATCH:
            return text
        last = ids[-1]


async def look(conn: AsyncConnection, context: Context, on: date, account_ids: Sequence[int]) -> Counter[str]:
    """Decide for these accounts and save it, in the caller's transaction."""
    text: Counter[str] = Counter()
    changes, rules_of, freed, back = Changes(), dict[str, Rules](), list[int](), dict[int, str]()
    standings = await load.standings(conn, context, on, account_ids)
    waiting = await store.waiting_steps(conn, [one.episode.id for one in standings if one.episode])
    for standing in standings:
        if standing.segment not in rules_of:
            rules_of[standing.segment] = load.rules_of(context, standing.segment)
        rules = rules_of[standing.segment]
        reason = recalled(standing, rules, on) if standing.agency else None
        if reason:
            back[standing.account_id] = reason
        alone = replace(standing, agency=None) if reason else standing
        result, now = advance(alone, rules, on, episode_id=context.ids.take())
        text.update(one.kind for one in result)
        if result[-1].kind == "step":
            now = put_down(changes, context, rules, waiting, now, result[-1])
        changes.keep(standing, now, result)
        if any(one.lifts for one in result):
            freed.append(standing.account_id)
    await agency.recall(conn, context, back, actor="job:collections")
    await store.save(conn, context, changes)
    await lift_restriction.lift(conn, context, await barring.restricted(conn, freed), "collections")
    return text


def put_down(
    changes: Changes, context: Context, rules: Rules, waiting: Waiting, standing: OverduePosition, made: LadderDecision
) -> OverduePosition:
    """Write a step and let it leave; how the account stands with it. A restriction moves nobody on until it is carried out."""
    if standing.episode is None or made.step is None:
        raise ValueError("a step belongs to an episode")
    standing_id = waiting.get((standing.episode.id, standing.episode.round, made.step))
    step_id = standing_id or context.ids.take()
    if standing_id is None:
        changes.steps.append((step_id, standing, made))
    bars = made.step in ("soft_bar", "hard_bar")
    changes.letters.append(
        OutboxDraft(
            f"bar:{step_id}:{made.on}" if bars else f"ladder:{step_id}",
            "bar" if bars else "notice",
            f"bar.{made.step}" if bars else f"notice.{made.step}",
            account_id=standing.account_id,
            subject_id=step_id,
            resend_unknown=True,
        )
    )
    if made.step == fees.LATE_STEP and standing.episode.round == 0 and fees.late_minor(context):
        changes.letters.append(
            OutboxDraft(
                f"late_fee:{step_id}",
                "late_fee",
                "bill.line.late_fee",
                account_id=standing.account_id,
                subject_id=step_id,
            )
        )
    return standing if bars else after(standing, made, rules)
