"""A cell that begins like a formula is text in every spreadsheet; numbers and phones stay as they are."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.csv_text import written


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        '=HYPERLINK("http://x")',
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|x",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "＝1",
        "=1\nb",
    ],
)
def test_a_formula_is_text(cell: str) -> None:
    [[found]] = csv.reader(io.StringIO(written([[cell]]), newline=""))
    assert found == "'" + cell.replace("\r", "\n")


@pytest.mark.parametrize("cell", ["-12.50", "+254712345678", "1,000", "Amina", "", "a=b", "12", "-1 000,50"])
def test_what_is_none_stays(cell: str) -> None:
    assert written([[cell, "x"]]) == written([["x", cell]]).replace("x,", "", 1).strip("\n") + ",x\n"


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_no_cell_of_whatever_text_begins_a_formula(cells: list[str]) -> None:
    [row] = csv.reader(io.StringIO(written([cells]), newline=""))
    assert len(row) == len(cells)
    for given_, found in zip(cells, row, strict=True):
        plain = given_.replace("\r\n", "\n").replace("\r", "\n")
        assert found in (plain, f"'{plain}")
        assert not found.lstrip(" ").startswith(("=", "@", "\t", "\n"))
