"""Rule 1: only the room that defines a table changes it; who reads another room's tables by themselves is listed with a reason."""

from tests.house.held import held
from tests.house.modules import house, parsed
from tests.house.written import foreign_readers, foreign_writers

TABLES = 'from sqlalchemy import Table\nshop = Table("shop", None)\n'
OWN = "from sqlalchemy import update\nfrom core.trade.tables import shop\nupdate(shop)"


def _planted(text: str) -> list[str]:
    return foreign_writers(parsed({"core/trade/tables.py": TABLES, "core/care/queries.py": text}))


def test_only_the_owner_writes_a_table() -> None:
    assert held("foreign_writers", foreign_writers(house())) == []


def test_whoever_reads_a_foreign_table_says_why() -> None:
    assert held("foreign_readers", foreign_readers(house())) == []


def test_a_foreign_write_is_found_by_whatever_name_it_goes() -> None:
    offender = ["core/care/queries.py: shop of core/trade"]
    take = "from core.trade.tables import shop\n"
    assert _planted(take + "from sqlalchemy import update\nupdate(shop)") == offender
    assert _planted(take + "from sqlalchemy import insert as sql_insert\nsql_insert(shop)") == offender
    assert _planted(take + "from core.db.engine import insert as insert_new\ninsert_new(conn, shop)") == offender
    assert _planted(take + "from core.db import bulk\nbulk.insert_many(conn, shop, [], [])") == offender
    assert (
        _planted("from sqlalchemy import delete\nfrom core.trade import tables as t\ns = t.shop\ndelete(s)") == offender
    )
    assert _planted(take + "from sqlalchemy import delete\nfor each in (shop,):\n    delete(each)") == offender
    assert _planted(take + "shop.insert()") == offender
    assert _planted('from sqlalchemy import text\ntext("UPDATE shop SET a = 1")') == offender
    assert _planted(take + 'sql = f"DELETE FROM {shop.name} WHERE a = 1"') == offender
    helper = "from sqlalchemy import Table, update\ndef shut(table: Table):\n    return update(table)\n"
    assert _planted(take + helper + "shut(shop)") == offender


def test_a_table_that_is_handed_on_is_still_its_owners() -> None:
    files = {
        "core/trade/tables.py": TABLES,
        "core/trade/queue.py": "from core.trade.tables import shop as _shop\nshop = _shop\n",
        "core/care/store.py": "from sqlalchemy import update\nfrom core.trade.queue import shop\nupdate(shop)",
    }
    assert foreign_writers(parsed(files)) == ["core/care/store.py: shop of core/trade"]
    assert foreign_readers(parsed(files)) == ["core/care -> core/trade"]


def test_the_owner_and_who_only_reads_are_no_offenders() -> None:
    own = {"core/trade/tables.py": TABLES, "core/trade/store.py": OWN}
    assert foreign_writers(parsed(own)) == []
    assert _planted("from sqlalchemy import select\nfrom core.trade.tables import shop\nselect(shop)") == []
