"""Named arrays, as .npz and MATLAB files hold them: leads, perhaps times and a rate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .clock import Clock, named_times
from .leads import pick
from .reading import Asked, Reading, Signal

#: More rows than this are samples, not leads.
_MAX_LEADS = 64
_RATE = re.compile(
    r"(fs|sfreq|srate|sr|sampling_?(rate|freq\w*)|samp(le)?_?rate|freq)", re.IGNORECASE
)
_UNIT = re.compile(r"units?", re.IGNORECASE)


def read_arrays(arrays: Mapping[str, Signal], path: Path, asked: Asked, kind: str) -> Reading:
    """Return one lead of some named arrays.

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
    signals: dict[str, Signal] = {}
    for name, array in arrays.items():
        if array.size > 1 and (array.dtype.kind in "iufb" or len(arrays) == 1):
            signals.update(_leads(name, array, path, asked))
    if not signals and len(arrays) == 1:
        signals.update(_leads(*next(iter(arrays.items())), path, asked))
    times = next((name for name in signals if len(signals) > 1 and _is_time(name, signals)), None)
    clock = None
    if times is not None:
        clock = Clock(times, asked.fs, path)
        clock.add(np.asarray(signals.pop(times), np.float64))
    names = list(signals)
    number = pick(names, asked.lead, path)
    samples = signals[names[number]]
    lead = names[number] if len(names) > 1 or names[number] else None
    fs, unit = _scalar(arrays, _RATE), _text(arrays, _UNIT)
    if clock is None or clock.rows != samples.size:
        return Reading(samples, fs, unit, lead, kind)
    rate = clock.rate()
    return Reading(clock.place([samples]), fs or rate, unit, lead, kind, by_clock=fs is None)


def _leads(name: str, array: Signal, path: Path, asked: Asked) -> dict[str, Signal]:
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{path} holds {array.dtype}; integers and floating-point are accepted")
    if not array.size:
        raise ValueError(f"{path} holds no samples")
    shaped = np.squeeze(array) if array.ndim > 1 and array.size > 1 else array
    if shaped.ndim not in (1, 2):
        raise ValueError(
            f"{path} has an array of shape {array.shape}; (n,), (n, leads) or (leads, n) is "
            "accepted"
        )
    if shaped.ndim == 1:
        return {name: shaped}
    short, long = sorted(shaped.shape)
    if short > _MAX_LEADS or long < 2 * short:
        raise ValueError(
            f"{path} has an array of shape {array.shape}, of which neither side is clearly that of "
            f"the leads (at most {_MAX_LEADS}); give one lead, (n,)"
        )
    rows = shaped if shaped.shape[0] == short else shaped.T
    return {f"{name}.{i}" if name else str(i): row for i, row in enumerate(rows)}


def _is_time(name: str, signals: Mapping[str, Signal]) -> bool:
    values = signals[name]
    return named_times(name) and values.size > 2 and bool(np.all(np.diff(values) > 0))


def _scalar(arrays: Mapping[str, Signal], pattern: re.Pattern[str]) -> float | None:
    for name, array in arrays.items():
        if pattern.fullmatch(name) and array.size == 1 and array.dtype.kind in "iuf":
            return float(array.reshape(-1)[0])
    return None


def _text(arrays: Mapping[str, Signal], pattern: re.Pattern[str]) -> str | None:
    for name, array in arrays.items():
        if pattern.fullmatch(name) and array.size == 1 and array.dtype.kind in "US":
            value = array.reshape(-1)[0]
            return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return None
