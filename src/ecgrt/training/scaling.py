"""The scale ``"local"`` of a signal that has been filtered already: a running robust amplitude."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .examples import Bools, Floats

#: Seconds of the blocks that an amplitude is measured in; they begin a second apart.
BLOCK_SECONDS = 2
#: Blocks on either side that have a say in the amplitude at one.
NEIGHBOURS = 8
#: No amplitude counts as smaller.
SMALLEST = 1e-6


def local_scale(signal: Floats, readable: Bools, rate: float) -> Floats:
    """Return what to divide each sample by, as the core computes it.

    Parameters
    ----------
    signal
        float32 (n,), filtered.
    readable
        bool (n,), False for samples that do not count.
    rate
        Hz.

    Returns
    -------
    numpy.ndarray
        float32 (n,): linear between the blocks' middles, held beyond the first and the last. All
        ones where no block is readable.
    """
    second = round(rate)
    starts = np.arange(max(signal.size // second - 1, 1)) * second
    ends = np.minimum(starts + BLOCK_SECONDS * second, signal.size)
    squares = np.where(readable, signal.astype(np.float64), 0.0) ** 2
    counts = _sums(readable.astype(np.float64), starts, ends)
    rms = np.sqrt(_sums(squares, starts, ends) / np.maximum(counts, 1))
    rms[(2 * counts < ends - starts) | (counts == 0)] = np.inf  # sorted to the end
    beside = np.full(NEIGHBOURS, np.inf)
    padded = np.concatenate([beside, rms, beside])
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1), axis=1)
    known = np.isfinite(windows).sum(axis=1)
    found, rows = known > 0, np.arange(len(windows))
    if not found.any():
        return np.ones(signal.size, np.float32)
    low, high = windows[rows, np.maximum(known - 1, 0) // 2], windows[rows, known // 2 * found]
    medians = np.maximum((low + high)[found] / 2, SMALLEST)
    middles = ((starts + ends) / 2)[found]
    return np.interp(np.arange(signal.size), middles, medians).astype(np.float32)


def _sums(values: npt.NDArray[np.float64], starts: object, ends: object) -> npt.NDArray[np.float64]:
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[ends] - total[starts])
