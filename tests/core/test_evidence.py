"""Evidence in words: facts that hold of real and of made signals, and none that does not."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import ecgrt
from ecgrt import _core

FS = 300.0
RATES = {"rate", "slow", "fast", "no_beats"}


def made(beats: npt.NDArray[np.float64], seconds: float, p_wave: float = 120.0) -> npt.NDArray:
    """Return an ECG in microvolts: P, R and T of each beat, and a little noise."""
    t = np.arange(int(seconds * FS)) / FS
    signal = np.random.default_rng(3).normal(0, 4, t.size)
    for at in beats:
        for height, place, width in ((p_wave, -0.16, 0.025), (1000, 0, 0.011), (250, 0.26, 0.05)):
            signal += height * np.exp(-(((t - at - place) / width) ** 2))
    return signal.astype(np.float32)


def steady(rate: float, seconds: float = 30.0) -> npt.NDArray[np.float64]:
    return np.arange(0.5, seconds, 60 / rate)


@pytest.mark.parametrize(("rate", "code"), [(44, "slow"), (75, "rate"), (118, "fast")])
def test_a_steady_rhythm(rate: float, code: str) -> None:
    found = ecgrt.find_evidence(made(steady(rate), 30), FS)
    assert list(found) == [code, "regular", "p_wave"]
    assert found[code].startswith(f"heart rate {rate} a minute")
    assert found["regular"].startswith("regular intervals: 0 % of them")


def test_chance_intervals_without_a_p_wave() -> None:
    beats = np.cumsum(np.random.default_rng(5).uniform(0.45, 1.1, 40)) + 0.5
    intervals = np.diff(beats)
    share = np.mean(np.abs(np.diff(intervals)) > np.median(intervals) / 10)
    signal = made(beats, beats[-1] + 0.6, p_wave=0)
    signal += np.random.default_rng(6).normal(0, 25, signal.size).astype(np.float32)
    found = ecgrt.find_evidence(signal, FS)
    assert {"irregular", "no_p_wave"} <= found.keys()
    assert not {"regular", "p_wave", "premature"} & found.keys()
    assert f" {100 * share:.0f} % " in found["irregular"]


def test_early_beats() -> None:
    beats = steady(75)
    beats[5::8] -= 0.25
    found = ecgrt.find_evidence(made(beats, 30), FS)
    early = len(beats[5::8]) / (len(beats) - 1)
    assert found["premature"].startswith(f"premature beats: {100 * early:.0f} % of the intervals")
    assert "irregular" not in found


def test_a_beat_that_fails_to_come() -> None:
    beats = np.delete(steady(50), [7, 8])
    assert "3.6 s" in ecgrt.find_evidence(made(beats, 30), FS)["long_interval"]


def test_nothing_is_said_of_a_rhythm_without_beats() -> None:
    for signal in (np.zeros(9000), np.full(9000, np.nan), made(np.array([4.0]), 10)):
        found = ecgrt.find_evidence(signal, FS)
        assert next(iter(found)) == "no_beats"
        assert not {"regular", "irregular", "p_wave", "no_p_wave", "premature"} & found.keys()


def test_a_pacemakers_spikes_have_no_p_wave() -> None:
    signal = np.random.default_rng(0).normal(0, 10, 9000)
    signal[::250] = 8000
    found = ecgrt.find_evidence(signal, FS)
    assert {"rate", "regular"} <= found.keys()
    assert "p_wave" not in found


def test_two_of_a_kind_are_told_apart(records: Path) -> None:
    normal, fibrillation, noise = (
        ecgrt.find_evidence(record.signal, record.fs)
        for record in (ecgrt.read_record(records / name) for name in ("S0004", "S0007", "S0008"))
    )
    assert {"regular", "p_wave"} <= normal.keys()
    assert {"fast", "irregular", "no_p_wave"} <= fibrillation.keys()
    assert {"noise", "unlike", "few_beats"} <= noise.keys()
    for found in (normal, fibrillation, noise):
        assert len(RATES & found.keys()) == 1


def test_unit_offset_and_polarity_do_not_matter(records: Path) -> None:
    record = ecgrt.read_record(records / "S0007")
    changed = 5000 - record.signal.astype(np.float64) / 1000
    assert ecgrt.find_evidence(changed, record.fs) == ecgrt.find_evidence(record.signal, record.fs)


def test_predictions_of_models_with_a_record_head_have_it(plan: Path, records: Path) -> None:
    record = ecgrt.read_record(records / "S0007")
    prediction = ecgrt.Classifier().predict(record)
    found = prediction.evidence
    assert found == ecgrt.find_evidence(record.signal, record.fs)
    assert json.loads(json.dumps(prediction.to_dict()))["evidence"] == found
    assert pickle.loads(pickle.dumps(prediction)).evidence == found
    assert ecgrt.Classifier(plan).predict(record).evidence == {}


def test_features_out_of_which_it_is_made_have_their_names() -> None:
    signal = made(steady(60), 30)
    features = dict(
        zip(_core.rhythm_feature_names(), _core.rhythm_features(signal, FS), strict=True)
    )
    assert 75 * 2 ** features["rate_median"] == pytest.approx(60, abs=0.5)
    assert "heart rate 60 a minute" in ecgrt.find_evidence(signal, FS).values()
