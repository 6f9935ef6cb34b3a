"""A form we post is read back by anybody's parser as what we meant, letter by letter."""

from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st

from channels.form import encoded, fields

ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.dictionaries(ANY.filter(bool), ANY, min_size=1))
def test_a_form_is_written_as_the_library_would(form: dict[str, str]) -> None:
    assert encoded(form).decode() == urlencode(form)
    assert dict(parse_qsl(encoded(form).decode(), keep_blank_values=True)) == form


def test_what_we_write_we_can_read() -> None:
    form = {"to": "+254700000001", "message": "Pay KES 1,200.50 * # & = % at 5 o'clock, è vero"}
    assert fields(encoded(form)) == form
