"""Curves to zoom and move in a report: what ``viewer.js`` is given, and the page's scripts.

uPlot draws them: of the plotting libraries that are kept up it is the smallest by far (51 kB, where
Plotly takes some MB), needs no other package and draws a night's samples at once. It lies in
``vendor`` and is written into the page, which so needs no network.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from .svg import Markup, tag

Numbers = npt.NDArray[np.generic]

_MISSING = -32768
_LARGEST = 32767


@dataclass(frozen=True, eq=False)
class Curve:
    """A line of a chart.

    Attributes
    ----------
    label
        What it is.
    values
        (n,); NaN where there are none.
    stroke
        A colour, or the name of the page's, such as ``--trace``.
    stepped
        Whether a value lasts until the next.
    digits
        Decimals that are shown.
    """

    label: str
    values: Numbers
    stroke: str = "--trace"
    stepped: bool = False
    digits: int = 2


@dataclass(frozen=True)
class Band:
    """A stretch of time with a label: coloured along the top, or hatched over the whole height."""

    start: float
    end: float
    label: str
    fill: str | None = None
    href: str | None = None


@dataclass(frozen=True, eq=False)
class Chart:
    """Curves over the same time.

    Attributes
    ----------
    title, unit
        What they show, and of the values' axis.
    times
        (n,) in seconds; ascending.
    curves
        At least one.
    bands
        Drawn behind them.
    marks
        Times of the triangles along the top: beats.
    limits
        Of the values' axis; None follows what is in sight.
    height
        Pixels.
    """

    title: str
    unit: str
    times: npt.NDArray[np.float64]
    curves: Sequence[Curve]
    bands: Sequence[Band] = ()
    marks: Sequence[float] = ()
    limits: tuple[float, float] | None = None
    height: int = 220


def viewer(charts: Sequence[Chart], duration: float, start: datetime | None) -> Markup:
    """Return the place where the script puts the charts, and what it puts there.

    Parameters
    ----------
    charts
        From top to bottom.
    duration
        Seconds from 0 that can be seen.
    start
        The time of day of second 0, if it is known.
    """
    seconds = None
    if start is not None:
        seconds = start.hour * 3600 + start.minute * 60 + start.second
    spec = {"duration": duration, "clock": seconds, "charts": [_chart(chart) for chart in charts]}
    how = (
        "Drag to zoom, drag with the shift key to move, double-click for all; or the arrow keys, "
        "plus, minus and Home."
    )
    place = tag("div", id="viewer", tabindex="0", role="group", aria_label=f"Curves to zoom. {how}")
    return Markup(tag("p", how, class_="note live-only") + place + data_block("viewer-data", spec))


def data_block(name: str, values: Mapping[str, Any]) -> Markup:
    """Return JSON that a page holds and no browser runs, whatever the strings in it say."""
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(f'<script type="application/json" id="{name}">{safe}</script>')


def scripts() -> tuple[str, ...]:
    """Return the scripts of a page with a viewer, in their order."""
    return (_file("vendor/uPlot.iife.min.js").strip(), _file("viewer.js"))


def style() -> str:
    """Return what the scripts need of CSS."""
    return _file("vendor/uPlot.min.css")


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(*name.split("/")).read_text("utf-8")


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "title": chart.title,
        "unit": chart.unit,
        "height": chart.height,
        "range": chart.limits,
        "x": _times(chart.times),
        "series": [_curve(curve) for curve in chart.curves],
        "bands": [_band(band) for band in chart.bands],
        "marks": np.round(chart.marks, 3).tolist(),
    }


def _times(times: npt.NDArray[np.float64]) -> Any:
    """Return first and step of even times, which most are, else all of them."""
    step = float(times[-1] - times[0]) / max(times.size - 1, 1)
    even = times[0] + step * np.arange(times.size)
    if np.allclose(times, even, rtol=0, atol=1e-6):
        return {"start": float(times[0]), "step": step}
    return np.round(times, 3).tolist()


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "label": curve.label,
        "stroke": curve.stroke,
        "stepped": curve.stepped,
        "digits": curve.digits,
        "width": 1 if curve.values.size > 2000 else 1.5,
        "points": bool(curve.values.size < 3),
        "data": _pack(np.asarray(curve.values, np.float64)),
    }


def _pack(values: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return values as sixteen bits each, in base64: a third of their digits."""
    finite = np.isfinite(values)
    largest = float(np.abs(values[finite]).max(initial=0)) or 1.0
    scaled = np.full(values.shape, _MISSING, "<i2")
    scaled[finite] = np.rint(values[finite] / largest * _LARGEST).astype("<i2")
    return {
        "int16": base64.b64encode(scaled.tobytes()).decode(),
        "scale": largest / _LARGEST,
    }


def _band(band: Band) -> dict[str, Any]:
    return {
        "from": round(band.start, 3),
        "to": round(band.end, 3),
        "label": band.label,
        "fill": band.fill,
        "href": band.href,
        "hatched": band.fill is None,
    }
