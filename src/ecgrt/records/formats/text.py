"""Text: a column of numbers or a table, as recorders, watches and programs write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..clock import Clock
from ..columns import Column, parse_time, read_columns
from ..dialect import Layout, find_layout, is_comment
from ..leads import pick
from ..preamble import Preamble, parse_start, read_preamble
from ..reading import SAME_BY_CLOCK, Asked, Format, Reading, Signal, Source, Spreader, join
from ..table import BLOCK, Rows, plain_minus, read_blocks
from ..units import volts

#: Lines in which the table must begin, and from which its layout is told.
_HEAD = 2000
#: The rate of the first block and that of all differ by at most this share.
_SAME_ALONG = 1e-3


@dataclass(frozen=True)
class _Table:
    """What the beginning of a file tells of the rest."""

    path: Path
    layout: Layout
    preamble: Preamble
    signal: Column
    time: Column | None
    lead: str | None
    fs: float | None
    start: datetime | None

    @property
    def about(self) -> dict[str, Any]:
        """Return what a reading is told apart from samples and rate."""
        return {
            "unit": self.signal.unit if self.signal.unit is not None else self.preamble.unit,
            "lead": self.lead,
            "format": self.preamble.kind,
            "start": self.start,
            "by_clock": self.preamble.fs is None,
        }

    def rate(self, measured: float | None) -> float | None:
        """Return the rate, stated or measured; raise ValueError where they differ."""
        stated = self.preamble.fs
        if stated is None or measured is None:
            return measured if stated is None else stated
        if abs(stated - measured) > SAME_BY_CLOCK * measured:
            raise ValueError(
                f"{self.path} says {stated:g} Hz, but its times are those of {measured:g} Hz; "
                "delete what is wrong"
            )
        return stated

    def clock(self) -> Clock | None:
        return None if self.time is None else _clock(self.time, self.fs, self.path)


def _read(path: Path, asked: Asked) -> Reading:
    """Read one column in memory of its own size, however large the file is."""
    table = _read_head(path, asked)
    found: list[Signal] = []
    clock = table.clock()
    found += _blocks(table, clock)
    samples = join(found) if clock is None else clock.place(found)
    rate = table.rate(None if clock is None else clock.rate())
    return Reading(samples=samples, fs=rate, **table.about)


def _open(path: Path, asked: Asked) -> Source:
    """Begin to read a column; a rate that only times tell is that of the first block."""
    if path.stat().st_size <= BLOCK:
        return Source.of(_read(path, asked))
    table = _read_head(path, asked)
    clock = table.clock()
    next(_blocks(table, clock), None)
    measured = None if clock is None else clock.rate()
    rate = table.rate(measured)
    is_time = table.time is not None and table.time.kind != "index"
    if rate is None and is_time and asked.fs is None:  # all of it may tell
        return Source.of(_read(path, asked))
    return Source(pieces=lambda: _pieces(table, measured), size=None, fs=rate, **table.about)


def _pieces(table: _Table, measured: float | None) -> Iterator[Signal]:
    clock = table.clock()
    spreader = Spreader(table.path, table.path.stat().st_size // 2)  # a sample and its end of line
    for samples in _blocks(table, clock):
        if clock is None:
            yield samples
        else:
            yield from clock.place_block(samples, spreader)
    rate = None if clock is None else clock.rate()
    table.rate(rate)
    if measured is not None and rate is not None and abs(rate - measured) > _SAME_ALONG * rate:
        raise ValueError(
            f"{table.path} begins with times of {measured:g} Hz, but all of them are those of "
            f"{rate:g} Hz; delete their column and give fs= (--fs)"
        )


def _read_head(path: Path, asked: Asked) -> _Table:
    first = plain_minus(next(read_blocks(path), ""))
    head = first.split("\n")[:-1][:_HEAD]
    layout = find_layout(head)
    if layout is None:
        what = "holds no numbers" if first.strip() else "holds no samples"
        raise ValueError(f"{path} {what}; a column or a table of them is accepted")
    preamble = read_preamble(head[: layout.start])
    columns = read_columns(head, layout, preamble)
    signal, lead = _choose(columns, preamble, asked, path)
    fs = asked.fs if asked.fs is not None else preamble.fs
    time = _times(columns, layout, fs, path)
    clocks = (column.place for column in columns if column.kind == "clock")
    dated = (parse_start(layout.rows[0][place].replace("/", "-")) for place in clocks)
    start = preamble.start or next(filter(None, dated), None)
    return _Table(path, layout, preamble, signal, time, lead, fs, start)


def _choose(
    columns: list[Column], preamble: Preamble, asked: Asked, path: Path
) -> tuple[Column, str | None]:
    """Return the column to read, and the lead's name."""
    signals = [column for column in columns if column.kind == "signal"]
    if not signals:
        raise ValueError(f"{path} holds no column of numbers but times and counters")
    named = any(column.name for column in signals)
    if asked.lead is None and len(signals) > 1:  # what is no voltage is no ECG
        volt = [one for one in signals if one.unit is None or volts(one.unit) is not None]
        signals = volt or signals
    names = [column.name if named else str(i) for i, column in enumerate(signals)]
    if len(signals) == 1 and preamble.lead and not names[0].strip("0"):
        names = [preamble.lead]
        named = True
    number = pick(names, asked.lead, path)
    return signals[number], (names[number] or None) if named else None


def _times(columns: list[Column], layout: Layout, fs: float | None, path: Path) -> Column | None:
    """Return the column of times to go by: the first that is even, best one that tells a rate."""
    order = {"time": 0, "clock": 2, "index": 3}
    times = [column for column in columns if column.kind in order]
    times.sort(key=lambda one: order[one.kind] + (one.kind == "time" and one.seconds is None))
    even = None
    for column in times:
        clock = _clock(column, fs, path)
        cells = [row[column.place] for row in layout.rows if len(row) == layout.width]
        read = parse_time if column.kind == "clock" else _number
        values = [value for cell in cells if (value := read(cell)) is not None]
        try:
            clock.add(np.array(values))
            if clock.rate() is not None:
                return column
        except ValueError:
            continue
        even = even or column
    return even or (times[0] if times else None)


def _number(cell: str) -> float | None:
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return None


def _clock(column: Column, fs: float | None, path: Path) -> Clock:
    return Clock(column.name, fs, path, unit=column.seconds, index=column.kind == "index")


def _blocks(table: _Table, clock: Clock | None) -> Iterator[Signal]:
    """Yield the samples of each block of rows, float32, whose times the clock has been given."""
    rows = Rows(table.path, table.layout, table.signal, table.time)
    start = table.layout.start
    for number, block in enumerate(read_blocks(table.path)):
        text = plain_minus(block)
        if number == 0:
            lines = text.split("\n")[:-1]
            rows.double_spaced = _is_double_spaced(lines[start:_HEAD])
            rows.skip(start)
            text = "\n".join([*lines[start:], ""])
        samples, times = rows.read(text)
        if clock is not None:
            clock.add(times)
        yield samples.astype(np.float32)


def _is_double_spaced(lines: list[str]) -> bool:
    """Whether every other line is blank, as a common mistake of writing text on Windows has it."""
    kept = [not line.strip() for line in lines if not is_comment(line)]
    while kept and kept[-1]:
        kept.pop()
    return len(kept) > 4 and all(blank == bool(i % 2) for i, blank in enumerate(kept))


FORMATS = (Format("text", (".csv", ".tsv", ".txt"), _read, open=_open),)
