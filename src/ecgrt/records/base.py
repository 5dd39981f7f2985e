"""One ECG record from disk, whatever format it is in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .listing import list_records
from .reading import SAME_BY_CLOCK, SAME_RATE, Asked, Reading, check_rate
from .registry import find, format_of, record_name
from .units import is_stated, microvolts_per, volts

Signal = npt.NDArray[Any]

__all__ = ["Record", "list_records", "read_record"]

_CORE_DTYPES = (np.int16, np.int32, np.float32, np.float64)


@dataclass(frozen=True, eq=False, repr=False)
class Record:
    """A single-lead ECG.

    Attributes
    ----------
    name
        The file's name without its suffix.
    signal
        int16, int32, float32 or float64 (n,), n >= 1, contiguous, in microvolts. NaN where samples
        are known to be missing: :attr:`gaps`.
    fs
        Sampling rate in Hz.
    lead
        The lead's name, such as ``"II"``; None if the file has none.
    unit
        What the file, or the caller, gave the samples in before they became microvolts.
    start
        When the first sample was taken, if the file tells.
    format
        The kind of file, such as ``"EDF+D"``.
    path
        The file; None if it comes from none.
    """

    name: str
    signal: Signal
    fs: float
    lead: str | None = None
    unit: str = "uV"
    start: datetime | None = None
    format: str = ""
    path: Path | None = field(default=None)

    @property
    def duration(self) -> float:
        """Length in seconds, gaps included."""
        return float(self.signal.size / self.fs)

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        """Time of each sample in seconds from the first, (n,)."""
        return np.arange(self.signal.size) / self.fs

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """Spans of missing samples, as numbers of the first and of the one after the last."""
        missing = np.isnan(self.signal).astype(np.int8)  # False for integers
        edges = np.flatnonzero(np.diff(missing, prepend=0, append=0))
        return tuple((int(first), int(end)) for first, end in edges.reshape(-1, 2))

    def __repr__(self) -> str:
        # Neither name nor path nor date: files are named for patients.
        lead = "" if self.lead is None else f", lead {self.lead!r}"
        return f"<Record: {self.duration:.1f} s at {self.fs:g} Hz{lead}, {self.format or 'made'}>"


def read_record(
    path: str | Path,
    *,
    fs: float | None = None,
    unit: str | None = None,
    lead: str | int | None = None,
) -> Record:
    """Read a record. What neither the file nor the caller says is asked for, never guessed.

    ========================  ====================================================================
    ``.csv .tsv .txt``        text: a table, a column, exports of watches and recorders
    ``.npy .npz``             numbers, (n,), (n, leads) or (leads, n); `fs` and `unit` to be given
    ``.hea`` (``.mat .dat``)  WFDB; the challenge's own needs no other package, any other needs
                              ``pip install "ecgrt[formats]"``, as do the following
    ``.edf .rec .bdf``        European Data Format, EDF+ with or without gaps, BDF
    ``.dcm``                  DICOM waveforms
    ``.xml .scp .ecg``        GE MUSE, Philips, HL7 aECG; SCP-ECG; ISHNE
    ``.mat``                  MATLAB; `unit` to be given, and `fs` where no variable tells it
    ========================  ====================================================================

    Parameters
    ----------
    path
        The record with its suffix, or without.
    fs
        Sampling rate in Hz, for files that do not tell it.
    unit
        What a sample is given in, for files that do not tell it: V, mV, uV or nV, or the size of a
        step such as ``"4.88 uV"``.
    lead
        Which lead of several: its name, or its number from 0. Not needed where one signal only is
        an ECG by its name.

    Raises
    ------
    FileNotFoundError
        If a file of the record is missing.
    ValueError
        If a file is cut short, empty or damaged; if rate, unit or lead are neither in it nor given,
        or what is given contradicts it.
    TypeError
        If the samples, or `fs`, are no real numbers.
    ModuleNotFoundError
        If an optional package is needed; the message tells how to install it.
    """
    if fs is not None:
        check_rate(fs, "the sampling rate given is")
    if unit is not None:
        microvolts_per(unit)
    file = find(Path(path))
    reading = format_of(file).read(file, Asked(fs, unit, lead))
    rate = _rate(file, reading, fs)
    scale, said = _unit(file, reading, unit)
    return Record(
        name=record_name(file),
        signal=_microvolts(reading.samples, scale, file),
        fs=rate,
        lead=reading.lead,
        unit=said,
        start=reading.start,
        format=reading.format,
        path=file,
    )


def _rate(path: Path, reading: Reading, given: float | None) -> float:
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


def _unit(path: Path, reading: Reading, given: str | None) -> tuple[float, str]:
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


def _microvolts(samples: Signal, scale: float, path: Path) -> Signal:
    """Return the samples contiguous, in microvolts, in a type that the classifier takes."""
    if samples.dtype.kind not in "iuf":
        raise TypeError(f"{path} holds {samples.dtype}; integers and floating-point are accepted")
    if not samples.size:
        raise ValueError(f"{path} holds no samples")
    if np.isnan(samples).all():
        raise ValueError(f"{path} holds missing samples only")
    native = samples.dtype.newbyteorder("=")
    if scale == 1.0:
        kept = native if native in _CORE_DTYPES else np.float64
        return np.require(samples, kept, ["C", "W", "O"])  # a copy only where one is needed
    if native == np.float32:
        return samples.astype(np.float32, copy=False) * np.float32(scale)
    scaled = np.multiply(samples, scale, dtype=np.float64)
    return scaled if native.itemsize > 4 or native.kind == "u" else scaled.astype(np.float32)
