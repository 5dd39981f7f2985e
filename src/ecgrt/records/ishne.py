"""ISHNE Holter files, read here: piece by piece, as they may last for days.

The layout is that of F. Badilini, "The ISHNE Holter Standard Output File Format", Ann Noninvasive
Electrocardiol 1998;3(3):263-266: a header of fixed length, a block of any length, and 16-bit
samples of all leads by turns.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np

from .leads import pick
from .reading import Asked, Signal, Source
from .stored import Lead, in_file, opened_at

MAGIC = b"ISHNE1.0"
_HEADER_BYTES = 522
#: Where the checksum's bytes begin.
_CHECKED = 10
_MAX_LEADS = 12
#: A stored value by which a recorder says that a lead was off.
_FAULT = -(2**15)
#: Names by their codes; the others say nothing of the lead.
_LEADS = {
    **dict(enumerate(("X", "Y", "Z", "I", "II", "III", "aVR", "aVL", "aVF"), 2)),
    **dict(enumerate(("V1", "V2", "V3", "V4", "V5", "V6", "ES", "AS", "AI"), 11)),
}
_ABSENT = -9


def open_ishne(path: Path, asked: Asked) -> Source:
    """Begin to read a lead.

    Raises
    ------
    ValueError
        If the file contradicts itself, or is cut short.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
        if len(head) < _HEADER_BYTES:
            raise ValueError(f"{path} is cut short: {len(head)} bytes do not even hold a header")
        (more,) = struct.unpack_from("<i", head, 10)
        begin, end = _HEADER_BYTES + more, path.stat().st_size
        if not _HEADER_BYTES <= begin <= end:
            raise _untrusted(path, "it departs from its format")
        head += file.read(more)
    _check_header(path, head, begin)
    leads, *codes = struct.unpack_from("<13h", head, 156)
    (rate,) = struct.unpack_from("<h", head, 272)
    if not 1 <= leads <= _MAX_LEADS or rate <= 0 or _ABSENT in codes[:leads]:
        raise _untrusted(path, "it departs from its format")
    size, rest = divmod(end - begin, 2 * leads)
    if rest:
        raise _untrusted(path, "it is cut short")
    _check_length(path, head, size, leads)
    names = [_LEADS.get(code, f"Lead {i}") for i, code in enumerate(codes[:leads], 1)]
    number = pick(names, asked.lead, path)
    nanovolts = struct.unpack_from("<12h", head, 206)[number]
    array = in_file(
        path, np.dtype("<i2"), (size, leads), partial(opened_at, path, begin), fortran=False
    )

    def pieces() -> Iterator[Signal]:
        for stored in array.read(Lead(number, leads, size, False)):
            samples = np.where(stored == _FAULT, np.nan, stored.astype(np.float64))
            yield samples * (nanovolts / 1000.0) if nanovolts > 0 else samples

    return Source(
        pieces=pieces,
        size=size,
        fs=float(rate),
        unit="uV" if nanovolts > 0 else None,
        lead=names[number],
        format="ISHNE Holter",
        start=_start(head),
    )


def _check_header(path: Path, head: bytes, begin: int) -> None:
    checksum, _, _, block, samples = struct.unpack_from("<H4i", head, 8)
    found = binascii.crc_hqx(head[_CHECKED:], 0xFFFF)
    # Recorders write it in either order of bytes; 0 is none.
    if checksum and checksum not in (found, found >> 8 | (found & 0xFF) << 8):
        raise _untrusted(path, "its checksum is wrong")
    if (block, samples) != (_HEADER_BYTES, begin):
        raise _untrusted(path, "it departs from its format")


def _check_length(path: Path, head: bytes, size: int, leads: int) -> None:
    (told,) = struct.unpack_from("<i", head, 14)
    # Samples of a lead by the standard, but some recorders count those of all.
    if told > 0 and told not in (size, size * leads):
        raise ValueError(f"{path} tells of {told} samples, but holds {size} of each lead")


def _start(head: bytes) -> datetime | None:
    day, month, year = struct.unpack_from("<3h", head, 138)
    try:
        return datetime(year, month, day, *struct.unpack_from("<3h", head, 150))
    except ValueError:
        return None


def _untrusted(path: Path, why: str) -> ValueError:
    return ValueError(f"{path} cannot be trusted: {why}; export it again")
