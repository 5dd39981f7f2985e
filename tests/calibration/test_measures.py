"""Calibration: its measures by their definitions, its fits on data of known making."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from ecgrt.calibration import measures, scaling
from ecgrt.calibration import weights as decision_weights
from ecgrt.challenge import scoring

Array = np.ndarray[Any, Any]


def draw(
    records: int, scale: float = 1.0, bias: tuple[float, ...] = (0.0,) * 4, seed: int = 0
) -> tuple[Array, Array]:
    """Probabilities, and labels as often as softmax(scale * log p + bias) says."""
    rng = np.random.default_rng(seed)
    logs = log_softmax(rng.normal(0, 2, (records, 4)), axis=1)
    right = softmax(scale * logs + np.array(bias), axis=1)
    labels = (rng.random((records, 1)) > right.cumsum(axis=1)).sum(axis=1)
    return np.exp(logs), np.minimum(labels, 3)


def test_calibration_error_by_its_definition() -> None:
    probabilities, labels = draw(500, scale=0.4)
    for bins in (1, 2, 15, 40):
        expected = 0.0
        for k in range(bins):
            inside = [
                i
                for i, row in enumerate(probabilities)
                if k / bins < max(row) <= (k + 1) / bins + 1e-15
            ]
            if inside:
                confidence = np.mean([max(probabilities[i]) for i in inside])
                accuracy = np.mean([probabilities[i].argmax() == labels[i] for i in inside])
                expected += abs(confidence - accuracy) * len(inside) / 500
        found = measures.expected_calibration_error(probabilities, labels, bins)
        assert found == pytest.approx(expected)


def test_calibration_error_of_the_extremes() -> None:
    sure = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert measures.expected_calibration_error(sure, np.array([0, 1])) == 0
    assert measures.expected_calibration_error(sure, np.array([1, 0])) == 1
    assert measures.expected_calibration_error(sure, np.array([0, 0])) == 0.5


def test_loss_and_brier_score_by_hand() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
    labels = np.array([0, 2])
    expected = -(np.log(0.5) + np.log(0.1)) / 2
    assert measures.log_loss(probabilities, labels) == pytest.approx(expected)
    expected = (0.25 + 0.09 + 0.04 + 0.01 + 0.64 + 0.81) / 2
    assert measures.brier_score(probabilities, labels) == pytest.approx(expected)
    assert np.isfinite(measures.log_loss(np.array([[0.0, 1.0]]), np.array([0])))


def test_risk_and_coverage_are_those_of_every_threshold() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.integers(1, 20, 200) / 20  # many are equal
    correct = rng.random(200) < confidence
    coverage, risk = measures.risk_coverage(confidence, correct)
    thresholds = np.unique(confidence)[::-1]
    assert len(coverage) == len(thresholds)
    for threshold, share, wrong in zip(thresholds, coverage, risk, strict=True):
        answered = confidence >= threshold
        assert share == pytest.approx(answered.mean())
        assert wrong == pytest.approx(1 - correct[answered].mean())


def test_f1_is_the_challenges() -> None:
    rng = np.random.default_rng(2)
    labels, answers = rng.integers(4, size=(2, 100))
    counts = measures.bootstrap_counts(100, 3, seed=0)
    assert (counts.sum(axis=1) == 100).all()
    confusions = measures.confusion_matrices(labels, answers, counts, 4)
    for row, f1 in zip(counts.astype(int), measures.f1_scores(confusions), strict=True):
        drawn = [f"{i}-{copy}" for i, times in enumerate(row) for copy in range(times)]
        names = {name: int(name.split("-")[0]) for name in drawn}
        expected = scoring.score(
            {name: scoring.CLASSES[labels[i]] for name, i in names.items()},
            {name: scoring.CLASSES[answers[i]] for name, i in names.items()},
        )
        assert f1.tolist() == pytest.approx(list(expected.f1.values()))


def test_f1_of_a_class_that_nobody_names_is_0() -> None:
    assert measures.f1_scores(np.diag([3, 0])).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("classes", [2, 4])
def test_folds_share_out_every_class(classes: int) -> None:
    labels = np.random.default_rng(3).choice(
        classes, 203, p=np.arange(1, classes + 1) / (classes * (classes + 1) / 2)
    )
    folds = measures.stratified_folds(labels, 5)
    for label, fold in itertools.product(range(classes), range(5)):
        count = np.count_nonzero((labels == label) & (folds == fold))
        assert abs(count - np.count_nonzero(labels == label) / 5) < 1
    assert np.bincount(folds).max() - np.bincount(folds).min() <= 1


@pytest.mark.parametrize(
    ("scale", "bias"), [(0.5, (0.4, -0.4, 0.8, -0.8)), (2.0, (0.0, 0.0, 0.5, -0.5))]
)
def test_fit_finds_what_the_labels_were_drawn_with(scale: float, bias: tuple[float, ...]) -> None:
    probabilities, labels = draw(40_000, scale, bias)
    found_scale, found_bias = scaling.fit_vector_scaling(probabilities, labels)
    assert found_scale == pytest.approx(scale, rel=0.05)
    assert found_bias == pytest.approx(bias, abs=0.06)
    others, right = draw(40_000, scale, bias, seed=1)
    calibrated = scaling.apply_scaling(others, found_scale, found_bias)
    assert measures.expected_calibration_error(others, right) > 0.05
    assert measures.expected_calibration_error(calibrated, right) < 0.01


def test_fit_is_the_minimum() -> None:
    probabilities, labels = draw(300, 0.7, (0.5, 0.0, 0.0, -0.5))
    found = scaling.fit_vector_scaling(probabilities, labels, bias_std=0.5)

    def objective(parameters: Array) -> float:
        logs = log_softmax(parameters[0] * np.log(probabilities) + parameters[1:], axis=1)
        penalty = (parameters[1:] ** 2).sum() / (2 * 300 * 0.5**2)
        return float(penalty - logs[np.arange(300), labels].mean())

    options = {"xatol": 1e-8, "fatol": 1e-12, "maxiter": 10_000, "maxfev": 10_000}
    expected = minimize(objective, [1, 0, 0, 0, 0], method="Nelder-Mead", options=options)
    assert [found[0], *found[1]] == pytest.approx(expected.x.tolist(), abs=1e-4)
    assert sum(found[1]) == pytest.approx(0, abs=1e-4)


def test_fit_stays_finite_where_nothing_holds_it() -> None:
    probabilities, labels = draw(200)
    perfect = np.eye(4)[labels] * 0.9 + 0.025
    some = labels != 3
    for p, right in ((perfect, labels), (probabilities[some], labels[some])):
        scale, bias = scaling.fit_vector_scaling(p, right)
        assert 0 < scale <= 100
        assert np.abs(bias).max() < 10


def test_calibration_of_one_record_and_of_none() -> None:
    p = np.array([[0.7, 0.2, 0.1]])
    np.testing.assert_array_equal(scaling.apply_scaling(p), p)
    np.testing.assert_array_equal(scaling.apply_scaling(p, 1.0, (0.0, 0.0, 0.0)), p)
    expected = softmax(2 * np.log(p) + [0, 1, 0], axis=1)
    np.testing.assert_allclose(scaling.apply_scaling(p, 2.0, (0, 1, 0)), expected)


def test_weights_lift_the_mean_f1_of_other_records() -> None:
    bias = (-2.0, 2.0, 0.0, -3.0)
    scored = [True, True, True, False]
    learnt, others = draw(2000, bias=bias), draw(20_000, bias=bias, seed=1)
    calibrated = [scaling.apply_scaling(p, 1.0, bias) for p, _ in (learnt, others)]
    alpha, weights = decision_weights.fit_decision_weights(calibrated[0], learnt[1], scored)
    assert 0 < alpha <= 1
    shares = np.bincount(learnt[1]) / 2000
    assert weights == pytest.approx((shares / shares.max()) ** -alpha, rel=1e-5)

    def mean_f1(chosen: tuple[float, ...]) -> float:
        answers = decision_weights.decide(calibrated[1], chosen)
        once = np.ones((1, len(answers)))
        confusion = measures.confusion_matrices(others[1], answers, once, 4)[0]
        return float(measures.f1_scores(confusion)[scored].mean())

    assert mean_f1(weights) > mean_f1(()) + 0.005


def test_weights_stay_ones_where_nothing_is_to_be_gained() -> None:
    _, labels = draw(400, bias=(-2.0, 2.0, 0.0, -1.0))
    perfect = np.eye(4)[labels] * 0.96 + 0.01
    alpha, weights = decision_weights.fit_decision_weights(
        perfect, labels, [True, True, True, False]
    )
    assert (alpha, weights) == (0.0, (1.0,) * 4)
