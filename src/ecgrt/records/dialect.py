"""How a text file is laid out: where its table begins, what parts the columns, what they are."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_WHOLE_OR_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+|[+-]?[0-9]+")
#: Cells that stand for a missing sample.
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "*", "--", "#n/a"})
COMMENT = ("#", "%", "//")
MINUS = str.maketrans({"−": "-", "\u00a0": " ", "\u202f": " "})  # noqa: RUF001
#: Rows that must look alike for a table to begin.
_RUN = 10


@dataclass(frozen=True)
class Dialect:
    """What parts the columns (None: blanks), and what the decimals."""

    delimiter: str | None
    decimal: str

    def split(self, line: str) -> list[str]:
        """Return the cells of a line, without blanks and quotes around them."""
        text = line.translate(MINUS)
        if self.delimiter is None:
            cells = text.split()
        elif '"' in text:
            cells = next(csv.reader([text], delimiter=self.delimiter, skipinitialspace=True), [])
        else:
            cells = text.split(self.delimiter)
        return [cell.strip().strip("'\"").strip() for cell in cells]

    def is_number(self, cell: str) -> bool:
        """Whether a cell holds a number, written as this dialect writes it."""
        dotted = cell.replace(",", ".", 1) if self.decimal == "," else cell
        return NUMBER.fullmatch(dotted) is not None


@dataclass(frozen=True)
class Layout:
    """Where the table begins (number of its first line from 0), and its first rows' cells."""

    dialect: Dialect
    start: int
    width: int
    rows: tuple[tuple[str, ...], ...]


def is_comment(line: str) -> bool:
    """Whether a line is a remark."""
    return line.lstrip().startswith(COMMENT)


def find_layout(lines: Sequence[str]) -> Layout | None:
    """Find the table in the first lines of a file; None if there is none.

    A row of numbers above it, of another shape, is no heading: the table then begins there, and
    whoever reads it will say where it breaks off.
    """
    found = _even_table(lines)
    if found is None:
        return _first_row(lines)
    return _first_row(lines[: found.start]) or found


def _even_table(lines: Sequence[str]) -> Layout | None:
    if (start := _decimal_comma_column(lines)) is not None:
        return _layout(lines, Dialect(None, ","), start)
    for delimiter in ("\t", ";", ",", None):
        # Between commas, a decimal comma stands in quotes.
        quoted = delimiter != "," or any('"' in line for line in lines)
        dialect = Dialect(delimiter, "," if quoted else ".")
        start = _start(lines, dialect)
        if start is not None:
            return _with_decimals(_layout(lines, dialect, start))
    return None


def _with_decimals(layout: Layout) -> Layout:
    """Return the layout with decimal commas only if there are some, and no points beside them."""
    dotted = Dialect(layout.dialect.delimiter, ".")
    numbers = [cell for row in layout.rows for cell in row if layout.dialect.is_number(cell)]
    commas = any("," in cell for cell in numbers)
    points = any("." in cell for cell in numbers)
    return layout if commas and not points else replace(layout, dialect=dotted)


def _first_row(lines: Sequence[str]) -> Layout | None:
    """Return a table that begins with the first row of numbers, whatever follows."""
    for number, line in enumerate(lines):
        for delimiter in ("\t", ";", ",", None):
            dialect = Dialect(delimiter, "," if delimiter != "," else ".")
            cells = dialect.split(line)
            if cells and not is_comment(line) and all(map(dialect.is_number, cells)):
                return Layout(dialect, number, len(cells), (tuple(cells),))
    return None


def _layout(lines: Sequence[str], dialect: Dialect, start: int) -> Layout:
    rows = tuple(
        tuple(dialect.split(line))
        for line in lines[start:]
        if line.strip() and not is_comment(line)
    )
    return Layout(dialect, start, len(rows[0]), rows)


def _start(lines: Sequence[str], dialect: Dialect) -> int | None:
    """Return the first line from which some lines in a row have as many cells, and numbers."""
    cells = [
        None if not line.strip() or is_comment(line) else dialect.split(line) for line in lines
    ]
    kept = [number for number, one in enumerate(cells) if one is not None]
    for place, number in enumerate(kept):
        run = [cells[other] or [] for other in kept[place : place + _RUN]]
        width = len(run[0])
        if width < (1 if dialect.delimiter is None else 2) or any(len(r) != width for r in run):
            continue
        if any(_is_numeric([row[i] for row in run], dialect) for i in range(width)):
            return number
    return None


def _is_numeric(column: Sequence[str], dialect: Dialect) -> bool:
    filled = [cell for cell in column if cell.lower() not in MISSING]
    # Something in the first row, else that is the line of names, with a blank for the index.
    return bool(column[0]) and bool(filled) and all(map(dialect.is_number, filled))


def _decimal_comma_column(lines: Sequence[str]) -> int | None:
    """Return where one column of numbers such as ``-0,25`` begins; None if it is a table.

    ``1,25`` may be one number or two. It is one where some line cannot be two (``-0,25``, ``1,05``,
    or ``3`` between ``1,25`` and ``4,5``), or where the line of names above has one name.
    """
    kept = [number for number, line in enumerate(lines) if line.strip() and not is_comment(line)]
    first = len(kept)
    while first and _WHOLE_OR_COMMA.fullmatch(lines[kept[first - 1]].translate(MINUS).strip()):
        first -= 1
    body = [lines[number].translate(MINUS).strip() for number in kept[first:]]
    commas = [line for line in body if "," in line]
    if not commas:
        return None
    above = lines[kept[first - 1]].strip() if first else ""
    one_name = bool(above) and "," not in above
    two_names = "," in above and kept[first] == kept[first - 1] + 1
    certain = len(commas) < len(body) or any(
        re.match(r"-0,", line) or re.search(r",0[0-9]", line) for line in commas
    )
    return kept[first] if one_name or (certain and not two_names) else None
