"""ecgrt.Classifier: what it takes, what it refuses, what it answers."""

from __future__ import annotations

import array
import gc
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ecgrt

#: Small whole numbers, which every type of number holds exactly.
COUNTS = np.random.default_rng(7).integers(0, 128, 1200).astype(np.int8)
TYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g")


@pytest.fixture(scope="module")
def classifier(plan: Path) -> ecgrt.Classifier:
    return ecgrt.Classifier(plan, threads=1)


def answer(classifier: ecgrt.Classifier, x: Any, fs: Any = None) -> bytes:
    return classifier.predict(x, fs).segment_probabilities.tobytes()


@pytest.fixture(scope="module", params=[None, 500.0], ids=["own-rate", "resampled"])
def expected(request: pytest.FixtureRequest, classifier: ecgrt.Classifier) -> tuple[Any, bytes]:
    """A sampling rate, and the answer for COUNTS at that rate."""
    return request.param, answer(classifier, COUNTS.astype("f8"), request.param)


# -- one signal in many forms


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", TYPES)
def test_every_type_of_number_gives_the_same_answer(
    dtype: str, order: str, classifier: ecgrt.Classifier, expected: tuple[Any, bytes]
) -> None:
    fs, probabilities = expected
    x = COUNTS.astype(np.dtype(dtype).newbyteorder(order))
    assert answer(classifier, x, fs) == probabilities
    assert np.array_equal(x, COUNTS)


@pytest.mark.parametrize("dtype", ["i2", "i4", "f4", "f8", "u1", ">i2"])
def test_every_layout_gives_the_same_answer(
    dtype: str, classifier: ecgrt.Classifier, expected: tuple[Any, bytes]
) -> None:
    fs, probabilities = expected
    x = COUNTS.astype(dtype)
    leads = np.zeros((len(x), 3), dtype)
    leads[:, 1] = x
    fields = np.zeros(len(x), [("odd", "i1"), ("x", dtype)])
    fields["x"] = x
    read_only = x.copy()
    read_only.flags.writeable = False
    layouts = {
        "every third": np.repeat(x, 3)[::3],
        "backwards": x[::-1].copy()[::-1],
        "a column": leads[:, 1],
        "a Fortran row": np.asfortranarray(leads.T)[1],
        "unaligned": np.frombuffer(b"\0" + x.tobytes(), dtype, offset=1),
        "a field": fields["x"],
        "read-only": read_only,
    }
    answers = {name: answer(classifier, layout, fs) for name, layout in layouts.items()}
    assert answers == dict.fromkeys(layouts, probabilities)


def test_sequences_and_buffers(
    classifier: ecgrt.Classifier, expected: tuple[Any, bytes], tmp_path: Path
) -> None:
    fs, probabilities = expected
    COUNTS.tofile(tmp_path / "x")
    forms = (
        COUNTS.tolist(),
        tuple(COUNTS.tolist()),
        COUNTS.astype(float).tolist(),
        array.array("h", COUNTS.tolist()),
        memoryview(COUNTS),
        np.memmap(tmp_path / "x", np.int8, "r"),
    )
    for form in forms:
        assert answer(classifier, form, fs) == probabilities


def test_one_sample_repeated_without_memory(classifier: ecgrt.Classifier) -> None:
    x = np.broadcast_to(np.float32(40), 600)
    assert x.strides == (0,)
    assert answer(classifier, x) == answer(classifier, np.full(600, 40))


def test_samples_beyond_the_last_whole_segment_are_cut(classifier: ecgrt.Classifier) -> None:
    whole = answer(classifier, COUNTS[:1024])
    assert answer(classifier, COUNTS[:1025]) == answer(classifier, COUNTS[:1279]) == whole


@pytest.mark.parametrize("fs", [300, 300.0, np.float32(300), np.int64(300), Fraction(300), None])
def test_own_rate_in_any_form(fs: Any, classifier: ecgrt.Classifier) -> None:
    assert answer(classifier, COUNTS, fs) == answer(classifier, COUNTS)


# -- what it refuses


@pytest.mark.parametrize("size", [0, 1, 2, 255])
@pytest.mark.parametrize("dtype", ["i2", "f4", "f8", "u1"])
def test_shorter_than_a_segment(size: int, dtype: str, classifier: ecgrt.Classifier) -> None:
    says = rf"{size} samples.* 256 samples at 300 Hz \(0\.853 s\)"
    with pytest.raises(ValueError, match=says):
        classifier.predict(np.zeros(size, dtype))
    with pytest.raises(ValueError, match=says):
        classifier.predict_batch([np.zeros(300), np.zeros(size, dtype)])


def test_shorter_than_a_segment_once_it_is_resampled(classifier: ecgrt.Classifier) -> None:
    with pytest.raises(ValueError, match=r"850 samples \(255 at 300 Hz\)"):
        classifier.predict(np.zeros(850), fs=1000)
    assert len(classifier.predict(np.zeros(851), fs=1000).segment_labels) == 1


def test_masked_samples_are_refused(classifier: ecgrt.Classifier) -> None:
    x = np.random.default_rng(0).normal(0, 300, 600)
    for mask in (np.arange(600) == 7, True):
        with pytest.raises(ValueError, match="x has masked samples"):
            classifier.predict(np.ma.array(x, mask=mask))
    nothing_masked = np.ma.array(x, mask=np.zeros(600, bool))
    assert answer(classifier, nothing_masked) == answer(classifier, x)


@pytest.mark.parametrize(
    ("x", "dimensions"),
    [(np.zeros((2, 300)), 2), (np.zeros((300, 1)), 2), (np.zeros((1, 300, 1)), 3), (3.5, 0)],
)
def test_not_one_dimensional(x: Any, dimensions: int, classifier: ecgrt.Classifier) -> None:
    with pytest.raises(ValueError, match=f"{dimensions} dimensions.*1-D"):
        classifier.predict(x)


@pytest.mark.parametrize(
    "x",
    [
        None,
        "a signal",
        b"a signal",
        ["1"] * 300,
        np.zeros(300, bool),
        [True] * 300,
        np.zeros(300, complex),
        np.zeros(300, object),
        [None] * 300,
        {"x": 1},
        object(),
        np.zeros(300, "M8[s]"),
        np.zeros(300, "m8[s]"),
        np.zeros(300, [("x", "f4")]),
        np.zeros(300, "V4"),
    ],
)
def test_not_numbers(x: Any, classifier: ecgrt.Classifier) -> None:
    with pytest.raises(TypeError, match=r"dtype .*; a signal is an array of integers or floats"):
        classifier.predict(x)
    with pytest.raises(TypeError, match="dtype"):
        classifier.predict_batch([np.zeros(300), x])


def test_lists_of_different_lengths(classifier: ecgrt.Classifier) -> None:
    with pytest.raises(ValueError, match=r"."):
        classifier.predict([[1.0] * 300, [2.0] * 299])


@pytest.mark.parametrize(
    "fs", [0, -1, -300.0, np.nan, np.inf, -np.inf, 1e-9, 9.99, 100_001, 1e300, True]
)
def test_impossible_sampling_rate(fs: Any, classifier: ecgrt.Classifier) -> None:
    for x in (COUNTS, np.zeros(0)):
        with pytest.raises(ValueError, match=r"fs is .* Hz; it must be from 10 to 100000 Hz"):
            classifier.predict(x, fs)
    with pytest.raises(ValueError, match="fs is"):
        classifier.predict_batch([COUNTS], fs)


@pytest.mark.parametrize("fs", ["300", b"300", [300.0], 300j, object()])
def test_sampling_rate_that_is_no_number(fs: Any, classifier: ecgrt.Classifier) -> None:
    with pytest.raises(TypeError, match="fs"):
        classifier.predict(COUNTS, fs)
    with pytest.raises(TypeError, match="fs"):
        classifier.predict_batch([COUNTS], fs)


@pytest.mark.parametrize("xs", [None, 5, 2.5, COUNTS.astype("f4")])
def test_batch_that_is_no_list_of_signals(xs: Any, classifier: ecgrt.Classifier) -> None:
    with pytest.raises((TypeError, ValueError), match=r"dimension|iterable|incompatible"):
        classifier.predict_batch(xs)


def test_wrong_arguments(plan: Path, classifier: ecgrt.Classifier) -> None:
    for call in (
        lambda: ecgrt.Classifier(plan, 2),  # type: ignore[misc]
        lambda: ecgrt.Classifier(plan, cores=2),  # type: ignore[call-arg]
        lambda: ecgrt.Prediction(),
        lambda: classifier.predict(),  # type: ignore[call-arg]
        lambda: classifier.predict(COUNTS, 300, 0.5, 300),  # type: ignore[call-arg]
    ):
        with pytest.raises(TypeError):
            call()


# -- what it answers


def test_shapes_and_types(classifier: ecgrt.Classifier) -> None:
    prediction = classifier.predict(COUNTS)
    assert prediction.segment_probabilities.shape == (4, 4)
    assert prediction.probabilities.shape == (4,)
    assert prediction.segment_probabilities.dtype == prediction.probabilities.dtype == np.float32
    assert len(prediction.segment_labels) == 4
    assert {prediction.label, *prediction.segment_labels} <= set(classifier.classes)


def test_what_the_classifier_says_of_itself(classifier: ecgrt.Classifier) -> None:
    assert classifier.classes == ("A", "N", "O", "~")
    assert (classifier.sampling_rate, classifier.samples_per_segment) == (300.0, 256)
    assert classifier.backend.startswith("cpu/")
    assert classifier.metadata["classes"] == list(classifier.classes)
    assert len(classifier.training_record_names) == classifier.metadata["training_records"]
    classifier.metadata.clear()
    classifier.training_record_names.clear()
    assert classifier.metadata
    with pytest.raises(AttributeError):
        classifier.classes = ("N",)  # type: ignore[misc, assignment]


def test_prediction_outlives_its_classifier(plan: Path) -> None:
    classifier = ecgrt.Classifier(plan, threads=2)
    prediction = classifier.predict(COUNTS)
    arrays = (prediction.probabilities, prediction.segment_probabilities)
    copies = [a.copy() for a in arrays]
    label, labels = prediction.label, prediction.segment_labels.tolist()
    del classifier
    gc.collect()
    assert (prediction.label, prediction.segment_labels.tolist()) == (label, labels)
    del prediction
    gc.collect()
    for found, copied in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(found, copied)
