"""One ECG record from disk, whatever format it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._looks import look
from .listing import list_records
from .reading import Asked, Source, join
from .registry import find, format_of, record_name
from .stated import check_given, check_held, in_microvolts, rate_of, unit_of
from .units import microvolts_per

Signal = npt.NDArray[Any]

__all__ = ["Record", "RecordReader", "list_records", "open_record", "read_record"]


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

    def _repr_html_(self) -> str:
        return str(look("record", self))

    def __repr__(self) -> str:
        # Neither name nor path nor date: files are named for patients.
        lead = "" if self.lead is None else f", lead {self.lead!r}"
        return f"<Record: {self.duration:.1f} s at {self.fs:g} Hz{lead}, {self.format or 'made'}>"


@dataclass(frozen=True, eq=False, repr=False)
class RecordReader:
    """A single-lead ECG that is read piece by piece: what :func:`open_record` returns.

    Attributes
    ----------
    name, fs, lead, unit, start, format, path
        As of :class:`Record`.
    size
        How many samples it has, gaps included; None where only reading tells.
    """

    name: str
    fs: float
    lead: str | None
    unit: str
    start: datetime | None
    format: str
    path: Path
    size: int | None
    _pieces: Callable[[], Iterator[Signal]]
    _scale: float

    def chunks(self, seconds: float = 60.0) -> Iterator[Signal]:
        """Read from the beginning, in chunks of so many seconds; the last may be shorter.

        Yields
        ------
        array of shape (n,)
            int16, int32, float32 or float64, contiguous, in microvolts; NaN where samples are
            known to be missing.

        Raises
        ------
        ValueError
            If the file turns out to be damaged, without samples, or with missing ones only.
        """
        if not 0 < seconds < float("inf"):
            raise ValueError(f"chunks are {seconds} s; a positive number of seconds is accepted")
        length = max(1, round(seconds * self.fs))
        held: list[Signal] = []
        total = missing = count = 0
        for piece in self._pieces():
            signal = in_microvolts(piece, self._scale, self.path)
            total += signal.size
            missing += int(np.isnan(signal).sum())
            while count + signal.size >= length:
                held.append(signal[: length - count])
                signal = signal[length - count :]
                yield join(held)
                count = 0
            if signal.size:
                held.append(signal)
                count += signal.size
        check_held(total, missing == total, self.path)
        if held:
            yield join(held)

    def __repr__(self) -> str:
        lead = "" if self.lead is None else f", lead {self.lead!r}"
        return f"<RecordReader: {self.fs:g} Hz{lead}, {self.format}>"


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
    check_given(fs, unit)
    file = find(Path(path))
    reading = format_of(file).read(file, Asked(fs, unit, lead))
    rate = rate_of(file, reading, fs)
    scale, said = unit_of(file, reading, unit)
    signal = in_microvolts(reading.samples, scale, file)
    check_held(signal.size, bool(np.isnan(signal).all()), file)
    return Record(
        name=record_name(file),
        signal=signal,
        fs=rate,
        lead=reading.lead,
        unit=said,
        start=reading.start,
        format=reading.format,
        path=file,
    )


def open_record(
    path: str | Path,
    *,
    fs: float | None = None,
    unit: str | None = None,
    lead: str | int | None = None,
) -> RecordReader:
    """Begin to read a record of any length, piece by piece.

    EDF, EDF+, BDF, WFDB, text, ``.npy``, ``.npz``, MATLAB and ISHNE are never held whole. The other
    formats, the challenge's own, WFDB without a length and compressed variables of MATLAB 5 to 7
    among them, are read as a whole. Of text whose times alone tell the rate, the first megabyte
    does, and the rest is held against it.

    Parameters
    ----------
    path, fs, unit, lead
        As of :func:`read_record`.

    Raises
    ------
    Exception
        What :func:`read_record` raises, here or, for what only reading finds, from
        :meth:`RecordReader.chunks`.
    """
    check_given(fs, unit)
    file = find(Path(path))
    kind, asked = format_of(file), Asked(fs, unit, lead)
    source = Source.of(kind.read(file, asked)) if kind.open is None else kind.open(file, asked)
    rate = rate_of(file, source, fs)
    scale, said = unit_of(file, source, unit)
    return RecordReader(
        name=record_name(file),
        fs=rate,
        lead=source.lead,
        unit=said,
        start=source.start,
        format=source.format,
        path=file,
        size=source.size,
        _pieces=source.pieces,
        _scale=scale,
    )


def record_of(name: str, samples: Signal, *, fs: float, unit: str, place: str) -> Record:
    """Return a record of samples in memory, held to what :func:`read_record` holds a file to.

    Parameters
    ----------
    samples
        Shape (n,), integers or floats.
    fs, unit
        As of :func:`read_record`.
    place
        Where they are from, for messages.

    Raises
    ------
    ValueError, TypeError
        As of :func:`read_record`.
    """
    check_given(fs, unit)
    signal = in_microvolts(samples, microvolts_per(unit), place)
    check_held(signal.size, bool(np.isnan(signal).all()), place)
    return Record(name=name, signal=signal, fs=float(fs), unit=unit)
