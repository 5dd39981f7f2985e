"""A report on a set of records with a reference: agreement, calibration, worst disagreements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .colours import colour, meaning
from .page import cards, legend, page, scrolled, section, table
from .plane import calibration_chart, interval_chart
from .report import ROW, tracks_of
from .strip import Tracks, paper_for, strip
from .svg import Markup, tag
from .times import clock, percent
from .why import evidence_of, parts_of

if TYPE_CHECKING:
    from .._core import Classifier, Prediction
    from ..records import Record


@dataclass(frozen=True)
class Figure:
    """A figure with its interval of 95 %, by bootstrap over the records."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bin:
    """Records of about the same confidence: how many, how sure, how many of them right (shares)."""

    records: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well answers agree with a reference.

    Attributes
    ----------
    classes
        In the order of rows and columns.
    confusion
        int64 (classes, classes + 1), rows = reference; the last column counts records without an
        answer.
    f1, overall, accuracy
        F1 by class, the mean of those that are scored, and the share of right answers.
    bins
        Of confidence, from low to high, without the empty ones.
    calibration_error, log_loss
        As ``ecgrt.calibration.measures`` has them; NaN without answers.
    """

    classes: tuple[str, ...]
    confusion: npt.NDArray[np.int64]
    f1: dict[str, Figure]
    overall: Figure
    accuracy: Figure
    bins: tuple[Bin, ...]
    calibration_error: float
    log_loss: float


@dataclass(frozen=True, eq=False)
class Disagreement:
    """A record whose label is not the reference's."""

    record: Record
    prediction: Prediction
    reference: str


def cohort_report(
    title: str,
    found: Agreement,
    score_name: str,
    disagreements: Sequence[Disagreement],
    classifier: Classifier,
    facts: Sequence[tuple[str, str]],
    warning: str | None = None,
) -> str:
    """Return a report on a set of records as HTML.

    Parameters
    ----------
    title
        Of the set.
    found
        How well its answers agree with the reference.
    score_name
        What the overall figure is called.
    disagreements
        The worst first; each is drawn.
    classifier
        The one that was asked.
    facts
        Where the figures come from: name and value.
    warning
        What must be known of the figures, such as that records were trained on.
    """
    records = int(found.confusion.sum())
    notice = None if warning is None else tag("p", warning, class_="notice")
    return page(
        f"Answers for {title}",
        section("Findings", notice, _findings(found, score_name, records)),
        section("Confusion matrix", _confusion(found)),
        section("F1 of each class", _f1(found, score_name)),
        section("Calibration", *_calibration(found)),
        _worst(disagreements, classifier),
        section("Where this comes from", table("Provenance", ("What", "Value"), facts)),
    )


def _findings(found: Agreement, score_name: str, records: int) -> Markup:
    wrong = records - int(np.trace(found.confusion))
    facts = [
        (score_name, f"{found.overall.value:.3f}", _interval(found.overall)),
        ("Right answers", percent(found.accuracy.value), f"{wrong} of {records} are wrong"),
        ("Calibration error", percent(found.calibration_error), "of the confidence, on average"),
        ("Log loss", f"{found.log_loss:.3f}", "0 is best"),
    ]
    return cards(facts)


def _interval(figure: Figure) -> str:
    return f"95\N{NO-BREAK SPACE}% interval {figure.low:.3f} to {figure.high:.3f}"


def _confusion(found: Agreement) -> Markup:
    """Return the matrix as a table, each cell shaded by its share of the row."""
    classes = found.classes
    unanswered = bool(found.confusion[:, -1].any())
    columns = [*classes, *(["no answer"] if unanswered else [])]
    rows = []
    for label, counts in zip(classes, found.confusion.tolist(), strict=True):
        total = max(sum(counts), 1)
        cells = [
            Markup(f'<span class="cell" style="--share:{count / total:.3f}">{count}</span>')
            for count in counts[: len(columns)]
        ]
        rows.append((meaning(label), *cells, str(sum(counts))))
    heads = ("Reference", *(f"answered {name}" if name in classes else name for name in columns))
    return table("Records by reference and answer", (*heads, "all"), rows)


def _f1(found: Agreement, score_name: str) -> Markup:
    rows = [
        (meaning(label), figure.value, figure.low, figure.high, colour(label, found.classes))
        for label, figure in found.f1.items()
    ]
    overall = found.overall
    rows.append((score_name, overall.value, overall.low, overall.high, "#0072b2"))
    told = [
        (name, f"{value:.3f}", f"{low:.3f}", f"{high:.3f}") for name, value, low, high, _ in rows
    ]
    caption = "F1 with intervals of 95 %, by bootstrap over the records"
    return Markup(
        scrolled(caption, interval_chart(caption, rows))
        + table(caption, ("Class", "F1", "from", "to"), told)
    )


def _calibration(found: Agreement) -> list[Markup]:
    points = [(one.records, one.confidence, one.accuracy) for one in found.bins]
    caption = "How sure, and how often right"
    note = (
        "Records of about the same confidence, and the share of them that is right. On the line "
        "the probabilities are worth what they say; below it they are too sure. Larger points are "
        "more records."
    )
    told = [(str(n), f"{c:.3f}", f"{a:.3f}") for n, c, a in points]
    figures = table(caption, ("Records", "Confidence, mean", "Share right"), told)
    return [
        tag("p", note, class_="note"),
        scrolled(caption, calibration_chart(caption, points)),
        tag("details", tag("summary", "As a table"), figures, aria_label=caption),
    ]


def _worst(disagreements: Sequence[Disagreement], classifier: Classifier) -> Markup:
    if not disagreements:
        return section("Worst disagreements", tag("p", "None."))
    names = disagreements[0].prediction.classes
    parts = [
        tag(
            "p",
            "The labels that were given most surely against the reference. Either may be wrong. Of "
            "each the ten seconds that speak most for the label.",
            class_="note",
        ),
        legend({meaning(name): colour(name, names) for name in names}),
    ]
    for one in disagreements:
        parts += _disagreement(one, classifier)
    return section("Worst disagreements", *parts, class_="long")


def _disagreement(one: Disagreement, classifier: Classifier) -> list[Markup]:
    record, prediction = one.record, one.prediction
    label = prediction.label or "none"
    chances = dict(zip(prediction.classes, prediction.probabilities.tolist(), strict=True))
    heading = (
        f"{record.name}: answered {meaning(label)} ({percent(prediction.confidence)}), reference "
        f"{meaning(one.reference)} ({percent(chances.get(one.reference, 0.0))})"
    )
    tracks = tracks_of(prediction, record, classifier, parts_of(prediction, classifier))
    paper = paper_for(record.signal, record.fs)
    start, seconds = _telling(tracks, prediction, record.duration)
    text = f"{record.name} from {clock(start)} to {clock(start + seconds)}, {paper.scale}"
    drawing = strip(record.signal, record.fs, start, seconds, paper, tracks, text)
    return [
        tag("h3", heading),
        tag("p", "; ".join(evidence_of(prediction, record).values()), class_="note"),
        scrolled(text, drawing),
    ]


def _telling(tracks: Tracks, prediction: Prediction, duration: float) -> tuple[float, float]:
    """Return start and length of the stretch whose segments are surest of the label."""
    seconds = min(ROW, duration)
    width = max(1, round(seconds / tracks.segment))
    label = prediction.label or prediction.classes[int(prediction.probabilities.argmax())]
    assert tracks.probabilities is not None
    sure = np.nan_to_num(tracks.probabilities[:, prediction.classes.index(label)])
    sums = np.convolve(sure, np.ones(min(width, sure.size)), "valid")
    start = float(int(sums.argmax() * tracks.segment))  # whole seconds, as the marks are
    return min(start, duration - seconds), seconds
