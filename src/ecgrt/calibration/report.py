"""What a calibration gave, measured, as text for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..calibration.measures import (
    brier_score,
    confusion_matrices,
    expected_calibration_error,
    f1_scores,
    log_loss,
)
from ..challenge.scoring import is_challenge, scored_classes
from ..metadata import Metadata
from .measures import Array


@dataclass(frozen=True)
class Figures:
    """How good answers are.

    Attributes
    ----------
    log_loss, calibration_error, brier
        As :mod:`ecgrt.calibration.measures` defines them.
    f1
        F1 by class.
    overall
        Mean F1 of the classes that the score counts: of the challenge's N, A and O, else all.
    """

    log_loss: float
    calibration_error: float
    brier: float
    f1: dict[str, float]
    overall: float


@dataclass(frozen=True)
class Report:
    """What a calibration gave.

    Attributes
    ----------
    metadata
        Of the calibrated model.
    records
        Number of records by right label.
    before, after
        The model before, and as it was fitted, on the records that it was fitted to.
    held_out
        Each fifth of the records answered by a fit to the other four: what to expect of `after`
        on other records of the kind.
    """

    metadata: Metadata
    records: dict[str, int]
    before: Figures
    after: Figures
    held_out: Figures


def measure(probabilities: Array, decided: Array, labels: Array, classes: Sequence[str]) -> Figures:
    """Measure (N, C) probabilities and (N,) labels, by number, against the right ones."""
    once = np.ones((1, len(labels)))
    confusion = confusion_matrices(labels, decided, once, len(classes))[0]
    f1 = dict(zip(classes, f1_scores(confusion).tolist(), strict=True))
    scored = scored_classes(classes)
    return Figures(
        log_loss=log_loss(probabilities, labels),
        calibration_error=expected_calibration_error(probabilities, labels),
        brier=brier_score(probabilities, labels),
        f1=f1,
        overall=sum(f1[label] for label in scored) / len(scored),
    )


def to_text(report: Report) -> str:
    """Return a report for people."""
    m = report.metadata
    by_class = {"bias": m.calibration_bias, "weights": m.decision_weights}
    lines = [
        "records   " + ", ".join(f"{label} {n}" for label, n in sorted(report.records.items())),
        f"pooling   {'learnt' if m.pooling else 'mean'}",
        f"scale     {m.calibration_scale:.4g} (temperature {1 / m.calibration_scale:.4g})",
    ]
    for name, values in by_class.items():
        if values:
            pairs = zip(m.classes, values, strict=True)
            lines.append(f"{name:<10}" + ", ".join(f"{label} {v:.4g}" for label, v in pairs))
    lines += [f"decision  {m.decision}", "", f"{'':28}{'before':>10}{'fitted':>10}{'held out':>10}"]
    averaged = "N, A and O" if is_challenge(m.classes) else "all classes"
    columns = (report.before, report.after, report.held_out)
    rows = {
        "log loss": [c.log_loss for c in columns],
        "expected calibration error": [c.calibration_error for c in columns],
        "Brier score": [c.brier for c in columns],
        f"F1, mean of {averaged}": [c.overall for c in columns],
        **{f"F1 {label}": [c.f1[label] for c in columns] for label in m.classes},
    }
    lines += [f"{name:28}" + "".join(f"{v:10.4f}" for v in row) for name, row in rows.items()]
    lines += [
        "",
        "fitted: on the very records of the fit, hence flattering; held out: each fifth of them",
        "by a fit to the other four, which is what to expect of other records of the kind.",
    ]
    if report.held_out.log_loss >= report.before.log_loss:
        lines.append(
            "Held out, the log loss is no lower than before: the model gains nothing by it."
        )
    return "\n".join(lines)
