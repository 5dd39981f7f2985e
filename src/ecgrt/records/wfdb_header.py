"""WFDB's header files, header(5): what a record consists of."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

#: A header is text of a few lines; no more than this is read.
_MAX_BYTES = 16 << 20
_GAIN = re.compile(
    r"(?P<gain>[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]{1,3})?)"
    r"(\((?P<baseline>[-+]?[0-9]{1,10})\))?(/(?P<unit>\S+))?"
)
_FORMAT = re.compile(
    r"(?P<code>[0-9]{1,3})(x(?P<frame>[0-9]{1,5}))?(:(?P<skew>[0-9]{1,7}))?(\+(?P<offset>[0-9]{1,9}))?"
)
_RATE = re.compile(r"(?P<rate>[0-9]*\.?[0-9]+([eE][-+]?[0-9]{1,2})?)(/\S*)?")
#: Bytes of a file's name, with room for a suffix.
_LONGEST_NAME = 250
_LARGEST = 1 << 53


@dataclass(frozen=True)
class SignalLine:
    """What a header tells of one signal.

    Attributes
    ----------
    file, code
        Where its samples are, and the number of the format that they are stored in.
    per_frame, skew, offset
        Samples in a frame, samples that it lags behind, bytes before the first sample.
    gain, unit
        Stored units in one physical unit; None if it is not calibrated.
    baseline
        The stored value of 0.
    first
        The first stored sample; None if not told.
    checksum
        Sum of the stored samples modulo 65,536; None if not told.
    name
        The signal's name, such as ``ECG``.
    """

    file: str
    code: str
    per_frame: int
    skew: int
    offset: int
    gain: float | None
    unit: str | None
    baseline: int
    first: int | None
    checksum: int | None
    name: str


@dataclass(frozen=True)
class Header:
    """What a .hea tells.

    Attributes
    ----------
    fs
        Frames in a second; None if not told.
    frames
        Their number; 0 if not told.
    signals
        A line each; empty in the header of several segments.
    segments
        Name and length in frames of each; empty if the record is one.
    start
        When the first sample was taken.
    """

    fs: float | None
    frames: int
    signals: tuple[SignalLine, ...]
    segments: tuple[tuple[str, int], ...]
    start: datetime | None


def read_header(path: Path) -> Header:
    """Read a .hea.

    Raises
    ------
    ValueError
        If a line is not what WFDB defines; the message says which.
    """
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ValueError(f"{path} is larger than {_MAX_BYTES >> 20} MiB, which no header is")
    text = data.decode("utf-8-sig", errors="replace")
    lines = [(n, line.strip()) for n, line in enumerate(re.split(r"\r\n|\n|\r", text), 1)]
    lines = [(n, line) for n, line in lines if line and not line.startswith("#")]
    if not lines:
        raise ValueError(f"{path} is empty")
    number, first = lines[0]
    fields = first.split()
    try:
        name, _, parts = fields[0].partition("/")
        count, segments = _integer(fields[1]), _integer(parts) if parts else 0
        fs = _rate(fields[2]) if len(fields) > 2 else None
        frames = _integer(fields[3]) if len(fields) > 3 else 0
    except (ValueError, IndexError):
        name, count, segments, fs, frames = "", 0, 0, None, 0
    if not name or count < 1 or frames < 0 or segments < 0:
        raise ValueError(
            f"{path}, line {number} is not NAME LEADS RATE SAMPLES, such as 'A00001 1 300 9000'"
        )
    needed = segments or count
    if len(lines) - 1 < needed:
        what = "segments" if segments else "leads"
        raise ValueError(f"{path} tells of {needed} {what}, but describes {len(lines) - 1}")
    body = lines[1 : needed + 1]
    return Header(
        fs=fs,
        frames=frames,
        signals=() if segments else tuple(_signal_line(line, n, path) for n, line in body),
        segments=tuple(_segment(line, n, path) for n, line in body) if segments else (),
        start=_start(fields[4:6]),
    )


def _integer(text: str) -> int:
    """Read a whole number of a size that a header may hold; int() takes any."""
    if not re.fullmatch(r"[-+]?[0-9]{1,16}", text) or abs(int(text)) > _LARGEST:
        raise ValueError
    return int(text)


def _rate(text: str) -> float:
    match = _RATE.fullmatch(text)
    if match is None or not (math.isfinite(rate := float(match["rate"])) and rate > 0):
        raise ValueError
    return rate


def _segment(line: str, number: int, path: Path) -> tuple[str, int]:
    fields = line.split()
    try:
        name, length = fields[0], _integer(fields[1])
    except (ValueError, IndexError):
        name, length = "", -1
    if length < 0 or not (name == "~" or is_plain(name)):
        raise ValueError(f"{path}, line {number} is not the NAME LENGTH of a segment in its folder")
    return name, length


def is_plain(name: str) -> bool:
    """Whether a file may have this name, and it leads nowhere but into its folder."""
    if len(name.encode(errors="replace")) > _LONGEST_NAME:
        return False
    return name not in ("", ".", "..") and not re.search(r"[/\\:\0]", name)


def _start(fields: list[str]) -> datetime | None:
    if len(fields) < 2:
        return None
    whole, dot, fraction = fields[0].partition(".")
    parts = ["0", "0", *whole.split(":")][-3:]
    try:
        hour, minute, second = (_integer(part) for part in parts)
        day, month, year = (_integer(part) for part in fields[1].split("/"))
        micro = int(f"{fraction:0<6}"[:6]) if dot else 0
        return datetime(year, month, day, hour, minute, second, micro)
    except (ValueError, OverflowError):
        return None


def _signal_line(line: str, number: int, path: Path) -> SignalLine:
    """Parse FILE FORMAT [GAIN [BITS [ZERO [FIRST [CHECKSUM [BLOCK [NAME]]]]]]]."""
    fields = line.split(maxsplit=8)
    gain = _GAIN.fullmatch(fields[2] if len(fields) > 2 else "0")
    stored = _FORMAT.fullmatch(fields[1] if len(fields) > 1 else "")
    try:
        if gain is None or stored is None or not (fields[0] == "~" or is_plain(fields[0])):
            raise ValueError
        factor = float(gain["gain"])
        zero, first, checksum = (_integer(field) for field in (*fields[4:7], "0", "0", "0")[:3])
        per_frame = int(stored["frame"] or 1)
        if not math.isfinite(factor) or per_frame < 1:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"{path}, line {number} is not FILE FORMAT GAIN BITS ZERO FIRST CHECKSUM BLOCK NAME, "
            "such as 'A00001.mat 16+24 1000/mV 16 0 -127 0 0 ECG'"
        ) from None
    return SignalLine(
        file=fields[0],
        code=stored["code"],
        per_frame=per_frame,
        skew=int(stored["skew"] or 0),
        offset=int(stored["offset"] or 0),
        gain=factor or None,
        unit=(gain["unit"] or "mV") if factor else None,
        baseline=int(gain["baseline"] or zero),
        first=first if len(fields) > 5 else None,
        checksum=checksum if len(fields) > 6 else None,
        name=fields[8].strip() if len(fields) > 8 else "",
    )
