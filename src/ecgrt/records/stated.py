"""What a file states and what the caller says, brought together: rate, unit, samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .reading import SAME_BY_CLOCK, SAME_RATE, Reading, Source, check_rate
from .units import is_stated, microvolts_per, volts

Signal = npt.NDArray[Any]

_CORE_DTYPES = (np.int16, np.int32, np.float32, np.float64)


def check_given(fs: float | None, unit: str | None) -> None:
    if fs is not None:
        check_rate(fs, "the sampling rate given is")
    if unit is not None:
        microvolts_per(unit)


def rate_of(path: Path, reading: Reading | Source, given: float | None) -> float:
    if reading.fs is None:
        if given is None:
            raise ValueError(
                f"{path} does not tell its sampling rate; give fs= (--fs), in samples a second"
            )
        return float(given)
    stated = check_rate(reading.fs, f"{path} tells of")
    tolerance = SAME_BY_CLOCK if reading.by_clock else SAME_RATE
    if given is None:
        return stated
    if abs(stated - given) > tolerance * stated:
        source = "has times of" if reading.by_clock else "says"
        raise ValueError(
            f"{path} {source} {stated:g} Hz, the caller {given:g} Hz; leave fs= (--fs) out if the "
            "file is right"
        )
    return float(given) if reading.by_clock else stated


def unit_of(path: Path, reading: Reading | Source, given: str | None) -> tuple[float, str]:
    """Return microvolts in one of the file's units, and that unit."""
    stated = reading.unit
    if not is_stated(stated) or stated is None:
        if given is None:
            raise ValueError(
                f"{path} does not tell the unit of its samples; give unit= (--unit): V, mV, uV or "
                "nV, or the size of a step such as '4.88 uV'"
            )
        return microvolts_per(given), given
    scale = volts(stated)
    if scale is None:
        raise ValueError(
            f"{path} gives this signal in {stated[:20]!r}, no unit of voltage: V, mV, uV or nV is "
            "accepted; is it an ECG? Another lead is chosen by lead= (--lead)"
        )
    if given is not None and microvolts_per(given) != scale:
        raise ValueError(
            f"{path} says {stated[:20]}, the caller {given}; leave unit= (--unit) out if the file "
            "is right"
        )
    return scale if reading.scale is None else reading.scale, stated


def check_held(size: int, missing: bool, path: Path | str) -> None:
    if not size:
        raise ValueError(f"{path} holds no samples")
    if missing:
        raise ValueError(f"{path} holds missing samples only")


def in_microvolts(samples: Signal, scale: float, path: Path | str) -> Signal:
    """Return the samples contiguous, in microvolts, in a type that the classifier takes."""
    if samples.dtype.kind not in "iuf":
        raise TypeError(f"{path} holds {samples.dtype}; integers and floating-point are accepted")
    # The same object, for NumPy copies where a type is merely equal.
    native = samples.dtype if samples.dtype.isnative else samples.dtype.newbyteorder("=")
    if scale == 1.0:
        kept = native if native in _CORE_DTYPES else np.float64
        return np.require(samples, kept, ["C", "W", "O"])  # a copy only where one is needed
    if native == np.float32:
        return samples.astype(np.float32, copy=False) * np.float32(scale)
    scaled = np.multiply(samples, scale, dtype=np.float64)
    return scaled if native.itemsize > 4 or native.kind == "u" else scaled.astype(np.float32)
