"""Named arrays, as .npz and MATLAB files hold them: leads, perhaps times and a rate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .clock import Clock, named_times
from .leads import pick
from .reading import Asked, Signal, Source, Spreader
from .stored import Lead, Stored

#: More rows than this are samples, not leads.
_MAX_LEADS = 64
#: Times at once.
_BIT = 1 << 16
_RATE = re.compile(
    r"(fs|sfreq|srate|sr|sampling_?(rate|freq\w*)|samp(le)?_?rate|freq)", re.IGNORECASE
)
_UNIT = re.compile(r"units?", re.IGNORECASE)


@dataclass(frozen=True)
class _Row:
    """One lead of an array."""

    array: Stored
    lead: Lead

    @property
    def size(self) -> int:
        return self.lead.length

    def pieces(self) -> Iterator[Signal]:
        return self.array.read(self.lead)


def open_arrays(arrays: Mapping[str, Stored], path: Path, asked: Asked, kind: str) -> Source:
    """Begin to read one lead of some named arrays.

    An array may be (n,), (n, leads) or (leads, n). One number named ``fs`` (or ``sampling_rate``
    and the like) is the rate, one string named ``unit`` the unit, a column of rising numbers named
    ``time`` (and the like) the times.

    Raises
    ------
    TypeError
        If the only array does not hold real numbers.
    ValueError
        If an array has no such shape, or it is not clear which is meant.
    """
    rows: dict[str, _Row] = {}
    for name, array in arrays.items():
        if array.size > 1 and (array.dtype.kind in "iufb" or len(arrays) == 1):
            rows.update(_leads(name, array, path))
    if not rows and len(arrays) == 1:
        rows.update(_leads(*next(iter(arrays.items())), path))
    named = (name for name in rows if len(rows) > 1 and named_times(name))
    times = next((name for name in named if _is_rising(rows[name])), None)
    time_row = None if times is None else rows.pop(times)
    names = list(rows)
    number = pick(names, asked.lead, path)
    row = rows[names[number]]
    source = Source(
        pieces=row.pieces,
        size=row.size,
        fs=_scalar(arrays, _RATE),
        unit=_text(arrays, _UNIT),
        lead=names[number] if len(names) > 1 or names[number] else None,
        format=kind,
    )
    if times is None or time_row is None:
        return source
    return _by_times(source, row, time_row, lambda: Clock(times, asked.fs, path), path)


def _by_times(
    source: Source, row: _Row, times: _Row, new_clock: Callable[[], Clock], path: Path
) -> Source:
    """Return a source with the rate that times tell, and with the gaps that they leave."""
    clock = new_clock()
    for block in _in_bits(times):
        clock.add(block.astype(np.float64))
    if times.size != row.size:
        return source
    rate = clock.rate()
    source = replace(source, fs=source.fs or rate, by_clock=source.fs is None)
    if not clock.has_gaps:
        return source

    def pieces() -> Iterator[Signal]:
        """With the times again: what they leave out must not be held."""
        clock, spreader = new_clock(), Spreader(path, row.size)
        kind = np.result_type(row.array.dtype, np.float32)
        held, later = np.empty(0), _in_bits(times)
        for block in _in_bits(row):
            while held.size < block.size:
                held = np.concatenate([held, next(later).astype(np.float64)])
            clock.add(held[: block.size])
            held = held[block.size :]
            yield from clock.place_block(block.astype(kind), spreader)

    return replace(source, pieces=pieces, size=None)


def _in_bits(row: _Row) -> Iterator[Signal]:
    """Yield a row in smaller pieces, for of times a clock makes many arrays."""
    for block in row.pieces():
        for first in range(0, block.size, _BIT):
            yield block[first : first + _BIT]


def _leads(name: str, array: Stored, path: Path) -> dict[str, _Row]:
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{path} holds {array.dtype}; integers and floating-point are accepted")
    if not array.size:
        raise ValueError(f"{path} holds no samples")
    wide = len(array.shape) > 1 and array.size > 1
    shape = tuple(side for side in array.shape if side != 1) if wide else array.shape
    if len(shape) not in (1, 2):
        raise ValueError(
            f"{path} has an array of shape {array.shape}; (n,), (n, leads) or (leads, n) is "
            "accepted"
        )
    if len(shape) == 1:
        return {name: _Row(array, Lead(0, 1, shape[0], True))}
    short, long = sorted(shape)
    if short > _MAX_LEADS or long < 2 * short:
        raise ValueError(
            f"{path} has an array of shape {array.shape}, of which neither side is clearly that of "
            f"the leads (at most {_MAX_LEADS}); give one lead, (n,)"
        )
    leads = (Lead(number, short, long, shape[0] == short) for number in range(short))
    return {f"{name}.{i}" if name else str(i): _Row(array, lead) for i, lead in enumerate(leads)}


def _is_rising(row: _Row) -> bool:
    last = -np.inf
    for block in row.pieces():
        values = np.asarray(block, np.float64)
        if not (values[0] > last and np.all(np.diff(values) > 0)):
            return False
        last = values[-1]
    return row.size > 2


def _scalar(arrays: Mapping[str, Stored], pattern: re.Pattern[str]) -> float | None:
    for name, array in arrays.items():
        if pattern.fullmatch(name) and array.size == 1 and array.dtype.kind in "iuf":
            return float(array.value())
    return None


def _text(arrays: Mapping[str, Stored], pattern: re.Pattern[str]) -> str | None:
    for name, array in arrays.items():
        if pattern.fullmatch(name) and array.size == 1 and array.dtype.kind in "US":
            value = array.value()
            return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return None
