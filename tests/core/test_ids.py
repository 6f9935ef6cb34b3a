"""Ids never repeat, not even after a rollback, and running out is a clear bug rather than a wrong id."""

import pytest

from core.db.engine import Database
from core.ids import Ids


def test_ids_run_on_from_block_to_block() -> None:
    ids = Ids()
    ids.add(100, 3)
    ids.add(900, 3)
    assert ids.take_many(5) == [100, 101, 102, 900, 901]
    assert ids.take() == 902


def test_taking_more_than_is_at_hand_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match="reserve_ids"):
        Ids().take()


async def test_a_rollback_never_issues_an_id_again(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.writing():
            lost = db.ids.take()
            raise ZeroDivisionError
    again = Database(str(db.url.render_as_string(hide_password=False)))
    async with again.writing():
        fresh = again.ids.take()
    await again.close()
    assert fresh > lost
