"""Text: a column of numbers or a table, as recorders, watches and programs write them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from ..clock import Clock
from ..columns import Column, parse_time, read_columns
from ..dialect import Layout, find_layout, is_comment
from ..leads import pick
from ..preamble import Preamble, parse_start, read_preamble
from ..reading import SAME_BY_CLOCK, Asked, Format, Reading, Signal, join
from ..table import Rows, plain_minus, read_blocks
from ..units import volts

#: Lines in which the table must begin, and from which its layout is told.
_HEAD = 2000


def _read(path: Path, asked: Asked) -> Reading:
    """Read one column in memory of its own size, however large the file is."""
    blocks = read_blocks(path)
    first = plain_minus(next(blocks, ""))
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
    samples, rate = _read_rows(path, chain([first], blocks), layout, signal, time, fs)
    stated = preamble.fs
    if stated is not None and rate is not None and abs(stated - rate) > SAME_BY_CLOCK * rate:
        raise ValueError(
            f"{path} says {stated:g} Hz, but its times are those of {rate:g} Hz; delete what is "
            "wrong"
        )
    clocks = (column.place for column in columns if column.kind == "clock")
    dated = (parse_start(layout.rows[0][place].replace("/", "-")) for place in clocks)
    return Reading(
        samples=samples,
        fs=rate if stated is None else stated,
        unit=signal.unit if signal.unit is not None else preamble.unit,
        lead=lead,
        format=preamble.kind,
        start=preamble.start or next(filter(None, dated), None),
        by_clock=stated is None,
    )


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


def _read_rows(
    path: Path,
    blocks: Iterator[str],
    layout: Layout,
    signal: Column,
    time: Column | None,
    fs: float | None,
) -> tuple[Signal, float | None]:
    """Return the samples, and the rate that the times tell."""
    rows = Rows(path, layout, signal, time)
    clock = None if time is None else _clock(time, fs, path)
    found: list[Signal] = []
    for number, block in enumerate(blocks):
        text = plain_minus(block)
        if number == 0:
            lines = text.split("\n")[:-1]
            rows.double_spaced = _is_double_spaced(lines[layout.start : _HEAD])
            rows.skip(layout.start)
            text = "\n".join([*lines[layout.start :], ""])
        samples, times = rows.read(text)
        found.append(samples.astype(np.float32))
        if clock is not None:
            clock.add(times)
    if clock is None:
        return join(found), None
    return clock.place(found), clock.rate()


def _is_double_spaced(lines: list[str]) -> bool:
    """Whether every other line is blank, as a common mistake of writing text on Windows has it."""
    kept = [not line.strip() for line in lines if not is_comment(line)]
    while kept and kept[-1]:
        kept.pop()
    return len(kept) > 4 and all(blank == bool(i % 2) for i, blank in enumerate(kept))


FORMATS = (Format("text", (".csv", ".tsv", ".txt"), _read),)
