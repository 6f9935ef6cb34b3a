"""An account with buckets, and questions to them."""

from datetime import timedelta

from core.balances import grant, queries, spend
from core.balances.grant import Grant
from core.balances.model import Bucket, Spent, Want
from core.balances.verify import problems
from core.context import App
from tests.people import a_branch, a_customer

MB = 1_000_000


async def an_account(app: App, number: int = 1) -> int:
    async with app.db.writing() as conn:
        if number == 1:
            await a_branch(conn, app)
        return (await a_customer(conn, app, number)).account_id


async def put(app: App, account_id: int, amount: int, key: str = "g", unit: str = "event", **more: object) -> int:
    given = Grant(account_id, unit, amount, {"en": key, "sw": f"{key} sw"}, **more)
    async with app.db.writing() as conn:
        return await grant.grant(conn, app, given, key=key, why="test", actor="job:test")


async def take(app: App, account_id: int, amount: int, key: str, unit: str = "event", **more: object) -> Spent:
    partly = bool(more.pop("partly", False))
    async with app.db.writing() as conn:
        want = Want(account_id, unit, amount, **more)
        return await spend.deduct(conn, app, want, key=key, why="test", partly=partly)


async def hold(app: App, account_id: int, amount: int, key: str, minutes: int = 15, unit: str = "event") -> Spent:
    async with app.db.writing() as conn:
        wait = timedelta(minutes=minutes)
        return await spend.reserve(conn, app, Want(account_id, unit, amount), key=key, wait=wait)


async def use(app: App, key: str, used: int) -> Spent:
    async with app.db.writing() as conn:
        return await spend.consume(conn, app, key, used, why="test")


async def free(app: App, account_id: int) -> dict[str, int]:
    """What is free in each bucket by its English name."""
    async with app.db.reading() as conn:
        assert await problems(conn) == []
        return {one.name["en"]: one.free for one in await queries.buckets_of(conn, account_id)}


async def the(app: App, bucket_id: int) -> Bucket:
    async with app.db.reading() as conn:
        return (await queries.buckets(conn, [bucket_id]))[bucket_id]
