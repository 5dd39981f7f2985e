"""MATLAB's files without a WFDB header: versions 5 to 7, and 7.3 by the package h5py."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..._extras import require
from ..arrays import read_arrays
from ..matlab_v5 import read_v5
from ..reading import Asked, Format, Reading, Signal, parse

_HDF5 = b"\x89HDF\r\n\x1a\n"
_V5 = b"MATLAB 5.0"
#: Numbers in one variable at most: a compressed file may unpack to any size.
_MAX_NUMBERS = 1 << 29


def _read(path: Path, asked: Asked) -> Reading:
    with path.open("rb") as file:
        head = file.read(520)
    if head.startswith(_V5):
        arrays = read_v5(path)
    elif _HDF5 in (head[:8], head[512:520]):
        arrays = _read_hdf5(path)
    else:
        raise FileNotFoundError(
            f"{path} needs its header {path.with_suffix('.hea').name} beside it, or to be a MATLAB "
            "file of version 5 or later"
        )
    if not arrays:
        raise ValueError(f"{path} holds no variable of numbers")
    return read_arrays(arrays, path, asked, "MATLAB")


def _read_hdf5(path: Path) -> dict[str, Signal]:
    h5py = require("h5py", extra="formats")
    found: dict[str, Signal] = {}
    with parse(path, lambda: h5py.File(path, "r")) as file:
        for name, item in parse(path, lambda: list(file.items())):
            if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "iuf":
                continue
            if item.size > _MAX_NUMBERS:
                raise ValueError(f"{path} has a variable of more than {_MAX_NUMBERS} numbers")
            if item.attrs.get("MATLAB_class") == b"char":
                continue
            found[str(name)] = parse(path, partial(_transposed, item))
    return found


def _transposed(item: Any) -> Signal:
    return np.asarray(item[()]).T


FORMATS = (Format("MATLAB", (".mat",), _read),)
