"""A report on a long record: what it was over the hours, and each episode from near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..rhythm.heart_rate import TREND
from ..rhythm.states import UNREADABLE
from ..rhythm.timeline import Timeline
from .charts import burden_chart, heart_rate_chart, overview, rate_limits
from .colours import colour
from .near import near
from .page import cards, legend, page, provenance_table, scrolled, section, table
from .svg import Markup, tag
from .times import length, moment, percent
from .viewer import Band, Chart, Curve, viewer

if TYPE_CHECKING:
    from ..records import Record, RecordReader

#: Episodes drawn from near, the longest; all are in the table.
MAX_DRAWN = 25
MAX_ROWS = 500


def day_report(timeline: Timeline, record: Record | RecordReader) -> str:
    """Return a report on a long record as HTML.

    Parameters
    ----------
    timeline
        What :func:`ecgrt.timeline` says of the record.
    record
        The record; if it is opened in place of being read, no more than what is drawn is held.
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
        near(timeline, record, drawn),
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
