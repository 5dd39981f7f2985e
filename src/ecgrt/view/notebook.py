"""What notebooks show of predictions, records and timelines: tables and small drawings.

Drawings are images of their own (SVG as a data URI), so that neither their style nor their names
meet those of the notebook.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

from .._core import find_beats
from .charts import heart_rate_chart, overview
from .colours import colour, meaning
from .page import patterns, stylesheet
from .strip import Tracks, paper_for, strip
from .svg import Markup, escape, tag
from .times import length, percent

if TYPE_CHECKING:
    from .._core import Prediction
    from ..records import Record
    from ..rhythm.timeline import Timeline

#: Seconds of a record that are shown.
SHOWN = 10.0
_NOTICE = "Not a medical device."


def prediction_html(prediction: Prediction) -> str:
    """Return label, probabilities, evidence and warnings of a prediction."""
    label = prediction.label
    title = "no label" if label is None else meaning(label)
    rows = []
    for name, p in zip(prediction.classes, prediction.probabilities.tolist(), strict=True):
        width = 150 * float(np.nan_to_num(p))
        style = (
            f"display:inline-block;height:.7em;width:{width:.0f}px;"
            f"background:{colour(name, prediction.classes)}"
        )
        bar = tag("span", style=style)
        rows.append(tag("tr", tag("td", meaning(name)), tag("td", percent(p)), tag("td", bar)))
    told = [*prediction.evidence.values(), *prediction.quality.warnings.values()]
    return tag(
        "div",
        tag("strong", f"{title} ({percent(prediction.confidence)})"),
        tag("table", tag("tbody", *rows)),
        tag("ul", *(tag("li", text) for text in told)) if told else None,
        tag("small", _NOTICE),
    )


def record_html(record: Record) -> str:
    """Return what a record is, and its first seconds on paper.

    Neither name nor path nor date: files are named for patients, and notebooks are passed on.
    """
    seconds = min(SHOWN, record.duration)
    count = int(np.ceil(seconds * record.fs))
    first = record.signal[:count]
    beats = find_beats(first, record.fs)
    paper = paper_for(first, record.fs)
    what = f"The first {length(seconds)}: {beats.size} beats; {paper.scale}"
    drawing = strip(first, record.fs, 0.0, seconds, paper, Tracks(beats=beats), what)
    lead = "" if record.lead is None else f", lead {record.lead}"
    facts = f"{length(record.duration)} at {record.fs:g} Hz{lead}, {record.format or 'made'}"
    return tag("div", tag("strong", facts), tag("br"), _image(drawing, what))


def timeline_html(timeline: Timeline) -> str:
    """Return burden, episodes and heart rate over time."""
    burden, label = timeline.burden, timeline.classes[0]
    facts = (
        f"{label} {percent(burden.share)} ({percent(burden.low)} to {percent(burden.high)}) of the "
        f"readable {percent(timeline.readable)} of {length(timeline.duration)}; episodes: "
        f"{len(timeline.episodes)}"
    )
    parts: list[Markup] = [tag("strong", facts), tag("br")]
    parts.append(_image(overview(timeline, {}), f"Over time: {facts}"))
    if np.isfinite(timeline.heart_rate.trend).any():
        mean = f"Heart rate over time, mean {timeline.heart_rate.mean:.0f} beats a minute"
        parts.append(_image(heart_rate_chart(timeline), mean))
    return tag("div", *parts, tag("br"), tag("small", _NOTICE))


def _image(drawing: Markup, describe: str) -> Markup:
    """Return a drawing as an image with its own style, on the light paper of print."""
    style = f"<style>{_light(stylesheet())}</style>"
    defs = patterns().partition("<defs>")[2].rpartition("</defs>")[0]
    head, _, rest = drawing.partition(">")
    svg = f'{head} xmlns="http://www.w3.org/2000/svg">{style}<defs>{defs}</defs>{rest}'
    data = base64.b64encode(svg.encode()).decode()
    uri = f"data:image/svg+xml;base64,{data}"
    return Markup(f'<img alt="{escape(describe)}" src="{uri}" style="max-width:100%">')


def _light(css: str) -> str:
    """Return the rules of drawings alone, with the colours of the light page."""
    colours, _, rules = css.partition("@media")
    drawn = rules.partition("svg { font")[2].partition("@media")[0]
    return f"{colours}svg {{ background: var(--back); font{drawn} svg {{ margin: 0; }}"
