"""NumPy's own files, .npy and .npz."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np

from ..arrays import read_arrays
from ..reading import Asked, Format, Reading, Signal

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
    Format("NumPy", (".npy",), _read_npy, lambda path, head: head.startswith(b"\x93NUMPY")),
    Format("NumPy", (".npz",), _read_npz),
)
