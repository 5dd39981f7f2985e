"""Prediction.quality: gaps are left out and told, and what is suspicious is warned of."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family import SMALL, build, make_metadata, make_network

import ecgrt

#: Of the challenge's records after the filter.
STD = 235.0
BLOCK = {"band": [0.5, 40.0], "half_width": 300, "scale": "fixed"}


def network(folder: Path, **changes: Any) -> ecgrt.Classifier:
    """A small network; its segments are 2 samples long, or as many as it takes."""
    metadata = make_metadata(SMALL.samples_per_segment, SMALL.context_segments, **changes)
    return ecgrt.Classifier(build(make_network(SMALL, metadata), folder), threads=1)


@pytest.fixture(scope="module")
def filtered(tmp_path_factory: pytest.TempPathFactory) -> ecgrt.Classifier:
    """A network of random weights with a signal block."""
    folder = tmp_path_factory.mktemp("filtered")
    return network(folder, mean=0.0, std=STD, signal=BLOCK, decision="mean")


@pytest.fixture(scope="module")
def ecg(records: Path) -> np.ndarray:
    """Thirty seconds of a real record, microvolts at 300 Hz."""
    return np.fromfile(records / "S0001.mat", "<i2", offset=24)[:9000]


def heard(classifier: ecgrt.Classifier, x: Any, **options: Any) -> tuple[ecgrt.Prediction, Any]:
    """A prediction and the texts of its warnings, which are the same as those in its quality."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        prediction = classifier.predict(x, **options)
    assert all(issubclass(one.category, ecgrt.SignalWarning) for one in caught)
    assert [str(one.message) for one in caught] == list(prediction.quality.warnings.values())
    return prediction, list(prediction.quality.warnings)


def test_a_good_record(filtered: ecgrt.Classifier, ecg: np.ndarray) -> None:
    prediction, codes = heard(filtered, ecg)
    quality = prediction.quality
    assert (codes, quality.spans, quality.readable) == ([], (), 1.0)
    assert quality.seconds == 30.0
    assert prediction.label in filtered.classes
    assert "" not in prediction.segment_labels


def test_gaps_are_told_and_left_out(filtered: ecgrt.Classifier, ecg: np.ndarray) -> None:
    x = ecg.astype(float)
    x[:600] = x.max() + 400
    x[3000:4500] = 0
    x[6000:6300] = np.nan
    prediction, codes = heard(filtered, x)
    spans = prediction.quality.spans
    assert spans == ((0, 2, "rail"), (10, 15, "flat"), (20, 21, "missing"))
    assert codes == []
    # each with half a second on either side, of 30 s
    assert prediction.quality.readable == pytest.approx(1 - (2.5 + 6 + 2) / 30)
    left_out = np.array(prediction.segment_labels) == ""
    size = filtered.samples_per_segment
    middles = (np.arange(len(left_out)) + 0.5) * size / 300
    edges = ((0, 2.5), (9.5, 15.5), (19.5, 21.5))
    expected = np.any([(a <= middles) & (middles < b) for a, b in edges], axis=0)
    assert np.abs(left_out.astype(int) - expected).sum() <= 6  # the edges fall within segments
    p = prediction.segment_probabilities[~left_out]
    np.testing.assert_allclose(prediction.probabilities, p.mean(0), rtol=0, atol=1e-6)


@pytest.mark.parametrize("threads", [1, 2])
def test_parts_between_gaps_as_records_of_their_own(
    threads: int, tmp_path: Path, ecg: np.ndarray
) -> None:
    """Each gives what it would by itself, but for the signal that the filter sees at its ends."""
    metadata = make_metadata(
        SMALL.samples_per_segment,
        SMALL.context_segments,
        signal={**BLOCK, "gaps": "cut"},
        mean=0.0,
    )
    plan = build(make_network(SMALL, metadata), tmp_path)
    classifier = ecgrt.Classifier(plan, threads=threads)
    whole = classifier.predict(ecg).segment_probabilities
    x = ecg.astype(float)
    x[3000:4500] = np.nan
    prediction = classifier.predict(x)
    found, size = prediction.segment_probabilities, SMALL.samples_per_segment
    inside = prediction.segment_labels == ""
    np.testing.assert_allclose(found[inside], 1 / 3, rtol=0, atol=1e-6)
    places = np.flatnonzero(~inside) * size
    far = (places < 3000 - 150 - 900) | (places > 4500 + 150 + 900)
    np.testing.assert_allclose(found[~inside][far], whole[~inside][far], rtol=0, atol=1e-4)
    after = int(np.flatnonzero(~inside & (np.arange(len(found)) * size > 4500))[0]) * size
    seen, _ = ecgrt._core.preprocess(x, metadata=metadata.to_json())
    plain = make_metadata(size, SMALL.context_segments, mean=0.0, std=1.0)
    alone = ecgrt.Classifier(build(make_network(SMALL, plain), tmp_path), threads=1)
    expected = alone.predict(seen[after:]).segment_probabilities
    np.testing.assert_allclose(found[after // size :], expected, rtol=0, atol=1e-5)


def test_nothing_to_read(filtered: ecgrt.Classifier) -> None:
    for x in (np.zeros(9000), np.full(9000, np.nan), np.full(9000, -32768, "i2")):
        prediction, codes = heard(filtered, x)
        assert (prediction.label, codes) == (None, ["unreadable"])
        assert prediction.quality.readable == 0


@pytest.mark.parametrize(
    ("seconds", "code", "withheld"),
    [
        (3, "too_short", True),
        (4.99, "too_short", True),
        (5, "short_record", False),
        (14.9, "short_record", False),
        (15, None, False),
        (64.9, None, False),
        (66, "long_record", False),
    ],
)
def test_lengths(
    seconds: float, code: str | None, withheld: bool, filtered: ecgrt.Classifier, ecg: np.ndarray
) -> None:
    prediction, codes = heard(filtered, np.tile(ecg, 3)[: round(seconds * 300)])
    assert codes == ([code] if code else [])
    assert (prediction.label is None) == withheld


def test_too_little_is_readable(filtered: ecgrt.Classifier, ecg: np.ndarray) -> None:
    x = ecg.astype(float)
    x[1400:] = np.nan
    prediction, codes = heard(filtered, x)
    assert (prediction.label, codes) == (None, ["unreadable"])
    assert "4.17 s" in prediction.quality.warnings["unreadable"]
    x[:2000] = ecg[:2000]
    assert heard(filtered, x)[0].label is not None


def test_units(filtered: ecgrt.Classifier, ecg: np.ndarray) -> None:
    x = ecg.astype(float)
    wrong = {
        "low_amplitude": (x / 1e3, x / 1e6, (x - x.mean()) / x.std(), x / np.ptp(x)),
        "high_amplitude": (x * 1e3,),
        "counts": (ecg // 5 + 1024, (ecg // 5 + 1024).astype(float)),
    }
    for code, forms in wrong.items():
        for form in forms:
            assert heard(filtered, form)[1] == [code]
    for unit, factor in (("mV", 1e3), ("V", 1e6), ("nV", 1e-3)):
        prediction, codes = heard(filtered, x / factor, unit=unit)
        assert codes == []
        np.testing.assert_allclose(
            prediction.probabilities, filtered.predict(x).probabilities, rtol=0, atol=1e-5
        )


def test_a_rate_that_no_heart_has(filtered: ecgrt.Classifier, ecg: np.ndarray) -> None:
    """Its 108 beats a minute at 300 Hz are 29 at 80 Hz."""
    assert heard(filtered, ecg[:4800], fs=80)[1] == ["heart_rate"]


def test_no_challenge_record_is_suspicious(filtered: ecgrt.Classifier, records: Path) -> None:
    for path in sorted(records.glob("*.mat")):
        assert heard(filtered, np.fromfile(path, "<i2", offset=24)[:18_300])[1] in (
            [],
            ["short_record"],
        )


def test_models_without_a_block_warn_of_nothing(tmp_path: Path, ecg: np.ndarray) -> None:
    classifier = network(tmp_path)
    for x in (ecg[:400], ecg / 1e6, np.zeros(9000), np.tile(ecg, 3)):
        prediction, codes = heard(classifier, x)
        assert codes == []
        assert prediction.label is not None
    x = ecg.astype("f4")
    x[300:600] = np.inf
    prediction, codes = heard(classifier, x)
    assert (prediction.quality.spans, codes) == (((1, 2, "missing"),), [])
    assert heard(classifier, np.full(900, np.nan))[1] == ["unreadable"]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_day_with_a_thousand_gaps(threads: int, tmp_path: Path, ecg: np.ndarray) -> None:
    """Long records are cut for the threads; gaps may lie anywhere."""
    metadata = make_metadata(SMALL.samples_per_segment, SMALL.context_segments, signal=BLOCK)
    plan = build(make_network(SMALL, metadata), tmp_path)
    x = np.tile(ecg, 40).astype("f4")
    begins = range(500, len(x), 360)
    for begin in begins:
        x[begin : begin + 20] = np.nan
    prediction, codes = heard(ecgrt.Classifier(plan, threads=threads), x)
    assert codes == ["long_record"]
    expected = [(begin / 300, (begin + 20) / 300, "missing") for begin in begins]
    assert len(expected) == 999
    assert prediction.quality.spans == tuple(expected)
    assert prediction.quality.readable == pytest.approx(1 - 999 * 60 / len(x), abs=1e-4)


def test_batches_say_which_record(filtered: ecgrt.Classifier, ecg: np.ndarray) -> None:
    with pytest.warns(ecgrt.SignalWarning, match=r"record 1: the record lasts 6 s"):
        found = filtered.predict_batch([ecg, ecg[:1800]])
    assert [list(p.quality.warnings) for p in found] == [[], ["short_record"]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ecgrt.SignalWarning, match="6 s"):
            filtered.predict(ecg[:1800])


def test_copies_pickles_and_dicts(filtered: ecgrt.Classifier, ecg: np.ndarray) -> None:
    x = ecg.astype(float)
    x[:600] = np.nan
    prediction, codes = heard(filtered, x[:2600])
    assert codes == ["short_record"]
    for same in (copy.deepcopy(prediction), pickle.loads(pickle.dumps(prediction))):
        assert same.quality.spans == prediction.quality.spans == ((0, 2, "missing"),)
        assert same.quality.warnings == prediction.quality.warnings
        assert same.quality.readable == prediction.quality.readable
        assert same.to_dict() == prediction.to_dict()
    told = json.loads(json.dumps(prediction.to_dict()))["quality"]
    assert told["spans"] == [[0, 2, "missing"]]
    assert list(told["warnings"]) == codes
    assert "readable=0.7" in repr(prediction.quality)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"band": [0, 40]}, "begin above 0"),
        ({"band": [150, 0]}, "below half"),
        ({"band": [5, 4]}, "end at 0"),
        ({"band": [5]}, "two frequencies"),
        ({"half_width": 0}, "whole number"),
        ({"half_width": 1.5}, "whole number"),
        ({"half_width": 10**9}, "whole number"),
        ({"scale": "other"}, "other"),
        ({"gaps": "fill"}, "fill"),
        ({"scale": "local"}, "mean must be 0"),
        ({"more": 1}, "more"),
    ],
)
def test_impossible_blocks(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_metadata(256, 3, signal={**BLOCK, **changes})


def test_block_round_trip() -> None:
    metadata = make_metadata(256, 3, signal=BLOCK)
    assert type(metadata).from_json(metadata.to_json()) == metadata
    assert "signal" not in make_metadata(256, 3).to_json()


def test_two_hours_with_gaps_of_every_kind(filtered: ecgrt.Classifier, ecg: np.ndarray) -> None:
    """Two hundred, of a second to five, wherever they begin; one answer tells all of them."""
    x = np.tile(ecg, 240).astype("f4")
    rng = np.random.default_rng(3)
    expected = []
    for number in range(200):
        begin = number * 10_800 + int(rng.integers(600, 8000))
        end = begin + int(rng.integers(300, 1500))
        reason, value = [("missing", np.nan), ("flat", 77.0), ("rail", 9000.0)][number % 3]
        x[begin:end] = value
        expected.append((begin / 300, end / 300, reason))
    prediction, _ = heard(filtered, x)
    spans = prediction.quality.spans
    assert [reason for _, _, reason in spans] == [reason for _, _, reason in expected]
    edges = np.array([span[:2] for span in spans]), np.array([one[:2] for one in expected])
    np.testing.assert_allclose(*edges, rtol=0, atol=1.5 / 300)  # a neighbour may be 77.0 by chance
    assert prediction.label is not None


@pytest.mark.filterwarnings("ignore::ecgrt.SignalWarning")
def test_nothing_of_a_record_is_left_for_the_next(ecg: np.ndarray) -> None:
    """One that ends in the middle of a gap, of any kind, changes no answer behind it."""
    fresh = ecgrt.Classifier(threads=1).predict(ecg, 300)
    used = ecgrt.Classifier(threads=1)
    missing, still, rail = (ecg.astype(float) for _ in range(3))
    missing[8500:], still[7000:], rail[8400:] = np.nan, ecg[7000], 32_767
    for ended in (missing, still, rail, missing[:8650], still[:8650], rail[:8650]):
        used.predict(ended, 300)
        found = used.predict(ecg, 300)
        np.testing.assert_array_equal(found.segment_probabilities, fresh.segment_probabilities)
        assert found.quality.spans == fresh.quality.spans
