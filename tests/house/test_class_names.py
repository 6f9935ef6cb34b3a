"""Rule 5: a class name stands once among those that rooms import from each other; private ones may repeat."""

from tests.house.classes import doubled
from tests.house.held import held
from tests.house.modules import house, parsed


def test_a_class_name_stands_for_one_thing() -> None:
    assert held("class_names", {name: len(homes) for name, homes in doubled(house()).items()}) == []


def test_a_name_that_two_rooms_hand_out_is_found_and_a_private_one_is_not() -> None:
    files = {
        "core/care/model.py": "class Line: ...\nclass Held: ...",
        "core/chat/model.py": "class Line: ...\nclass Held: ...",
        "core/overview/both.py": "from core.care.model import Line\nfrom core.chat import model as chat\nx = chat.Line()",
        "core/care/store.py": "from core.care.model import Held",
        "core/notices/one.py": "from core.chat.model import Held",
    }
    assert doubled(parsed(files)) == {"Line": ["core/care/model.py", "core/chat/model.py"]}
