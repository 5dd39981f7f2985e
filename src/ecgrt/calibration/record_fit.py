"""A record head with rhythm features, from answers of networks to records they had not seen.

The network's own head is linear in pooled evidence; the network has seen its training records, so
that next to its logits the features would seem worth little there. What they are worth is learnt
from the out-of-fold logits of cross-validation: ``logits @ A + rhythm @ B + c``, with `rhythm` the
logits of a :class:`~ecgrt.calibration.rhythm_net.RhythmNet`. All of it folds into one hidden layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._extras import require
from ..training.record_head import RecordHead
from .measures import TINY, Array, Floats, Integers
from .rhythm_net import STEPS, RhythmNet, teach
from .scaling import cross_entropy, softmax

#: Prior standard deviation of what multiplies logits, around the network's own.
SPREAD = 0.3


@dataclass(frozen=True, eq=False)
class Mixture:
    """Logits are ``network @ a + rhythm @ b + c``: (C, C), (C, C), (C,).

    Both are of mean 0 in each record, as :func:`centred` makes them.
    """

    a: Floats
    b: Floats
    c: Floats

    def logits(self, network: Array, rhythm: Array) -> Floats:
        """Return (N, C) logits of the two together."""
        result: Floats = network @ self.a + rhythm @ self.b + self.c
        return result


def centred(probabilities: Array) -> Floats:
    """Return (N, C) logits of mean 0 whose softmax is `probabilities`."""
    logits = np.log(np.maximum(np.asarray(probabilities, np.float64), TINY))
    result: Floats = logits - logits.mean(axis=1, keepdims=True)
    return result


def out_of_fold(
    network: Array,
    features: Array,
    labels: Array,
    folds: Integers,
    *,
    varied: Sequence[Array] = (),
    steps: int = STEPS,
) -> tuple[Floats, Floats]:
    """Return what heads say of records that had no part in them.

    Parameters
    ----------
    network
        (N, C) logits of mean 0, each record's from a network that was trained without its fold.
    features, labels, folds
        (N, F), int (N,), and the number of each record's fold.
    varied
        More (N, F) features to learn from, of the same records in another state.
    steps
        As of :func:`~ecgrt.calibration.rhythm_net.teach`.

    Returns
    -------
    probabilities, rhythm
        (N, C), and the rhythm networks' (N, C) logits.
    """
    rhythm = np.empty(network.shape)
    for fold in np.unique(folds):
        inside = folds == fold
        taught = teach_varied(
            [part[~inside] for part in (features, *varied)], labels[~inside], steps
        )
        rhythm[inside] = taught.logits(features[inside])
    probabilities = np.empty(network.shape)
    for fold in np.unique(folds):
        inside = folds == fold
        mixture = mix(network[~inside], rhythm[~inside], labels[~inside])
        probabilities[inside] = softmax(mixture.logits(network[inside], rhythm[inside]))
    return probabilities, rhythm


def teach_varied(features: Sequence[Array], labels: Array, steps: int = STEPS) -> RhythmNet:
    """Return a network taught by records in several states, each (N, F), of the same labels."""
    return teach(np.concatenate(features), np.tile(labels, len(features)), steps=steps)


def mix(network: Array, rhythm: Array, labels: Array) -> Mixture:
    """Fit how the two go together: multinomial regression with a normal prior, a convex problem."""
    minimize = require("scipy.optimize", extra="build").minimize
    records, classes = network.shape
    x = np.hstack([network, rhythm, np.ones((records, 1))])
    truth = np.eye(classes)[labels]
    start = np.vstack([np.eye(classes), np.zeros((classes + 1, classes))])
    decay = 1 / (records * SPREAD**2)

    def loss_and_gradient(parameters: Floats) -> tuple[float, Floats]:
        weights = parameters.reshape(start.shape)
        loss, residual = cross_entropy(x @ weights, truth)
        off = weights - start
        gradient = x.T @ residual / records + decay * off
        return loss + decay * float((off**2).sum()) / 2, gradient.ravel()

    options = {"ftol": 1e-12, "gtol": 1e-7, "maxiter": 2000}
    found = minimize(loss_and_gradient, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    weights = found.x.reshape(start.shape)
    return Mixture(weights[:classes], weights[classes:-1], weights[-1])


def fold_in(
    linear: RecordHead, rhythm: RhythmNet, mixture: Mixture, names: Sequence[str]
) -> RecordHead:
    """Return one head for pooled evidence and features.

    Parameters
    ----------
    linear
        The network's own head, as :meth:`RecordHead.linear` gives it.
    rhythm, mixture
        What the features say, and how the two go together.
    names
        The features'.
    """
    classes = mixture.c.size
    centre = np.eye(classes) - 1 / classes
    inputs, features = linear.w1.shape[0], len(names)
    units, others = linear.b1.size, rhythm.b1.size
    w1 = np.zeros((inputs + features, units + others))
    w1[:inputs, :units] = linear.w1
    w1[inputs:, units:] = rhythm.w1 / rhythm.std[:, np.newaxis]
    b1 = np.concatenate([linear.b1, rhythm.b1 - (rhythm.mean / rhythm.std) @ rhythm.w1])
    w2 = np.vstack([linear.w2 @ centre @ mixture.a, rhythm.w2 @ centre @ mixture.b])
    b2 = linear.b2 @ centre @ mixture.a + rhythm.b2 @ centre @ mixture.b + mixture.c
    return RecordHead(linear.evidence, tuple(names), w1, b1, w2, b2)
