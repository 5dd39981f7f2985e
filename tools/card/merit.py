"""Scores with intervals, and all figures of a set of records together."""

from __future__ import annotations

import math
from collections.abc import Container
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgrt.challenge.scoring import CLASSES, SCORED_CLASSES, score
from ecgrt.metadata import digest_records

from .answers import Answers, Material
from .trust import calibration, failures, figure, held_out_error, selective

RESAMPLES = 10_000
SEED = 2017

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def measure(material: Material) -> dict[str, Any]:
    """Return all figures that the answers give, ready for JSON."""
    dev = _measure_set(material.dev, material.copies)
    dev["calibration"]["held_out_ece"] = held_out_error(material.dev, material.metadata)
    # Which records these are follows from the model only while no others are available.
    dev["names"] = list(material.dev.names)
    return {
        "label_version": material.label_version,
        "dev": dev,
        "validation": _measure_set(material.validation, material.copies),
        "failures": failures(material.validation),
    }


def _measure_set(answers: Answers, copies: dict[str, str]) -> dict[str, Any]:
    trained = {name: copies[name] for name in answers.names if name in copies}
    return {
        "scores": scores(answers),
        "trained_copies": trained,
        "scores_without_copies": scores(answers, leave_out=trained) if trained else None,
        "calibration": calibration(answers),
        "selective": selective(answers),
    }


def scores(answers: Answers, leave_out: Container[str] = ()) -> dict[str, Any]:
    """Return the scores of all answers but for some records, with 95 % intervals."""
    kept = [i for i, name in enumerate(answers.names) if name not in leave_out]
    reference = {answers.names[i]: answers.reference[i] for i in kept}
    result = score(reference, {answers.names[i]: answers.labels[i] for i in kept})
    values = [*result.f1.values(), result.overall, result.accuracy]
    rows = zip(values, *bootstrap(result.confusion), strict=True)
    figures = [dict(zip(("value", "low", "high"), map(figure, row), strict=True)) for row in rows]
    return {
        "records": len(kept),
        "digest": digest_records(reference),
        **dict(zip((*CLASSES, "overall", "accuracy"), figures, strict=True)),
        "confusion": result.confusion.tolist(),
    }


def bootstrap(
    confusion: Counts, resamples: int = RESAMPLES, seed: int = SEED
) -> tuple[Floats, Floats]:
    """Return the bounds, (6,) each, of N's, A's, O's and ~'s F1, overall score and accuracy.

    95 % percentile intervals. Records are resampled with replacement; all that counts of a record
    is its cell of the confusion matrix (4, 4), so a resample is a multinomial draw of the cells.
    For a figure only those resamples count in which it is not 0/0; NaN if it is so in all.
    """
    records = int(confusion.sum())
    draws = np.random.default_rng(seed).multinomial(
        records, confusion.ravel() / records, size=resamples
    )
    drawn = draws.reshape(resamples, *confusion.shape)
    accuracy = np.trace(drawn, axis1=1, axis2=2) / records
    bounds = []
    for values in (*f1_scores(drawn).T, accuracy):
        defined = values[np.isfinite(values)]
        bounds.append(np.percentile(defined, [2.5, 97.5]) if defined.size else [math.nan] * 2)
    low, high = np.array(bounds).T
    return low, high


def f1_scores(confusions: Counts) -> Floats:
    """Return (n, 5) F1 of N, A, O and ~ and the overall score, of confusion matrices (n, 4, 4).

    As :func:`ecgrt.challenge.scoring.score`, but for thousands of matrices at once; 0/0 is NaN.
    """
    right = np.diagonal(confusions, axis1=1, axis2=2)
    named = confusions.sum(axis=1) + confusions.sum(axis=2)
    f1 = np.where(named > 0, 2 * right / np.maximum(named, 1), np.nan)
    scored = [CLASSES.index(label) for label in SCORED_CLASSES]
    return np.column_stack([f1, f1[:, scored].mean(axis=1)])
