"""The columns of a table of text: their names and units, and which hold times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from .clock import named_times, split_time_unit
from .dialect import MISSING, Layout, is_comment
from .preamble import Preamble, parse_start
from .units import volts

Floats = npt.NDArray[np.float64]

_INDEX = re.compile(
    r"(|index|idx|samples?( ?#| no\.?| number| index)?|#|n|nr|no|frame|row|unnamed: 0|x)",
    re.IGNORECASE,
)
#: Rising values, without a name, that are more than chance.
_SURE = 8
#: Counters that begin anew: neither times nor signals.
_PERSON = re.compile(
    r"((first|last|given|family|patient|sur)?[ _']*(name|id)s?|vorname|nachname|nom|prénom|nombre|"
    r"apellidos?|cognome|nome|patient\w*|(date of )?birth\w*|geb\w*|dob|sex|gender|age|alter)\W*",
    re.IGNORECASE,
)
_KEY = re.compile(r"[:=,;\t]")
_COUNTER = re.compile(r"nseq|seq|sequence", re.IGNORECASE)
_UNIT_CELL = re.compile(
    r"|[\[(]?(adu|nu|bpm|mmhg|%|pm|mv|uv|µv|μv|nv|v|s|ms|us|ns|sec|seconds?|samples?|"
    r"sample ?#|h+:mm:ss(\.m+)?|hh:mm:ss\.?m*|date|none|n/?a|ohm|l|g|c|degc|index)[\])]?",
    re.IGNORECASE,
)
_NAME_UNIT = re.compile(r"(?P<name>.*?)\s*(?:[\[(](?P<in>[^\])]*)[\])]|[ _/](?P<end>[^\s_/\])]+))")
_CLOCK = re.compile(r"\[?(?:([0-9]+):)?([0-9]{1,2}):([0-9]{1,2}(?:[.,][0-9]+)?)( [0-9/]+)?\]?")


@dataclass(frozen=True)
class Column:
    """One column: its place, name and unit; `kind` is signal, time, clock, index or other."""

    place: int
    name: str
    unit: str | None
    kind: str
    seconds: float | None = None


def read_columns(lines: Sequence[str], layout: Layout, preamble: Preamble) -> list[Column]:
    """Return the columns of a table, from the lines above it and its first rows."""
    names, units = _names(lines, layout)
    listed = list(preamble.columns)
    if len(listed) == layout.width - 1 and not any(row[-1] for row in layout.rows):
        listed.append("")  # every line ends in a delimiter
    if len(listed) == layout.width:
        names = listed
    return [_column(place, names[place], units[place], layout) for place in range(layout.width)]


def _names(lines: Sequence[str], layout: Layout) -> tuple[list[str], list[str | None]]:
    """Return names and units: one line above the table, or two of which one holds units."""
    width = layout.width
    above = [line for line in lines[: layout.start] if line.strip()][-2:]
    heads: list[list[str]] = []
    for line in reversed(above):
        cells = _head_cells(line, layout)
        if len(cells) == width - 1:
            cells = ["", *cells]  # as R and pandas leave out the name of the index
        if len(cells) != width or (is_comment(line) and (width == 1 or heads)):
            break
        if (width == 1 and _KEY.search(cells[0])) or (width == 2 and _PERSON.fullmatch(cells[0])):
            break  # a key and its value
        heads.append(cells)
    blank: list[str | None] = [None] * width
    if not heads:
        return [""] * width, blank
    bottom = heads[0]
    if all(map(_UNIT_CELL.fullmatch, bottom)) and (len(heads) > 1 or width == 1):
        return (heads[1] if len(heads) > 1 else [""]), [cell.strip("[]()") for cell in bottom]
    return bottom, blank


def _head_cells(line: str, layout: Layout) -> list[str]:
    text = line.strip().lstrip("#%").strip() if is_comment(line) else line.rstrip()
    cells = layout.dialect.split(text)
    if layout.dialect.delimiter is None:
        wide = [cell.strip().strip("'\"") for cell in re.split(r"\s{2,}|\t", text.strip())]
        if len(cells) != layout.width:
            cells = [text.strip()] if layout.width == 1 else wide
    return cells


def _column(place: int, name: str, unit: str | None, layout: Layout) -> Column:
    cells = [row[place] for row in layout.rows if len(row) == layout.width]
    seconds = split_time_unit(name)[1]
    if unit is not None and seconds is None:
        seconds = split_time_unit(unit)[1]
    filled = [cell for cell in cells if cell.lower() not in MISSING]
    numeric = all(map(layout.dialect.is_number, filled))
    if not numeric:
        kind = (
            "clock" if filled and all(parse_time(cell) is not None for cell in filled) else "other"
        )
        return Column(place, name, unit, kind, 1.0 if kind == "clock" else None)
    if _COUNTER.fullmatch(name) or (not filled and not name and layout.width > 1):
        return Column(place, name, unit, "other")
    values = np.array([float(cell.replace(",", ".")) for cell in filled])
    rising = values.size > 1 and bool(np.all(np.diff(values) >= 0)) and values[-1] > values[0]
    # Times that go back are refused later; they must not become a lead.
    if layout.width > 1 and not rising and named_times(name) and len(name) > 1:
        return Column(place, name, unit, "time", seconds)
    if layout.width > 1 and rising and (rises := _rising_kind(place, name, values)):
        return Column(place, name, unit, rises, seconds)
    signal, own = split_unit(name)
    return Column(place, signal, unit if unit is not None else own, "signal")


def _rising_kind(place: int, name: str, values: Floats) -> str | None:
    steps = np.diff(values)
    counted = bool(np.all(steps[: min(len(steps), 20)] == 1.0))
    if named_times(name) and not (counted and _INDEX.fullmatch(name)):
        return "time"
    if name:
        return "index" if _INDEX.fullmatch(name) else None
    if place or values.size < _SURE:
        return None
    if counted:
        return "index"
    even = bool(np.all(np.abs(steps - np.median(steps)) <= 0.5 * np.median(steps)))
    return "time" if even else None


def split_unit(name: str) -> tuple[str, str | None]:
    """Return ``ECG (mV)`` as ``ECG`` and ``mV``; the unit is None if the name has none of any kind.

    A ``V`` counts in brackets only, for ``lead_V`` is a lead.
    """
    match = _NAME_UNIT.fullmatch(name.strip())
    if match is None:
        bare_unit = volts(name) is not None and len(name.strip()) > 1
        return ("", name) if bare_unit else (name.strip(), None)
    if match["in"] is not None:
        return match["name"].strip(" _"), match["in"].strip()
    unit = match["end"]
    if volts(unit) is None or unit in ("V", "v"):
        return name.strip(), None
    return re.sub(r"[ _]in$", "", match["name"].strip(" _")), unit


def parse_time(cell: str) -> float | None:
    """Return a clock's time in seconds, from midnight or from 1970; None if it is no time."""
    match = _CLOCK.fullmatch(cell)
    if match is not None:
        hours, minutes, seconds = match[1] or "0", match[2], match[3].replace(",", ".")
        return int(hours) * 3600.0 + int(minutes) * 60 + float(seconds)
    moment = parse_start(cell.replace("/", "-"))
    if moment is None:
        return None
    return (moment.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()
