"""The challenge's record format: a WFDB header (.hea) and a MATLAB v4 matrix (.mat).

The layouts are WFDB's header(5) and signal(5) (format ``16+24``) and level 4 of MATLAB's MAT-file
format.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

#: Bytes before the samples of a .mat: five int32, then the matrix's name, "val" and a NUL.
MAT_HEADER_BYTES = 24
#: The first int32 of a little-endian, full matrix of int16.
MAT_INT16 = 30
#: How a header names the format of such a .mat: int16 after 24 bytes.
MAT_FORMAT = "16+24"

_MICROVOLTS = {"nv": 1e-3, "uv": 1.0, "µv": 1.0, "μv": 1.0, "mv": 1e3, "v": 1e6}
# What WFDB assumes where a header says nothing, or a gain of 0.
_DEFAULT_FS = 250.0
_DEFAULT_GAIN = 200.0
_GAIN = re.compile(r"(?P<gain>[-+.\deE]+)(\((?P<baseline>[-+]?\d+)\))?(/(?P<unit>\S+))?")


@dataclass(frozen=True)
class SignalLine:
    """What a header tells of one lead.

    Attributes
    ----------
    file, format
        Where its samples are, and how they are stored, such as ``16+24``.
    scale
        Microvolts per unit of the stored samples.
    baseline
        The stored value of 0 V.
    first
        The first stored sample; None if not told.
    checksum
        Sum of the stored samples modulo 65,536; 0 if not told.
    name
        The lead's name, such as ``ECG``.
    """

    file: str
    format: str
    scale: float
    baseline: int
    first: int | None
    checksum: int
    name: str

    def to_microvolts(self, samples: npt.NDArray[np.int16]) -> npt.NDArray[Any]:
        """Return the samples in microvolts: untouched if they are already, else as float32."""
        if self.scale == 1.0 and self.baseline == 0:
            return samples
        return ((samples.astype(np.float64) - self.baseline) * self.scale).astype(np.float32)


@dataclass(frozen=True)
class Header:
    """What a .hea tells: sampling rate in Hz, samples per lead (0 if not told), the leads."""

    fs: float
    samples: int
    signals: tuple[SignalLine, ...]


def microvolts_per(unit: str, path: Path) -> float:
    """Return the microvolts in one `unit`, which `path` names; raise ValueError if unknown."""
    try:
        return _MICROVOLTS[unit.strip().lower()]
    except KeyError:
        raise ValueError(
            f"{path} gives its signal in {unit!r}; V, mV, uV or nV is accepted"
        ) from None


def read_header(path: Path) -> Header:
    """Read a .hea.

    Raises
    ------
    ValueError
        If a line is not what WFDB defines; the message quotes the line.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise ValueError(f"{path} is empty")
    first = lines[0].split()
    try:
        count = int(first[1])
        fs = float(first[2].partition("/")[0]) if len(first) > 2 else _DEFAULT_FS
        samples = int(first[3]) if len(first) > 3 else 0
    except (ValueError, IndexError):
        count, fs, samples = 0, 0.0, 0
    if count < 1 or samples < 0 or not (math.isfinite(fs) and fs > 0):
        raise ValueError(
            f"{path} starts with {lines[0]!r}, which is not NAME LEADS RATE SAMPLES, "
            "such as 'A00001 1 300 9000'"
        )
    if len(lines) - 1 < count and "/" not in first[0]:
        raise ValueError(f"{path} tells of {count} leads, but describes {len(lines) - 1}")
    return Header(fs, samples, tuple(_signal_line(line, path) for line in lines[1 : count + 1]))


def _signal_line(line: str, path: Path) -> SignalLine:
    """Parse FILE FORMAT [GAIN [BITS [ZERO [FIRST [CHECKSUM [BLOCK [NAME]]]]]]]."""
    fields = line.split(maxsplit=8)
    gain_field = _GAIN.fullmatch(fields[2] if len(fields) > 2 else "0")
    try:
        if gain_field is None:
            raise ValueError
        gain = float(gain_field["gain"]) or _DEFAULT_GAIN
        zero, first, checksum = (int(field) for field in (*fields[4:7], "0", "0", "0")[:3])
    except ValueError:
        raise ValueError(
            f"{path} has the line {line!r}, which is not FILE FORMAT GAIN BITS ZERO FIRST CHECKSUM "
            "BLOCK NAME, such as 'A00001.mat 16+24 1000/mV 16 0 -127 0 0 ECG'"
        ) from None
    return SignalLine(
        file=fields[0],
        format=fields[1] if len(fields) > 1 else "",
        scale=microvolts_per(gain_field["unit"] or "mV", path) / gain,
        baseline=int(gain_field["baseline"] or zero),
        first=first if len(fields) > 5 else None,
        checksum=checksum,
        name=fields[8] if len(fields) > 8 else "",
    )


def read_mat(path: Path, header: Header) -> npt.NDArray[np.int16]:
    """Read the .mat that a header describes.

    Returns
    -------
    ndarray
        int16 (samples, leads), as stored.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no MATLAB v4 matrix of int16, is cut short, or contradicts the header.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist, though its header does")
    data = path.read_bytes()
    if data.startswith(b"MATLAB "):
        raise ValueError(f"{path} is a MATLAB file of version 5 or later; save it with '-v4'")
    if len(data) < MAT_HEADER_BYTES:
        raise ValueError(f"{path} is cut short: {len(data)} bytes do not even hold a .mat header")
    kind, leads, length, imaginary, name_bytes = np.frombuffer(data, "<i4", count=5).tolist()
    if (kind, imaginary, name_bytes, data[MAT_HEADER_BYTES - 1]) != (MAT_INT16, 0, 4, 0):
        raise ValueError(
            f"{path} is not the challenge's MATLAB v4 file: a real matrix of int16 (type "
            f"{MAT_INT16}) with a name of 3 letters is accepted, this says type {kind}, "
            f"imaginary part {imaginary}, name of {name_bytes - 1} letters"
        )
    if leads != len(header.signals) or length < 0 or length != (header.samples or length):
        raise ValueError(
            f"{path} holds {leads} x {length} samples, but its header tells of "
            f"{len(header.signals)} x {header.samples}: take both from the same record"
        )
    expected = MAT_HEADER_BYTES + 2 * leads * length
    if len(data) != expected:
        fault = "is cut short" if len(data) < expected else "has a tail"
        raise ValueError(f"{path} {fault}: {len(data)} bytes instead of {expected}; fetch it again")
    return np.frombuffer(data, "<i2", offset=MAT_HEADER_BYTES).reshape(length, leads)


def check_samples(samples: npt.NDArray[np.int16], line: SignalLine, path: Path) -> None:
    """Raise ValueError if one lead's samples are not those that the header `path` tells of.

    The challenge's own headers carry a checksum of 0 throughout, and 503 of 7,674 first values
    that are not the signal's. So a checksum of 0 means that neither was filled in.
    """
    if not line.checksum or not samples.size:
        return
    if (line.checksum - int(samples.sum(dtype=np.int64))) % 65536:
        raise ValueError(
            f"{path} tells of checksum {line.checksum}, which {line.file} does not have: "
            "one of the two was changed or damaged"
        )
    if line.first != samples[0]:
        raise ValueError(
            f"{path} tells of a first value {line.first}, {line.file} has {samples[0]}"
        )
