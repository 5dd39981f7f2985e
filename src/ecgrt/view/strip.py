"""ECG on its paper: 25 mm a second, 10 mm a millivolt, as inline SVG in millimetres."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..rhythm.episodes import Gap
from .colours import colour
from .segments import FINE, MM_PER_SECOND, Place, added_chart, probability_chart
from .svg import Markup, join, line_path, tag
from .times import clock

#: Millimetres a millivolt, the largest that the signal fits in.
GAINS = (10.0, 5.0, 2.5, 1.0)
TALLEST = 60.0
#: More samples a second are drawn by their extremes in each of as many stretches.
DRAWN_RATE = 250
#: Rows that gain and height are chosen by, of a long record some from each part, and their seconds.
_LOOKED_AT, _ROW = 360, 10.0
_LEFT, _TOP, _BAND = 9.0, 6.0, 4.5


@dataclass(frozen=True)
class Paper:
    """How all strips of a report are drawn: the same gain and height."""

    gain: float
    height: float

    @property
    def scale(self) -> str:
        """Speed and gain in words."""
        return f"{MM_PER_SECOND:g} mm/s, {self.gain:g} mm/mV"


@dataclass(frozen=True, eq=False)
class Tracks:
    """What is drawn along a signal.

    Attributes
    ----------
    beats
        Their times in seconds.
    gaps
        What cannot be read.
    runs
        Stretches of a label: start, end, label.
    probabilities
        Of segments, (segments, classes), and the seconds of one; None draws no chart.
    classes
        Of the probabilities.
    added
        What each segment adds to the answer, (segments,), and to which class; None draws none.
    when
        From seconds to the text of a time.
    """

    beats: npt.NDArray[np.float64]
    gaps: Sequence[Gap] = ()
    runs: Sequence[tuple[float, float, str]] = ()
    probabilities: npt.NDArray[np.floating] | None = None
    segment: float = 1.0
    classes: Sequence[str] = ()
    added: npt.NDArray[np.float64] | None = None
    added_to: str = ""
    when: Callable[[float], str] = clock


def paper_for(signal: npt.NDArray[np.generic], fs: float) -> Paper:
    """Return gain and height that the signal (in microvolts) fits in, row by row."""
    spans = looked_at(signal.size / fs)
    return paper_of([signal[int(start * fs) : int(np.ceil(end * fs))] for start, end in spans])


def looked_at(seconds: float) -> list[tuple[float, float]]:
    """Return the rows that gain and height are chosen by: start and end in seconds."""
    every = _ROW * max(1, int(seconds // _ROW) // _LOOKED_AT)
    starts = np.arange(0.0, max(seconds, 1e-9), every).tolist()
    return [(start, min(start + _ROW, seconds)) for start in starts]


def paper_of(rows: Iterable[npt.NDArray[np.generic]]) -> Paper:
    """Return gain and height that rows of a signal (in microvolts) fit in."""
    # A burst of noise may leave the paper.
    reach = float(np.percentile([_reach(row) for row in rows], 95)) / 1000  # mV
    gain = next((gain for gain in GAINS if 2 * reach * gain <= TALLEST), GAINS[-1])
    height = min(max(10 * np.ceil(0.2 * reach * gain + 0.4), 30.0), TALLEST)
    return Paper(gain, float(height))


def _reach(samples: npt.NDArray[np.generic]) -> float:
    values = np.asarray(samples, np.float64)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0
    return float(np.percentile(np.abs(values - np.median(values)), 99.8))


def strip(
    signal: npt.NDArray[np.generic],
    fs: float,
    start: float,
    seconds: float,
    paper: Paper,
    tracks: Tracks,
    describe: str,
    *,
    first: int = 0,
) -> Markup:
    """Return a row of ECG.

    Parameters
    ----------
    signal, fs
        The record, in microvolts, or a part of it that holds the row.
    start, seconds
        What of the record is drawn.
    paper
        Gain and height.
    tracks
        What is drawn along it.
    describe
        What is to be seen, for those who do not see it.
    first
        Number of the signal's first sample in the record.
    """
    end = start + seconds
    width = _LEFT + seconds * MM_PER_SECOND
    charts, below = _charts(start, end, _TOP + paper.height + _BAND + 0.5, tracks)
    height = below + 0.5
    parts = [
        _times(start, seconds, tracks),
        tag(
            "svg",
            _paper(seconds, paper),
            _gaps(start, end, paper, tracks),
            _trace(signal, fs, start - first / fs, seconds, paper),
            x=_LEFT,
            y=_TOP,
            width=seconds * MM_PER_SECOND,
            height=paper.height,
        ),
        _pulse(paper),
        _beats(start, end, tracks),
        _labels(start, end, paper, tracks),
        *charts,
    ]
    return tag(
        "svg",
        tag("title", describe),
        *parts,
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}mm",
        height=f"{height:g}mm",
        role="img",
        class_="strip",
    )


def _charts(start: float, end: float, top: float, tracks: Tracks) -> tuple[list[Markup], float]:
    """Return the charts below the paper, and where they end."""
    parts = []
    if tracks.probabilities is not None:
        place = Place(start, end, _LEFT, top, tracks.segment)
        parts.append(probability_chart(tracks.probabilities, tracks.classes, place))
        top += place.height
    if tracks.added is not None:
        place = Place(start, end, _LEFT, top + 2, tracks.segment)
        fill = colour(tracks.added_to, tracks.classes)
        parts.append(added_chart(tracks.added, tracks.added_to, fill, place))
        top += place.height + 2
    return parts, top


def _x(seconds: float) -> float:
    return seconds * MM_PER_SECOND


def _paper(seconds: float, paper: Paper) -> Markup:
    size = {"width": _x(seconds), "height": paper.height}
    return join([tag("rect", class_="paper", **size), tag("rect", fill="url(#grid)", **size)])


def _times(start: float, seconds: float, tracks: Tracks) -> Markup:
    texts = [
        tag("text", tracks.when(start + s), x=_LEFT + _x(s), y=3.2, class_="small")
        for s in range(0, int(seconds), 2)
    ]
    return join(texts)


def _pulse(paper: Paper) -> Markup:
    """Draw the mark of a millivolt that paper begins with."""
    base = _TOP + paper.height / 2 + paper.gain / 2
    shape = f"M1 {base:g}h1.5v{-paper.gain:g}h3.5v{paper.gain:g}h1.5"
    return tag("path", tag("title", "1 mV, 0.14 s"), d=shape, class_="trace")


def _trace(
    signal: npt.NDArray[np.generic], fs: float, start: float, seconds: float, paper: Paper
) -> Markup:
    first = max(0, int(start * fs + 1e-6))
    last = min(signal.size, int(np.ceil((start + seconds) * fs - 1e-6)))
    values = np.asarray(signal[first:last], np.float64)
    values = np.where(np.isfinite(values), values, np.nan)
    if not values.size or np.isnan(values).all():
        return Markup("")
    offset = np.nanmedian(values)
    times, values = _thin(np.arange(first, last) / fs - start, values, fs)
    middle = paper.height / 2
    y = np.clip(middle - (values - offset) / 1000 * paper.gain, -5, paper.height + 5)
    path = line_path(times * MM_PER_SECOND * FINE, y * FINE)
    return tag("path", d=path, transform=f"scale({1 / FINE:g})", class_="trace fine")


def _thin(
    times: npt.NDArray[np.float64], values: npt.NDArray[np.float64], fs: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Keep the extremes of short stretches of a signal with more samples than can be seen."""
    width = int(fs // DRAWN_RATE)
    if width < 3:
        return times, values
    whole = values.size // width * width
    blocks = values[:whole].reshape(-1, width)
    ends = np.stack([blocks.min(axis=1), blocks.max(axis=1)], axis=1)
    rising = blocks[:, 0] <= blocks[:, -1]
    ends[~rising] = ends[~rising, ::-1]
    places = times[:whole].reshape(-1, width)[:, [0, width // 2]]
    return places.ravel(), ends.ravel()


def _beats(start: float, end: float, tracks: Tracks) -> Markup:
    inside = tracks.beats[(tracks.beats >= start) & (tracks.beats < end)]
    if not inside.size:
        return Markup("")
    marks = "".join(
        f"M{_LEFT + _x(b - start) - 0.8:.2f} {_TOP - 1.4:g}h1.6l-.8 1.3z" for b in inside
    )
    return tag("path", tag("title", f"{inside.size} beats"), d=marks, class_="beat")


def _gaps(start: float, end: float, paper: Paper, tracks: Tracks) -> Markup:
    parts = []
    for first, last, reason in tracks.gaps:
        left, right = max(first, start), min(last, end)
        if left >= right:
            continue
        where = {"x": _x(left - start), "y": 0.0}
        size = {"width": max(_x(right - left), 0.5), "height": paper.height}
        what = f"unreadable: {reason}, {first:.1f} to {last:.1f} s"
        parts.append(tag("rect", tag("title", what), fill="url(#hatch)", **where, **size))
        if right - left >= 0.6:
            parts.append(tag("text", reason, x=where["x"] + 1, y=3.5, class_="small reason"))
    return join(parts)


def _labels(start: float, end: float, paper: Paper, tracks: Tracks) -> Markup:
    names = list(dict.fromkeys(label for _, _, label in tracks.runs))
    parts = []
    for first, last, label in tracks.runs:
        left, right = max(first, start), min(last, end)
        if left >= right:
            continue
        x, width, y = _LEFT + _x(left - start), _x(right - left), _TOP + paper.height
        parts.append(
            tag(
                "rect",
                tag("title", f"{label}, {first:.1f} to {last:.1f} s"),
                x=x,
                y=y,
                width=width,
                height=_BAND - 0.5,
                fill=colour(label, tracks.classes or names),
            )
        )
        if width > 2.2 * len(label) + 1:
            parts.append(tag("text", label, x=x + 1, y=y + 3, class_="small on-colour"))
    return join(parts)
