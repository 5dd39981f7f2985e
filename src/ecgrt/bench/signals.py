"""The record that the benchmark runs on, in the lengths that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import Classifier
from ..records.base import read_record
from .engine import Array

#: Offset from the R peak (s), width (s) and height (microvolts) of P, Q, R, S and T.
WAVES = (
    (-0.2, 0.025, 120.0),
    (-0.03, 0.01, -100.0),
    (0.0, 0.011, 1000.0),
    (0.03, 0.01, -200.0),
    (0.25, 0.05, 250.0),
)


def make_signals(
    classifier: Classifier,
    seconds: Sequence[float],
    record: str | Path | None,
    fs: float | None = None,
) -> dict[float, Array]:
    """Return int16 (n,) microvolts of `fs` Hz (None: the model's), by length in seconds.

    Raises
    ------
    ValueError
        If a length is under one segment, or the record has another rate.
    """
    rate = classifier.sampling_rate if fs is None else fs
    segment = classifier.samples_per_segment * rate / classifier.sampling_rate
    if record is None:
        source = synthetic_ecg(max(seconds), rate)
    else:
        found = read_record(record)
        if found.fs != rate:
            raise ValueError(f"{record} has {found.fs:g} Hz; the benchmark needs {rate:g} Hz")
        source = found.signal
    signals = {}
    for length in seconds:
        samples = round(length * rate)
        if samples < segment:
            raise ValueError(
                f"{length:g} s are {samples} samples; the model needs {segment:g} or more"
            )
        signals[length] = np.clip(np.rint(np.resize(source, samples)), -32768, 32767).astype("i2")
    return signals


def synthetic_ecg(seconds: float, rate: float, seed: int = 2017) -> Array:
    """Return float64 (n,) microvolts of a sinus rhythm of about 75 beats a minute, with noise.

    Each beat is a sum of Gaussians, after the idea of McSharry et al. 2003
    (doi 10.1109/TBME.2003.808805).
    """
    generator = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    signal = generator.normal(0.0, 15.0, size=times.size)
    beats = np.cumsum(generator.normal(0.8, 0.03, size=int(seconds / 0.7) + 1))
    for offset, width, height in WAVES:
        for beat in beats:
            signal += height * np.exp(-0.5 * ((times - beat - offset) / width) ** 2)
    return signal
