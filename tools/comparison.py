"""What cross-validation says of recipes: scores, intervals, and differences record by record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ecgrt.calibration.fit import Answers
from ecgrt.calibration.measures import (
    TINY,
    Z95,
    Array,
    Floats,
    bootstrap_counts,
    confusion_matrices,
    f1_scores,
)
from ecgrt.challenge.scoring import SCORED_CLASSES
from ecgrt.training.config import TrainConfig

RESAMPLES = 2000
SEED = 2017
#: Fields of a configuration that are no part of the recipe.
PLACES = ("train", "dev", "save_dir")


@dataclass(frozen=True)
class Outcome:
    """A run, and what its network says of the records that it was not trained on.

    Attributes
    ----------
    answers
        Of the held-out records, as the network gives them.
    probabilities
        float64 (N, C), calibrated: each fifth by a fit to the other four.
    dev_f1
        Of the chosen checkpoint.
    seconds
        The shortest epoch's; others may have been disturbed.
    """

    answers: Answers
    probabilities: Floats
    classes: tuple[str, ...]
    epochs: int
    dev_f1: float
    seconds: float


@dataclass(frozen=True)
class _Scores:
    """Of all held-out records: F1 by class, overall of each resample, each record's loss."""

    f1: Floats
    overall: float
    draws: Floats
    losses: Floats


def compare(
    recipes: Mapping[str, TrainConfig], outcomes: Mapping[str, Sequence[Outcome]], base: str
) -> list[dict[str, Any]]:
    """Return a row for each recipe; the scores are of all folds' held-out records together.

    F1 is that of the most frequent segment label; the log loss is that of calibrated probabilities,
    so that a recipe does not lose by a wrong temperature, which is cheap to mend. Intervals are of
    95 %: of F1 percentiles of resamples of the records, the same for all recipes, and of the log
    loss normal, of the records' differences.
    """
    records = sum(len(outcome.answers.labels) for outcome in outcomes[base])
    counts = bootstrap_counts(records, RESAMPLES, SEED)
    scores = {name: _score(runs, counts) for name, runs in outcomes.items()}
    rows = []
    for name, config in recipes.items():
        runs, found, other = outcomes[name], scores[name], scores[base]
        row = {
            "name": name,
            "changes": _changes(recipes[base], config),
            "epochs": round(float(np.mean([run.epochs for run in runs])), 1),
            "seconds_per_epoch": min(run.seconds for run in runs),
            "dev_f1": _rounded(np.mean([run.dev_f1 for run in runs])),
            "f1": dict(zip(runs[0].classes, map(_rounded, found.f1), strict=True)),
            "overall": [_rounded(found.overall), *_interval(found.draws)],
            "log_loss": _rounded(found.losses.mean()),
        }
        if name != base:
            less = found.losses - other.losses
            gain = found.overall - other.overall
            row["overall_less_base"] = [_rounded(gain), *_interval(found.draws - other.draws)]
            row["log_loss_less_base"] = [
                _rounded(less.mean()),
                _rounded(Z95 * less.std() / np.sqrt(records)),
            ]
        rows.append(row)
    return rows


def _score(runs: Sequence[Outcome], counts: Array) -> _Scores:
    classes = runs[0].classes
    scored = [classes.index(label) for label in SCORED_CLASSES]
    labels = np.concatenate([run.answers.labels for run in runs])
    modes = np.concatenate([run.answers.modes for run in runs])
    right = np.concatenate(
        [np.take_along_axis(r.probabilities, r.answers.labels[:, None], axis=1) for r in runs]
    )[:, 0]

    def f1(how_often: Array) -> Floats:
        matrices = confusion_matrices(labels, modes, how_often, len(classes))
        return f1_scores(matrices)

    whole = f1(np.ones((1, len(labels))))[0]
    return _Scores(
        f1=whole,
        overall=float(whole[scored].mean()),
        draws=f1(counts)[:, scored].mean(axis=1),
        losses=-np.log(np.maximum(right, TINY)),
    )


def _changes(base: TrainConfig, config: TrainConfig) -> dict[str, Any]:
    before, after = base.to_dict(), config.to_dict()
    return {k: v for k, v in after.items() if v != before[k] and k not in PLACES}


def _interval(draws: Array) -> list[float]:
    return [_rounded(bound) for bound in np.percentile(draws, [2.5, 97.5])]


def _rounded(value: Any) -> float:
    return round(float(value), 4)
