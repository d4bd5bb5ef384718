"""Lines of CSV that a spreadsheet shows and never runs: the one home of how a table leaves Yurt as a file.

A spreadsheet takes a cell that begins with one of `RUNS` for a formula, whatever quotes stand around it (CWE-1236).
Texts that people wrote get an apostrophe before it, which spreadsheets hide; numbers stay numbers.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from fractions import Fraction

# The last four are the full-width forms that spreadsheets in East Asian languages read as the first four.
RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Without it, a spreadsheet reads the file in the encoding of its country.
MARK = "\ufeff"
Cell = str | int | float | Fraction | None


def safe(value: Cell) -> str | int | float | None:
    """Return what stands in the cell: texts without the power to run, fractions as decimals."""
    if isinstance(value, Fraction):
        return float(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(RUNS) else value


def lines(rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """Yield the lines of a file, one for each row as it comes, with CRLF ends as RFC 4180 has them."""
    yield MARK
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([safe(cell) for cell in row])
        yield line.getvalue()
