"""What a prediction and a classifier are to Python: read-only, copied, pickled, shown, written."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
from pathlib import Path

import numpy as np
import pytest

import ecgrt
from ecgrt.records import read_record


@pytest.fixture(scope="module")
def classifier(plan: Path) -> ecgrt.Classifier:
    return ecgrt.Classifier(plan, threads=2)


@pytest.fixture(scope="module")
def prediction(classifier: ecgrt.Classifier, records: Path) -> ecgrt.Prediction:
    return classifier.predict(read_record(records / "S0006"))


def values(prediction: ecgrt.Prediction) -> tuple[object, ...]:
    """Return all that a prediction says, to compare."""
    return (
        prediction.label,
        prediction.confidence,
        prediction.classes,
        prediction.probabilities.tolist(),
        prediction.segment_probabilities.tolist(),
        prediction.segment_labels.tolist(),
    )


@pytest.mark.parametrize(
    "name", ["probabilities", "segment_probabilities", "segment_labels", "beats"]
)
def test_arrays_are_read_only(prediction: ecgrt.Prediction, name: str) -> None:
    array = getattr(prediction, name)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = array[-1]


def test_views_cannot_be_made_writable(prediction: ecgrt.Prediction) -> None:
    for array in (prediction.probabilities, prediction.segment_probabilities):
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True


def test_segment_labels_are_the_most_probable_classes(prediction: ecgrt.Prediction) -> None:
    most = prediction.segment_probabilities.argmax(axis=1)
    assert prediction.segment_labels.tolist() == [prediction.classes[i] for i in most]
    assert prediction.segment_labels.dtype == np.array(prediction.classes).dtype


def test_dict_is_json(prediction: ecgrt.Prediction) -> None:
    found = json.loads(json.dumps(prediction.to_dict(), allow_nan=False))
    assert found == {
        "label": prediction.label,
        "confidence": prediction.confidence,
        "probabilities": dict(
            zip(prediction.classes, prediction.probabilities.tolist(), strict=True)
        ),
        "segment_labels": prediction.segment_labels.tolist(),
        "heart_rate": prediction.heart_rate,
        "beats": prediction.beats.tolist(),
        "evidence": {},
        "quality": {
            "readable": 1.0,
            "seconds": prediction.quality.seconds,
            "spans": [],
            "warnings": {},
        },
    }


def test_withheld_label(classifier: ecgrt.Classifier, records: Path) -> None:
    withheld = classifier.predict(read_record(records / "S0006"), min_confidence=1.0)
    assert withheld.label is None
    assert withheld.to_dict()["label"] is None
    assert repr(withheld).startswith("Prediction(label=None, confidence=")
    assert values(pickle.loads(pickle.dumps(withheld))) == values(withheld)


def test_repr_says_what_it_is(classifier: ecgrt.Classifier, prediction: ecgrt.Prediction) -> None:
    assert repr(prediction) == (
        f"Prediction(label={prediction.label!r}, confidence={round(prediction.confidence, 4)}, "
        f"segments={len(prediction.segment_labels)}, classes=('A', 'N', 'O', '~'))"
    )
    assert repr(classifier) == (
        f"Classifier({classifier.plan!r}, classes=('A', 'N', 'O', '~'), sampling_rate=300.0, "
        f"backend={classifier.backend!r}, threads=2)"
    )


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_prediction_is_pickled(prediction: ecgrt.Prediction, protocol: int) -> None:
    found = pickle.loads(pickle.dumps(prediction, protocol))
    assert values(found) == values(prediction)
    assert found.segment_probabilities.dtype == np.float32


def test_copies_of_what_never_changes_are_itself(
    classifier: ecgrt.Classifier, prediction: ecgrt.Prediction
) -> None:
    for thing in (classifier, prediction):
        assert copy.copy(thing) is copy.deepcopy(thing) is thing
    assert copy.deepcopy([prediction])[0] is prediction


def test_classifier_is_pickled_with_its_options(
    plan: Path, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(plan.parent)
    pickled = pickle.dumps(ecgrt.Classifier(plan.name, threads=1))
    monkeypatch.chdir(tmp_path)  # a relative path leads to the same plan
    found = pickle.loads(pickled)
    assert found.threads == 1
    record = read_record(records / "S0001")
    assert values(found.predict(record)) == values(ecgrt.Classifier(plan).predict(record))


def test_pickled_classifier_refuses_another_model(
    plan: Path, plan_bytes: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "model.plan"
    path.write_bytes(plan.read_bytes())
    pickled = pickle.dumps(ecgrt.Classifier(path))
    path.write_bytes(plan_bytes)
    with pytest.raises(ecgrt.PlanError, match="another model than the one that was pickled"):
        pickle.loads(pickled)
    path.unlink()
    with pytest.raises(ecgrt.PlanError, match=r"model\.plan"):
        pickle.loads(pickled)


def test_damaged_pickle_is_refused(prediction: ecgrt.Prediction) -> None:
    state = prediction.__reduce_ex__(2)[2]
    assert isinstance(state, dict)
    for change in (
        {"label": 4},
        {"segment_labels": [7, *state["segment_labels"][1:]]},
        {"probabilities": state["probabilities"][:-4]},
        {"segment_probabilities": b""},
    ):
        empty = ecgrt.Prediction.__new__(ecgrt.Prediction)
        with pytest.raises(ValueError, match="damaged"):
            empty.__setstate__(state | change)  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # what fork is asked for
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_other_processes_predict(method: str, classifier: ecgrt.Classifier, records: Path) -> None:
    signals = [read_record(records / name).signal for name in ("S0001", "S0006")]
    with multiprocessing.get_context(method).Pool(1) as pool:
        found = pool.map(classifier.predict, signals)
    for signal, answer in zip(signals, found, strict=True):
        assert values(answer) == values(classifier.predict(signal))


def test_prediction_is_not_made_by_hand() -> None:
    with pytest.raises(TypeError, match=r"Classifier\.predict returns"):
        ecgrt.Prediction()
