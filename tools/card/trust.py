"""How far answers can be trusted: calibration, answering only what is sure, failures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgrt.calibration.measures import BINS, Z95, expected_calibration_error, risk_coverage
from ecgrt.calibration.scaling import apply_scaling, scale_held_out
from ecgrt.challenge.scoring import CLASSES, SCORED_CLASSES

from .answers import Answers

#: Parts of the records that take turns in being measured by a calibration fitted to the others.
FOLDS = 5
#: Failures shown of each scored class.
FAILURES = 2
FAILURE_RULE = (
    "the most confident wrong answers for the official validation set, two for each of the "
    "references N, A and O; confidence is the probability of the answer, equal ones are ordered "
    "by name. A strip is the first 30 s of its record"
)


def calibration(answers: Answers) -> dict[str, Any]:
    """Return the ECE, and how often the most probable class is right in bins of its probability.

    The bins are those of the ECE and have Wilson's 95 % interval; empty ones are left out.
    """
    reference = _numbers(answers.reference)
    confidence = answers.probabilities.max(axis=1)
    right = answers.probabilities.argmax(axis=1) == reference
    numbers = np.ceil(confidence * BINS).astype(int) - 1
    bins = []
    for number in np.unique(numbers):
        inside = numbers == number
        low, high = wilson(int(right[inside].sum()), int(inside.sum()))
        bins.append(
            {
                "from": figure(number / BINS),
                "records": int(inside.sum()),
                "confidence": figure(confidence[inside].mean()),
                "accuracy": figure(right[inside].mean()),
                "low": figure(low),
                "high": figure(high),
            }
        )
    ece = expected_calibration_error(answers.probabilities, reference)
    return {"ece": figure(ece), "bins": bins}


def held_out_error(answers: Answers, metadata: Mapping[str, Any]) -> float | None:
    """Return the ECE of the records that a model's calibration was fitted to, without flattery.

    Each fifth of the records is calibrated by a fit to the other four. None if the model has no
    calibration.
    """
    scale = metadata.get("calibration_scale", 1.0)
    bias = metadata.get("calibration_bias") or [0.0] * len(CLASSES)
    if scale == 1 and not any(bias):
        return None
    # The inverse of softmax(scale * log(p) + bias): what the network itself says.
    inverse = [-bias[metadata["classes"].index(label)] / scale for label in CLASSES]
    plain = apply_scaling(answers.probabilities, 1 / scale, inverse)
    reference = _numbers(answers.reference)
    calibrated = scale_held_out(plain, reference, FOLDS)
    return figure(expected_calibration_error(calibrated, reference))


def _numbers(labels: Sequence[str]) -> npt.NDArray[np.intp]:
    return np.array([CLASSES.index(label) for label in labels])


def wilson(right: int, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of the share `right` of `count`."""
    share, z2 = right / count, Z95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z95 / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return centre - half, centre + half


def selective(answers: Answers) -> dict[str, list[float | None]]:
    """Return the share of errors among the most confident 1, 2, ... 100 % of the records.

    Or a little more than so many, for equally confident ones are not divided. ``confidence`` is
    that of the least confident of them.
    """
    coverage, error = risk_coverage(answers.confidence, answers.correct)
    falling = np.unique(answers.confidence)[::-1]
    shares = np.arange(1, 101) / 100
    last = np.searchsorted(coverage, shares - 1e-9)
    return {
        "coverage": shares.tolist(),
        "error": [figure(error[i]) for i in last],
        "confidence": [figure(falling[i]) for i in last],
    }


def failures(answers: Answers) -> list[dict[str, Any]]:
    """Return the failures that the card shows, by :data:`FAILURE_RULE`."""
    chosen: list[int] = []
    wrong = np.flatnonzero(~answers.correct).tolist()
    wrong.sort(key=lambda i: (-answers.confidence[i], answers.names[i]))
    for label in SCORED_CLASSES:
        chosen += [i for i in wrong if answers.reference[i] == label][:FAILURES]
    return [
        {
            "record": answers.names[i],
            "reference": answers.reference[i],
            "answer": answers.labels[i],
            "probabilities": dict(zip(CLASSES, map(figure, answers.probabilities[i]), strict=True)),
            "segments": answers.segments[i],
        }
        for i in chosen
    ]


def figure(value: float) -> float | None:
    """Return four decimals of a figure, for more differ between processors; None if not finite."""
    return round(float(value), 4) if math.isfinite(value) else None
