"""A small network from rhythm features to classes, taught by boosted trees.

Features matter where they pass a limit (a rate above 100, one early beat in ten), which trees find
with few records and a layer of ReLUs does not. So trees learn from the records, and the layer from
the trees: their answers to any number of feature vectors that lie between those of records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._extras import require
from .measures import Array, Floats
from .scaling import softmax

#: Of the boosted trees.
TREES = {"max_iter": 150, "learning_rate": 0.06, "max_leaf_nodes": 12, "l2_regularization": 3.0}
#: Of each split, that many of the features are looked at.
TREE_FEATURES = 0.5
TEACHERS = 2
#: Vectors between records that the teachers are asked about, beside each record's own twice.
INVENTED = 60_000
#: A vector takes this share of its features from towards a neighbour, one of so many either side.
MIXED, NEIGHBOURS = 0.3, 30
#: Hidden units that begin at limits that a forest of trees finds most useful, and other ones.
LIMITS, OTHERS = 160, 32
LIMIT_SLOPE = 2.0
STEPS, BATCH, RATE, WARMUP = 6000, 512, 3e-3, 100
DECAY = 1e-5


@dataclass(frozen=True, eq=False)
class RhythmNet:
    """Logits are ``relu(x @ w1 + b1) @ w2 + b2`` less their mean; x is of standardised features."""

    mean: Floats
    std: Floats
    w1: Floats
    b1: Floats
    w2: Floats
    b2: Floats

    def logits(self, features: Array) -> Floats:
        """Return float64 (N, C), of mean 0, for features (N, F)."""
        x = (np.asarray(features, np.float64) - self.mean) / self.std
        logits = np.maximum(x @ self.w1 + self.b1, 0) @ self.w2 + self.b2
        centred: Floats = logits - logits.mean(axis=1, keepdims=True)
        return centred


def teach(
    features: Array, labels: Array, *, invented: int = INVENTED, steps: int = STEPS, seed: int = 0
) -> RhythmNet:
    """Return a network that answers as boosted trees do that have learnt from records.

    Parameters
    ----------
    features, labels
        Finite (N, F) and int (N,); every class has records.
    invented
        Vectors between records that the trees are asked about.
    steps
        Of learning from the trees.
    seed
        The same records and seed give the same network.
    """
    ensemble = require("sklearn.ensemble", extra="train")
    rng = np.random.default_rng(seed)
    mean, std = features.mean(axis=0), features.std(axis=0) + 1e-3
    x = ((features - mean) / std).astype(np.float32)
    teachers = [
        ensemble.HistGradientBoostingClassifier(
            **TREES, max_features=TREE_FEATURES, random_state=seed + number
        ).fit(x, labels)
        for number in range(TEACHERS)
    ]
    lessons = np.concatenate([x, x, _between(x, invented, rng)])
    answers = np.mean([teacher.predict_proba(lessons) for teacher in teachers], axis=0)
    start = _limits(ensemble, x, labels, rng)
    w1, b1, w2, b2 = _learn(start, lessons, answers.astype(np.float32), steps, rng)
    return RhythmNet(mean, std, w1, b1, w2, b2)


def _between(x: Array, count: int, rng: np.random.Generator) -> Array:
    """Return vectors some of whose features lie between two records that are neighbours.

    Neighbours are so in the order of a random mixture of all features.
    """
    order = np.argsort(x @ rng.normal(size=x.shape[1]), kind="stable")
    place = np.empty(len(x), np.intp)
    place[order] = np.arange(len(x))
    one = rng.integers(len(x), size=count)
    shift = rng.integers(-NEIGHBOURS, NEIGHBOURS + 1, size=count)
    other = order[np.clip(place[one] + shift, 0, len(x) - 1)]
    share = rng.random((count, 1), np.float32) * (rng.random((count, x.shape[1])) < MIXED)
    mixed: Array = (x[one] + share * (x[other] - x[one])).astype(np.float32)
    return mixed


def _limits(ensemble: Any, x: Array, labels: Array, rng: np.random.Generator) -> list[Array]:
    """Return first weights: units that begin where a forest splits, and random ones."""
    forest = ensemble.RandomForestClassifier(
        40, max_depth=6, min_samples_leaf=20, max_features=0.4, random_state=0
    ).fit(x, labels)
    worth: dict[tuple[int, float], float] = {}
    for tree in (one.tree_ for one in forest.estimators_):
        size = tree.weighted_n_node_samples * tree.impurity
        for node in np.flatnonzero(tree.feature >= 0):
            limit = (int(tree.feature[node]), round(float(tree.threshold[node]) * 5) / 5)
            left, right = tree.children_left[node], tree.children_right[node]
            worth[limit] = worth.get(limit, 0.0) + size[node] - size[left] - size[right]
    best = sorted(worth, key=lambda limit: (-worth[limit], limit))[:LIMITS]
    width, classes = x.shape[1], int(labels.max()) + 1
    w1 = np.concatenate(
        [np.zeros((width, len(best))), rng.normal(size=(width, OTHERS)) / np.sqrt(width)], axis=1
    )
    b1 = np.concatenate([np.zeros(len(best)), rng.uniform(-1, 1, OTHERS)])
    for unit, (feature, threshold) in enumerate(best):
        w1[feature, unit], b1[unit] = LIMIT_SLOPE, -LIMIT_SLOPE * threshold
    w2 = rng.normal(size=(w1.shape[1], classes)) * 0.01
    return [part.astype(np.float32) for part in (w1, b1, w2, np.zeros(classes))]


def _learn(
    start: Sequence[Array], x: Array, answers: Array, steps: int, rng: np.random.Generator
) -> list[Floats]:
    """Return the weights after so many steps of Adam on the cross-entropy to the answers."""
    weights = [part.copy() for part in start]
    means, squares = ([np.zeros_like(part) for part in start] for _ in range(2))
    for step in range(1, steps + 1):
        chosen = rng.integers(len(x), size=BATCH)
        inputs, (w1, b1, w2, b2) = x[chosen], weights
        hidden = np.maximum(inputs @ w1 + b1, 0)
        slope = (softmax(hidden @ w2 + b2) - answers[chosen]) / np.float32(BATCH)
        back = (slope @ w2.T) * (hidden > 0)
        gradients = [inputs.T @ back, back.sum(axis=0), hidden.T @ slope, slope.sum(axis=0)]
        rate = RATE * min(1.0, step / WARMUP) * 0.5 * (1 + np.cos(np.pi * step / steps))
        for part, gradient in enumerate(gradients):
            means[part] += np.float32(0.1) * (gradient - means[part])
            squares[part] += np.float32(0.001) * (gradient**2 - squares[part])
            move = means[part] / (1 - 0.9**step)
            move = move / (np.sqrt(squares[part] / (1 - 0.999**step)) + 1e-8)
            if weights[part].ndim == 2:
                move = move + DECAY * weights[part]
            weights[part] = (weights[part] - rate * move).astype(np.float32)
    return [part.astype(np.float64) for part in weights]
