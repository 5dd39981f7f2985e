"""ECG with known beats: Gaussian waves around R peaks, as McSharry's model has them at rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Height, place and width (seconds) of P, Q, R, S and T, the places at 60 beats a minute.
WAVES = (
    (0.12, -0.16, 0.020),
    (-0.10, -0.025, 0.010),
    (1.00, 0.0, 0.011),
    (-0.20, 0.028, 0.011),
    (0.25, 0.27, 0.045),
)


def beat_times(seconds: float, rate: float, seed: int = 0, spread: float = 0.03) -> Floats:
    """R peaks at about `rate` a minute, none in the first and last 0.3 s."""
    rng = np.random.default_rng(seed)
    intervals = 60 / rate * (1 + spread * rng.standard_normal(int(seconds * rate / 30) + 9))
    times = 0.4 + np.cumsum(intervals)
    return np.asarray(times[times < seconds - 0.3])


def make_ecg(times: Floats, seconds: float, fs: float) -> Floats:
    """The waves of these beats in millivolts; P and T closer to R in fast rhythms."""
    t = np.arange(round(seconds * fs)) / fs
    x = np.zeros(len(t))
    pace = min(1.0, float(np.sqrt(np.median(np.diff(times)))))
    for height, place, width in WAVES:
        near = place if abs(place) < 0.1 else place * pace
        for beat in times:
            x += height * np.exp(-0.5 * ((t - beat - near) / width) ** 2)
    return x
