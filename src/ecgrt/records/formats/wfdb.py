"""WFDB: the challenge's records without another package, all others by the package wfdb."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..._extras import require
from ..challenge_mat import CODE, HEADER_BYTES, check_samples, read_mat
from ..leads import pick
from ..reading import Asked, Format, Reading, Signal, parse, spread
from ..units import volts
from ..wfdb_header import Header, SignalLine, read_header

#: Bytes of a sample, by format; compressed ones have no fixed number.
_BYTES = {"8": 1.0, "16": 2.0, "24": 3.0, "32": 4.0, "61": 2.0, "80": 1.0, "160": 2.0, "212": 1.5}
#: The stored value that stands for no sample, by format.
_INVALID = {
    **dict.fromkeys(("80", "508"), -(2**7)),
    **dict.fromkeys(("310", "311"), -(2**9)),
    "212": -(2**11),
    **dict.fromkeys(("16", "61", "160", "516"), -(2**15)),
    **dict.fromkeys(("24", "524"), -(2**23)),
    "32": -(2**31),
}
_NO_SIGNAL = "0"  # format of what is not recorded


def _read(path: Path, asked: Asked) -> Reading:
    header_path = path.with_suffix(".hea")
    if not header_path.is_file():
        raise FileNotFoundError(f"{path} needs its header {header_path.name} beside it")
    header = read_header(header_path)
    if header.segments:
        return _read_segments(header_path, header, asked)
    number = _choose(header, asked, header_path)
    if any(line.file.endswith(".mat") for line in header.signals) and _is_challenge(
        header, header_path
    ):
        samples = read_mat(header_path.with_suffix(".mat"), header)[:, number]
        check_samples(samples, header.signals[number], header_path)
        return _reading(header, number, samples)
    return _reading(header, number, _stored(header_path, header, number))


def _choose(header: Header, asked: Asked, path: Path) -> int:
    names = [line.name for line in header.signals]
    return pick(names, asked.lead, path, [line.unit for line in header.signals])


def _is_challenge(header: Header, path: Path) -> bool:
    """Whether a record is a header and one MATLAB v4 matrix; raise ValueError if it is mixed."""
    for line in header.signals:
        stored = f"{line.code}+{line.offset}"
        if line.file != f"{path.stem}.mat" or stored != f"{CODE}+{HEADER_BYTES}":
            raise ValueError(
                f"{path} describes {line.file} {stored}, not {path.stem}.mat "
                f"{CODE}+{HEADER_BYTES}: take header and signal from the same record"
            )
    return all(line.per_frame == 1 and not line.skew for line in header.signals)


def _reading(header: Header, number: int, stored: Signal, *, whole: bool = True) -> Reading:
    """Return one signal as its header describes it, NaN where no sample was stored.

    A `whole` record of microvolts stays as it is stored; a segment becomes what the others are.
    """
    line = header.signals[number]
    fs = None if header.fs is None else header.fs * line.per_frame
    if line.gain is None:
        unit = None  # not calibrated: 200 a millivolt would be a guess
        samples = _valid(stored - line.baseline if line.baseline else stored, stored, line)
    else:
        unit = line.unit
        step = (volts(line.unit or "") or 1.0) / line.gain
        if whole and step == 1.0 and not line.baseline and not _invalid(stored, line).any():
            return Reading(stored, fs, unit, line.name or None, "WFDB", header.start, scale=1.0)
        physical = (stored.astype(np.float64) - line.baseline) / line.gain
        samples = _valid(physical, stored, line)
    return Reading(samples, fs, unit, line.name or None, "WFDB", header.start)


def _invalid(stored: Signal, line: SignalLine) -> npt.NDArray[np.bool_]:
    value = _INVALID.get(line.code)
    none = np.zeros(stored.shape, np.bool_)
    return none if value is None else np.asarray(stored == value)


def _valid(samples: Signal, stored: Signal, line: SignalLine) -> Signal:
    gaps = _invalid(stored, line)
    if line.skew:
        shift = min(line.skew * line.per_frame, samples.size)
        lost = np.full(shift, np.nan)
        samples = np.concatenate([samples[shift:], lost])
        gaps = np.concatenate([gaps[shift:], np.ones(shift, np.bool_)])
    if not gaps.any():
        return samples
    samples = samples.astype(np.float64)
    samples[gaps] = np.nan
    return samples


def _stored(path: Path, header: Header, number: int) -> Signal:
    """Return a signal's samples as stored, int64 (n,), read by the package wfdb and checked."""
    wfdb = require("wfdb", extra="formats")
    line = header.signals[number]
    _check_size(path, header, line)
    record = parse(
        path,
        lambda: wfdb.rdrecord(
            str(path.with_suffix("").resolve()),
            channels=[number],
            physical=False,
            smooth_frames=False,
            ignore_skew=True,
        ),
    )
    stored: Signal = record.e_d_signal[0]
    expected = header.frames * line.per_frame
    if header.frames and stored.size != expected:
        raise ValueError(f"{path} tells of {expected} samples, {line.file} holds {stored.size}")
    # Headers made by hand, and the challenge's, have a checksum of 0 where none was computed.
    if line.checksum and (line.checksum - int(stored.sum(dtype=np.int64))) % 65536:
        raise ValueError(
            f"{path} tells of checksum {line.checksum}, which {line.file} does not have: "
            "one of the two was changed or damaged"
        )
    return stored


def _check_size(path: Path, header: Header, line: SignalLine) -> None:
    """Refuse a signal file that is cut short, before anything of the told size is allocated."""
    if line.code == _NO_SIGNAL or line.file == "~":
        raise ValueError(f"{path}: signal {line.name!r} was not recorded (format 0)")
    file = path.with_name(line.file)
    if not file.is_file():
        raise FileNotFoundError(f"{path} needs {line.file}, which does not exist")
    beside = [one for one in header.signals if one.file == line.file]
    needed = header.frames * sum(one.per_frame for one in beside) * _BYTES.get(line.code, 0.0)
    size = file.stat().st_size - line.offset
    if size < int(needed):
        raise ValueError(
            f"{path} tells of {int(needed)} bytes of samples, {line.file} has {size}: it is cut "
            "short"
        )


def _read_segments(path: Path, header: Header, asked: Asked) -> Reading:
    """Read a record of several segments, NaN where a segment is missing or lacks the lead."""
    names, wanted = _layout(path, header), asked
    if wanted.lead is None or not isinstance(wanted.lead, str):
        number = pick([name for name, _ in names], asked.lead, path, [unit for _, unit in names])
        wanted = Asked(asked.fs, asked.unit, names[number][0])
    lead = str(wanted.lead)
    pieces: list[Signal] = []
    starts: list[int] = []
    read: list[Reading] = []
    frame = 0
    for reading, length in _segments(path, header, lead):
        if reading is not None:
            if read and (reading.fs, reading.unit) != (read[0].fs, read[0].unit):
                raise ValueError(f"{path} has segments of different rates or units")
            if header.fs is None or reading.fs is None:
                raise ValueError(f"{path} does not tell the sampling rate of its segments")
            read.append(reading)
            pieces.append(reading.samples)
            starts.append(round(frame * reading.fs / header.fs))
        frame += length
    if not read or header.fs is None or read[0].fs is None:
        raise ValueError(f"{path} has no segment with lead {lead!r}")
    end = round(frame * read[0].fs / header.fs)
    samples = spread([*pieces, np.empty(0)], [*starts, end], path)
    first = read[0]
    return Reading(samples, first.fs, first.unit, first.lead, "WFDB", header.start)


def _layout(path: Path, header: Header) -> list[tuple[str, str | None]]:
    """Return name and unit of the signals: of the layout, or of the first segment."""
    for name, _ in header.segments:
        if name != "~":
            first = read_header(path.with_name(f"{name}.hea"))
            return [(line.name, line.unit) for line in first.signals]
    raise ValueError(f"{path} has no segment")


def _segments(path: Path, header: Header, lead: str) -> Iterator[tuple[Reading | None, int]]:
    for name, length in header.segments:
        if name == "~" or not length:  # a gap, or the layout
            yield None, length
            continue
        part_path = path.with_name(f"{name}.hea")
        if not part_path.is_file():
            raise FileNotFoundError(f"{path} needs {part_path.name}, which does not exist")
        part = read_header(part_path)
        if part.segments:
            raise ValueError(f"{path} has a segment that consists of segments itself")
        if part.frames and part.frames != length:
            raise ValueError(f"{part_path} does not have the length that {path.name} tells of")
        try:
            number = pick([line.name for line in part.signals], lead, part_path)
        except ValueError:
            yield None, length
            continue
        stored = _stored(part_path, part, number)
        yield _reading(part, number, stored, whole=False), length


FORMATS = (
    Format("WFDB", (".hea", ".dat"), _read),
    Format("WFDB", (".mat",), _read, lambda path, head: path.with_suffix(".hea").is_file()),
)
