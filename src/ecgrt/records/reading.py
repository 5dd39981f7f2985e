"""What a reader is told and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[Any]

#: Highest and lowest sampling rate of an ECG, in Hz, with much room on both sides.
RATES = (10.0, 100_000.0)
#: A rate that a header states and one that the caller gives differ by at most this share.
SAME_RATE = 1e-4
#: Samples of a piece, about.
PIECE = 1 << 19
#: Times are written by clocks, and rounded.
SAME_BY_CLOCK = 1e-2


@dataclass(frozen=True)
class Asked:
    """What the caller says of a record: rate in Hz, unit, lead; None where nothing is said."""

    fs: float | None = None
    unit: str | None = None
    lead: str | int | None = None


@dataclass(frozen=True, eq=False)
class Reading:
    """One lead as a file holds it.

    Attributes
    ----------
    samples
        Real numbers (n,), NaN where samples are known to be missing.
    fs, unit
        As the file states them; None if it does not. The unit may be the size of a step.
    lead
        Its name; None if it has none.
    start
        When the first sample was taken.
    format
        Name of the format, for reports.
    by_clock
        The rate was measured from times instead of stated.
    scale
        Microvolts in one of the numbers, where that is not what the unit is.
    """

    samples: Signal
    fs: float | None
    unit: str | None
    lead: str | None
    format: str
    start: datetime | None = None
    by_clock: bool = False
    scale: float | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """One lead as a file holds it, read piece by piece.

    Attributes
    ----------
    pieces
        Begins to read: real numbers (n,) of any n, NaN where samples are known to be missing.
        Faults that only reading finds are raised on the way.
    size
        Samples, gaps included; None where only reading tells.
    fs, unit, lead, format, start, by_clock, scale
        As of :class:`Reading`.
    """

    pieces: Callable[[], Iterator[Signal]]
    size: int | None
    fs: float | None
    unit: str | None
    lead: str | None
    format: str
    start: datetime | None = None
    by_clock: bool = False
    scale: float | None = None

    @classmethod
    def of(cls, reading: Reading) -> Source:
        """Return what has been read already."""
        values = {name: getattr(reading, name) for name in _SAME}
        return cls(lambda: iter([reading.samples]), reading.samples.size, **values)

    def read(self) -> Reading:
        """Read all of it."""
        values = {name: getattr(self, name) for name in _SAME}
        return Reading(join(list(self.pieces())), **values)


_SAME = ("fs", "unit", "lead", "format", "start", "by_clock", "scale")


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes
    ----------
    name
        For reports and messages.
    suffixes
        Lower case, with the dot.
    read
        Reads one lead.
    open
        Begins to read one lead piece by piece; None: such files are small.
    claims
        Whether a file, given with its first 4,096 bytes, is of this kind whatever it is called;
        None: nothing but the suffix tells.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, Asked], Reading]
    claims: Callable[[Path, bytes], bool] | None = None
    open: Callable[[Path, Asked], Source] | None = None


def check_rate(fs: float, what: str) -> float:
    """Return a sampling rate; raise ValueError, beginning with `what`, if no ECG has it."""
    low, high = RATES
    if not low <= fs <= high:  # NaN is refused too
        fs = min(fs, 1e300)  # whole numbers may be larger than any float
        raise ValueError(
            f"{what} {fs:g} Hz, which no ECG has; from {low:g} to {high:g} is accepted"
        )
    return float(fs)


def parse(path: Path, read: Callable[[], Any]) -> Any:
    """Turn whatever another package raises on a damaged file into one kind of error.

    The package's own message is left out: it may quote the file, and with it a name.
    """
    try:
        return read()
    except (MemoryError, ModuleNotFoundError, PermissionError):
        raise
    except FileNotFoundError as error:
        missing = Path(error.filename).name if error.filename else "another file"
        raise FileNotFoundError(f"{path} needs {missing}, which does not exist") from None
    except Exception as error:  # noqa: BLE001 - whatever another package raises
        raise ValueError(
            f"{path} cannot be read, it may be damaged ({type(error).__name__})"
        ) from None


def join(blocks: list[Signal]) -> Signal:
    """Return blocks of a signal as one, emptying the list, so that no sample is held twice."""
    if len(blocks) == 1:
        return blocks.pop()
    kind = np.result_type(*blocks) if blocks else np.float32
    joined = np.empty(sum(block.size for block in blocks), kind)
    end = joined.size
    while blocks:
        block = blocks.pop()
        joined[end - block.size : end] = block
        end -= block.size
    return joined


class Spreader:
    """Puts pieces of a signal in their places, NaN between them.

    Parameters
    ----------
    path
        Of the file, for messages.
    held
        Samples of all pieces together, as far as is known.
    """

    def __init__(self, path: Path, held: int) -> None:
        self._path = path
        self._most = max(10 * held, 100_000_000)
        self._missing = 0
        self.end = 0

    def put(self, piece: Signal, start: int) -> Iterator[Signal]:
        """Yield what is missing before sample number `start`, bit by bit, and the piece.

        Raises
        ------
        ValueError
            If pieces overlap, or what is missing is more than ten times what is there and a day.
        """
        if start < self.end:
            raise ValueError(f"{self._path} has parts that overlap in time")
        self._missing += start - self.end
        if self._missing > self._most:
            raise ValueError(
                f"{self._path} lacks {self._missing} samples between those it holds: its times are "
                "wrong"
            )
        for first in range(self.end, start, PIECE):
            yield np.full(min(PIECE, start - first), np.nan, np.float32)
        self.end = start + piece.size
        if piece.size:
            yield piece


def spread(pieces: list[Signal], starts: list[int], path: Path) -> npt.NDArray[np.float32]:
    """Put pieces of a signal in their places, NaN between them.

    Parameters
    ----------
    pieces
        Real numbers, (n,) each.
    starts
        Number of the first sample of each, ascending, none before the end of the last.

    Raises
    ------
    ValueError
        As of :meth:`Spreader.put`.
    """
    spreader = Spreader(path, sum(piece.size for piece in pieces))
    found = [
        part
        for start, piece in zip(starts, pieces, strict=True)
        for part in spreader.put(piece, start)
    ]
    return join(found).astype(np.float32, copy=False)
