"""How far probabilities can be trusted, in numbers. Arrays only.

Throughout, `probabilities` are float (N, C), a row per record, and `labels` int (N,), the number of
the right class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

#: Probabilities below it count as it, so that their logarithm is finite; as in the core.
TINY = float(np.finfo(np.float32).tiny)
#: Equally wide bins of confidence of the expected calibration error.
BINS = 15
#: Normal quantile of a two-sided 95 % interval.
Z95 = 1.959964


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
