"""The estimators among those of scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

import ecgrt
from ecgrt.records import list_records
from ecgrt.sklearn import EcgClassifier, EcgFeatures

#: Those that neither train nor hand in columns of numbers.
CHECKS = (
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)


@pytest.fixture(scope="module")
def signals(records: Path) -> list[ecgrt.Record]:
    return [ecgrt.read_record(path) for path in list_records([records])]


@pytest.fixture(scope="module")
def labels(records: Path) -> list[str]:
    lines = (records / "REFERENCE.csv").read_text().split()
    return [line.split(",")[1] for line in lines]


@pytest.mark.parametrize("estimator", [EcgClassifier(threads=1), EcgFeatures()], ids=str)
@pytest.mark.parametrize("check", CHECKS)
def test_checks_of_scikit_learn(check: str, estimator: object) -> None:
    getattr(estimator_checks, check)(type(estimator).__name__, estimator)


def test_it_answers_as_the_classifier(signals: list[ecgrt.Record], labels: list[str]) -> None:
    model = clone(EcgClassifier(threads=1)).fit()
    predictions = ecgrt.Classifier(threads=1).predict_batch(signals)
    assert model.predict(signals).tolist() == [p.label or "" for p in predictions]
    np.testing.assert_array_equal(
        model.predict_proba(signals), [p.probabilities for p in predictions]
    )
    assert model.classes_.tolist() == list(ecgrt.Classifier().classes)
    agreed = accuracy_score(labels, model.predict(signals))
    assert model.score(signals, labels) == agreed > 0.5


def test_rows_of_an_array(signals: list[ecgrt.Record]) -> None:
    long = [record.signal for record in signals if record.duration >= 20]
    rows = np.stack([signal[:6000] for signal in long]) / 1000
    model = EcgClassifier(fs=300, unit="mV", threads=1).fit()
    expected = ecgrt.Classifier().predict(rows[0], fs=300, unit="mV")
    np.testing.assert_allclose(model.predict_proba(rows)[0], expected.probabilities, atol=1e-6)
    with pytest.raises(ValueError, match="records in rows"):
        model.predict(rows[0])
    with pytest.raises(ValueError, match="record 1"):
        model.predict([rows[0], rows[1][:2]])


def test_it_must_be_fitted(signals: list[ecgrt.Record]) -> None:
    with pytest.raises(NotFittedError):
        EcgClassifier().predict(signals)


def test_a_model_on_features(signals: list[ecgrt.Record], labels: list[str]) -> None:
    features = EcgFeatures()
    table = features.fit_transform(signals)
    names = features.get_feature_names_out()
    assert table.shape == (len(signals), len(names))
    assert np.isfinite(table).all()
    is_af = np.array(labels) == "A"
    model = make_pipeline(features, StandardScaler(), LogisticRegression())
    found = cross_val_predict(model, np.array(signals, dtype=object), is_af, cv=2)
    assert found.shape == is_af.shape
    with pytest.raises(ValueError, match="fs is None"):
        features.transform(np.zeros((1, 3000)))
