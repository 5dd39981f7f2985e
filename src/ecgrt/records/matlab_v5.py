"""MATLAB's files of versions 5 to 7, read here: scipy's reader crashes on some damaged ones.

The layout is that of MathWorks' "MAT-File Format": after 128 bytes, elements of a tag (type and
number of bytes) and data; a matrix is an element made of elements, and may be compressed.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .reading import Signal

_HEADER_BYTES = 128
#: Bytes of a variable at most: a compressed one may unpack to any size.
_MAX_BYTES = 1 << 30
_MATRIX, _COMPRESSED = 14, 15
#: NumPy's type of an element, by its number.
_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
    16: "u1",
    17: "u2",
    18: "u4",
}
#: Classes of matrices: text, and numbers from double to uint64.
_TEXT, _NUMBERS = 4, range(6, 16)
_IS_COMPLEX = 0x0800


class _DamagedError(ValueError):
    pass


def read_v5(path: Path) -> dict[str, Signal]:
    """Return the variables of real numbers, in the shapes that MATLAB has them, and the texts.

    Raises
    ------
    ValueError
        If the file is damaged, or a variable too large.
    """
    data = path.read_bytes()
    try:
        order = {b"IM": "<", b"MI": ">"}[data[126:_HEADER_BYTES]]
        found: dict[str, Signal] = {}
        for kind, body in _elements(data, _HEADER_BYTES, order, aligned=False):
            if kind == _COMPRESSED:
                kind, body = next(_elements(_unpack(body), 0, order))
            if kind == _MATRIX and (variable := _matrix(body, order)) is not None:
                found[variable[0]] = variable[1]
    except (KeyError, StopIteration, struct.error, zlib.error, _DamagedError):
        raise ValueError(f"{path} is not a whole MATLAB file of version 5 to 7") from None
    return found


def _unpack(body: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(body, _MAX_BYTES)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise _DamagedError
    return data


def _elements(
    data: bytes, start: int, order: str, *, aligned: bool = True
) -> Iterator[tuple[int, bytes]]:
    """Yield type and data of elements; inside of a matrix, each begins at a multiple of 8 bytes."""
    while start < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, start)
        if kind >> 16:  # up to four bytes stand in the tag itself
            kind, size, first, after = kind & 0xFFFF, kind >> 16, start + 4, start + 8
        else:
            first = start + 8
            after = first + (size + 7) // 8 * 8 if aligned else first + size
        if first + size > len(data):
            raise _DamagedError
        yield kind, data[first : first + size]
        start = after


def _matrix(body: bytes, order: str) -> tuple[str, Signal] | None:
    """Return a variable's name and values; None if it holds neither numbers nor text."""
    parts = _elements(body, 0, order)
    flags = _values(*next(parts), order)
    if not flags.size:
        raise _DamagedError
    matrix_class = int(flags[0]) & 0xFF
    if matrix_class not in (_TEXT, *_NUMBERS) or int(flags[0]) & _IS_COMPLEX:
        return None
    shape = [int(length) for length in _values(*next(parts), order)]
    name = next(parts)[1].decode("latin-1")
    values = _values(*next(parts), order)
    if matrix_class == _TEXT:
        return name, np.array("".join(chr(int(code) & 0xFFFF) for code in values[:64]))
    if min(shape, default=0) < 0 or int(np.prod(shape, dtype=np.float64)) != values.size:
        raise _DamagedError
    return name, values.reshape(shape, order="F")


def _values(kind: int, body: bytes, order: str) -> Signal:
    dtype = np.dtype(order + _TYPES[kind])
    if len(body) % dtype.itemsize:
        raise _DamagedError
    return np.frombuffer(body, dtype)
