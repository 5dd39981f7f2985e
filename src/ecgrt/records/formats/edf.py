"""EDF, EDF+ and BDF, by the package edfio."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._extras import require
from ..leads import pick
from ..reading import Asked, Format, Reading, Signal, Source, Spreader, parse

_BDF = b"\xffBIOSEMI"
_EDF = b"0       "
#: Places in the header: its bytes, which kind it is, data records, signals.
_HEADER, _KIND, _RECORDS, _SIGNALS = (
    slice(184, 192),
    slice(192, 197),
    slice(236, 244),
    slice(252, 256),
)
#: Bytes of the header before the fields of the signals, of a label, and before samples a record.
_FIXED, _LABEL, _BEFORE_SAMPLES = 256, 16, 216
#: Bytes of data records read at once.
_BLOCK = 1 << 20
#: The first annotation of a data record tells when it begins, in seconds.
_ONSET = re.compile(rb"([+-][0-9]{1,12}(?:\.[0-9]{1,12})?)(?:\x15[0-9.]*)?\x14")


@dataclass(frozen=True)
class _Layout:
    """Where the numbers lie.

    Attributes
    ----------
    start
        Bytes before the first data record.
    records
        How many there are.
    width
        Bytes of a number.
    labels
        Of all signals.
    counts
        Their numbers in a data record.
    """

    start: int
    records: int
    width: int
    labels: list[str]
    counts: list[int]

    @property
    def record_bytes(self) -> int:
        return self.width * sum(self.counts)

    def place(self, signal: int) -> slice:
        """Return the bytes of a signal in a data record."""
        first = self.width * sum(self.counts[:signal])
        return slice(first, first + self.width * self.counts[signal])


def _read(path: Path, asked: Asked) -> Reading:
    return _open(path, asked).read()


def _open(path: Path, asked: Asked) -> Source:
    edfio = require("edfio", extra="formats")
    with path.open("rb") as file:
        head = file.read(_FIXED)
        is_bdf = head.startswith(_BDF)
        head += file.read(_number(head[_HEADER], path) - _FIXED)
        layout = _layout(path, head, 3 if is_bdf else 2)
        first = file.read(layout.record_bytes)
    # The package looks at the header, and for the start's fraction at the first data record.
    head = head[: _RECORDS.start] + (b"1" if first else b"0").ljust(8) + head[_RECORDS.stop :]
    read = edfio.read_bdf if is_bdf else edfio.read_edf
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # edfio cuts off what is incomplete and only warns
        edf = parse(path, lambda: read(io.BytesIO(head + first), header_encoding="latin-1"))
    signals = [
        (str(one.label), str(one.physical_dimension), one)
        for one in parse(path, lambda: edf.signals)
    ]
    number = pick([s[0] for s in signals], asked.lead, path, [s[1] or None for s in signals])
    lead, unit, signal = signals[number]
    kind = head[_KIND].decode("latin-1").strip() or ("BDF" if is_bdf else "EDF")
    fs = float(parse(path, lambda: signal.sampling_frequency))
    ordinary = [i for i, label in enumerate(layout.labels) if not _is_notes(label)]
    scale = _scale(signal, path)
    place = ordinary[number]
    onsets = _onsets(path, layout) if kind in ("EDF+D", "BDF+D") else None
    size = layout.records * layout.counts[place]
    if onsets is not None and onsets.size:
        size = round(float(onsets[-1]) * fs) + layout.counts[place]
    return Source(
        pieces=lambda: _pieces(path, layout, place, scale, onsets, fs),
        size=size,
        fs=fs,
        unit=unit or None,
        lead=lead or None,
        format=kind,
        start=_start(edf),
    )


def _layout(path: Path, head: bytes, width: int) -> _Layout:
    """Read where the numbers lie; raise ValueError if the file has another length."""
    signals = _number(head[_SIGNALS], path)
    fields = head[_FIXED:]
    if signals < 1 or len(fields) != _FIXED * signals:
        raise ValueError(f"{path} cannot be read, it may be damaged (its header)")
    labels = [
        fields[_LABEL * i : _LABEL * (i + 1)].decode("latin-1").strip() for i in range(signals)
    ]
    first = _BEFORE_SAMPLES * signals
    counts = [_number(fields[first + 8 * i : first + 8 * (i + 1)], path) for i in range(signals)]
    layout = _Layout(len(head), _number(head[_RECORDS], path), width, labels, counts)
    told = layout.start + layout.records * layout.record_bytes
    size = path.stat().st_size
    if min(counts) < 0 or layout.records < 0 or told != size:
        raise ValueError(
            f"{path} cannot be read, it may be damaged: its header tells of {told} bytes, it has "
            f"{size}"
        )
    return layout


def _number(text: bytes, path: Path) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{path} cannot be read, it may be damaged (its header)") from None


def _is_notes(label: str) -> bool:
    return label in ("EDF Annotations", "BDF Annotations")


def _blocks(path: Path, layout: _Layout, place: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the bytes of a signal, a row for each data record, many of them at a time."""
    at_once = max(1, _BLOCK // max(layout.record_bytes, 1))
    with path.open("rb") as file:
        file.seek(layout.start)
        for first in range(0, layout.records, at_once):
            count = min(at_once, layout.records - first)
            block = np.fromfile(file, np.uint8, count * layout.record_bytes)
            if block.size < count * layout.record_bytes:
                raise ValueError(f"{path} has become shorter while it was read")
            yield block.reshape(count, -1)[:, layout.place(place)]


def _digital(block: npt.NDArray[np.uint8], width: int) -> Signal:
    """Return the numbers of some data records, (records, samples)."""
    raw = np.ascontiguousarray(block)
    if width == 2:
        return raw.view("<i2")
    padded = np.zeros((raw.size // 3, 4), np.uint8)
    padded[:, 1:] = raw.reshape(-1, 3)
    return (padded.view("<i4").reshape(len(raw), -1)) >> 8


def _pieces(
    path: Path,
    layout: _Layout,
    place: int,
    scale: tuple[float, float, int],
    onsets: npt.NDArray[np.float64] | None,
    fs: float,
) -> Iterator[Signal]:
    step, low, first = scale
    spreader = Spreader(path, layout.records * layout.counts[place])
    record = 0
    for block in _blocks(path, layout, place):
        digital = _digital(block, layout.width)
        physical = ((digital.astype(np.float64) - first) * step + low).astype(np.float32)
        if onsets is None:
            yield physical.reshape(-1)
            continue
        # Data records that follow each other are put in their places together.
        starts = np.rint(onsets[record : record + len(physical)] * fs).astype(np.int64)
        apart = np.flatnonzero(np.diff(starts) != physical.shape[1]) + 1
        for rows in np.split(np.arange(len(physical)), apart):
            part = physical[rows[0] : rows[-1] + 1].reshape(-1)
            yield from spreader.put(part, int(starts[rows[0]]))
        record += len(physical)


def _scale(signal: Any, path: Path) -> tuple[float, float, int]:
    """Return the unit in a step, the lowest value, and the number that it is stored as."""
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
    return (high - low) / (last - first), low, first


def _onsets(path: Path, layout: _Layout) -> npt.NDArray[np.float64]:
    """Return when each data record of a discontinuous recording begins, seconds from the first."""
    notes = next((i for i, label in enumerate(layout.labels) if _is_notes(label)), None)
    if notes is None:
        raise ValueError(f"{path} does not tell when each of its data records begins")
    found = [
        _ONSET.match(bytes(record)) for block in _blocks(path, layout, notes) for record in block
    ]
    if not all(found):
        raise ValueError(f"{path} has a data record that does not tell when it begins")
    onsets = np.array([float(match[1]) for match in found if match])
    return np.asarray(onsets - onsets[:1])


def _start(edf: Any) -> datetime | None:
    try:
        moment = edf.startdatetime
    except Exception:  # noqa: BLE001 - anonymised files have no valid date
        return None
    return moment if isinstance(moment, datetime) else None


def _claims(path: Path, head: bytes) -> bool:
    return head.startswith(_BDF) or (head.startswith(_EDF) and len(head) >= 256)


FORMATS = (
    Format("EDF", (".edf", ".rec"), _read, open=_open),
    Format("BDF", (".bdf",), _read, open=_open),
)
