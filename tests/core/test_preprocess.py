"""ecgrt._core.preprocess against NumPy and SciPy."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.signal import resample_poly

import ecgrt

RATES = (
    10,
    12.5,
    50,
    100,
    125,
    128,
    200,
    250,
    257,
    299.5,
    300.3,
    360,
    500,
    512,
    1000,
    2048,
    100_000,
)
MODEL: dict[str, Any] = {
    "mean": 7.5,
    "std": 200.0,
    "sampling_rate": 300.0,
    "samples_per_segment": 256,
}
REST = {"model": "test", "classes": ["A", "N"], "context_segments": 3}
REST |= {"label_version": "v0", "training_digest": "", "training_records": 0}
#: The core normalises to float32, filters in double and rounds once more: a few float32 roundings
#: of values up to 10.
TOLERANCE = 5e-6


def preprocess(x: Any, fs: float | None = None, **model: Any) -> np.ndarray:
    """What the network of a model without a signal block sees, all of which can be read."""
    seen, readable = ecgrt._core.preprocess(x, fs, metadata=json.dumps({**REST, **model}))
    assert readable.all()
    return seen


def ratio(fs: float, rate: float = 300.0) -> Fraction:
    return Fraction(rate) / Fraction(fs).limit_denominator(1000)


def reference(x: np.ndarray, fs: float | None = None, **changes: Any) -> np.ndarray:
    """What the network sees, in double precision all along."""
    model = {**MODEL, **changes}
    seen = (np.asarray(x, np.float64) - model["mean"]) / model["std"]
    if fs is not None and fs != model["sampling_rate"]:
        up_down = ratio(fs, model["sampling_rate"])
        seen = resample_poly(seen, up_down.numerator, up_down.denominator, padtype="edge")
    size = model["samples_per_segment"]
    cut: np.ndarray = seen[: len(seen) // size * size]
    return cut


def ecg_like(seconds: float, fs: float, seed: int = 0) -> np.ndarray:
    """Waves below 40 Hz, as steep as QRS complexes, on a baseline that wanders."""
    t = np.arange(round(seconds * fs)) / fs
    phases = np.random.default_rng(seed).uniform(0, 6.28, 12)
    waves = [40 * np.sin(6.2832 * f * t + p) for f, p in zip(range(1, 36, 3), phases, strict=True)]
    return np.sum(waves, axis=0) + 150 * np.sin(t / 3) + 300


@pytest.mark.parametrize("dtype", ["i2", "i4", "f4", "f8", "u1", "i8", "f2"])
def test_own_rate_only_normalises_and_cuts(dtype: str) -> None:
    x = np.random.default_rng(1).integers(0, 250, 3_000).astype(dtype)
    for fs in (None, 300, 300.0):
        found = preprocess(x, fs, **MODEL)
        assert found.dtype == np.float32
        assert found.shape == (2_816,)
        np.testing.assert_allclose(found, reference(x), rtol=0, atol=1e-7)


@pytest.mark.parametrize("fs", RATES)
def test_resampling_is_scipys(fs: float) -> None:
    x = ecg_like(9, fs)
    found, expected = preprocess(x, fs, **MODEL), reference(x, fs)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("fs", [125, 257, 360, 1000])
def test_steps_and_noise_too(fs: float) -> None:
    """The ends are held and the filter rings exactly as SciPy's does."""
    rng = np.random.default_rng(2)
    x = np.repeat(rng.normal(0, 300, 40), round(fs / 4)) + rng.normal(0, 50, 40 * round(fs / 4))
    found = preprocess(x.astype("i2"), fs, **MODEL)
    np.testing.assert_allclose(found, reference(x.astype("i2"), fs), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("rate", [125.0, 250.0, 360.0, 1000.0])
def test_models_of_other_rates(rate: float) -> None:
    for fs in (100, 250, 300, 500):
        x = ecg_like(6, fs)
        changes = {"sampling_rate": rate, "samples_per_segment": 64, "mean": -3.0, "std": 1.5e2}
        found = preprocess(x, fs, **{**MODEL, **changes})
        np.testing.assert_allclose(found, reference(x, fs, **changes), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("fs", RATES)
def test_length(fs: float) -> None:
    """Whole segments of ceil(n * up / down), from the first length that gives one."""
    up_down = ratio(fs)
    shortest = math.floor(255 / up_down) + 1  # ceil(n * up / down) is 256 or more from here on
    for n in [shortest, shortest + 1, *range(2 * shortest - 3, 2 * shortest + 3), 7 * shortest + 5]:
        expected = math.ceil(n * up_down) // 256 * 256
        assert preprocess(np.zeros(n, np.int16), fs, **MODEL).shape == (expected,)
    with pytest.raises(ValueError, match=rf"{shortest - 1} samples \(\d+ at 300 Hz\)"):
        preprocess(np.zeros(shortest - 1), fs, **MODEL)


@pytest.mark.parametrize("fs", RATES)
@pytest.mark.parametrize("level", [0.0, 1234.5, -3e4])
def test_flat_line_stays_flat(fs: float, level: float) -> None:
    found = preprocess(np.full(round(9 * fs), level), fs, **MODEL)
    expected = (level - 7.5) / 200
    # the ripple of the filter's phases, which SciPy has too: 60 dB below
    np.testing.assert_allclose(found, expected, rtol=1e-3)


@pytest.mark.parametrize("fs", [100, 250, 360, 500, 1000])
def test_waves_keep_their_place_and_height(fs: float) -> None:
    """A 5 Hz wave is the same wave at 300 Hz, but for the ends: the filter delays nothing."""
    t = np.arange(round(9 * fs)) / fs
    found = preprocess(200 * np.sin(31.4159 * t) + 7.5, fs, **MODEL)
    expected = np.sin(31.4159 * np.arange(len(found)) / 300)
    inner = slice(60, -60)
    np.testing.assert_allclose(found[inner], expected[inner], rtol=0, atol=2e-3)


@pytest.mark.parametrize("fs", [1000, 2048])
def test_what_the_model_cannot_see_is_filtered_out(fs: float) -> None:
    """A wave above half the model's rate must not come back as another one."""
    t = np.arange(round(9 * fs)) / fs
    found = preprocess(200 * np.sin(2 * np.pi * 270 * t) + 7.5, fs, **MODEL)
    assert np.abs(found[60:-60]).max() < 0.01


def test_rates_that_are_nearly_the_same() -> None:
    """A clock that is off by a few parts in a million is no reason to lose or gain a sample."""
    x = ecg_like(60, 300)
    found = preprocess(x, 300.0005, **MODEL)
    np.testing.assert_allclose(found, preprocess(x, 300, **MODEL), rtol=0, atol=0.02)


def test_random_signals_rates_and_strides() -> None:
    rng = np.random.default_rng(8)
    for _ in range(200):
        fs = round(float(rng.uniform(20, 1200)), int(rng.integers(0, 2)))
        x = rng.normal(0, 100, rng.integers(fs, 3 * fs)).astype(
            rng.choice(["i2", "i4", "f4", "f8"])
        )
        x = x[:: rng.choice([-1, 1, 2])]
        if len(x) * ratio(fs) <= 255:
            continue
        found = preprocess(x, fs, **MODEL)
        np.testing.assert_allclose(found, reference(x, fs), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("fs", [0, -300, math.nan, math.inf, 9.9, 100_001])
def test_impossible_rate(fs: float) -> None:
    with pytest.raises(ValueError, match="fs is"):
        preprocess(np.zeros(1000), fs, **MODEL)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e39, -1e300])
@pytest.mark.parametrize("fs", [300.0, 500.0])
def test_samples_that_are_not_finite_are_bridged(bad: float, fs: float) -> None:
    x = ecg_like(9, fs)
    x[[0, 700, 701, 2000, len(x) - 1]] = bad
    good = np.flatnonzero(np.isfinite(x) & (np.abs(x) < 1e38))
    bridged = np.interp(np.arange(len(x)), good, x[good])
    np.testing.assert_allclose(
        preprocess(x, fs, **MODEL), reference(bridged, fs), rtol=0, atol=TOLERANCE
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"std": 0.0},
        {"std": -1.0},
        {"std": math.nan},
        {"mean": math.inf},
        {"sampling_rate": 0.0},
        {"sampling_rate": math.nan},
        {"samples_per_segment": 0},
    ],
)
def test_impossible_model(changes: dict[str, Any]) -> None:
    name = next(iter(changes))
    for fs in (None, 250):
        with pytest.raises(ValueError, match=name if np.isfinite(changes[name]) else "metadata"):
            preprocess(np.zeros(1000), fs, **{**MODEL, **changes})
