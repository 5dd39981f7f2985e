"""Rhythm features against NumPy and SciPy, and what has to hold for any signal."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from made_ecg import Floats, beat_times, make_ecg
from rhythm_reference import features

from ecgrt._core import find_beats, rhythm_feature_names, rhythm_features
from ecgrt.records import read_record

NAMES = rhythm_feature_names()
RECORDS = [f"S{k:04d}" for k in range(1, 11)]


def named(x: Floats, fs: float) -> dict[str, float]:
    return dict(zip(NAMES, rhythm_features(x, fs).tolist(), strict=True))


@pytest.mark.parametrize("name", RECORDS)
def test_agrees_with_numpy(records: Path, name: str) -> None:
    x = np.asarray(read_record(records / name).signal, float)
    expected = features(x, 300, find_beats(x, 300))
    assert sorted(expected) == sorted(NAMES)
    found = named(x, 300)
    for feature, value in expected.items():
        assert found[feature] == pytest.approx(value, abs=2e-3), feature


def test_names_are_distinct_and_as_many_as_values() -> None:
    values = rhythm_features(np.zeros(3000), 300)
    assert values.dtype == np.float32
    assert values.shape == (len(set(NAMES)),) == (len(NAMES),)


@pytest.mark.parametrize(
    "x",
    [
        np.zeros(0),
        np.ones(1),
        np.zeros(9000),
        np.full(9000, np.nan),
        np.full(9000, np.inf),
        np.random.default_rng(0).standard_normal(9000),
        1e30 * np.random.default_rng(0).standard_normal(9000),
        np.where(np.arange(9000) % 700 < 400, np.nan, np.sin(np.arange(9000))),
        np.repeat([0.0, 1.0], 4500),
    ],
    ids=["none", "one", "flat", "nan", "inf", "noise", "huge", "gaps", "step"],
)
def test_always_finite_and_small(x: Floats) -> None:
    values = rhythm_features(x, 300)
    assert np.all(np.isfinite(values))
    assert np.all(np.abs(values) <= 8)


def test_too_few_beats_give_the_documented_values() -> None:
    values = named(np.zeros(3000), 300)
    assert values["rate_median"] == 0
    assert values["rmssd"] == -1.5
    assert values["cosen"] == -2
    assert values["p_jitter"] == 0.5


@pytest.mark.parametrize("change", [(1e-3, 0.0), (250.0, 0.0), (1.0, 5e3), (-1.0, 0.0)])
def test_unit_offset_and_polarity_do_not_matter(records: Path, change: tuple[float, float]) -> None:
    x = np.asarray(read_record(records / "S0002").signal, float)
    gain, offset = change
    np.testing.assert_allclose(
        rhythm_features(gain * x + offset, 300), rhythm_features(x, 300), atol=5e-3
    )


def test_they_tell_what_they_are_named_for() -> None:
    regular = beat_times(60, 75, spread=0.02)
    rng = np.random.default_rng(4)
    wild = 0.4 + np.cumsum(0.65 + 0.35 * rng.random(80))
    noise = 0.01 * rng.standard_normal(60 * 300)
    calm = named(make_ecg(regular, 60, 300) + noise, 300)
    fibrillating = named(make_ecg(wild[wild < 59], 60, 300) + noise, 300)
    assert calm["rate_median"] == pytest.approx(0, abs=0.05)
    assert calm["step_tenth"] < 0.05
    assert fibrillating["step_tenth"] > 0.5
    assert calm["af_evidence"] < -0.5
    assert fibrillating["af_evidence"] > 0.3
    assert calm["cosen"] < fibrillating["cosen"] - 0.5
    assert calm["p_match"] > 0.9
    assert named(make_ecg(beat_times(60, 40), 60, 300), 300)["slow"] > 0.95
    assert named(make_ecg(beat_times(60, 130), 60, 300), 300)["fast"] > 0.95


def test_premature_beats_are_counted() -> None:
    times = 0.5 + 0.8 * np.arange(36)
    times[10::9] -= 0.28
    values = named(make_ecg(times, 30, 300), 300)
    early = len(times[10::9])
    assert values["premature"] ** 2 == pytest.approx(early / (len(times) - 1), abs=0.005)
    assert values["compensated"] == 1
    assert values["shortest"] == pytest.approx(np.log2(0.52 / 0.8), abs=0.02)


def test_an_interval_over_a_gap_is_no_pause() -> None:
    x = make_ecg(0.5 + 0.8 * np.arange(72), 60, 300)
    x[6000:9000] = np.nan
    values = named(x, 300)
    assert values["longest"] == pytest.approx(0, abs=0.02)
    assert values["covered"] == pytest.approx(0.8, abs=0.05)


def test_threads_do_not_share_memory(records: Path) -> None:
    signals = [np.asarray(read_record(records / name).signal, float) for name in RECORDS[:4]]
    expected = [rhythm_features(x, 300).tolist() for x in signals]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(20):
            if rhythm_features(signals[k], 300).tolist() != expected[k]:
                wrong.append(k)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
