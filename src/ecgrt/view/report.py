"""A report on one record: an HTML file that needs nothing else."""

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
from .viewer import Band, Chart, Curve, viewer
from .why import Parts, evidence_list, evidence_of, parts_of, why

if TYPE_CHECKING:
    from .._core import Classifier, Prediction
    from ..records import Record

#: Seconds in a row: what fits on A4 across.
ROW = 10.0
#: More rows than these are no report to read; the timeline's shows long records.
MAX_ROWS = 60


def record_report(prediction: Prediction, record: Record, classifier: Classifier) -> str:
    """Return a report on a record as HTML: decision, why, ECG, beats, labels, origin.

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
    parts = parts_of(prediction, classifier)
    tracks = tracks_of(prediction, record, classifier, parts)
    started = "" if record.start is None else f", from {record.start:%Y-%m-%d %H:%M:%S}"
    more = [("Length", length(record.duration) + started)]
    return page(
        f"ECG {record.name}",
        section(
            "Decision",
            _decision(prediction, record, tracks),
            _warnings(prediction),
            evidence_list(evidence_of(prediction, record)),
        ),
        section("Probabilities of the record", _probabilities(prediction)),
        _ecg(record, tracks),
        section("ECG to zoom", _curves(record, tracks), class_="live-only"),
        why(parts, classifier),
        provenance_table(provenance(classifier, record), more),
        live=True,
    )


def tracks_of(
    prediction: Prediction, record: Record, classifier: Classifier, parts: Parts | None = None
) -> Tracks:
    """Return what is drawn along a record."""
    segment = classifier.samples_per_segment / classifier.sampling_rate
    labels = prediction.segment_labels.tolist()
    runs: list[tuple[float, float, str]] = []
    for label, group in groupby(enumerate(labels), key=lambda item: item[1]):
        numbers = [number for number, _ in group]
        if not label:  # cannot be read
            continue
        runs.append((numbers[0] * segment, (numbers[-1] + 1) * segment, str(label)))
    return Tracks(
        beats=find_beats(record.signal, record.fs),
        gaps=prediction.quality.spans,
        runs=runs,
        probabilities=np.where(
            (prediction.segment_labels == "")[:, None], np.nan, prediction.segment_probabilities
        ),
        segment=segment,
        classes=prediction.classes,
        added=None if parts is None else parts.segments,
        added_to="" if parts is None else parts.label,
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
    if not messages:
        return None
    return tag("ul", *(tag("li", text) for text in messages), class_="warnings")


def _probabilities(prediction: Prediction) -> Markup:
    rows = []
    for label, p in zip(prediction.classes, prediction.probabilities.tolist(), strict=True):
        style = (
            f"width:{200 * np.nan_to_num(p):.0f}px;background:{colour(label, prediction.classes)}"
        )
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
    if tracks.added is not None:
        note += (
            f" Below them what each segment adds to {tracks.added_to} (up) or takes from it (down)."
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


def _curves(record: Record, tracks: Tracks) -> Markup:
    """Return the record's curves to zoom: signal, and the probabilities of the segments."""
    drawn = min(record.duration, MAX_ROWS * ROW)
    count = min(int(np.ceil(drawn * record.fs)), record.signal.size)
    millivolts = np.asarray(record.signal[:count], np.float64) / 1000
    classes, p = tracks.classes, tracks.probabilities
    assert p is not None
    segments = min(len(p), int(np.ceil(drawn / tracks.segment)))
    bands = [Band(a, b, label, colour(label, classes)) for a, b, label in tracks.runs]
    gaps = [Band(start, end, reason) for start, end, reason in tracks.gaps]
    signal = Chart(
        "ECG",
        "mV",
        np.arange(count) / record.fs,
        [Curve("mV", millivolts)],
        [*bands, *gaps],
        marks=tracks.beats[tracks.beats < drawn].tolist(),
        height=260,
    )
    answers = Chart(
        "Probabilities of the segments",
        "",
        np.arange(segments, dtype=np.float64) * tracks.segment,
        [
            Curve(name, p[:segments, i], colour(name, classes), stepped=True)
            for i, name in enumerate(classes)
        ],
        gaps,
        limits=(0.0, 1.0),
        height=170,
    )
    return viewer([signal, answers], drawn, record.start)
