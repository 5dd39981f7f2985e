"""Arrays that lie in files, and how one lead of them is read without the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from .reading import PIECE, Signal


class Lead(NamedTuple):
    """A lead of an array: its number, how many there are, and how many samples each has.

    `first` tells that the leads are the first of the array's two axes, sides of length 1 apart.
    """

    number: int
    leads: int
    length: int
    first: bool


@dataclass(frozen=True, eq=False)
class Stored:
    """An array in a file.

    Attributes
    ----------
    dtype, shape
        As NumPy has them.
    read
        Reads one lead from its beginning, piece by piece.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    read: Callable[[Lead], Iterator[Signal]]

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def value(self) -> Any:
        """Return what an array of one element holds."""
        return next(self.read(Lead(0, 1, 1, True))).reshape(-1)[0]


def in_memory(array: Signal) -> Stored:
    """Return an array that has been read."""

    def read(lead: Lead) -> Iterator[Signal]:
        leads = np.squeeze(array) if lead.leads > 1 else array.reshape(1, -1)
        yield leads[lead.number] if lead.first or lead.leads == 1 else leads[:, lead.number]

    return Stored(array.dtype, array.shape, read)


def in_file(
    path: Path,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    opened: Callable[[], AbstractContextManager[IO[bytes]]],
    *,
    fortran: bool,
    to_end: bool = False,
) -> Stored:
    """Return an array whose numbers lie side by side.

    Parameters
    ----------
    path
        Of the file, for messages.
    dtype, shape, fortran
        Of the array; `fortran`: the first index runs fastest.
    opened
        Opens the file at the first number.
    to_end
        Whether it must be read from there to its end, for it is packed or has a checksum.
    """

    def read(lead: Lead) -> Iterator[Signal]:
        planar = lead.leads == 1 or lead.first != fortran
        # In each stretch of the file, these are the lead's.
        per, taken = (
            (1, slice(None)) if planar else (lead.leads, slice(lead.number, None, lead.leads))
        )
        skipped = lead.number * lead.length if planar else 0
        rest = math.prod(shape) - skipped - lead.length * per
        with opened() as file:
            _skip(file, skipped * dtype.itemsize, path, to_end)
            for first in range(0, lead.length, PIECE // per or 1):
                count = min(PIECE // per or 1, lead.length - first) * per
                yield np.frombuffer(_exactly(file, count * dtype.itemsize, path), dtype)[taken]
            if to_end:
                _skip(file, rest * dtype.itemsize, path, to_end)
                if file.read(1):
                    raise ValueError(f"{path} has more bytes than its header tells of")

    return Stored(dtype, shape, read)


@contextmanager
def opened_at(path: Path, offset: int) -> Iterator[IO[bytes]]:
    """Open a file at one of its bytes."""
    with path.open("rb") as file:
        file.seek(offset)
        yield file


def _exactly(file: IO[bytes], count: int, path: Path) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise ValueError(f"{path} has become shorter, or is cut short")
    return data


def _skip(file: IO[bytes], count: int, path: Path, by_reading: bool) -> None:
    if not by_reading:
        file.seek(count, 1)
        return
    while count:
        count -= len(_exactly(file, min(count, PIECE), path))
