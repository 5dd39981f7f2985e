"""Rhythm features of records as they are, and as they might have come: with a gap, short, noisy.

The challenge's records have no gaps and last 30 seconds, mostly. Features that tell how much of a
record was read would be far from anything known at the first gap.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import _core
from .._progress import track
from ..records.manifest import LabelledRecord
from .measures import Array

#: Shares of a record that a gap takes, and how often it begins or ends the record.
GAP_SHARES, GAP_AT_THE_END = (0.03, 0.36), 0.3
#: Seconds that a short record has, and how many of the records are cut rather than disturbed.
SHORT_SECONDS, CUT = (5.0, 15.0), 0.4
#: Largest white noise (standard deviation) and baseline wander (amplitude), in microvolts.
NOISE, WANDER = 40.0, 500.0
WANDER_BAND = (0.1, 0.4)


def rhythm_features(records: Sequence[LabelledRecord], rate: float, seed: int = 0) -> list[Array]:
    """Return features of records in three states, each float64 (N, F).

    As they are; with a gap; cut short or disturbed by noise and wander. `rate` is that of records
    that do not tell theirs.
    """
    rng = np.random.default_rng(seed)
    states: list[list[Array]] = [[], [], []]
    for item in track(records, desc="features"):
        signal, fs = np.asarray(item.record.signal, np.float32), item.record.fs or rate
        other = _cut(signal, fs, rng) if rng.random() < CUT else _disturbed(signal, fs, rng)
        for state, x in zip(states, (signal, _with_gap(signal, rng), other), strict=True):
            state.append(_core.rhythm_features(x, fs))
    return [np.stack(state).astype(np.float64) for state in states]


def _with_gap(signal: Array, rng: np.random.Generator) -> Array:
    x = signal.copy()
    length = int(x.size * rng.uniform(*GAP_SHARES))
    start = int(rng.integers(0, x.size - length))
    if rng.random() < GAP_AT_THE_END:
        start = int(rng.choice([0, x.size - length]))
    x[start : start + length] = np.nan
    return x


def _cut(signal: Array, fs: float, rng: np.random.Generator) -> Array:
    length = min(int(rng.uniform(*SHORT_SECONDS) * fs), signal.size)
    start = int(rng.integers(0, signal.size - length + 1))
    return signal[start : start + length]


def _disturbed(signal: Array, fs: float, rng: np.random.Generator) -> Array:
    time = np.arange(signal.size) / fs
    wave = np.sin(2 * np.pi * (rng.uniform(*WANDER_BAND) * time + rng.random()))
    noise = rng.uniform(0, NOISE) * rng.standard_normal(signal.size)
    return (signal + rng.uniform(0, WANDER) * wave + noise).astype(np.float32)
