"""What a record was, all along."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from .. import _core
from .._looks import look
from .burden import Burden, burden
from .episodes import Episode, Gap, named
from .heart_rate import HeartRate, heart_rate
from .provenance import Provenance, provenance
from .states import NOT_AF, UNREADABLE, Floats, Numbers, Settings, states_of
from .windows import Progress, classify_windows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .._core import Classifier
    from ..records import Record, RecordReader


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
        return _core.readable_share([span.duration for span in self.unreadable], self.duration)

    @property
    def burden(self) -> Burden:
        """Burden of atrial fibrillation; of a model that does not know it, of its first class."""
        return self.burdens[0]

    def at(self, seconds: float) -> datetime | None:
        """Return the date and time of a moment, if the record's start is known."""
        return None if self.start is None else self.start + timedelta(seconds=float(seconds))

    def plot(self) -> Figure:
        """Plot labels, probability and heart rate; needs ``ecgrt[view]``.

        Returns
        -------
        matplotlib.figure.Figure
            See :func:`ecgrt.view.plots.plot_timeline`.
        """
        figure: Figure = look("plot_timeline", self)
        return figure

    def _repr_html_(self) -> str:
        return str(look("timeline", self))

    def __repr__(self) -> str:
        return (
            f"<Timeline: {self.duration:.1f} s, {len(self.episodes)} episodes, "
            f"{self.classes[0]} {self.burden.share:.1%}, readable {self.readable:.1%}>"
        )


def timeline(
    classifier: Classifier,
    record: Record | RecordReader,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Timeline:
    """Tell what the rhythm of a record was, all along.

    Windows of 30 s, one every 10 s, are classified each by itself, as
    :meth:`ecgrt.Classifier.stream` does it; the answers are smoothed by a median over a minute; a
    state lasts until another is clearly more probable, and for 30 s at least. How well this does,
    and what it was tuned on, stands in docs/timeline.md.

    Parameters
    ----------
    classifier
        Any model. With the class ``A`` the timeline tells of AF, not AF and unreadable; else of
        the most probable class.
    record
        The record, as :func:`ecgrt.read_record` returns it; or, of any length in little memory, as
        :func:`ecgrt.open_record` does.
    settings
        Lengths and margins.
    progress
        Given the chunks that the record is read in, and how many they are if that is known, yields
        them and shows how far it is.

    Raises
    ------
    ValueError
        If the record is shorter than one segment of the model, or what reading it raises.

    Warns
    -----
    SignalWarning
        If something about most windows is suspicious, such as their unit.
    """
    settings = settings or Settings()
    windows = classify_windows(classifier, record, settings, progress)
    names = states_of(classifier.classes)
    segment = classifier.samples_per_segment / classifier.sampling_rate
    states, answers, edges, found, gaps, suspicious = _core.make_timeline(
        classifier.classes, windows.answers, windows.seconds, segment, **asdict(settings)
    )
    for text in suspicious:
        warnings.warn(text, _core.SignalWarning, stacklevel=2)
    spans = named(found, names)
    blind = [(start, end) for start, end, _ in gaps]
    blind += [(span.start, span.end) for span in spans if span.label == UNREADABLE]
    lengths = np.diff(edges)
    return Timeline(
        name=record.name,
        start=record.start,
        duration=windows.seconds,
        classes=names,
        states=states,
        probabilities=answers,
        edges=edges,
        spans=spans,
        gaps=gaps,
        burdens=tuple(burden(states, answers, lengths, i) for i in range(len(names))),
        heart_rate=heart_rate(np.concatenate(windows.beats), windows.seconds, blind),
        provenance=provenance(classifier, record, windows.digest),
        settings=settings,
    )
