"""Rules 4 and 5: same word, same role; and a use case that is given a connection holds no edge and never commits."""

from tests.house.held import held
from tests.house.modules import house, parsed
from tests.house.roles import commits, connected_with_app, role_breaks, says_house

CONN = "from sqlalchemy.ext.asyncio import AsyncConnection\n"


def test_a_file_does_what_its_name_says() -> None:
    assert held("roles", role_breaks(house())) == []


def test_a_use_case_takes_a_context_and_not_the_edge() -> None:
    assert held("conn_and_app", connected_with_app(house())) == []


def test_a_use_case_never_commits() -> None:
    assert held("commits", commits(house())) == []


def test_nothing_is_called_house_any_more() -> None:
    assert says_house(house()) == []


def test_a_file_out_of_its_role_is_found() -> None:
    files = {
        "core/trade/tables.py": 'shop = Table("shop", None)\nasync def opened(conn): ...',
        "core/trade/model.py": "from sqlalchemy import Row",
        "core/trade/queries.py": "from sqlalchemy import update\nfrom core.trade.tables import shop\nupdate(shop)",
        "core/trade/store.py": "from sqlalchemy import update\nfrom core.trade.tables import shop\nupdate(shop)",
        "gateway/hooks/shop.py": "from sqlalchemy import update\nfrom core.trade.tables import shop\nupdate(shop)",
    }
    assert role_breaks(parsed(files)) == [
        "core/trade/model.py: values know no SQL",
        "core/trade/queries.py: writes shop",
        "core/trade/tables.py: a file of tables asks and changes nothing",
        "gateway/hooks/shop.py: writes shop from outside of core",
    ]


def test_a_use_case_with_the_edge_in_its_hand_and_one_that_commits_are_found() -> None:
    text = (
        CONN + "async def pays(conn: AsyncConnection, app: App) -> None: ...\n"
        "async def late(conn: AsyncConnection, app: 'App') -> None:\n    await conn.commit()\n"
        "async def job(app: App) -> None:\n    async with app.db.writing() as conn: ...\n"
        "async def fine(conn: AsyncConnection, context: Context) -> None: ...\n"
    )
    files = parsed({"core/trade/verb.py": text, "gateway/edge.py": text})
    assert connected_with_app(files) == ["core/trade/verb.py: late", "core/trade/verb.py: pays"]
    assert commits(files) == ["core/trade/verb.py: late"]


def test_a_house_is_found() -> None:
    assert says_house(parsed({"core/a.py": "def pay(house): ...", "core/b.py": "x = 1"})) == ["core/a.py"]
