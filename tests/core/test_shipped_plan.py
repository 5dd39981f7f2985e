"""The plan that the package carries is the compact model, and answers without any other file."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import ROOT

import ecgrt
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.metadata import ONNX_KEY
from ecgrt.records import list_records
from ecgrt.shipped import PLAN

MODEL = ROOT / "models" / "cinc17-compact.onnx"


@pytest.fixture(scope="module")
def classifier() -> ecgrt.Classifier:
    return ecgrt.Classifier()


def test_it_is_the_model_of_the_repository(classifier: ecgrt.Classifier, tmp_path: Path) -> None:
    build_cpu_plan(MODEL, tmp_path / "fresh.plan")
    fresh = ecgrt.Classifier(tmp_path / "fresh.plan")
    assert classifier.metadata == fresh.metadata
    assert classifier.training_record_names == fresh.training_record_names
    properties = {p.key: p.value for p in onnx.load(MODEL).metadata_props}
    assert ONNX_KEY in properties
    for path in list_records(ROOT / "examples" / "records"):
        record = ecgrt.read_record(path)
        found, expected = classifier.predict(record), fresh.predict(record)
        assert found.label == expected.label
        np.testing.assert_array_equal(found.probabilities, expected.probabilities)


def test_it_answers_as_onnx_runtime_did(classifier: ecgrt.Classifier) -> None:
    assert classifier.self_test() < 1e-5


def test_it_fits_into_a_wheel() -> None:
    assert Path(PLAN).stat().st_size < 2_500_000


def test_it_can_be_pickled(classifier: ecgrt.Classifier) -> None:
    assert pickle.loads(pickle.dumps(classifier)).metadata == classifier.metadata
