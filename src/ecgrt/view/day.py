"""A report on a long record: what it was over the hours, and each episode from near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._core import find_evidence
from ..rhythm.episodes import Episode
from ..rhythm.heart_rate import TREND
from ..rhythm.states import UNREADABLE
from ..rhythm.timeline import Timeline
from .charts import burden_chart, heart_rate_chart, overview, rate_limits
from .colours import colour
from .page import cards, legend, page, provenance_table, scrolled, section, table
from .strip import Paper, Tracks, paper_for, strip
from .svg import Markup, tag
from .times import length, moment, percent
from .viewer import Band, Chart, Curve, viewer

if TYPE_CHECKING:
    from ..records import Record

_ROW = 10.0
#: Seconds of an episode whose evidence is told.
_EVIDENCE = 30.0
#: Episodes drawn from near, the longest; all are in the table.
MAX_DRAWN = 25
MAX_ROWS = 500
_MAX_PAUSES = 5


def day_report(timeline: Timeline, record: Record) -> str:
    """Return a report on a long record as HTML.

    Parameters
    ----------
    timeline
        What :func:`ecgrt.timeline` says of the record.
    record
        The record.
    """
    drawn = _drawn(timeline)
    links = {number: f"episode-{i}" for i, number in drawn.items()}
    started = "" if timeline.start is None else f", from {timeline.start:%Y-%m-%d %H:%M:%S}"
    return page(
        f"ECG over time: {timeline.name}",
        section("Findings", _findings(timeline)),
        section(
            "Over the recording",
            legend({name: colour(name, timeline.classes) for name in timeline.classes}),
            scrolled("Rhythm over time", overview(timeline, links), class_="still"),
            _curves(timeline, links),
            tag("h3", f"{timeline.classes[0]} in each hour"),
            scrolled("Burden of each hour", burden_chart(timeline)),
            tag("h3", "Heart rate, beats a minute", class_="still"),
            scrolled("Heart rate over time", heart_rate_chart(timeline), class_="still"),
        ),
        _episodes(timeline, drawn),
        _strips(timeline, record, drawn),
        _unreadable(timeline),
        provenance_table(timeline.provenance, [("Length", length(timeline.duration) + started)]),
        live=True,
    )


def _drawn(timeline: Timeline) -> dict[int, int]:
    """Return the spans that are drawn: from the number of the episode to that of the span."""
    episodes = set(timeline.episodes)
    numbers = [i for i, span in enumerate(timeline.spans) if span in episodes]
    longest = set(sorted(numbers, key=lambda i: -timeline.spans[i].duration)[:MAX_DRAWN])
    return {number: i for number, i in enumerate(numbers, 1) if i in longest}


def _curves(timeline: Timeline, links: dict[int, str]) -> Markup:
    """Return probability and heart rate to zoom; an episode in them leads to its strip."""
    bands = [
        Band(
            span.start,
            span.end,
            span.reason or span.label,
            None if span.label == UNREADABLE else colour(span.label, timeline.classes),
            f"#{links[number]}" if number in links else None,
        )
        for number, span in enumerate(timeline.spans)
    ]
    middles = (timeline.edges[:-1] + timeline.edges[1:]) / 2
    shares = [
        Curve(name, timeline.probabilities[:, i], colour(name, timeline.classes))
        for i, name in enumerate(timeline.classes)
        if i == 0 or len(timeline.classes) > 2
    ]
    title = f"Probability of {', '.join(curve.label for curve in shares)}"
    charts = [Chart(title, "", middles, shares, bands, limits=(0.0, 1.2))]
    trend = timeline.heart_rate.trend
    if np.isfinite(trend).any():
        minutes = np.minimum((np.arange(trend.size) + 0.5) * TREND, timeline.duration)
        limits = rate_limits(trend[np.isfinite(trend)])
        rate = [Curve("rate", trend, digits=0)]
        charts.append(Chart("Heart rate", "beats a minute", minutes, rate, limits=limits))
    return viewer(charts, timeline.duration, timeline.start)


def _findings(timeline: Timeline) -> Markup:
    burden, rate, label = timeline.burden, timeline.heart_rate, timeline.classes[0]
    longest = max((e.duration for e in timeline.episodes), default=0.0)
    facts = [
        (
            f"{label} burden",
            percent(burden.share),
            f"95\N{NO-BREAK SPACE}% interval {percent(burden.low)} to {percent(burden.high)}",
        ),
        ("Episodes", str(len(timeline.episodes)), f"longest {length(longest)}" if longest else ""),
        ("Readable", percent(timeline.readable), f"of {length(timeline.duration)}"),
    ]
    if rate.minimum is not None and rate.maximum is not None:
        facts += [
            ("Mean heart rate", f"{rate.mean:.0f}", "beats a minute"),
            ("Lowest", f"{rate.minimum.value:.0f}", moment(timeline, rate.minimum.at)),
            ("Highest", f"{rate.maximum.value:.0f}", moment(timeline, rate.maximum.at)),
        ]
    facts.append(("Pauses of 3 s or more", str(len(rate.pauses)), _longest_pause(timeline)))
    return cards(facts)


def _longest_pause(timeline: Timeline) -> str:
    pauses = timeline.heart_rate.pauses
    if not pauses:
        return ""
    longest = max(pauses, key=lambda pause: pause.duration)
    return f"longest {longest.duration:.1f} s, {moment(timeline, longest.start)}"


def _episodes(timeline: Timeline, drawn: dict[int, int]) -> Markup:
    if not timeline.episodes:
        return section("Episodes", tag("p", "None."))
    rows = []
    for number, span in enumerate(timeline.episodes[:MAX_ROWS], 1):
        name = f"{span.label} {number}"
        link = tag("a", name, href=f"#episode-{number}") if number in drawn else name
        rows.append(
            (
                link,
                moment(timeline, span.start),
                moment(timeline, span.end),
                length(span.duration),
                percent(span.probability),
            )
        )
    columns = ("Episode", "Start", "End", "Length", "Mean probability")
    return section(
        "Episodes",
        table(_counted(len(timeline.episodes), "All, in their order"), columns, rows),
        class_="long",
    )


def _counted(number: int, text: str) -> str:
    return f"The first {MAX_ROWS} of {number}" if number > MAX_ROWS else text


def _strips(timeline: Timeline, record: Record, drawn: dict[int, int]) -> Markup | None:
    paper = paper_for(record.signal, record.fs)
    tracks = Tracks(
        beats=timeline.heart_rate.beats,
        gaps=timeline.gaps,
        runs=[(span.start, span.end, span.label) for span in timeline.spans],
        classes=timeline.classes,
        when=lambda seconds: moment(timeline, seconds),
    )
    parts = []
    for number, i in drawn.items():
        parts += _episode(timeline, record, number, timeline.spans[i], paper, tracks)
    for pause in timeline.heart_rate.pauses[:_MAX_PAUSES]:
        parts.append(tag("h3", f"Pause of {pause.duration:.1f} s, {moment(timeline, pause.start)}"))
        middle = pause.start + pause.duration / 2
        parts.append(_row(timeline, record, middle, paper, tracks, "around the pause"))
    if not parts:
        middle = timeline.duration / 2
        parts.append(_row(timeline, record, middle, paper, tracks, "from the middle"))
    note = f"{paper.scale}; the offset of each row is removed. Triangles: beats."
    return section("From near", tag("p", note, class_="note"), *parts, class_="long")


def _episode(
    timeline: Timeline, record: Record, number: int, span: Episode, paper: Paper, tracks: Tracks
) -> list[Markup]:
    heading = (
        f"{span.label} {number}: {moment(timeline, span.start)}, {length(span.duration)}, mean "
        f"probability {percent(span.probability)}"
    )
    middle = (span.start + span.end) / 2
    return [
        tag("h3", heading, id=f"episode-{number}"),
        tag("p", _shown(record, span), class_="note"),
        _row(timeline, record, span.start, paper, tracks, "around the onset"),
        _row(timeline, record, middle, paper, tracks, "from the middle"),
    ]


def _shown(record: Record, span: Episode) -> str:
    """Return the evidence of half a minute in the middle of an episode."""
    seconds = min(_EVIDENCE, span.duration)
    start = (span.start + span.end - seconds) / 2
    part = record.signal[int(start * record.fs) : int((start + seconds) * record.fs)]
    found = find_evidence(part, record.fs)
    return f"{length(seconds)} in its middle: {'; '.join(found.values())}."


def _row(
    timeline: Timeline, record: Record, middle: float, paper: Paper, tracks: Tracks, what: str
) -> Markup:
    """Return ten seconds around a moment."""
    seconds = min(_ROW, timeline.duration)
    start = min(max(round(middle - seconds / 2), 0), timeline.duration - seconds)
    text = f"Ten seconds {what}, from {moment(timeline, start)}"
    drawing = strip(record.signal, record.fs, start, seconds, paper, tracks, text)
    return scrolled(text, tag("p", text, class_="note"), drawing)


def _unreadable(timeline: Timeline) -> Markup | None:
    spans = timeline.unreadable
    if not spans:
        return None
    rows = [
        (moment(timeline, s.start), moment(timeline, s.end), length(s.duration), s.reason)
        for s in spans[:MAX_ROWS]
    ]
    columns = ("Start", "End", "Length", "Reason")
    return section(
        "Unreadable", table(_counted(len(spans), "Left out"), columns, rows), class_="long"
    )
