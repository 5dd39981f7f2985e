"""EDF, EDF+ and BDF, by the package edfio."""

from __future__ import annotations

import math
import re
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..._extras import require
from ..leads import pick
from ..reading import Asked, Format, Reading, Signal, parse, spread

_BDF = b"\xffBIOSEMI"
_EDF = b"0       "
#: Place in the header of which kind it is.
_KIND = slice(192, 197)
#: The first annotation of a data record tells when it begins, in seconds.
_ONSET = re.compile(rb"([+-][0-9]{1,12}(?:\.[0-9]{1,12})?)(?:\x15[0-9.]*)?\x14")


def _read(path: Path, asked: Asked) -> Reading:
    edfio = require("edfio", extra="formats")
    with path.open("rb") as file:
        head = file.read(256)
    read = edfio.read_bdf if head.startswith(_BDF) else edfio.read_edf
    with warnings.catch_warnings():
        # edfio cuts off what is incomplete and only warns.
        warnings.simplefilter("error")
        edf = parse(path, lambda: read(path, header_encoding="latin-1"))
    signals = [
        (str(one.label), str(one.physical_dimension), one)
        for one in parse(path, lambda: edf.signals)
    ]
    number = pick([s[0] for s in signals], asked.lead, path, [s[1] or None for s in signals])
    lead, unit, signal = signals[number]
    kind = head[_KIND].decode("latin-1").strip() or ("BDF" if head.startswith(_BDF) else "EDF")
    fs = float(parse(path, lambda: signal.sampling_frequency))
    samples = _physical(signal, path)
    if kind in ("EDF+D", "BDF+D"):
        samples = _with_gaps(edf, samples, fs, path)
    return Reading(samples, fs, unit or None, lead or None, kind, _start(edf))


def _physical(signal: Any, path: Path) -> Signal:
    """Return a signal's samples in its unit, float32; raise ValueError if it is not calibrated."""
    try:
        low, high = float(signal.physical_min), float(signal.physical_max)
        first, last = int(signal.digital_min), int(signal.digital_max)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{path}: the physical or digital range of this signal is no pair of numbers, so that "
            "its calibration is unknown"
        ) from None
    if first >= last or low == high or not math.isfinite(low - high):
        raise ValueError(
            f"{path}: this signal is not calibrated, its physical range {low:g} to {high:g} or its "
            f"digital range {first} to {last} is empty"
        )
    digital: Signal = parse(path, lambda: signal.digital)
    step = (high - low) / (last - first)
    physical: Signal = ((digital.astype(np.float64) - first) * step + low).astype(np.float32)
    return physical


def _with_gaps(edf: Any, samples: Signal, fs: float, path: Path) -> Signal:
    """Put the data records of a discontinuous recording where their onsets say."""
    onsets = _onsets(edf, path)
    size = samples.size // max(len(onsets), 1)
    pieces = [samples[i : i + size] for i in range(0, samples.size, size)] if size else []
    if len(pieces) != len(onsets):
        raise ValueError(f"{path} does not tell when each of its data records begins")
    starts = [round((onset - onsets[0]) * fs) for onset in onsets]
    return spread(pieces, starts, path)


def _onsets(edf: Any, path: Path) -> list[float]:
    notes = parse(path, lambda: edf._timekeeping_signal)
    count = int(parse(path, lambda: edf.num_data_records))
    raw = parse(path, lambda: notes.digital.reshape(count, -1).view(np.uint8))
    found = [_ONSET.match(bytes(record)) for record in raw]
    if not all(found):
        raise ValueError(f"{path} has a data record that does not tell when it begins")
    return [float(match[1]) for match in found if match]


def _start(edf: Any) -> datetime | None:
    try:
        moment = edf.startdatetime
    except Exception:  # noqa: BLE001 - anonymised files have no valid date
        return None
    return moment if isinstance(moment, datetime) else None


def _claims(path: Path, head: bytes) -> bool:
    return head.startswith(_BDF) or (head.startswith(_EDF) and len(head) >= 256)


FORMATS = (
    Format("EDF", (".edf", ".rec"), _read),
    Format("BDF", (".bdf",), _read),
)
