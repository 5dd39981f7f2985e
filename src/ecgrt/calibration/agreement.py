"""How well answers agree with a reference, in figures with intervals: what a set's report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..view.cohort import Agreement, Bin, Figure
from .measures import (
    BINS,
    Array,
    bootstrap_counts,
    confusion_matrices,
    expected_calibration_error,
    f1_scores,
    log_loss,
)

#: Of the bootstrap over the records.
RESAMPLES, SEED = 1000, 0


def agreement(
    reference: Mapping[str, str],
    answers: Mapping[str, str],
    probabilities: Mapping[str, Sequence[float]],
    classes: Sequence[str],
    scored: Sequence[str],
) -> Agreement:
    """Compare answers with a reference.

    Parameters
    ----------
    reference, answers
        Label by record name, of `classes`. A record without an answer is one of its class that was
        not found.
    probabilities
        Of the classes, in their order, by record name.
    classes
        In their order.
    scored
        Those whose F1 the overall figure is the mean of.
    """
    names = list(reference)
    number = {label: i for i, label in enumerate([*classes, None])}
    labels = np.array([number[reference[name]] for name in names])
    given = np.array([number[answers.get(name)] for name in names])
    size = len(classes) + 1  # the last one: no answer
    counts = np.concatenate(
        [np.ones((1, len(names))), bootstrap_counts(len(names), RESAMPLES, SEED)]
    )
    matrices = confusion_matrices(labels, given, counts, size)
    f1 = f1_scores(matrices)[:, :-1]
    columns = [number[label] for label in scored]
    right = np.trace(matrices, axis1=1, axis2=2) / len(names)
    known = [(i, probabilities[name]) for i, name in enumerate(names) if name in probabilities]
    rows = np.array([p for _, p in known], np.float64).reshape(-1, len(classes))
    of_rows = labels[[i for i, _ in known]]
    return Agreement(
        classes=tuple(classes),
        confusion=matrices[0, :-1].astype(np.int64),
        f1={label: _figure(f1[:, number[label]]) for label in classes},
        overall=_figure(f1[:, columns].mean(axis=1)),
        accuracy=_figure(right),
        bins=_bins(rows, of_rows),
        calibration_error=expected_calibration_error(rows, of_rows) if known else np.nan,
        log_loss=log_loss(rows, of_rows) if known else np.nan,
    )


def _figure(values: Array) -> Figure:
    """Return the figure of all records, the first, with what the resamples after it make of it."""
    low, high = np.percentile(values[1:], [2.5, 97.5])
    return Figure(float(values[0]), float(low), float(high))


def _bins(probabilities: Array, labels: Array) -> tuple[Bin, ...]:
    confidence = probabilities.max(axis=1, initial=0)
    correct = probabilities.argmax(axis=1) == labels if len(labels) else np.zeros(0, bool)
    numbers = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return tuple(
        Bin(
            int((numbers == i).sum()),
            float(confidence[numbers == i].mean()),
            float(correct[numbers == i].mean()),
        )
        for i in range(BINS)
        if (numbers == i).any()
    )
