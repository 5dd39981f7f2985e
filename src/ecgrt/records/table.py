"""The rows of a table of text, read block by block."""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .columns import Column, parse_time
from .dialect import COMMENT, MINUS, MISSING, Dialect, Layout, is_comment

Floats = npt.NDArray[np.float64]

#: Bytes read at once; no line may be longer.
BLOCK = 1 << 20
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
        lines = text.split("\n")[:-1]
        table = None if self._blanks else self._read_fast(text, lines)
        if table is None:
            table = self._read_slowly(lines)
        self._line += len(lines)
        samples = table[:, 0]
        if self._time is None:
            return samples, np.empty(0)
        return samples, self._over_midnight(table[:, 1])

    def _read_fast(self, text: str, lines: list[str]) -> Floats | None:
        """Read a block in which every line is a whole row of plain numbers; None if one is not."""
        odd = '"' in text or "'" in text or "\n\n" in text or text.startswith("\n")
        if odd or any(mark in text for mark in COMMENT):
            return None
        if self._time is not None and self._time.kind == "clock":
            return None
        delimiter = self._dialect.delimiter
        if delimiter is not None and not _is_even(text, delimiter, self._width, len(lines)):
            return None
        if self._dialect.decimal == ",":
            lines = text.replace(",", ".").split("\n")[:-1]
        wanted = [self._signal.place] + ([] if self._time is None else [self._time.place])
        try:
            table = np.loadtxt(
                lines,
                delimiter=delimiter,
                comments=None,
                ndmin=2,
                usecols=None if delimiter is None else wanted,
            )
        except ValueError:
            return None
        if delimiter is None:
            table = table[:, wanted] if table.shape[1] == self._width else table[:0]
        if len(table) != len(lines) or np.isinf(table).any():
            return None
        return table if self._time is None or not np.isnan(table[:, 1]).any() else None

    def _read_slowly(self, lines: list[str]) -> Floats:
        rows: list[tuple[float, float]] = []
        for number, line in enumerate(lines, self._line + 1):
            if is_comment(line):
                continue
            if not line.strip():
                self._blanks += 1
                continue
            cells = self._dialect.split(line)
            if not any(cells) and self._time is not None:
                continue  # the times tell of the gap
            # A blank line is a sample that is missing; those at the end are no line at all.
            if self._time is None and not self.double_spaced:
                rows += [(math.nan, math.nan)] * self._blanks
            self._blanks = 0
            rows.append(self._row(cells, number))
        return np.array(rows, np.float64).reshape(-1, 2)

    def _row(self, cells: list[str], number: int) -> tuple[float, float]:
        if len(cells) != self._width:
            raise ValueError(
                f"{self._path}, line {number} holds {len(cells)} values, the lines before "
                f"{self._width}; it may be cut short"
            )
        sample = self._number(cells[self._signal.place], number)
        if self._time is None:
            return sample, math.nan
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


def _is_even(text: str, delimiter: str, width: int, lines: int) -> bool:
    """Whether every line has as many delimiters."""
    codes = np.frombuffer(text.encode("latin-1", "replace"), np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    marks = np.searchsorted(np.flatnonzero(codes == ord(delimiter)), ends)
    return len(ends) == lines and bool(np.all(np.diff(marks, prepend=0) == width - 1))


def plain_minus(text: str) -> str:
    """Return text with the minus signs and blanks of typesetting made plain."""
    return text if text.isascii() else text.translate(MINUS)
