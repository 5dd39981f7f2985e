"""Charts of a whole recording, as inline SVG that fills its width."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from ..rhythm.heart_rate import TREND
from ..rhythm.states import UNREADABLE
from ..rhythm.timeline import Timeline
from .colours import colour
from .svg import Markup, join, line_path, tag
from .times import clock, moment, percent

WIDTH, LEFT, RIGHT = 1000.0, 46.0, 10.0
_TOP, _BOTTOM = 10.0, 20.0
#: Seconds between the marks of an axis, the finest that leaves room for its texts.
_TICKS = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)


def _place(timeline: Timeline) -> Callable[[float], float]:
    scale = (WIDTH - LEFT - RIGHT) / timeline.duration
    return lambda seconds: LEFT + scale * seconds


def _chart(title: str, height: float, *parts: Markup) -> Markup:
    return tag(
        "svg",
        tag("title", title),
        *parts,
        viewBox=f"0 {-_TOP:g} {WIDTH:g} {_TOP + height + _BOTTOM:g}",
        role="img",
        class_="chart",
    )


def _time_axis(timeline: Timeline, height: float) -> Markup:
    """Draw the marks of the time; on the hour where the time of day is known."""
    place = _place(timeline)
    every = next((t for t in _TICKS if timeline.duration / t <= 10), _TICKS[-1])
    begins = 0.0
    if timeline.start is not None:
        since = timeline.start.hour * 3600 + timeline.start.minute * 60 + timeline.start.second
        begins = float(-since % every)
    parts = []
    for seconds in np.arange(begins, timeline.duration + 1e-6, every).tolist():
        x = place(seconds)
        at = timeline.at(seconds)
        text = clock(seconds) if at is None else f"{at:%H:%M:%S}" if every < 60 else f"{at:%H:%M}"
        edge = "end" if x > WIDTH - 40 else "start" if x < LEFT + 20 else "middle"
        parts.append(tag("path", d=f"M{x:.1f} 0v{height:g}", class_="axis"))
        parts.append(tag("text", text, x=x, y=height + 15, text_anchor=edge, class_="label"))
    return join(parts)


def _value_axis(values: Sequence[tuple[str, float]]) -> Markup:
    """Draw the marks of an axis: text and height of each."""
    lines = [
        tag("path", d=f"M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}", class_="axis") for _, y in values
    ]
    texts = [
        tag("text", text, x=LEFT - 6, y=y + 4, text_anchor="end", class_="label")
        for text, y in values
    ]
    return join([*lines, *texts])


def overview(timeline: Timeline, links: dict[int, str]) -> Markup:
    """Draw labels and probabilities over the whole recording.

    Parameters
    ----------
    timeline
        What is drawn.
    links
        Where the spans, by their number, are shown from near.
    """
    height, band, place = 150.0, 26.0, _place(timeline)
    spans = []
    for number, span in enumerate(timeline.spans):
        text = (
            f"{span.label}{f' ({span.reason})' if span.reason else ''}, "
            f"{moment(timeline, span.start)} to {moment(timeline, span.end)}"
        )
        x = place(span.start)
        fill = colour(span.label, timeline.classes)
        box = {"x": x, "y": 0.0, "height": band, "width": max(place(span.end) - x, 1.0)}
        shape = tag("rect", tag("title", text), fill=fill, **box)
        if span.label == UNREADABLE:
            shape = Markup(shape + tag("rect", fill="url(#hatch-wide)", **box))
        if number in links:
            shape = tag("a", shape, href=f"#{links[number]}", aria_label=text)
        spans.append(shape)
    top, tall = band + 12, height - band - 12
    levels = [(percent(p, 0), top + tall * (1 - p)) for p in (0.0, 0.5, 1.0)]
    centres = (timeline.edges[:-1] + timeline.edges[1:]) / 2
    along = LEFT + (WIDTH - LEFT - RIGHT) * centres / timeline.duration
    path = line_path(along * 10, (top + tall * (1 - timeline.probabilities[:, 0])) * 10)
    return _chart(
        f"{timeline.classes[0]} over the recording: {len(timeline.episodes)} episodes",
        height,
        _time_axis(timeline, height),
        _value_axis(levels),
        *spans,
        tag("path", d=path, transform="scale(.1)", class_="trace line"),
    )


def hourly(timeline: Timeline) -> list[tuple[float, float, float, float]]:
    """Return start, end, share of the first class and readable share of each hour.

    Hours are those of the clock where it is known, else those of the recording.
    """
    first = 0.0
    if timeline.start is not None:
        first = -(timeline.start.minute * 60.0 + timeline.start.second)
    middles = (timeline.edges[:-1] + timeline.edges[1:]) / 2
    lengths = np.diff(timeline.edges)
    found = []
    for begin in np.arange(first, timeline.duration, 3600.0).tolist():
        start, end = max(begin, 0.0), min(begin + 3600, timeline.duration)
        inside = (middles >= start) & (middles < end)
        if not inside.any():
            continue
        readable = lengths[inside & (timeline.states >= 0)].sum()
        present = lengths[inside & (timeline.states == 0)].sum()
        share = present / readable if readable else math.nan
        found.append((start, end, float(share), float(readable / lengths[inside].sum())))
    return found


def burden_chart(timeline: Timeline) -> Markup:
    """Draw the share of each hour."""
    height, place, label = 90.0, _place(timeline), timeline.classes[0]
    bars = []
    for start, end, share, readable in hourly(timeline):
        x, width = place(start) + 1, max(place(end) - place(start) - 2, 1.0)
        text = (
            f"from {moment(timeline, start)}: {label} {percent(share, 0)}, "
            f"readable {percent(readable, 0)}"
        )
        blind = height * (1 - readable)
        tall = 0.0 if math.isnan(share) else share * (height - blind)
        bars += [
            tag("rect", x=x, y=0.0, width=width, height=blind, fill="url(#hatch-wide)"),
            tag(
                "rect",
                x=x,
                y=height - tall,
                width=width,
                height=tall,
                fill=colour(label, timeline.classes),
            ),
            tag("rect", tag("title", text), x=x, y=0.0, width=width, height=height, class_="over"),
        ]
    levels = [(percent(p, 0), height * (1 - p)) for p in (0.0, 0.5, 1.0)]
    return _chart(
        f"Share of {label} in each hour; hatched: unreadable",
        height,
        _time_axis(timeline, height),
        _value_axis(levels),
        *bars,
    )


def heart_rate_chart(timeline: Timeline) -> Markup:
    """Draw the mean heart rate of each minute."""
    height, place = 110.0, _place(timeline)
    trend = timeline.heart_rate.trend
    finite = trend[np.isfinite(trend)]
    if not finite.size:
        return tag("p", "No beats were found.")
    extremes = [r.value for r in (timeline.heart_rate.minimum, timeline.heart_rate.maximum) if r]
    low, high = rate_limits(np.append(finite, extremes))
    y = height * (1 - (trend - low) / (high - low))
    middles = np.minimum((np.arange(trend.size) + 0.5) * TREND, timeline.duration)
    x = LEFT + (WIDTH - LEFT - RIGHT) * middles / timeline.duration
    step = 20 if high - low <= 120 else 40
    levels = [
        (f"{value:g}", height * (1 - (value - low) / (high - low)))
        for value in np.arange(low, high + 1, step).tolist()
    ]
    marks = [
        tag(
            "circle",
            tag("title", f"{name} {rate.value:.0f} a minute, {moment(timeline, rate.at)}"),
            cx=place(rate.at),
            cy=height * (1 - (rate.value - low) / (high - low)),
            r=4,
            class_="mark",
        )
        for name, rate in (
            ("lowest", timeline.heart_rate.minimum),
            ("highest", timeline.heart_rate.maximum),
        )
        if rate is not None
    ]
    lone = finite.size == 1  # a line needs two points
    if lone:
        marks.append(tag("circle", cx=float(x[0]), cy=float(y[np.isfinite(y)][0]), r=3))
    return _chart(
        f"Heart rate of each minute, {finite.min():.0f} to {finite.max():.0f} beats a minute",
        height,
        _time_axis(timeline, height),
        _value_axis(levels),
        tag("path", d=line_path(x * 10, y * 10), transform="scale(.1)", class_="trace line"),
        *marks,
    )


def rate_limits(rates: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends of an axis that heart rates fit on."""
    low = 20 * math.floor((float(rates.min()) - 5) / 20)
    high = 20 * math.ceil((float(rates.max()) + 5) / 20)
    return max(0.0, float(low)), float(max(high, low + 40))
