"""NumPy's own files, .npy and .npz."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..arrays import read_arrays
from ..reading import PIECE, Asked, Format, Reading, Signal, Source

#: An .npz may unpack to this many bytes at most.
_MAX_UNPACKED = 4 << 30


def _read_npy(path: Path, asked: Asked) -> Reading:
    try:
        with path.open("rb") as file:
            array: Signal = np.lib.format.read_array(file, allow_pickle=False)
            tail = os.fstat(file.fileno()).st_size - file.tell()
    except (OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - NumPy raises whatever a damaged header leads to
        kind = type(error).__name__
        raise ValueError(f"{path} is not a whole .npy file of numbers ({kind})") from None
    if tail:
        raise ValueError(f"{path} has {tail} bytes more than its header tells of; write it again")
    return read_arrays({"": array}, path, asked, "NumPy")


def _open_npy(path: Path, asked: Asked) -> Source:
    try:
        reading = _mapped(path, asked)
    except ValueError:
        return Source.of(_read_npy(path, asked))  # which tells the fault

    def pieces() -> Iterator[Signal]:
        for first in range(0, reading.samples.size, PIECE):
            # Mapped anew each time, so that the pages of the pieces before do not stay in memory.
            yield np.array(_mapped(path, asked).samples[first : first + PIECE])

    source = Source.of(reading)
    return replace(source, pieces=pieces)


def _mapped(path: Path, asked: Asked) -> Reading:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if path.stat().st_size != array.offset + array.nbytes:
        raise ValueError("its length is not what its header tells of")
    return read_arrays({"": array}, path, asked, "NumPy")


def _read_npz(path: Path, asked: Asked) -> Reading:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MAX_UNPACKED:
                raise ValueError(f"{path} unpacks to more than {_MAX_UNPACKED >> 30} GiB")
        with np.load(path, allow_pickle=False) as members:
            arrays = {name: np.asarray(members[name]) for name in members.files}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - of any kind, OSError among them, for a damaged archive
        kind = type(error).__name__
        raise ValueError(f"{path} is not a whole .npz file of numbers ({kind})") from None
    return read_arrays(arrays, path, asked, "NumPy")


FORMATS = (
    Format(
        "NumPy",
        (".npy",),
        _read_npy,
        lambda path, head: head.startswith(b"\x93NUMPY"),
        open=_open_npy,
    ),
    Format("NumPy", (".npz",), _read_npz),
)
