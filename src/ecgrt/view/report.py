"""A report on one record or one day: an HTML file that needs nothing else."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from .._core import find_beats
from ..rhythm.heart_rate import heart_rate
from ..rhythm.provenance import provenance
from .colours import MEANINGS, colour, meaning
from .page import cards, legend, page, provenance_table, scrolled, section, table
from .strip import Tracks, paper_for, strip
from .svg import Markup, tag
from .times import clock, length, percent

if TYPE_CHECKING:
    from .._core import Classifier, Prediction
    from ..records import Record

#: Seconds in a row: what fits on A4 across.
ROW = 10.0
#: More rows than these are no report to read; the timeline's shows long records.
MAX_ROWS = 60


def record_report(prediction: Prediction, record: Record, classifier: Classifier) -> str:
    """Return a report on a record as HTML: ECG, beats, labels, probabilities, decision, origin.

    Parameters
    ----------
    prediction
        What the classifier says of the record.
    record
        The record; of long ones the first ten minutes are drawn, see
        :func:`ecgrt.view.day.day_report`.
    classifier
        The one that was asked.
    """
    tracks = _tracks(prediction, record, classifier)
    started = "" if record.start is None else f", from {record.start:%Y-%m-%d %H:%M:%S}"
    more = [("Length", length(record.duration) + started)]
    return page(
        f"ECG {record.name}",
        section("Decision", _decision(prediction, record, tracks), _warnings(prediction)),
        section("Probabilities of the record", _probabilities(prediction)),
        _ecg(record, tracks),
        provenance_table(provenance(classifier, record), more),
    )


def _tracks(prediction: Prediction, record: Record, classifier: Classifier) -> Tracks:
    segment = classifier.samples_per_segment / classifier.sampling_rate
    gaps = prediction.quality.spans
    labels = prediction.segment_labels.tolist()
    runs: list[tuple[float, float, str]] = []
    for label, group in groupby(enumerate(labels), key=lambda item: item[1]):
        numbers = [number for number, _ in group]
        if not label:  # cannot be read
            continue
        runs.append((numbers[0] * segment, (numbers[-1] + 1) * segment, str(label)))
    return Tracks(
        beats=find_beats(record.signal, record.fs),
        gaps=gaps,
        runs=runs,
        probabilities=prediction.segment_probabilities,
        segment=segment,
        classes=prediction.classes,
    )


def _decision(prediction: Prediction, record: Record, tracks: Tracks) -> Markup:
    rate = heart_rate(
        tracks.beats, record.duration, [(start, end) for start, end, _ in tracks.gaps]
    )
    intervals = np.diff(tracks.beats)
    spread = float(np.sqrt(np.mean(np.diff(intervals) ** 2))) if intervals.size > 2 else np.nan
    label = prediction.label
    facts = [
        (
            "Label",
            label or "none",
            MEANINGS.get(label, "") if label else "less sure than asked, or unreadable",
        ),
        ("Confidence", percent(prediction.confidence), "probability of the label"),
        ("Readable", percent(prediction.quality.readable), f"spans left out: {len(tracks.gaps)}"),
    ]
    if np.isfinite(rate.mean):
        facts.append(("Heart rate", f"{rate.mean:.0f}", "beats a minute, mean"))
    if np.isfinite(spread):
        facts.append(("From beat to beat", f"{1000 * spread:.0f} ms", "RMS change of intervals"))
    return cards(facts)


def _warnings(prediction: Prediction) -> Markup | None:
    messages = prediction.quality.warnings.values()
    return tag("ul", *(tag("li", text) for text in messages)) if messages else None


def _probabilities(prediction: Prediction) -> Markup:
    rows = []
    for label, p in zip(prediction.classes, prediction.probabilities.tolist(), strict=True):
        style = f"width:{200 * p:.0f}px;background:{colour(label, prediction.classes)}"
        bar = Markup(f'<span class="bar" style="{style}"></span>')
        rows.append((meaning(label), percent(p), bar))
    return table("Of each rhythm", ("Rhythm", "Probability", "As a bar"), rows)


def _ecg(record: Record, tracks: Tracks) -> Markup:
    paper = paper_for(record.signal, record.fs)
    rows = int(np.ceil(record.duration / ROW - 1e-9))
    strips = []
    for number in range(min(rows, MAX_ROWS)):
        start = number * ROW
        seconds = min(ROW, record.duration - start)
        end = start + seconds
        beats = int(((tracks.beats >= start) & (tracks.beats < end)).sum())
        labels = dict.fromkeys(run[2] for run in tracks.runs if run[0] < end and run[1] > start)
        text = f"ECG from {clock(start)} to {clock(end)}: {beats} beats; {', '.join(labels)}"
        strips.append(strip(record.signal, record.fs, start, seconds, paper, tracks, text))
    note = (
        f"{paper.scale}; the offset of each row is removed. Triangles: beats. Below the paper the "
        "label of each segment, and the probabilities of the segments, one upon the other."
    )
    if rows > MAX_ROWS:
        note += f" Only the first {length(MAX_ROWS * ROW)} are drawn."
    return section(
        "ECG",
        tag("p", note, class_="note"),
        legend({meaning(name): colour(name, tracks.classes) for name in tracks.classes}),
        scrolled("ECG on paper", *strips),
        class_="long",
    )
