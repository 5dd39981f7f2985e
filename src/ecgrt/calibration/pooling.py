"""From the answers of a record's segments to one: their mean, or what is learnt from records.

The mean forgets how the answers lie: a class that two segments are sure of has the mean of one that
all deem possible. Learnt pooling sees the spread of each class too, and which classes the network
takes for each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import _core
from .._extras import require
from .measures import Array, Floats
from .scaling import cross_entropy, softmax

#: The least mean that counts, for a smaller one is no evidence of anything. As in the core.
FLOOR = _core.POOLING_FLOOR
#: Prior standard deviations: of what multiplies the logarithms of the means, and of the constants;
#: and of what multiplies the spreads, which are about a tenth as large.
LOG_STD = 3.0
SPREAD_STD = 30.0

Weights = tuple[tuple[float, ...], ...]


def pool(means: Array, spreads: Array, weights: Sequence[Sequence[float]] = ()) -> Floats:
    """Return the probabilities of records, as a classifier pools those of their segments.

    Parameters
    ----------
    means, spreads
        (N, C) mean and standard deviation of a record's probabilities over its segments.
    weights
        (C, 2 C + 1), a row for each class: what multiplies the logarithms of the means, the
        spreads, and 1. Empty: the means themselves are returned.

    Returns
    -------
    numpy.ndarray
        float64 (N, C): the softmax of the sums.
    """
    if not len(weights):
        return np.asarray(means, np.float64)
    return softmax(_features(means, spreads) @ np.asarray(weights).T)


def fit_pooling(means: Array, spreads: Array, labels: Array) -> Weights:
    """Fit the weights of :func:`pool` to the right labels: multinomial logistic regression.

    The log loss is minimised, plus ``sum(((weights - start) / std)**2) / (2 * N)``, a normal prior
    around the weights that give the means themselves, so that few records change little. The
    problem is convex, the minimum the only one.

    Parameters
    ----------
    means, spreads
        (N, C), as :func:`pool` takes them. A weight for every pair of classes asks for thousands.
    labels
        int (N,), the number of the right class.

    Returns
    -------
    tuple
        (C, 2 C + 1), rounded to six digits, so that they read well.
    """
    minimize = require("scipy.optimize", extra="build").minimize
    features = _features(means, spreads)
    records, classes = np.shape(means)
    truth = np.eye(classes)[labels]
    start = np.eye(classes, features.shape[1])
    deviations = np.repeat([LOG_STD, SPREAD_STD, LOG_STD], [classes, classes, 1])
    decay = 1 / (records * deviations**2)

    def loss_and_gradient(parameters: Floats) -> tuple[float, Floats]:
        weights = parameters.reshape(start.shape)
        loss, residual = cross_entropy(features @ weights.T, truth)
        off = weights - start
        gradient = residual.T @ features / records + decay * off
        return loss + float((decay * off**2).sum()) / 2, gradient.ravel()

    options = {"ftol": 1e-13, "gtol": 1e-8, "maxiter": 5000, "maxfun": 20000}
    found = minimize(loss_and_gradient, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    rows = found.x.reshape(start.shape)
    return tuple(tuple(float(f"{value:.6g}") for value in row) for row in rows)


def _features(means: Array, spreads: Array) -> Floats:
    """Return (N, 2 C + 1): logarithms of the means, spreads, ones."""
    means, spreads = np.asarray(means, np.float64), np.asarray(spreads, np.float64)
    return np.hstack([np.log(np.maximum(means, FLOOR)), spreads, np.ones((len(means), 1))])
