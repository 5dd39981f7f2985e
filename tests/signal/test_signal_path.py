"""ecgrt._core.preprocess of models with a signal block against tests/signal_reference.py.

The core takes the first sample from all others, rounds to float32, filters in float32 and divides;
the reference is in double precision. They may differ by a few roundings of the largest number that
meets the filter.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import signal_reference as reference

from ecgrt._core import preprocess

RATES = (50, 100, 125, 128, 250, 257, 300, 360, 500, 512, 1000)
#: Of the largest difference between two samples: 3e-6 is 50 roundings to float32, of 1201 sums.
TOLERANCE = 3e-6
#: Seconds that the filter reaches to either side, at most; 100 Hz is the rate of the last model.
MODELS: dict[str, dict[str, Any]] = {
    "fixed": {
        "sampling_rate": 300.0,
        "samples_per_segment": 256,
        "mean": 0.0,
        "std": 235.0,
        "signal": {"band": [0.5, 40.0], "half_width": 600, "scale": "fixed"},
    },
    "local": {
        "sampling_rate": 100.0,
        "samples_per_segment": 64,
        "mean": 0.0,
        "std": 1.0,
        "signal": {"band": [0.5, 40.0], "half_width": 200, "scale": "local"},
    },
    "high-pass": {
        "sampling_rate": 125.0,
        "samples_per_segment": 100,
        "mean": 3.0,
        "std": 20.0,
        "signal": {"band": [1.0, 0.0], "half_width": 77, "scale": "fixed"},
    },
}


def as_json(model: dict[str, Any]) -> str:
    rest = {"model": "test", "classes": ["A", "N"], "context_segments": 3}
    rest |= {"label_version": "v0", "training_digest": "", "training_records": 0}
    return json.dumps({**rest, **model})


def ecg_like(seconds: float, fs: float, seed: int = 0) -> np.ndarray:
    """Beats 0.8 s apart or so, of 1 mV, with noise, on a baseline that wanders far from zero."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * fs)) / fs
    beats = np.cumsum(rng.uniform(0.6, 1.0, round(seconds / 0.6) + 1))
    x = sum(np.exp(-(((t - beat) / 0.012) ** 2)) for beat in beats) * 1000
    x += sum(np.exp(-(((t - beat - 0.25) / 0.05) ** 2)) for beat in beats) * 250
    return np.asarray(x + 300 * np.sin(t / 2) + rng.normal(0, 10, len(t)) + 2500)


def assert_same(x: np.ndarray, fs: float, model: dict[str, Any]) -> reference.Seen:
    expected = reference.see(x, fs, model)
    found, readable = preprocess(x, fs, metadata=as_json(model))
    assert found.dtype == np.float32
    assert readable.dtype == bool
    assert found.shape == expected.signal.shape
    good = np.asarray(x, float)[np.isfinite(np.asarray(x, float))]
    spread = float(np.ptp(good)) if len(good) else 1.0
    tolerance = TOLERANCE * max(spread / expected.unit, 1.0)
    np.testing.assert_allclose(found, expected.signal, rtol=0, atol=tolerance)
    np.testing.assert_array_equal(readable, expected.readable)
    return expected


@pytest.mark.parametrize("fs", RATES)
@pytest.mark.parametrize("name", MODELS)
def test_filter_and_scale(name: str, fs: float) -> None:
    assert_same(ecg_like(31, fs), fs, MODELS[name])


@pytest.mark.parametrize("dtype", ["i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("name", MODELS)
def test_types_and_strides(name: str, dtype: str) -> None:
    x = ecg_like(20, 250).astype(dtype)
    expected = assert_same(x, 250, MODELS[name]).signal
    for layout in (np.repeat(x, 3)[::3], x[::-1].copy()[::-1]):
        found, _ = preprocess(layout, 250, metadata=as_json(MODELS[name]))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seconds", [0.9, 1.3, 1.99, 2.0, 2.01, 3.5, 7.77, 19, 100])
def test_lengths(name: str, seconds: float) -> None:
    assert_same(ecg_like(seconds, 360), 360, MODELS[name])


@pytest.mark.parametrize("name", MODELS)
def test_real_records(name: str, records: Path) -> None:
    for path in sorted(records.glob("*.mat")):
        x = np.fromfile(path, "<i2", offset=24)
        assert assert_same(x, 300.0, MODELS[name]).gaps == []


@pytest.mark.parametrize("offset", [1e3, -3e5, 1.6e7, -2e9])
def test_any_offset_is_taken_away(offset: float) -> None:
    """24-bit counts lie around millions: to the network the signal is the same."""
    x = np.round(ecg_like(20, 250)).astype("i4")
    for name in ("fixed", "local"):
        plain, _ = preprocess(x, 250, metadata=as_json(MODELS[name]))
        for moved in (x + np.int32(offset), x + np.float64(offset)):
            found, _ = preprocess(moved, 250, metadata=as_json(MODELS[name]))
            np.testing.assert_allclose(found, plain, rtol=0, atol=1e-7)


def test_unit_does_not_matter_to_the_local_scale() -> None:
    x = ecg_like(20, 250)
    expected, _ = preprocess(x, 250, metadata=as_json(MODELS["local"]))
    for unit in (1e-3, 1e-6, 5e3):
        found, _ = preprocess(x * unit, 250, metadata=as_json(MODELS["local"]))
        np.testing.assert_allclose(found, expected, rtol=0, atol=5e-4 if unit == 1e-6 else 1e-5)


@pytest.mark.parametrize("frequency", [0.0, 0.1, 2.0, 4.47, 15.0, 30.0, 50.0, 60.0])
def test_what_passes(frequency: float) -> None:
    """Waves within the band keep height and place, those without are gone, but for the ends."""
    fs = 250.0
    t = np.arange(round(30 * fs)) / fs
    wave = 1000 * np.cos(2 * np.pi * frequency * t)
    wave[0] += 1e-3  # a constant would be a gap
    found, _ = preprocess(wave, fs, metadata=as_json(MODELS["fixed"]))
    expected = 1000 / 235 * np.cos(2 * np.pi * frequency * np.arange(len(found)) / 300)
    if not 0.5 < frequency < 40:
        expected[:] = 0
    inner = slice(900, -900)
    np.testing.assert_allclose(found[inner], expected[inner], rtol=0, atol=0.03 if frequency else 0)


def test_constant_and_all_missing_signals_are_zeros() -> None:
    for x in (np.full(3000, 12345.0), np.zeros(3000, "i2"), np.full(3000, math.nan)):
        for name in ("fixed", "local"):
            found, readable = preprocess(x, 300.0, metadata=as_json(MODELS[name]))
            assert not found.any()
            assert not readable.any()


def with_faults(x: np.ndarray, fs: float, seed: int) -> np.ndarray:
    """Some of everything that goes wrong, anywhere."""
    rng = np.random.default_rng(seed)
    x = x.copy()
    x[round(5 * fs) : round(6.5 * fs)] = x[round(5 * fs)]
    for _ in range(rng.integers(1, 12)):
        begin = rng.integers(len(x))
        end = begin + round(fs * float(rng.choice([0, 0.02, 0.15, 0.3, 0.6, 1.2, 4.0]))) + 1
        kind = rng.integers(5)
        if kind == 0:
            x[begin:end] = rng.choice([math.nan, math.inf, -math.inf, 1e39])
        elif kind == 1:
            x[begin:end] = x[begin]
        elif kind == 2:
            x[begin:end] = 7000
        elif kind == 3:
            x[begin:end] = -4500
        else:
            x[begin:end:2] = math.nan
    return x


@pytest.mark.parametrize("fs", [50, 128, 250, 300, 512])
@pytest.mark.parametrize("name", MODELS)
def test_faults(name: str, fs: float) -> None:
    reasons = set()
    for seed in range(6):
        x = with_faults(ecg_like(40, fs, seed), fs, seed)
        reasons |= {gap.reason for gap in assert_same(x, fs, MODELS[name]).gaps}
    assert reasons == {"missing", "flat", "rail"}


def test_lowest_integer_is_no_sample() -> None:
    x = ecg_like(20, 250).astype("i2")
    for dtype in ("i2", "i4"):
        y = x.astype(dtype)
        y[[700, 701, 702, 2500]] = np.iinfo(dtype).min
        seen = assert_same(y, 250, MODELS["fixed"])
        assert [(gap.begin, gap.end) for gap in seen.gaps] == [(700, 703), (2500, 2501)]


def test_real_beats_are_no_gaps(records: Path) -> None:
    """Not even where the recorder's steps are 20 uV, which makes baselines still."""
    for path in sorted(records.glob("*.mat")):
        x = np.fromfile(path, "<i2", offset=24)
        for step in (5, 10, 20):
            _, readable = preprocess(x // step * step, 300.0, metadata=as_json(MODELS["fixed"]))
            assert readable.all()


@pytest.mark.parametrize("begin", [0, 3, 14, 27])
@pytest.mark.parametrize("level", [0.0, math.nan, 9000.0])
def test_a_gap_leaves_the_rest_as_it_was(begin: float, level: float) -> None:
    """Beyond the filter's reach nothing changes, and the gap's segments are marked.

    Where the record begins with it another sample comes first, and with another offset the
    resampler's phases differ by another thousandth, which shows at the end that is held.
    """
    fs = 250
    x = ecg_like(30, fs)
    broken = x.copy()
    broken[begin * fs : (begin + 3) * fs] = level
    json_text = as_json(MODELS["fixed"])
    (plain, _), (found, readable) = (preprocess(y, fs, metadata=json_text) for y in (x, broken))
    far = np.ones(len(plain), bool)
    far[max(begin - 3, 0) * 300 : (begin + 6) * 300] = False
    np.testing.assert_allclose(found[far], plain[far], rtol=0, atol=3e-5 if begin else 3e-3)
    assert np.abs(found).max() < np.abs(plain).max() * 1.5
    middles = (np.arange(len(readable)) + 0.5) * 256 / 300
    np.testing.assert_array_equal(
        readable, (middles <= begin - 0.5) | (middles >= begin + 3.5) if begin else middles >= 3.5
    )


def test_thousands_of_gaps() -> None:
    x = np.tile(ecg_like(60, 100, 3), 20)
    x[::200] = math.nan
    x[50:-200:1000] = math.inf
    seen = assert_same(x, 100, MODELS["local"])
    assert len(seen.gaps) > 700
    assert seen.readable.all()


def test_models_without_a_block_bridge_what_is_missing_only() -> None:
    model = {k: v for k, v in MODELS["fixed"].items() if k != "signal"} | {"mean": 40.0}
    x = ecg_like(30, 300)
    x[3000:3900] = 0
    x[6000:6600] = math.nan
    found, readable = preprocess(x, metadata=as_json(model))
    y = x.copy()
    y[6000:6600] = np.interp(np.arange(6000, 6600), [5999, 6600], x[[5999, 6600]])
    np.testing.assert_allclose(found, ((y - 40) / 235)[: len(found)], rtol=0, atol=1e-5)
    assert [int(i) for i in np.flatnonzero(~readable)] == [23, 24, 25]
