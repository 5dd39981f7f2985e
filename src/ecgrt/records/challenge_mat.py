"""The challenge's signal file, a MATLAB v4 matrix of int16, read without another package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from .wfdb_header import Header, SignalLine

#: Bytes before the samples: five int32, then the matrix's name, "val" and a NUL.
HEADER_BYTES = 24
#: The first int32 of a little-endian, full matrix of int16.
INT16 = 30
#: Number of WFDB's format for int16.
CODE = "16"


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
    if len(data) < HEADER_BYTES:
        raise ValueError(f"{path} is cut short: {len(data)} bytes do not even hold a .mat header")
    kind, leads, length, imaginary, name_bytes = np.frombuffer(data, "<i4", count=5).tolist()
    if (kind, imaginary, name_bytes, data[HEADER_BYTES - 1]) != (INT16, 0, 4, 0):
        raise ValueError(
            f"{path} is not the challenge's MATLAB v4 file: a real matrix of int16 (type "
            f"{INT16}) with a name of 3 letters is accepted, this says type {kind}, "
            f"imaginary part {imaginary}, name of {name_bytes - 1} letters"
        )
    if leads != len(header.signals) or length < 0 or length != (header.frames or length):
        raise ValueError(
            f"{path} holds {leads} x {length} samples, but its header tells of "
            f"{len(header.signals)} x {header.frames}: take both from the same record"
        )
    expected = HEADER_BYTES + 2 * leads * length
    if len(data) != expected:
        fault = "is cut short" if len(data) < expected else "has a tail"
        raise ValueError(f"{path} {fault}: {len(data)} bytes instead of {expected}; fetch it again")
    return np.frombuffer(data, "<i2", offset=HEADER_BYTES).reshape(length, leads)


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
