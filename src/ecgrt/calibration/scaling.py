"""Vector scaling: one scale for all classes and a bias for each, fitted to the right labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._extras import require
from .measures import TINY, Array, Floats, stratified_folds

#: Prior standard deviation of a class's bias: a bias of 1 multiplies its odds by 2.7.
BIAS_STD = 1.0


def apply_scaling(probabilities: Array, scale: float = 1.0, bias: Sequence[float] = ()) -> Floats:
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
        As :func:`apply_scaling` takes them, rounded to six digits, so that they read well.
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


def scale_held_out(probabilities: Array, labels: Array, folds: int) -> Floats:
    """Return (N, C) each fold of the records calibrated by a fit to the others."""
    numbers = stratified_folds(labels, folds)
    calibrated = np.empty(np.shape(probabilities))
    for fold in range(folds):
        inside = numbers == fold
        fitted = fit_vector_scaling(probabilities[~inside], labels[~inside])
        calibrated[inside] = apply_scaling(probabilities[inside], *fitted)
    return calibrated
