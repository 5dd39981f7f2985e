"""Beats that tell of a wrong gain or sampling rate, and what cannot be told from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family import SMALL, build, make_metadata, make_network
from made_ecg import beat_times, make_ecg

import ecgrt

Signal = np.ndarray[Any, Any]
#: Microvolts, of the challenge's records after the filter.
STD = 235.0


def network(folder: Path, scale: str) -> ecgrt.Classifier:
    fixed = {"std": STD} if scale == "fixed" else {"std": 1.0}
    block = {"band": [0.5, 40.0], "half_width": 300, "scale": scale}
    metadata = make_metadata(
        SMALL.samples_per_segment, SMALL.context_segments, mean=0.0, signal=block, **fixed
    )
    return ecgrt.Classifier(build(make_network(SMALL, metadata), folder), threads=1)


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> ecgrt.Classifier:
    return network(tmp_path_factory.mktemp("fixed"), "fixed")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> ecgrt.Classifier:
    return network(tmp_path_factory.mktemp("local"), "local")


@pytest.fixture(scope="module")
def ecg() -> Signal:
    """30 s at 72 beats a minute, 1,000 uV high, at 300 Hz."""
    noise = np.random.default_rng(2).normal(0, 15, 9000)
    return make_ecg(beat_times(30, 72), 30, 300) * 1000 + noise


@pytest.mark.filterwarnings("ignore::ecgrt.SignalWarning")
def codes(classifier: ecgrt.Classifier, x: Signal, **options: Any) -> list[str]:
    return list(classifier.predict(x, **options).quality.warnings)


@pytest.mark.parametrize(
    ("gain", "found"), [(1, []), (5, ["beat_height"]), (1 / 6, ["beat_height"]), (2, []), (0.5, [])]
)
def test_gain(
    gain: float, found: list[str], fixed: ecgrt.Classifier, local: ecgrt.Classifier, ecg: Signal
) -> None:
    assert codes(fixed, ecg * gain) == found
    assert codes(fixed, ecg * gain / 1000, unit="mV") == found
    assert codes(local, ecg * gain) == []  # which no gain disturbs


def test_wrong_unit_is_told_once(fixed: ecgrt.Classifier, ecg: Signal) -> None:
    assert codes(fixed, ecg / 1000) == ["low_amplitude"]
    assert codes(fixed, ecg * 100) == ["high_amplitude"]


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (300, []),
        (250, []),  # 360 Hz told as 300 are hearts of 60 for 72 a minute: nothing is amiss
        (360, []),
        (150, ["slow_beats"]),
        (100, ["heart_rate"]),
        (1000, ["heart_rate"]),
    ],
)
def test_rate(told: int, found: list[str], fixed: ecgrt.Classifier, ecg: Signal) -> None:
    found_here = codes(fixed, ecg[: 60 * told], fs=told)
    assert [code for code in found_here if code != "short_record"] == found


def test_rate_of_real_records(fixed: ecgrt.Classifier, records: Path) -> None:
    """Twice the rate: too fast for their shape, or too sharp for a beat."""
    suspected = ["slow_beats", "fast_beats", "few_beats", "heart_rate"]
    hits = {0.5: 0, 1.0: 0, 2.0: 0}
    for path in sorted(records.glob("*.mat")):
        x = np.fromfile(path, "<i2", offset=24)[:18_000]
        for factor in hits:
            found = codes(fixed, x, fs=300 * factor)
            hits[factor] += bool(set(found) & set(suspected))
    assert hits[1.0] == 0
    assert hits[0.5] >= 6
    assert hits[2.0] >= 7


def test_no_ecg(fixed: ecgrt.Classifier, local: ecgrt.Classifier) -> None:
    noise = np.random.default_rng(0).normal(0, 100, 9000)
    for classifier in (fixed, local):
        assert codes(classifier, noise) == ["few_beats"]
    assert codes(fixed, noise[:2400]) == ["short_record"]  # a few beats may be missed in 8 s


def test_hour_is_judged_without_shapes(fixed: ecgrt.Classifier, ecg: Signal) -> None:
    """They would take memory, and hours hold enough beats for what counts them."""
    assert codes(fixed, np.tile(ecg * 5, 10)) == ["long_record"]
