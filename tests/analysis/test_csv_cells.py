"""No cell of a table that leaves Yurt is run by a spreadsheet, and every text comes back from it."""

import csv
import io
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import csv_cells


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(begin):
    text = f'{begin}HYPERLINK("http://example.org","click")'

    assert csv_cells.safe(text) == f"'{text}"


@pytest.mark.parametrize("value", ["a=b", "", "1-2", "Ana", " =1", 7, -0.25, None])
def test_other_cells_stay_as_they_are(value):
    assert csv_cells.safe(value) == value


def test_a_fraction_is_a_decimal():
    assert csv_cells.safe(Fraction(-1, 4)) == -0.25


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=5))
def test_what_is_written_is_read_again(texts):
    written = "".join(csv_cells.lines([texts]))

    (row,) = csv.reader(io.StringIO(written.removeprefix(csv_cells.MARK), newline=""))

    assert row == [str(csv_cells.safe(text)) for text in texts]
    assert not any(cell.startswith(csv_cells.RUNS) for cell in row)
    assert written.endswith("\r\n")
