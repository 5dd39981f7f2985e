"""WFDB: the challenge's records without another package, all others by the package wfdb."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..._extras import require
from ..challenge_mat import CODE, HEADER_BYTES, check_samples, read_mat
from ..leads import pick
from ..reading import PIECE, Asked, Format, Reading, Signal, Source, Spreader, join, parse
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
    reading = _reading(header, number, _stored(header_path, header, number))
    line = header.signals[number]
    if not line.skew:
        return reading
    return replace(reading, samples=join(list(_without_skew([reading.samples], line))))


def _open(path: Path, asked: Asked) -> Source:
    """Begin to read; the challenge's own, and what does not tell its length, is read as a whole."""
    header_path = path.with_suffix(".hea")
    header = read_header(header_path) if header_path.is_file() else None
    if header is None or any(line.file.endswith(".mat") for line in header.signals):
        return Source.of(_read(path, asked))
    if header.segments:
        return _open_segments(header_path, header, asked)
    number = _choose(header, asked, header_path)
    line = header.signals[number]
    if not header.frames:
        return Source.of(_read(path, asked))
    _check_size(header_path, header, line)
    empty = _reading(header, number, np.empty(0, np.int64))
    exact = empty.scale is not None

    def converted() -> Iterator[Signal]:
        for stored in _stored_pieces(header_path, header, number):
            if exact:  # in microvolts
                yield _valid(stored, stored, line)
            else:
                yield _reading(header, number, stored, whole=False).samples

    def pieces() -> Iterator[Signal]:
        return _without_skew(converted(), line)

    size = header.frames * line.per_frame
    return replace(Source.of(empty), pieces=pieces, size=size)


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
    if not gaps.any():
        return samples
    samples = samples.astype(np.float64)
    samples[gaps] = np.nan
    return samples


def _without_skew(pieces: Iterable[Signal], line: SignalLine) -> Iterator[Signal]:
    """Yield a signal that lags behind the others in its place: its end is not known."""
    shift = line.skew * line.per_frame
    early = lost = 0
    for piece in pieces:
        cut = min(shift - early, piece.size)
        early, lost = early + cut, lost + cut
        if cut < piece.size:
            yield piece[cut:]
    for first in range(0, lost, PIECE):
        yield np.full(min(PIECE, lost - first), np.nan)


def _stored(path: Path, header: Header, number: int) -> Signal:
    """Return a signal's samples as stored, int64 (n,), checked."""
    return join(list(_stored_pieces(path, header, number)))


def _stored_pieces(path: Path, header: Header, number: int) -> Iterator[Signal]:
    """Yield a signal's samples as stored, int64, read by the package wfdb, and check their sum."""
    wfdb = require("wfdb", extra="formats")
    line = header.signals[number]
    _check_size(path, header, line)
    name = str(path.with_suffix("").resolve())
    options = {"physical": False, "smooth_frames": False, "ignore_skew": True}
    total = size = 0
    step = PIECE // line.per_frame if header.frames else 0
    for first in range(0, max(header.frames, 1), step or 1):
        # Of a record of unknown length all, at once.
        end = min(first + step, header.frames) if header.frames else None
        record = parse(
            path,
            partial(wfdb.rdrecord, name, channels=[number], sampfrom=first, sampto=end, **options),
        )
        stored: Signal = record.e_d_signal[0]
        size += stored.size
        if header.frames and stored.size != ((end or 0) - first) * line.per_frame:
            expected = header.frames * line.per_frame
            raise ValueError(f"{path} tells of {expected} samples, {line.file} holds {size}")
        total += int(stored.sum(dtype=np.int64))
        yield stored
    # Headers made by hand, and the challenge's, have a checksum of 0 where none was computed.
    if line.checksum and (line.checksum - total) % 65536:
        raise ValueError(
            f"{path} tells of checksum {line.checksum}, which {line.file} does not have: "
            "one of the two was changed or damaged"
        )


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
    return _open_segments(path, header, asked).read()


def _open_segments(path: Path, header: Header, asked: Asked) -> Source:
    """Read a record of several segments, NaN where a segment is missing or lacks the lead."""
    names, wanted = _layout(path, header), asked
    if wanted.lead is None or not isinstance(wanted.lead, str):
        number = pick([name for name, _ in names], asked.lead, path, [unit for _, unit in names])
        wanted = Asked(asked.fs, asked.unit, names[number][0])
    lead = str(wanted.lead)
    parts = list(_segments(path, header, lead))
    held = [part for part in parts if part.header is not None]
    if not held or header.fs is None:
        raise ValueError(f"{path} has no segment with lead {lead!r}")
    first = held[0].empty()
    for part in held:
        reading = part.empty()
        if (reading.fs, reading.unit) != (first.fs, first.unit):
            raise ValueError(f"{path} has segments of different rates or units")
    if first.fs is None:
        raise ValueError(f"{path} does not tell the sampling rate of its segments")
    ratio = first.fs / header.fs
    frames = sum(part.frames for part in parts)

    def pieces() -> Iterator[Signal]:
        spreader = Spreader(path, round(sum(part.frames for part in held) * ratio))
        frame = 0
        for part in parts:
            place = round(frame * ratio)
            for samples in part.aligned():
                yield from spreader.put(samples.astype(np.float32), place)
                place += samples.size
            frame += part.frames
        yield from spreader.put(np.empty(0, np.float32), round(frame * ratio))

    source = Source.of(replace(first, start=header.start))
    return replace(source, pieces=pieces, size=round(frames * ratio))


@dataclass(frozen=True)
class _Segment:
    """A part of a record; without a header, a gap."""

    frames: int
    path: Path
    header: Header | None = None
    number: int = 0

    def empty(self) -> Reading:
        """Return what it tells of itself."""
        assert self.header is not None
        return _reading(self.header, self.number, np.empty(0, np.int64), whole=False)

    def aligned(self) -> Iterator[Signal]:
        """Yield its samples; those of a gap are none."""
        if self.header is None:
            return iter(())
        return _without_skew(self._pieces(), self.header.signals[self.number])

    def _pieces(self) -> Iterator[Signal]:
        assert self.header is not None
        for stored in _stored_pieces(self.path, self.header, self.number):
            yield _reading(self.header, self.number, stored, whole=False).samples


def _layout(path: Path, header: Header) -> list[tuple[str, str | None]]:
    """Return name and unit of the signals: of the layout, or of the first segment."""
    for name, _ in header.segments:
        if name != "~":
            first = read_header(path.with_name(f"{name}.hea"))
            return [(line.name, line.unit) for line in first.signals]
    raise ValueError(f"{path} has no segment")


def _segments(path: Path, header: Header, lead: str) -> Iterator[_Segment]:
    for name, length in header.segments:
        part_path = path.with_name(f"{name}.hea")
        gap = _Segment(length, part_path)
        if name == "~" or not length:  # a gap, or the layout
            yield gap
            continue
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
            yield gap
            continue
        yield _Segment(length, part_path, part, number)


FORMATS = (
    Format("WFDB", (".hea", ".dat"), _read, open=_open),
    Format("WFDB", (".mat",), _read, lambda path, head: path.with_suffix(".hea").is_file()),
)
