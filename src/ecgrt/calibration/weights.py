"""Decision weights: what the challenge's F1 makes of calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .measures import Array, Integers, bootstrap_counts, confusion_matrices, f1_scores

#: Powers of the inverse class shares that are tried as decision weights.
ALPHAS = np.linspace(0.0, 1.0, 21)
#: Resamples that the power is chosen on.
RESAMPLES = 1000


def decide(probabilities: Array, weights: Sequence[float] = ()) -> Integers:
    """Return (N,) the numbers of the classes with the largest weight * probability."""
    weighted = np.asarray(probabilities, np.float64) * (weights if len(weights) else 1.0)
    numbers: Integers = weighted.argmax(axis=1)
    return numbers


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
