"""NumPy's own files, .npy and .npz."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..arrays import open_arrays
from ..reading import Asked, Format, Reading, Source
from ..stored import Stored, in_file, opened_at

#: An .npz that is read as a whole may unpack to this many bytes at most.
_MAX_UNPACKED = 4 << 30
_MAGIC = b"\x93NUMPY"
_HEADERS: dict[tuple[int, int], Callable[[IO[bytes]], Any]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of an array, to its first number: shape, whether Fortran's, type."""
    shape, fortran, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
    if dtype.hasobject or min(shape, default=0) < 0:
        raise ValueError
    return shape, fortran, dtype


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Tell of a damaged file, whatever NumPy and zipfile raise for it."""
    try:
        yield
    except (MemoryError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a damaged header leads to
        kind = type(error).__name__
        raise ValueError(
            f"{path} is not a whole {path.suffix.lower()} file of numbers ({kind})"
        ) from None


def _open_npy(path: Path, asked: Asked) -> Source:
    with _whole(path), path.open("rb") as file:
        shape, fortran, dtype = _header(file)
        offset = file.tell()
        opened = partial(opened_at, path, offset)
        array = in_file(path, dtype, shape, opened, fortran=fortran)
        tail = path.stat().st_size - offset - array.size * dtype.itemsize
        if tail < 0:
            raise EOFError
    if tail:
        raise ValueError(f"{path} has {tail} bytes more than its header tells of; write it again")
    return open_arrays({"": array}, path, asked, "NumPy")


def _read_npy(path: Path, asked: Asked) -> Reading:
    return _open_npy(path, asked).read()


def _open_npz(path: Path, asked: Asked) -> Source:
    arrays: dict[str, Stored] = {}
    with _whole(path), zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                if file.read(len(_MAGIC)) != _MAGIC:
                    continue
            with archive.open(name) as file:
                shape, fortran, dtype = _header(file)
            arrays[name.removesuffix(".npy")] = in_file(
                path, dtype, shape, partial(_member, path, name), fortran=fortran, to_end=True
            )
    return open_arrays(arrays, path, asked, "NumPy")


@contextmanager
def _member(path: Path, name: str) -> Iterator[IO[bytes]]:
    """Open an array of an archive at its first number."""
    with _whole(path), zipfile.ZipFile(path) as archive, archive.open(name) as file:
        _header(file)
        yield file


def _read_npz(path: Path, asked: Asked) -> Reading:
    with _whole(path), zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > _MAX_UNPACKED:
        raise ValueError(f"{path} unpacks to more than {_MAX_UNPACKED >> 30} GiB")
    return _open_npz(path, asked).read()


FORMATS = (
    Format(
        "NumPy", (".npy",), _read_npy, lambda path, head: head.startswith(_MAGIC), open=_open_npy
    ),
    Format("NumPy", (".npz",), _read_npz, open=_open_npz),
)
