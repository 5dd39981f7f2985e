"""The numbers of the model card: intervals, calibration, selective answers, which failures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ecgrt.calibration.measures import expected_calibration_error, stratified_folds
from ecgrt.calibration.scaling import apply_scaling, fit_vector_scaling
from ecgrt.challenge.scoring import CLASSES, score

pytest.importorskip("matplotlib", reason='needs pip install "ecgrt[card]"')

from card import merit, tables, trust
from card.answers import Answers


def make_answers(*facts: tuple[str, str, str, float]) -> Answers:
    """Answers of (name, reference, answer, confidence)."""
    names, reference, labels, confidence = zip(*facts, strict=True)
    probabilities = np.zeros((len(facts), 4))
    for row, label, p in zip(probabilities, labels, confidence, strict=True):
        row[:] = (1 - p) / 3
        row[CLASSES.index(label)] = p
    return Answers(
        names, reference, labels, probabilities, np.array(confidence), ("N",) * len(names)
    )


def test_intervals_are_those_of_scipy() -> None:
    confusion = np.array([[140, 0, 8, 0], [2, 39, 6, 0], [12, 2, 50, 1], [5, 2, 7, 26]])
    low, high = merit.bootstrap(confusion)
    reference, answers = np.repeat(np.indices((4, 4)).reshape(2, -1), confusion.ravel(), axis=1)

    def f1_of_a(reference: np.ndarray, answers: np.ndarray) -> float:
        both = np.sum((reference == 1) & (answers == 1))
        return float(2 * both / (np.sum(reference == 1) + np.sum(answers == 1)))

    found = stats.bootstrap(
        (reference, answers),
        f1_of_a,
        paired=True,
        vectorized=False,
        n_resamples=4000,
        method="percentile",
        random_state=1,
    ).confidence_interval
    # Standard error of the bounds themselves: 0.003 for 4,000 resamples.
    np.testing.assert_allclose((low[1], high[1]), found, atol=0.01)
    right = stats.binom(300, np.trace(confusion) / 300).ppf([0.025, 0.975]) / 300
    np.testing.assert_allclose((low[5], high[5]), right, atol=1 / 300)


def test_intervals_of_what_cannot_vary() -> None:
    low, high = merit.bootstrap(np.diag([5, 4, 3, 0]))
    np.testing.assert_array_equal(low[[0, 1, 2, 5]], 1.0)
    np.testing.assert_array_equal(high[[0, 1, 2, 5]], 1.0)
    assert math.isnan(low[3])
    assert math.isnan(high[3])


def test_f1_is_that_of_the_official_score() -> None:
    rng = np.random.default_rng(3)
    confusions = rng.integers(0, 9, (20, 4, 4))
    confusions[0, 3] = confusions[0, :, 3] = 0
    for confusion, found in zip(confusions, merit.f1_scores(confusions), strict=True):
        cells = [(i, j) for i in range(4) for j in range(4) for _ in range(confusion[i, j])]
        expected = score(
            {str(n): CLASSES[i] for n, (i, _) in enumerate(cells)},
            {str(n): CLASSES[j] for n, (_, j) in enumerate(cells)},
        )
        np.testing.assert_allclose(found, [*expected.f1.values(), expected.overall])


@pytest.mark.parametrize(("right", "count"), [(0, 3), (7, 9), (40, 40), (500, 800)])
def test_wilson_is_scipys(right: int, count: int) -> None:
    expected = stats.binomtest(right, count).proportion_ci(method="wilson")
    np.testing.assert_allclose(trust.wilson(right, count), expected, atol=1e-6)


def test_calibration_worked_by_hand() -> None:
    found = trust.calibration(
        make_answers(
            ("a", "N", "N", 0.94), ("b", "A", "N", 0.98), ("c", "O", "O", 0.5), ("d", "~", "~", 1.0)
        )
    )
    assert [row["records"] for row in found["bins"]] == [1, 3]
    assert found["bins"][1]["confidence"] == pytest.approx(0.9733)
    assert found["bins"][1]["accuracy"] == pytest.approx(0.6667)
    # 1/4 of |0.5 - 1| and 3/4 of |0.9733 - 0.6667|
    assert found["ece"] == pytest.approx(0.355)


def test_held_out_error_takes_the_calibration_back_first() -> None:
    rng = np.random.default_rng(5)
    plain = rng.dirichlet((0.5, 0.5, 0.5, 0.5), size=120)
    reference = [CLASSES[rng.choice(4, p=apply_scaling(p[None], 0.5)[0])] for p in plain]
    numbers = np.array([CLASSES.index(label) for label in reference])
    scale, bias = fit_vector_scaling(plain, numbers)
    fitted = apply_scaling(plain, scale, bias)
    names = tuple(map(str, range(120)))
    labels = tuple(CLASSES[i] for i in fitted.argmax(axis=1))
    answers = Answers(names, tuple(reference), labels, fitted, fitted.max(axis=1), ("N",) * 120)
    classes = ["A", "N", "O", "~"]
    ordered = [bias[CLASSES.index(label)] for label in classes]
    found = trust.held_out_error(
        answers, {"classes": classes, "calibration_scale": scale, "calibration_bias": ordered}
    )
    # The same from the network's own probabilities, fold by fold.
    folds = stratified_folds(numbers, trust.FOLDS)
    expected = np.empty_like(plain)
    for fold in range(trust.FOLDS):
        fit = fit_vector_scaling(plain[folds != fold], numbers[folds != fold])
        expected[folds == fold] = apply_scaling(plain[folds == fold], *fit)
    assert found == pytest.approx(expected_calibration_error(expected, numbers), abs=2e-4)
    assert trust.held_out_error(answers, {"classes": classes}) is None


def test_a_fitted_calibration_is_told_with_both_its_errors() -> None:
    found: dict[str, Any] = {
        name: {"scores": {"records": n}, "calibration": {"ece": 0.02}}
        for name, n in (("dev", 740), ("validation", 300))
    }
    assert "fitted" not in tables.calibration(found)
    found["dev"]["calibration"]["held_out_ece"] = 0.0351
    text = tables.calibration(found)
    assert "| the 740 dev records, to which the calibration was fitted | 0.020 |" in text
    assert "| each fifth of them, by a fit to the other four | 0.035 |" in text


def test_errors_among_the_most_confident() -> None:
    found = trust.selective(
        make_answers(
            ("a", "N", "N", 0.7), ("b", "A", "N", 0.6), ("c", "O", "O", 0.9), ("d", "O", "~", 0.8)
        )
    )
    at = {percent: found["error"][percent - 1] for percent in (1, 25, 26, 50, 75, 100)}
    assert at == {1: 0, 25: 0, 26: 0.5, 50: 0.5, 75: 0.3333, 100: 0.5}
    assert found["confidence"][49] == 0.8
    assert found["coverage"][49] == 0.5


def test_the_most_confident_failures_are_shown() -> None:
    answers = make_answers(
        ("a", "N", "N", 0.99),  # right
        ("d", "N", "A", 0.8),  # third
        ("c", "N", "O", 0.9),  # equally confident: by name
        ("b", "N", "~", 0.9),
        ("e", "~", "N", 0.95),  # noise is not shown
        ("f", "O", "N", 0.3),
    )
    assert [failure["record"] for failure in trust.failures(answers)] == ["b", "c", "f"]
    assert trust.failures(answers)[2]["probabilities"]["N"] == 0.3
