"""How far probabilities can be trusted: measures, calibration, decision weights. Arrays only.

Throughout, `probabilities` are float (N, C), a row per record, and `labels` int (N,), the number of
the right class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._extras import require

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

#: Probabilities below it count as it, so that their logarithm is finite; as in the core.
TINY = float(np.finfo(np.float32).tiny)
#: Equally wide bins of confidence of the expected calibration error.
BINS = 15
#: Prior standard deviation of a class's bias: a bias of 1 multiplies its odds by 2.7.
BIAS_STD = 1.0
#: Powers of the inverse class shares that are tried as decision weights.
ALPHAS = np.linspace(0.0, 1.0, 21)
#: Resamples that the power is chosen on.
RESAMPLES = 1000
#: Normal quantile of a two-sided 95 % interval.
Z95 = 1.959964


def calibrate(probabilities: Array, scale: float = 1.0, bias: Sequence[float] = ()) -> Floats:
    """Return softmax(scale * log(probabilities) + bias), as a classifier computes it."""
    p = np.asarray(probabilities, np.float64)
    if scale == 1 and not np.any(bias):
        return p
    return softmax(scale * np.log(np.maximum(p, TINY)) + (np.asarray(bias) if len(bias) else 0.0))


def softmax(exponents: Floats) -> Floats:
    """Return (N, C) probabilities in proportion to the powers of e."""
    powers = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    probabilities: Floats = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def cross_entropy(exponents: Floats, truth: Floats) -> tuple[float, Floats]:
    """Return the log loss of the softmax, mean over N records, and its (N, C) gradient times N.

    `truth` is (N, C), 1 at each record's right class and 0 elsewhere.
    """
    exponents = exponents - exponents.max(axis=1, keepdims=True)
    normaliser = np.log(np.exp(exponents).sum(axis=1, keepdims=True))
    loss = ((normaliser - exponents) * truth).sum() / len(truth)
    return float(loss), np.exp(exponents - normaliser) - truth


def decide(probabilities: Array, weights: Sequence[float] = ()) -> Integers:
    """Return (N,) the numbers of the classes with the largest weight * probability."""
    weighted = np.asarray(probabilities, np.float64) * (weights if len(weights) else 1.0)
    numbers: Integers = weighted.argmax(axis=1)
    return numbers


def log_loss(probabilities: Array, labels: Array) -> float:
    """Return the mean of -log(probability of the right class)."""
    right = np.take_along_axis(np.asarray(probabilities), np.asarray(labels)[:, None], axis=1)
    return float(-np.log(np.maximum(right, TINY)).mean())


def brier_score(probabilities: Array, labels: Array) -> float:
    """Return the mean squared distance from the right answer, 0 to 2 (summed over the classes)."""
    probabilities = np.asarray(probabilities)
    truth = np.eye(probabilities.shape[1])[labels]
    return float(np.square(probabilities - truth).sum(axis=1).mean())


def expected_calibration_error(probabilities: Array, labels: Array, bins: int = BINS) -> float:
    """Return by how much confidence and accuracy differ, in the mean over the records.

    Of the most probable class: records are put into `bins` equally wide bins of its probability,
    and the differences between mean confidence and accuracy of the bins are averaged, weighted by
    the bins' records (Naeini et al. 2015, Guo et al. 2017).
    """
    probabilities = np.asarray(probabilities, np.float64)
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    # bin k holds (k / bins, (k + 1) / bins], as in the literature
    numbers = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    excess = np.bincount(numbers, weights=confidence - correct, minlength=bins)
    return float(np.abs(excess).sum() / len(confidence))


def risk_coverage(confidence: Array, correct: Array) -> tuple[Floats, Floats]:
    """Return what abstaining buys: error rate by share of records that are answered.

    Parameters
    ----------
    confidence, correct
        (N,): of each record's label, and whether the label is right.

    Returns
    -------
    coverage, risk
        float64 (M,), M the number of different confidences, the surest first: the share of the
        records that are at least so sure, and the share of wrong labels among them. Records of
        equal confidence come in together, for no threshold divides them.
    """
    confidence = np.asarray(confidence)
    order = np.argsort(-confidence, kind="stable")
    ends = np.flatnonzero(np.diff(confidence[order], append=-np.inf))
    wrong = np.cumsum(~np.asarray(correct, bool)[order])[ends]
    return (ends + 1) / len(confidence), wrong / (ends + 1)


def f1_scores(confusion: Array) -> Floats:
    """Return (..., C) F1 by class of confusion matrices (..., C, C); 0 where it is 0/0."""
    named = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    f1: Floats = 2 * np.diagonal(confusion, axis1=-2, axis2=-1) / np.maximum(named, 1)
    return f1


def confusion_matrices(labels: Array, answers: Array, counts: Array, classes: int) -> Array:
    """Return (R, C, C), labels in rows, of R resamples that hold record i counts[r, i] times."""
    cells = np.eye(classes * classes)[np.asarray(labels) * classes + answers]
    matrices: Array = (counts @ cells).reshape(-1, classes, classes)
    return matrices


def bootstrap_counts(records: int, resamples: int, seed: int) -> Array:
    """Return (resamples, records): how often each record is in each resample of as many."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(records, np.full(records, 1 / records), resamples).astype(np.float64)


def stratified_folds(labels: Array, folds: int, seed: int = 0) -> Integers:
    """Return (N,) the fold of each record; folds share out each class to within one record."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labels))
    order = shuffled[np.argsort(np.asarray(labels)[shuffled], kind="stable")]
    numbers = np.empty(len(labels), np.intp)
    numbers[order] = np.arange(len(labels)) % folds
    return numbers


def fit_vector_scaling(
    probabilities: Array, labels: Array, bias_std: float = BIAS_STD
) -> tuple[float, tuple[float, ...]]:
    """Fit one scale for all classes and a bias for each to the right labels.

    The log loss is minimised, plus the penalty ``sum(bias**2) / (2 * N * bias_std**2)``: a normal
    prior on each bias, which lets a rare class's bias be as large as its records warrant and no
    larger, and makes the biases' sum 0. The problem is convex, the minimum the only one.

    Returns
    -------
    scale, bias
        As :func:`calibrate` takes them, rounded to six digits, so that they read well.
    """
    minimize = require("scipy.optimize", extra="build").minimize
    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), TINY))
    truth = np.eye(logs.shape[1])[labels]
    decay = 1 / (len(logs) * bias_std**2)

    def loss_and_gradient(parameters: Floats) -> tuple[float, Floats]:
        scale, bias = parameters[0], parameters[1:]
        loss, residual = cross_entropy(scale * logs + bias, truth)
        slope = (residual * logs).sum() / len(logs)
        return loss + decay * float(bias @ bias) / 2, np.append(
            slope, residual.mean(axis=0) + decay * bias
        )

    start = np.append(1.0, np.zeros(logs.shape[1]))
    bounds = [(0.01, 100.0)] + [(None, None)] * logs.shape[1]
    options = {"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1000}
    found = minimize(loss_and_gradient, start, jac=True, bounds=bounds, options=options)
    scale, *bias = (float(f"{value:.6g}") for value in found.x)
    return scale, tuple(bias)


def calibrate_held_out(probabilities: Array, labels: Array, folds: int) -> Floats:
    """Return (N, C) each fold of the records calibrated by a fit to the others."""
    numbers = stratified_folds(labels, folds)
    calibrated = np.empty(np.shape(probabilities))
    for fold in range(folds):
        inside = numbers == fold
        fitted = fit_vector_scaling(probabilities[~inside], labels[~inside])
        calibrated[inside] = calibrate(probabilities[inside], *fitted)
    return calibrated


def fit_decision_weights(
    probabilities: Array, labels: Array, scored: Sequence[bool], seed: int = 0
) -> tuple[float, tuple[float, ...]]:
    """Choose ``weights = share of the class ** -alpha`` for the largest mean F1.

    F1 pays for an answer about in inverse proportion to its class's records, hence the family, and
    less than that where the answer is often wrong, hence alpha from 0 to 1. One number is all that
    a few hundred records can tell: the F1 of a class of 15 moves by points with one record, so
    that a free weight for each class would fit the noise.

    Even that one is chosen with care: alphas are compared on the same bootstrap resamples. The
    candidates are those whose mean F1 over the scored classes is within one standard error (of the
    paired difference) of the best. Among them the largest mean F1 over all classes decides, the
    unscored ones included; and of equals, the smallest alpha.

    Parameters
    ----------
    probabilities, labels
        Calibrated; every class has a record.
    scored
        (C,) which classes' F1 counts.
    seed
        Of the resamples.

    Returns
    -------
    alpha, weights
        The weights are rounded to six digits, the most frequent class's is 1.
    """
    classes = np.asarray(probabilities).shape[1]
    shares = np.bincount(labels, minlength=classes) / len(labels)
    families = (shares / shares.max()) ** -ALPHAS[:, None]
    counts = bootstrap_counts(len(labels), RESAMPLES, seed)
    f1 = np.array(
        [
            f1_scores(confusion_matrices(labels, decide(probabilities, weights), counts, classes))
            for weights in families
        ]
    )  # (alphas, resamples, classes)
    overall = f1[..., np.asarray(scored)].mean(axis=-1)
    best = overall.mean(axis=1).argmax()
    behind = overall[best] - overall
    candidates = behind.mean(axis=1) <= behind.std(axis=1)
    chosen = int(np.where(candidates, f1.mean(axis=(1, 2)), -np.inf).argmax())
    return float(ALPHAS[chosen]), tuple(float(f"{weight:.6g}") for weight in families[chosen])
