"""What a record was, all along."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from .. import _core
from .burden import Burden, burden
from .episodes import Episode, Gap, find_episodes
from .heart_rate import HeartRate, heart_rate
from .provenance import Provenance, provenance
from .states import (
    NOT_AF,
    UNREADABLE,
    Floats,
    Numbers,
    Pool,
    Settings,
    absorb_short,
    follow,
    pool_windows,
    smooth,
    state_probabilities,
    states_of,
)

if TYPE_CHECKING:
    from .._core import Classifier, Prediction
    from ..records import Record


@dataclass(frozen=True, eq=False, repr=False)
class Timeline:
    """The rhythm of a record over time.

    It is divided into steps of ``settings.hop`` seconds; all times are seconds from the first
    sample, and :meth:`at` makes a date and time of them.

    Attributes
    ----------
    name
        The record's.
    start
        When the first sample was taken, if the record tells; with a time zone only if it does.
    duration
        Seconds, what is unreadable included.
    classes
        What a step can be apart from unreadable: ``("AF", "not AF")`` of a model with the class
        ``A``, else the model's classes but for noise.
    states
        Number of the class of each step, (steps,); -1 is unreadable.
    probabilities
        Of the classes, calibrated and smoothed, (steps, classes); NaN where there is no answer.
    edges
        Where the steps begin, and the end of the last, (steps + 1,).
    spans
        The whole record, divided into stretches of one label.
    gaps
        What cannot be read of the signal: start, end and reason. Short ones make no step
        unreadable.
    burdens
        Share of the readable time of each of `classes`.
    heart_rate
        From the beats.
    provenance
        Of what file and model.
    settings
        How it was made.
    """

    name: str
    start: datetime | None
    duration: float
    classes: tuple[str, ...]
    states: Numbers
    probabilities: Floats
    edges: Floats
    spans: tuple[Episode, ...]
    gaps: tuple[Gap, ...]
    burdens: tuple[Burden, ...]
    heart_rate: HeartRate
    provenance: Provenance
    settings: Settings

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """The spans that one looks for: all but ``unreadable`` and ``not AF``."""
        return tuple(span for span in self.spans if span.label not in (UNREADABLE, NOT_AF))

    @property
    def unreadable(self) -> tuple[Episode, ...]:
        """The spans without an answer."""
        return tuple(span for span in self.spans if span.label == UNREADABLE)

    @property
    def readable(self) -> float:
        """Share of the time that has an answer, 0 to 1."""
        return 1 - sum(span.duration for span in self.unreadable) / self.duration

    @property
    def burden(self) -> Burden:
        """Burden of atrial fibrillation; of a model that does not know it, of its first class."""
        return self.burdens[0]

    def at(self, seconds: float) -> datetime | None:
        """Return the date and time of a moment, if the record's start is known."""
        return None if self.start is None else self.start + timedelta(seconds=float(seconds))

    def __repr__(self) -> str:
        return (
            f"<Timeline: {self.duration:.1f} s, {len(self.episodes)} episodes, "
            f"{self.classes[0]} {self.burden.share:.1%}, readable {self.readable:.1%}>"
        )


def timeline(
    classifier: Classifier, record: Record, *, settings: Settings | None = None
) -> Timeline:
    """Tell what the rhythm of a record was, all along.

    One prediction of the whole record gives the probabilities of its segments. Those of 30 s are
    pooled as the model pools a record, every 10 s; the answers are smoothed by a median over a
    minute; a state lasts until another is clearly more probable, and for 30 s at least. How well
    this does, and what it was tuned on, stands in docs/timeline.md.

    Parameters
    ----------
    classifier
        Any model. With the class ``A`` the timeline tells of AF, not AF and unreadable; else of
        the most probable class.
    record
        The record, as :func:`ecgrt.read_record` returns it.
    settings
        Lengths and margins.

    Raises
    ------
    ValueError
        If the record is shorter than one segment of the model.

    Warns
    -----
    SignalWarning
        If something about the signal is suspicious, such as its unit.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", _core.SignalWarning)
        prediction = classifier.predict(record)
    for code, text in prediction.quality.warnings.items():
        if code != "long_record":  # it says: use a timeline
            warnings.warn(text, _core.SignalWarning, stacklevel=2)
    return of_prediction(classifier, record, prediction, settings=settings)


def of_prediction(
    classifier: Classifier,
    record: Record,
    prediction: Prediction,
    *,
    settings: Settings | None = None,
) -> Timeline:
    """Return the timeline of a record whose prediction is there already; see :func:`timeline`."""
    settings = settings or Settings()
    duration = record.duration
    gaps = prediction.quality.spans
    names = states_of(classifier.classes)
    answers = _answers(classifier, prediction, duration, settings)
    states = absorb_short(
        follow(answers, settings.margin), max(1, ceil(settings.shortest / settings.hop))
    )
    edges = np.arange(len(states) + 1) * settings.hop
    edges[-1] = duration
    spans = find_episodes(states, answers, names, edges, gaps)
    blind = [(gap[0], gap[1]) for gap in gaps]
    blind += [(span.start, span.end) for span in spans if span.label == UNREADABLE]
    lengths = np.diff(edges)
    return Timeline(
        name=record.name,
        start=record.start,
        duration=duration,
        classes=names,
        states=states,
        probabilities=answers,
        edges=edges,
        spans=spans,
        gaps=gaps,
        burdens=tuple(burden(states, answers, lengths, i) for i in range(len(names))),
        heart_rate=heart_rate(_core.find_beats(record.signal, record.fs), duration, blind),
        provenance=provenance(classifier, record),
        settings=settings,
    )


def _answers(
    classifier: Classifier,
    prediction: Prediction,
    duration: float,
    settings: Settings,
) -> Floats:
    """Return the smoothed probabilities of the states of each step."""
    probabilities = prediction.segment_probabilities
    segment = classifier.samples_per_segment / classifier.sampling_rate
    readable = prediction.segment_labels != ""
    pooled = pool_windows(
        probabilities, readable, segment, duration, settings, _pool_of(classifier)
    )
    shares = state_probabilities(classifier.classes, pooled)
    return smooth(shares, 2 * round(settings.smoothing / settings.hop / 2) + 1)


def _pool_of(classifier: Classifier) -> Pool:
    """Return how the model makes one answer of several segments.

    A record head asks for more than the probabilities of segments, and has seen whole records
    only: then it is their mean.
    """
    metadata = classifier.metadata
    if metadata.get("record_head") is not None:
        return lambda rows: np.asarray(rows.mean(axis=0))
    text = json.dumps(metadata)
    return lambda rows: _core.decide(text, rows)[1]
