"""MATLAB's files without a WFDB header, by the packages scipy (up to version 7) and h5py (7.3)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..._extras import require
from ..arrays import read_arrays
from ..reading import Asked, Format, Reading, Signal, parse

_HDF5 = b"\x89HDF\r\n\x1a\n"
_V5 = b"MATLAB 5.0"
#: Numbers in one variable at most: a compressed file may unpack to any size.
_MAX_NUMBERS = 1 << 29
_NUMBERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "single", "double")


def _read(path: Path, asked: Asked) -> Reading:
    with path.open("rb") as file:
        head = file.read(520)
    if head.startswith(_V5):
        arrays = _read_v5(path)
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


def _read_v5(path: Path) -> dict[str, Signal]:
    io = require("scipy.io", extra="formats")
    listed = parse(path, lambda: io.whosmat(path))
    names = []
    for name, shape, kind in listed:
        if kind in _NUMBERS and np.prod([float(n) for n in shape]) > _MAX_NUMBERS:
            raise ValueError(f"{path} has a variable of more than {_MAX_NUMBERS} numbers")
        if kind in (*_NUMBERS, "char"):
            names.append(name)
    found: dict[str, Any] = parse(path, lambda: io.loadmat(path, variable_names=names))
    return {name: found[name] for name in names if isinstance(found.get(name), np.ndarray)}


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
