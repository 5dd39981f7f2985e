"""MATLAB's files of versions 5 to 7, read here: scipy's reader crashes on some damaged ones.

The layout is that of MathWorks' "MAT-File Format": after 128 bytes, elements of a tag (type and
number of bytes) and data; a matrix is an element made of elements, and may be compressed.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np

from .reading import Signal
from .stored import Stored, in_file, in_memory, opened_at

_HEADER_BYTES = 128
#: Bytes of a variable at most: a compressed one may unpack to any size.
_MAX_BYTES = 1 << 30
_MATRIX, _COMPRESSED = 14, 15
#: Bytes in which name and shape of a variable lie; what is not longer is read at once.
_SMALL = 1 << 16
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


def open_v5(path: Path) -> dict[str, Stored]:
    """Return the variables of real numbers, in the shapes that MATLAB has them, and the texts.

    A compressed variable is held whole; of another, nothing but its name and its shape.

    Raises
    ------
    ValueError
        If the file is damaged, or a variable too large.
    """
    try:
        with path.open("rb") as file:
            return dict(_variables(file, path))
    except (KeyError, StopIteration, RuntimeError, struct.error, zlib.error, _DamagedError):
        raise ValueError(f"{path} is not a whole MATLAB file of version 5 to 7") from None


def _variables(file: IO[bytes], path: Path) -> Iterator[tuple[str, Stored]]:
    order = {b"IM": "<", b"MI": ">"}[file.read(_HEADER_BYTES)[126:]]
    end, start = path.stat().st_size, _HEADER_BYTES
    while start < end:
        file.seek(start)
        kind, size, begin, _ = _tag(file.read(8), 0, order)
        first, start = start + begin, start + max(begin + size, 8)
        if first + size > end:
            raise _DamagedError
        file.seek(first)
        if kind == _MATRIX and size > _SMALL:
            variable = _large(file.read(_SMALL), size, first, order, path)
        else:
            body = file.read(size)
            if kind == _COMPRESSED:
                kind, body = next(_elements(_unpack(body), 0, order))
            variable = _matrix(body, order) if kind == _MATRIX else None
        if variable is not None:
            yield variable


def _large(head: bytes, size: int, start: int, order: str, path: Path) -> tuple[str, Stored] | None:
    """Return a variable by its first bytes; None if it does not hold numbers.

    Parameters
    ----------
    head
        Its first bytes.
    size, start
        All of its bytes, and where in the file they begin.
    """
    parts: list[tuple[int, bytes]] = []
    at = 0
    for _ in range(3):
        kind, length, first, at = _tag(head, at, order)
        parts.append((kind, head[first : first + length]))
    flags, shape, name = _values(*parts[0], order), _values(*parts[1], order), parts[2][1]
    kind, length, first, _ = _tag(head, at, order)
    if not flags.size or first + length > size:
        raise _DamagedError
    if not _is_numbers(int(flags[0])):
        return None
    dtype = np.dtype(order + _TYPES[kind])
    sides = _checked_shape(shape, length / dtype.itemsize)
    opened = partial(opened_at, path, start + first)
    return name.decode("latin-1"), in_file(path, dtype, sides, opened, fortran=True)


def _is_numbers(flags: int) -> bool:
    return flags & 0xFF in _NUMBERS and not flags & _IS_COMPLEX


def _checked_shape(shape: Signal, count: float) -> tuple[int, ...]:
    sides = tuple(int(side) for side in shape)
    if min(sides, default=0) < 0 or math.prod(sides) != count:
        raise _DamagedError
    return sides


def _unpack(body: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(body, _MAX_BYTES)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise _DamagedError
    return data


def _tag(data: bytes, start: int, order: str) -> tuple[int, int, int, int]:
    """Return an element's type, the bytes of its data, where they begin, and where the next does.

    Inside of a matrix, each begins at a multiple of 8 bytes.
    """
    kind, size = struct.unpack_from(f"{order}II", data, start)
    if kind >> 16:  # up to four bytes stand in the tag itself
        return kind & 0xFFFF, kind >> 16, start + 4, start + 8
    return kind, size, start + 8, start + 8 + (size + 7) // 8 * 8


def _elements(data: bytes, start: int, order: str) -> Iterator[tuple[int, bytes]]:
    """Yield type and data of the elements of a matrix."""
    while start < len(data):
        kind, size, first, start = _tag(data, start, order)
        if first + size > len(data):
            raise _DamagedError
        yield kind, data[first : first + size]


def _matrix(body: bytes, order: str) -> tuple[str, Stored] | None:
    """Return a variable's name and values; None if it holds neither numbers nor text."""
    parts = _elements(body, 0, order)
    flags = _values(*next(parts), order)
    if not flags.size:
        raise _DamagedError
    is_text = int(flags[0]) & 0xFF == _TEXT
    if not is_text and not _is_numbers(int(flags[0])):
        return None
    shape = _values(*next(parts), order)
    name = next(parts)[1].decode("latin-1")
    values = _values(*next(parts), order)
    if is_text:
        return name, in_memory(np.array("".join(chr(int(code) & 0xFFFF) for code in values[:64])))
    return name, in_memory(values.reshape(_checked_shape(shape, values.size), order="F"))


def _values(kind: int, body: bytes, order: str) -> Signal:
    dtype = np.dtype(order + _TYPES[kind])
    if len(body) % dtype.itemsize:
        raise _DamagedError
    return np.frombuffer(body, dtype)
