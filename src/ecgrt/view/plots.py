"""Plots with matplotlib, for notebooks and papers; ``pip install "ecgrt[view]"``."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .._extras import require
from ..rhythm.heart_rate import TREND
from ..rhythm.states import UNREADABLE
from ..rhythm.timeline import Timeline
from .colours import colour, meaning

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .._core import Prediction
    from ..records import Record

_HATCH = {"facecolor": "none", "edgecolor": "0.45", "hatch": "////", "linewidth": 0}


def plot(prediction: Prediction, record: Record) -> Figure:
    """Plot a record with its beats, what cannot be read of it, and the segments' probabilities.

    Parameters
    ----------
    prediction
        What a classifier says of the record.
    record
        The record, or anything with ``signal`` (in microvolts) and ``fs``.

    Returns
    -------
    matplotlib.figure.Figure
        Of its own, not one of pyplot's: nothing is shown, and nothing to be closed.
    """
    figure = _figure(10, 4.5)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    signal = np.asarray(record.signal, np.float64) / 1000
    duration = signal.size / record.fs
    top.plot(np.arange(signal.size) / record.fs, signal, color="black", linewidth=0.6)
    beats = prediction.beats
    if beats.size:
        places = np.minimum((beats * record.fs).astype(np.intp), signal.size - 1)
        top.plot(beats, signal[places], "v", color="#0072b2", markersize=4, label="beats")
        top.legend(loc="upper right", frameon=False)
    for start, end, reason in prediction.quality.spans:
        top.axvspan(start, end, **_HATCH)
        top.annotate(reason, (start, 1), xycoords=("data", "axes fraction"), va="top")
    label = prediction.label or "no label"
    top.set_title(f"{label} ({prediction.confidence:.0%})", loc="left")
    top.set_ylabel("mV")
    edges = np.linspace(0, duration, len(prediction.segment_probabilities) + 1)
    bottom.stackplot(
        np.repeat(edges, 2)[1:-1],
        np.repeat(prediction.segment_probabilities, 2, axis=0).T,
        colors=[colour(name, prediction.classes) for name in prediction.classes],
        labels=[meaning(name) for name in prediction.classes],
    )
    bottom.set(xlabel="seconds", ylabel="probability", ylim=(0, 1), xlim=(0, duration))
    figure.legend(
        *bottom.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
    )
    return figure


def plot_timeline(timeline: Timeline) -> Figure:
    """Plot labels, probability and heart rate of a long record.

    Parameters
    ----------
    timeline
        What :func:`ecgrt.timeline` says of it.

    Returns
    -------
    matplotlib.figure.Figure
        Of its own, not one of pyplot's.
    """
    figure = _figure(10, 4.5)
    band, chance, rate = figure.subplots(3, 1, sharex=True, height_ratios=(1, 3, 3))
    hours = 3600.0
    for span in timeline.spans:
        place = (span.start / hours, span.duration / hours)
        band.broken_barh([place], (0, 1), color=colour(span.label, timeline.classes))
        if span.label == UNREADABLE:
            band.broken_barh([place], (0, 1), **_HATCH)
    band.set(yticks=[], ylim=(0, 1))
    burden = timeline.burden
    band.set_title(
        f"{timeline.classes[0]} {burden.share:.1%} ({burden.low:.1%} to {burden.high:.1%}) of the "
        f"readable {timeline.readable:.1%}",
        loc="left",
    )
    middles = (timeline.edges[:-1] + timeline.edges[1:]) / 2 / hours
    chance.plot(middles, timeline.probabilities[:, 0], color="black", linewidth=1)
    chance.set(ylim=(-0.02, 1.02), ylabel=f"P({timeline.classes[0]})")
    trend = timeline.heart_rate.trend
    rate.plot((np.arange(trend.size) + 0.5) * TREND / hours, trend, color="black", linewidth=1)
    rate.set(ylabel="beats a minute", xlim=(0, timeline.duration / hours))
    start = "" if timeline.start is None else f" from {timeline.start:%Y-%m-%d %H:%M:%S}"
    rate.set_xlabel(f"hours{start}")
    return figure


def _figure(width: float, height: float) -> Figure:
    figures: Any = require("matplotlib.figure", extra="view")
    figure: Any = figures.Figure(figsize=(width, height), layout="constrained")
    # Notebooks show figures of their own accord only if pyplot has been set up.
    figure._repr_png_ = partial(_png, figure)
    return cast("Figure", figure)


def _png(figure: Figure) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
