"""What an evaluation found, as text for people, JSON for programs and CSV of its times."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .scoring import Score, is_challenge, scored_classes

#: Said at the end of every report.
DISCLAIMER = "ecgrt is not a medical device: its answers are for research, not for diagnosis."
#: Name of the row of the plan's opening among the times.
LOAD = "(load)"


@dataclass(frozen=True)
class Timing:
    """When something was done.

    Attributes
    ----------
    name
        A record's name, or :data:`LOAD`.
    start, end
        Seconds since the epoch.
    milliseconds
        Between the two, by a monotonic clock.
    """

    name: str
    start: float
    end: float
    milliseconds: float


@dataclass(frozen=True)
class Answer:
    """The label that a record was given, when, warnings by their codes, and probabilities."""

    name: str
    label: str
    timing: Timing
    warnings: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A plan's answers for a directory of records, and what is known about them.

    Attributes
    ----------
    plan, backend, threads
        The plan's path, what ran it, how many records it works on at a time.
    metadata
        What the model says about itself (see :class:`ecgrt.metadata.Metadata`).
    records
        Names of all records, in the order of the directory.
    answers
        Label by record name, without the records that failed.
    failures
        Reason by name of each record that failed.
    load, timings
        Of the plan's opening, and of each answered record.
    overlap
        Records that the model was trained on; None if the plan does not say.
    warnings
        By name, the codes of what records were warned of (:class:`ecgrt.SignalWarning`).
    score, label_version
        The score, official where the classes are the challenge's, and the version of the labels
        that it was taken with; None without a reference.
    unlabelled
        Records that the reference does not name, so that they are not scored.
    reference
        Right label by record name; None without a reference.
    probabilities
        Of the plan's classes, in their order, by record name; answered records only.
    """

    plan: str
    backend: str
    threads: int
    metadata: dict[str, Any]
    records: tuple[str, ...]
    answers: dict[str, str]
    failures: dict[str, str]
    load: Timing
    timings: tuple[Timing, ...]
    overlap: tuple[str, ...] | None
    warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    score: Score | None = None
    label_version: str | None = None
    unlabelled: tuple[str, ...] = ()
    reference: dict[str, str] | None = None
    probabilities: dict[str, tuple[float, ...]] = field(default_factory=dict)


def to_text(evaluation: Evaluation) -> str:
    """Return the report that ``ecgrt-eval`` prints."""
    e = evaluation
    lines = [
        f"plan      {e.plan} ({e.backend}, {_count(e.threads, 'thread')})",
        f"model     {e.metadata['model']}, trained with {e.metadata['label_version']} labels",
        f"records   {len(e.records)}: {len(e.answers)} answered, {len(e.failures)} failed",
        f"load      {e.load.milliseconds:.1f} ms",
    ]
    if e.timings:
        times = _summary(e.timings)
        lines.append(
            f"a record  median {times['median']:.2f} ms, p90 {times['p90']:.2f} ms, "
            f"max {times['max']:.2f} ms"
        )
    if e.score is not None:
        lines += ["", *_score_lines(e.score, str(e.label_version))]
    if e.unlabelled:
        lines.append(f"not scored: {_count(len(e.unlabelled), 'record')} without reference label")
    lines += ["", _overlap_line(e)]
    if e.warnings:
        counts = Counter(code for codes in e.warnings.values() for code in codes)
        kinds = ", ".join(f"{code} {n}" for code, n in counts.most_common())
        lines.append(f"warnings on {_count(len(e.warnings), 'record')}: {kinds}")
    if e.failures:
        lines += ["", f"failed records{_scored_as(e.score)}"]
        lines += [f"  {name}: {reason}" for name, reason in e.failures.items()]
    return "\n".join([*lines, "", DISCLAIMER])


def to_json(evaluation: Evaluation) -> str:
    """Return :func:`to_dict` as text."""
    return json.dumps(to_dict(evaluation), indent=2, allow_nan=False) + "\n"


def to_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Return everything as JSON holds it; an undefined figure (0/0) is None."""
    e = evaluation
    values: dict[str, Any] = {
        "plan": e.plan,
        "backend": e.backend,
        "threads": e.threads,
        "model": e.metadata["model"],
        "metadata": e.metadata,
        "records": len(e.records),
        "answers": e.answers,
        "probabilities": {name: list(p) for name, p in e.probabilities.items()},
        "failures": e.failures,
        "load": asdict(e.load),
        "record_milliseconds": _summary(e.timings) if e.timings else None,
        "timings": [asdict(timing) for timing in e.timings],
        "overlap": None if e.overlap is None else list(e.overlap),
        "warnings": {name: list(codes) for name, codes in e.warnings.items()},
        "unlabelled": list(e.unlabelled),
        "label_version": e.label_version,
        "score": None,
    }
    if e.score is not None:
        values |= {
            "score": _defined(e.score.overall),
            "f1": {label: _defined(f1) for label, f1 in e.score.f1.items()},
            "accuracy": e.score.accuracy,
            "classes": list(e.score.f1),
            "confusion": e.score.confusion.tolist(),
            "missing": list(e.score.missing),
        }
    return values


def to_timing_csv(evaluation: Evaluation) -> str:
    """Return ``record,start,end,milliseconds`` rows, the load's first."""
    rows = (
        f"{t.name},{t.start:.6f},{t.end:.6f},{t.milliseconds:.3f}\n"
        for t in (evaluation.load, *evaluation.timings)
    )
    return "record,start,end,milliseconds\n" + "".join(rows)


def _score_lines(score: Score, label_version: str) -> list[str]:
    if math.isnan(score.overall):
        absent = [label for label in scored_classes(score.f1) if math.isnan(score.f1[label])]
        overall = f"undefined: no record is, and none was answered, {' or '.join(absent)}"
    else:
        overall = f"{score.overall:.4f}"
    averaged = (
        "mean F1 of N, A and O" if is_challenge(score.f1) else "macro F1, the mean of all classes"
    )
    labels = (
        "labels of unknown version" if label_version == "unknown" else f"labels {label_version}"
    )
    lines = [
        f"score     {overall} ({averaged}; {labels})",
        "F1        " + "  ".join(f"{label} {_figure(f1)}" for label, f1 in score.f1.items()),
        f"accuracy  {score.accuracy:.4f}",
        "",
        *_table(score),
    ]
    return lines


def _table(score: Score) -> list[str]:
    """Return the confusion matrix, references in rows, answers in columns."""
    widths = [max(6, len(label) + 2) for label in score.f1]
    first = max(9, *map(len, score.f1))
    columns = list(zip(score.f1, widths, strict=True))
    head = "".join(f"{label:>{width}}" for label, width in columns)
    lines = [f"{'reference':>{first}}{'   answered':11}{head}   total"]
    for label, row in zip(score.f1, score.confusion, strict=True):
        cells = "".join(f"{n:{width}d}" for n, width in zip(row, widths, strict=True))
        lines.append(f"{label:>{first}}{'':11}{cells}{row.sum():8d}")
    return lines


def _scored_as(score: Score | None) -> str:
    if score is None:
        return ""
    return " (scored as ~)" if is_challenge(score.f1) else " (scored as not found)"


def _overlap_line(e: Evaluation) -> str:
    if e.overlap is None:
        return (
            "The plan does not carry the names of the model's training records: whether any of "
            "these is among them is not known."
        )
    if e.overlap:
        return (
            f"WARNING: {len(e.overlap)} of {len(e.records)} records were in the model's training "
            "set: the score is not a test score."
        )
    return f"None of the {len(e.records)} records was in the model's training set."


def _summary(timings: tuple[Timing, ...]) -> dict[str, float]:
    milliseconds = np.array([timing.milliseconds for timing in timings])
    return {
        "median": float(np.median(milliseconds)),
        "p90": float(np.percentile(milliseconds, 90)),
        "max": float(milliseconds.max()),
    }


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"
