"""What cross-validation says of recipes: scores, intervals, and differences record by record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..challenge.scoring import scored_classes
from ..training.answers import RecordAnswers
from ..training.config import TrainConfig
from .measures import (
    TINY,
    Z95,
    Array,
    Floats,
    bootstrap_counts,
    confusion_matrices,
    expected_calibration_error,
    f1_scores,
)

RESAMPLES = 2000
SEED = 2017
#: Length of the record that multiplications are told for.
SECONDS = 30
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

    answers: RecordAnswers
    probabilities: Floats
    classes: tuple[str, ...]
    epochs: int
    dev_f1: float
    seconds: float


@dataclass(frozen=True)
class _Scores:
    """Of all held-out records, mean over the seeds: F1 by class, overall of each resample, each
    record's loss, calibration error."""

    f1: Floats
    overall: float
    draws: Floats
    losses: Floats
    calibration_error: float


def compare(
    recipes: Mapping[str, TrainConfig],
    outcomes: Mapping[str, Sequence[Sequence[Outcome]]],
    base: str,
) -> list[dict[str, Any]]:
    """Return a row for each recipe; the scores are of all folds' held-out records together.

    `outcomes` are a recipe's by seed and fold; of several seeds the means are told. F1 is that of
    the network's answers; log loss and calibration error are those of calibrated probabilities, so
    that a recipe does not lose by a wrong temperature, which is cheap to mend. Intervals are of
    95 %: of F1 percentiles of resamples of the records, the same for all recipes, and of the log
    loss normal, of the records' differences.
    """
    records = sum(len(outcome.answers.labels) for outcome in outcomes[base][0])
    counts = bootstrap_counts(records, RESAMPLES, SEED)
    scores = {
        name: _mean([_score(runs, counts) for runs in seeds]) for name, seeds in outcomes.items()
    }
    return [
        {
            "name": name,
            "changes": _changes(recipes[base], config),
            **_row(config, outcomes[name], scores[name]),
            **(_difference(scores[name], scores[base]) if name != base else {}),
        }
        for name, config in recipes.items()
    ]


def to_text(found: Mapping[str, Any]) -> str:
    """Return the table of a comparison as :func:`ecgrt.calibration.crossval.cross_validate`'s."""
    lines = [
        (
            f"{found['records']} records out of {found['folds']} folds; less or more than "
            f"{found['base']}, with 95 % intervals"
        ),
        (
            f"{'recipe':16} {'F1':22} {'log loss':>8} {'ECE':>6} {'M mult.':>8} {'s/epoch':>7}  "
            "differences of F1; of log loss"
        ),
    ]
    for row in found["recipes"]:
        f1, low, high = row["overall"]
        line = (
            f"{row['name']:16} {f1:.4f} [{low:.4f}, {high:.4f}] {row['log_loss']:8.4f} "
            f"{row['calibration_error']:6.3f} {row['multiplications'] / 1e6:8.1f} "
            f"{row['seconds_per_epoch']:7.0f}"
        )
        if "overall_less_base" in row:
            more, low, high = row["overall_less_base"]
            less, spread = row["log_loss_less_base"]
            line += f"  {more:+.4f} [{low:+.4f}, {high:+.4f}]; {less:+.4f} +- {spread:.4f}"
        lines.append(line)
    return "\n".join(lines)


def _row(config: TrainConfig, seeds: Sequence[Sequence[Outcome]], found: _Scores) -> dict[str, Any]:
    runs = [run for of_seed in seeds for run in of_seed]
    samples = round(SECONDS * config.sampling_rate)
    samples -= samples % config.samples_per_segment
    return {
        "seeds": len(seeds),
        "epochs": round(float(np.mean([run.epochs for run in runs])), 1),
        "seconds_per_epoch": min(run.seconds for run in runs),
        "multiplications": config.multiplications(samples, len(runs[0].classes)),
        "dev_f1": _rounded(np.mean([run.dev_f1 for run in runs])),
        "f1": dict(zip(runs[0].classes, map(_rounded, found.f1), strict=True)),
        "overall": [_rounded(found.overall), *_interval(found.draws)],
        "log_loss": _rounded(found.losses.mean()),
        "calibration_error": _rounded(found.calibration_error),
    }


def _difference(found: _Scores, base: _Scores) -> dict[str, Any]:
    less = found.losses - base.losses
    return {
        "overall_less_base": [
            _rounded(found.overall - base.overall),
            *_interval(found.draws - base.draws),
        ],
        "log_loss_less_base": [
            _rounded(less.mean()),
            _rounded(Z95 * less.std() / np.sqrt(len(less))),
        ],
    }


def _score(runs: Sequence[Outcome], counts: Array) -> _Scores:
    classes = runs[0].classes
    scored = [classes.index(label) for label in scored_classes(classes)]
    labels = np.concatenate([run.answers.labels for run in runs])
    decided = np.concatenate([run.answers.decided for run in runs])
    probabilities = np.concatenate([run.probabilities for run in runs])
    right = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0]

    def f1(how_often: Array) -> Floats:
        matrices = confusion_matrices(labels, decided, how_often, len(classes))
        return f1_scores(matrices)

    whole = f1(np.ones((1, len(labels))))[0]
    return _Scores(
        f1=whole,
        overall=float(whole[scored].mean()),
        draws=f1(counts)[:, scored].mean(axis=1),
        losses=-np.log(np.maximum(right, TINY)),
        calibration_error=expected_calibration_error(probabilities, labels),
    )


def _mean(scores: Sequence[_Scores]) -> _Scores:
    means = {name: np.mean([vars(one)[name] for one in scores], axis=0) for name in vars(scores[0])}
    return _Scores(**means)


def _changes(base: TrainConfig, config: TrainConfig) -> dict[str, Any]:
    before, after = base.to_dict(), config.to_dict()
    return {k: v for k, v in after.items() if v != before[k] and k not in PLACES}


def _interval(draws: Array) -> list[float]:
    return [_rounded(bound) for bound in np.percentile(draws, [2.5, 97.5])]


def _rounded(value: Any) -> float:
    return round(float(value), 4)
