"""Variations: each does what it says to a signal whose answer is known, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import signal_reference

from ecgrt.training.augment import vary
from ecgrt.training.config import TrainConfig
from ecgrt.training.examples import Example

SEGMENT = 256
RATE = 300.0


def example(segments: int = 30, pitch: float = 5.0) -> Example:
    """A sine of `pitch` Hz; the target of each segment is its number."""
    time = np.arange(segments * SEGMENT) / RATE
    signal = np.sin(2 * np.pi * pitch * time).astype(np.float32)
    return Example("a", signal, np.arange(segments, dtype=np.int32))


def varied(item: Example, seed: int = 1, **fields: Any) -> Example:
    config = TrainConfig(train="a", dev="b", **fields)
    return vary(item, config, SEGMENT, np.random.default_rng(seed))


def pitch(signal: np.ndarray) -> float:
    """The strongest frequency, Hz."""
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(signal.size), 16 * signal.size))
    return float(spectrum.argmax()) * RATE / (16 * signal.size)


def test_published_recipe_varies_nothing() -> None:
    item = example()
    same = varied(item)
    np.testing.assert_array_equal(same.signal, item.signal)
    np.testing.assert_array_equal(same.targets, item.targets)
    assert (same.signal.dtype, same.targets.dtype) == (np.float32, np.int32)


def test_crop_keeps_signal_and_targets_together() -> None:
    """Each sample is its own number, so that what was cut can be read off."""
    item = Example("a", np.arange(30 * SEGMENT, dtype=np.float32), np.arange(30, dtype=np.int32))
    starts = set()
    for seed in range(50):
        part = varied(item, seed, crop_seconds=10.0)
        assert part.signal.size == 11 * SEGMENT  # 3,000 samples hold 11 segments
        np.testing.assert_array_equal(np.diff(part.signal), 1)
        middles = part.signal[SEGMENT // 2 :: SEGMENT]
        np.testing.assert_array_equal(part.targets, middles // SEGMENT)
        starts.add(int(part.signal[0]))
    assert len(starts) > 40
    assert max(starts) > 15 * SEGMENT > 4 * SEGMENT > min(starts)


def test_short_record_is_not_cropped() -> None:
    item = example(segments=5)
    np.testing.assert_array_equal(varied(item, crop_seconds=10.0).signal, item.signal)


@pytest.mark.parametrize("segments", [1, 2, 30])
def test_stretch_changes_the_pitch_and_keeps_whole_segments(segments: int) -> None:
    ratios = []
    for seed in range(40):
        item = varied(example(segments), seed, stretch=0.2)
        assert item.signal.size == item.targets.size * SEGMENT
        assert 1 <= item.targets.size <= segments
        assert (np.diff(item.targets) >= 0).all()
        ratios.append(pitch(item.signal) / 5.0)
    if segments == 30:
        assert 0.79 < min(ratios) < 0.9
        assert 1.1 < max(ratios) < 1.21


def test_amplitude_and_flip() -> None:
    item = example()
    factors = np.array(
        [varied(item, seed, amplitude=1.0, flip=0.5).signal @ item.signal for seed in range(200)]
    ) / (item.signal @ item.signal)
    assert (np.abs(factors) > 0.49).all()
    assert (np.abs(factors) < 2.01).all()
    assert np.abs(factors).min() < 0.6
    assert np.abs(factors).max() > 1.7
    assert 60 < (factors < 0).sum() < 140  # 0.5 of 200, five standard deviations and more


@pytest.mark.parametrize(("field", "low", "high"), [("wander", 0.02, 0.55), ("hum", 49.9, 60.1)])
def test_wave_that_is_added(field: str, low: float, high: float) -> None:
    item = example(segments=60)
    heights = []
    for seed in range(20):
        added = varied(item, seed, **{field: 0.5}).signal - item.signal
        heights.append(np.abs(added).max())
        assert heights[-1] <= 0.5 + 1e-6
        if heights[-1] > 0.01:
            assert low <= pitch(added) <= high
    assert max(heights) > 0.3


def test_noise_is_white_and_bounded() -> None:
    item = example(segments=60)
    added = [varied(item, seed, noise=0.2).signal - item.signal for seed in range(20)]
    deviations = [float(one.std()) for one in added]
    assert 0.1 < max(deviations) < 0.21
    for one in added:
        assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 0.05


def test_disturbances_of_a_filtered_signal_are_filtered_too() -> None:
    """In use they come with the record, before the filter; SciPy's sum is the reference."""
    band = {"band": [0.5, 40.0], "band_half_width": 600}
    taps = signal_reference.band_pass(0.5, 40.0, 600, RATE)
    for fields in ({"wander": 0.5}, {"hum": 0.5}, {"noise": 0.2}):
        item = example(segments=60)
        plain = varied(item, 3, **fields).signal - item.signal
        added = varied(item, 3, **fields, **band).signal - item.signal
        np.testing.assert_allclose(added, signal_reference.filtered(plain, taps), atol=2e-6)
    assert np.abs(varied(item, 3, hum=0.5, **band).signal - item.signal)[700:-700].max() < 0.01


def test_the_generator_decides() -> None:
    fields: dict[str, Any] = {"crop_seconds": 10.0, "stretch": 0.1, "noise": 0.1, "wander": 0.1}
    one, same, other = (varied(example(), seed, **fields) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.signal, same.signal)
    assert not np.array_equal(one.signal, other.signal)


def local(**fields: Any) -> dict[str, Any]:
    return {"scale": "local", "band": [0.5, 40], "sampling_rate": RATE, **fields}


def test_gap_takes_readable_segments_away() -> None:
    shares = []
    for seed in range(60):
        part = varied(example(), seed, gaps=1.0)
        assert part.readable is not None
        silent = (part.signal.reshape(-1, SEGMENT) == 0).all(axis=1)
        np.testing.assert_array_equal(silent, ~part.readable)
        assert np.abs(np.diff(part.readable.astype(int))).sum() <= 2  # one piece
        shares.append(silent.mean())
    assert 0 < min(shares) < 0.1
    assert 0.3 < max(shares) <= 0.37
    assert varied(example(segments=1), gaps=1.0).readable.tolist() == [True]  # type: ignore[union-attr]


def test_short_records() -> None:
    sizes = [varied(example(60), seed, short=0.5).targets.size for seed in range(100)]
    cut = [size for size in sizes if size < 60]
    assert 30 < len(cut) < 70
    assert 5 * RATE // SEGMENT - 1 <= min(cut) < max(cut) <= 15 * RATE / SEGMENT


def test_local_scale_undoes_any_gain() -> None:
    """A record of another gain, or of one that changes, comes out the same but for `amplitude`."""
    one = varied(example(), **local())
    other = example()
    louder = Example(other.name, other.signal * np.float32(37), other.targets)
    np.testing.assert_allclose(varied(louder, **local()).signal, one.signal, rtol=1e-4, atol=1e-5)
    assert np.sqrt(np.mean(one.signal**2)) == pytest.approx(1, abs=0.02)


def test_unreadable_segments_stay_so() -> None:
    item = example()
    readable = np.arange(30) % 3 > 0
    kept = varied(Example("a", item.signal, item.targets, readable), crop_seconds=10.0).readable
    assert kept is not None
    assert kept.size == 11
    assert set(np.convolve(kept, np.ones(3), "valid")) == {2}
