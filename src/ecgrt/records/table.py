"""The rows of a table of text, read block by block."""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .._core import read_rows
from .columns import Column, parse_time
from .dialect import MINUS, MISSING, Dialect, Layout, is_comment

Floats = npt.NDArray[np.float64]

#: Bytes read at once; no line may be longer.
BLOCK = 1 << 20
#: Lines that are read one by one before many are tried again.
_ODD_LINES = 8
_DAY = 86_400.0


def read_blocks(path: Path) -> Iterator[str]:
    """Yield the text of a file in whole lines, each ending in ``\\n``.

    UTF-8 and UTF-16 are told by their first bytes; what is neither is Latin-1. ``\\r\\r\\n``, which
    text written twice as text has, is one end of a line.

    Raises
    ------
    ValueError
        If it is no text.
    """
    with path.open("rb") as file:
        encoding = _encoding(file.read(BLOCK), path)
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        rest = ""
        while data := file.read(BLOCK):
            text = rest + decoder.decode(data)
            # An end of line may go on in the next block.
            whole = text.rstrip("\r") if text.endswith("\r") else text
            ends = text[len(whole) :]
            whole = whole.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
            cut = whole.rfind("\n") + 1
            rest = whole[cut:] + ends
            if len(rest) > 2 * BLOCK:
                raise ValueError(f"{path} has a line of more than {BLOCK >> 20} MiB; is it text?")
            if cut:
                yield whole[:cut]
        rest = (rest + decoder.decode(b"", True)).rstrip("\r")
        if rest:
            yield rest + "\n"


def _encoding(head: bytes, path: Path) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head:
        raise ValueError(f"{path} is no text: it has bytes of 0")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


class Rows:
    """Turns blocks of lines into one column of samples, and one of times.

    Parameters
    ----------
    path, layout
        Of the file.
    signal, time
        The columns to read; None: there are no times.
    """

    def __init__(self, path: Path, layout: Layout, signal: Column, time: Column | None) -> None:
        self._path = path
        self._dialect: Dialect = layout.dialect
        self._width = layout.width
        self._signal = signal
        self._time = time
        self._blanks = 0  # blank lines since the last row
        self._line = 0
        self._midnights = 0
        self._last = -math.inf
        self.double_spaced = False

    def skip(self, lines: int) -> None:
        """Count lines that are not read."""
        self._line += lines

    def read(self, text: str) -> tuple[Floats, Floats]:
        """Return the samples of a block and their times (empty if there are none)."""
        found = list(self._tables(text.encode()))
        table = np.concatenate(found) if found else np.empty((0, 2))
        if self._time is None:
            return table[:, 0], np.empty(0)
        return table[:, 0], self._over_midnight(table[:, 1])

    def _tables(self, text: bytes) -> Iterator[Floats]:
        """Yield rows: the plain ones, nearly all, many at once, and the others line by line."""
        at = 0
        while at < len(text):
            table, at = self._read_plain(text, at)
            if len(table):
                yield self._missing()
                yield table
            rows: list[tuple[float, ...]] = []
            # Where one is not plain, its neighbours tend to be like it.
            for _ in range(_ODD_LINES):
                end = text.find(b"\n", at)
                if end < 0:  # behind the last line
                    at = len(text)
                    break
                rows += self._read_line(text[at:end].decode())
                at = end + 1
            if rows:
                yield np.array(rows, np.float64)

    def _read_plain(self, text: bytes, first: int) -> tuple[Floats, int]:
        time = self._time
        if time is not None and time.kind == "clock":
            return np.empty((0, 2)), first
        dialect, width, sample = self._dialect, self._width, self._signal.place
        place = None if time is None else time.place
        found = read_rows(text, first, dialect.delimiter, dialect.decimal, width, sample, place)
        self._line += len(found[0])
        return found

    def _missing(self) -> Floats:
        """Return the samples that blank lines stand for; those at the end of all are no line."""
        count = 0 if self._time is not None or self.double_spaced else self._blanks
        self._blanks = 0
        return np.full((count, 1 if self._time is None else 2), math.nan)

    def _read_line(self, line: str) -> list[tuple[float, ...]]:
        """Return the row of a line, after the samples that are missing before it."""
        self._line += 1
        if is_comment(line):
            return []
        if not line.strip():
            self._blanks += 1
            return []
        cells = self._dialect.split(line)
        if not any(cells) and self._time is not None:
            return []  # the times tell of the gap
        return [*map(tuple, self._missing()), self._row(cells, self._line)]

    def _row(self, cells: list[str], number: int) -> tuple[float, ...]:
        if len(cells) != self._width:
            raise ValueError(
                f"{self._path}, line {number} holds {len(cells)} values, the lines before "
                f"{self._width}; it may be cut short"
            )
        sample = self._number(cells[self._signal.place], number)
        if self._time is None:
            return (sample,)
        cell = cells[self._time.place]
        time = parse_time(cell) if self._time.kind == "clock" else self._number(cell, number)
        if time is None or math.isnan(time):
            raise ValueError(f"{self._path}, line {number} has no time; delete the line")
        return sample, time

    def _number(self, cell: str, line: int) -> float:
        if cell.lower() in MISSING:
            return math.nan
        if self._dialect.is_number(cell):
            value = float(cell.replace(",", "."))
            if math.isfinite(value):
                return value
        raise ValueError(f"{self._path}, line {line} is not a number where one is expected")

    def _over_midnight(self, times: Floats) -> Floats:
        """Let a clock without a date go on after midnight."""
        if self._time is None or self._time.kind != "clock" or not times.size:
            return times
        falls = np.diff(times, prepend=max(self._last, times[0])) < -_DAY / 2
        days = self._midnights + np.cumsum(falls)
        if math.isfinite(self._last) and times[0] < self._last - _DAY / 2:
            days = days + (0 if falls[0] else 1)
        self._last, self._midnights = float(times[-1]), int(days[-1])
        return times + days * _DAY


def plain_minus(text: str) -> str:
    """Return text with the minus signs and blanks of typesetting made plain."""
    return text if text.isascii() else text.translate(MINUS)
