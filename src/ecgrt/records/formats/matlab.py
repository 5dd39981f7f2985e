"""MATLAB's files without a WFDB header: versions 5 to 7, and 7.3 by the package h5py."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..._extras import require
from ..arrays import open_arrays
from ..matlab_v5 import open_v5
from ..reading import PIECE, Asked, Format, Reading, Signal, Source, parse
from ..stored import Lead, Stored

_HDF5 = b"\x89HDF\r\n\x1a\n"
_V5 = b"MATLAB 5.0"
#: Samples of a lead that is read as a whole at most: a compressed file may unpack to any size.
_MAX_NUMBERS = 1 << 29


def _open(path: Path, asked: Asked) -> Source:
    with path.open("rb") as file:
        head = file.read(520)
    if head.startswith(_V5):
        arrays = open_v5(path)
    elif _HDF5 in (head[:8], head[512:520]):
        arrays = _open_hdf5(path)
    else:
        raise FileNotFoundError(
            f"{path} needs its header {path.with_suffix('.hea').name} beside it, or to be a MATLAB "
            "file of version 5 or later"
        )
    if not arrays:
        raise ValueError(f"{path} holds no variable of numbers")
    return open_arrays(arrays, path, asked, "MATLAB")


def _read(path: Path, asked: Asked) -> Reading:
    source = _open(path, asked)
    if source.size is not None and source.size > _MAX_NUMBERS:
        raise ValueError(f"{path} has a lead of more than {_MAX_NUMBERS} numbers")
    return source.read()


def _open_hdf5(path: Path) -> dict[str, Stored]:
    h5py = require("h5py", extra="formats")
    found: dict[str, Stored] = {}
    with parse(path, lambda: h5py.File(path, "r")) as file:
        for name, item in parse(path, lambda: list(file.items())):
            if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "iuf":
                continue
            if item.attrs.get("MATLAB_class") == b"char":
                continue
            # MATLAB counts the axes from the other end.
            read = partial(_read_hdf5, path, name)
            found[str(name)] = Stored(item.dtype, tuple(reversed(item.shape)), read)
    return found


def _read_hdf5(path: Path, name: str, lead: Lead) -> Iterator[Signal]:
    h5py = require("h5py", extra="formats")
    with parse(path, lambda: h5py.File(path, "r")) as file:
        item = parse(path, lambda: file[name])
        place: list[Any] = [0] * len(item.shape)
        axes = [axis for axis, side in enumerate(item.shape) if side > 1]
        if lead.leads > 1:
            place[axes.pop(-1 if lead.first else 0)] = lead.number
        for first in range(0, lead.length, PIECE):
            for axis in axes:
                place[axis] = slice(first, min(first + PIECE, lead.length))
            yield np.atleast_1d(parse(path, partial(item.__getitem__, tuple(place))))


FORMATS = (Format("MATLAB", (".mat",), _read, open=_open),)
