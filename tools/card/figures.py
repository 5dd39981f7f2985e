"""The card's figures."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ecgrt._files import replacing
from ecgrt.calibration.measures import BINS
from ecgrt.challenge.scoring import CLASSES
from ecgrt.records.base import Record

# Colours by Okabe and Ito, which the colour-blind tell apart.
BLUE, ORANGE, GREEN, VERMILION, PURPLE, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#999999",
)
CLASS_COLOURS = dict(zip(CLASSES, (GREEN, VERMILION, BLUE, GREY), strict=True))
CLASS_NAMES = dict(
    zip(CLASSES, ("normal", "atrial fibrillation", "other rhythm", "noise"), strict=True)
)
SETS = {
    "validation": ("official validation set", BLUE, "o", "-"),
    "dev": ("dev", ORANGE, "s", "--"),
}
STYLE = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "svg.hashsalt": "ecgrt",
}
PIXELS_PER_INCH = 100
#: A strip shows no more of a record than this.
STRIP_SECONDS = 30.0
#: ECG paper's large squares.
GRID_SECONDS, GRID_MILLIVOLTS, GRID_COLOUR = 0.2, 0.5, "#F3C6C0"
#: Share of the samples at either end of the amplitudes that a strip may cut off.
CLIPPED = 0.1  # percent


def draw(
    figures: Mapping[str, Any], records: Mapping[str, Record], segment: float, folder: Path
) -> None:
    """Draw all figures of the card.

    Parameters
    ----------
    figures
        What scores.json holds.
    records
        Of each failure's name its record.
    segment
        Seconds that one answer of the network stands for.
    folder
        Where they go; one that there is no longer anything to draw for is deleted.
    """
    folder.mkdir(exist_ok=True)
    with style.context(["default", STYLE]):
        _save(_reliability(figures), folder / "reliability.svg")
        _save(_risk_coverage(figures), folder / "risk-coverage.svg")
        failures, runs = figures["failures"], figures["runs"]
        _save(_gallery(failures, records, segment) if failures else None, folder / "failures.png")
        _save(_learning_curves(runs) if runs else None, folder / "learning-curves.svg")


def _save(figure: Figure | None, path: Path) -> None:
    """Write a figure, the same bytes each time."""
    if figure is None:
        path.unlink(missing_ok=True)
        return
    keys = {".svg": ("Date", "Creator"), ".png": ("Software",)}[path.suffix]
    with replacing(path) as part:
        figure.savefig(part, dpi=PIXELS_PER_INCH, metadata=dict.fromkeys(keys))


def _reliability(figures: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots(
        2, 2, sharex=True, sharey="row", squeeze=False, gridspec_kw={"height_ratios": (4, 1)}
    )
    for column, (key, (title, colour, marker, _)) in enumerate(SETS.items()):
        found = figures[key]["calibration"]
        x, y, low, high, count, left = (
            np.array([row[name] for row in found["bins"]])
            for name in ("confidence", "accuracy", "low", "high", "records", "from")
        )
        above, below = axes[0, column], axes[1, column]
        above.plot((0, 1), (0, 1), color=GREY, linewidth=1, linestyle=":", label="as it should be")
        above.errorbar(
            x,
            y,
            yerr=np.abs((y - low, high - y)),
            color=colour,
            marker=marker,
            linestyle="none",
            capsize=2,
            label="measured, 95 % interval",
        )
        records = figures[key]["scores"]["records"]
        above.set_title(f"{title}, {records} records: ECE {found['ece']:.3f}", fontsize=9)
        above.set(xlim=(0, 1), ylim=(0, 1))
        above.grid(linewidth=0.4)
        below.bar(left, count / count.sum() * 100, width=1 / BINS, align="edge", color=colour)
        below.set_xlabel("probability of the most probable class")
    axes[0, 0].set_ylabel("share of records where it is right")
    axes[1, 0].set_ylabel("records (%)")
    axes[0, 0].legend(loc="lower right")
    return figure


def _risk_coverage(figures: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(5.5, 3.5), layout="constrained")
    axes = figure.subplots()
    for key, (title, colour, _, dashes) in SETS.items():
        curve = figures[key]["selective"]
        axes.plot(
            100 * np.array(curve["coverage"]),
            100 * np.array(curve["error"]),
            color=colour,
            linestyle=dashes,
            label=title,
        )
    axes.set(xlim=(0, 100), xlabel="records answered, the most confident first (%)")
    axes.set(ylim=(0, None), ylabel="wrong answers among them (%)")
    axes.grid(linewidth=0.4)
    axes.legend(loc="upper left")
    return figure


def _gallery(failures: Any, records: Mapping[str, Record], segment: float) -> Figure:
    figure = Figure(figsize=(11, 1.5 * len(failures) + 0.7), layout="constrained")
    grid = figure.add_gridspec(2 * len(failures), 1, height_ratios=(7, 1) * len(failures))
    for number, failure in enumerate(failures):
        strip = figure.add_subplot(grid[2 * number])
        bar = figure.add_subplot(grid[2 * number + 1], sharex=strip)
        _draw_strip(strip, records[failure["record"]])
        _draw_segments(bar, failure["segments"], segment)
        shares = ", ".join(f"{label} {p:.2f}" for label, p in failure["probabilities"].items())
        strip.set_title(
            f"{failure['record']}: reference {failure['reference']}, answer {failure['answer']} "
            f"({shares})",
            fontsize=9,
            loc="left",
        )
    bar.tick_params(labelbottom=True, bottom=True)
    bar.set_xlabel("time (s)")
    figure.legend(
        handles=[
            Patch(color=CLASS_COLOURS[label], label=f"{label} {CLASS_NAMES[label]}")
            for label in CLASSES
        ],
        loc="outside lower right",
        ncols=len(CLASSES),
        title="answer for each segment",
    )
    return figure


def _draw_strip(axes: Axes, record: Record) -> None:
    """Draw the start of a record on ECG paper, in mV against s."""
    signal = record.signal[: round(STRIP_SECONDS * record.fs)] / 1000
    seconds = np.arange(len(signal)) / record.fs
    low, high = np.percentile(signal, (CLIPPED, 100 - CLIPPED))
    bottom = np.floor(low / GRID_MILLIVOLTS) * GRID_MILLIVOLTS
    top = max(np.ceil(high / GRID_MILLIVOLTS) * GRID_MILLIVOLTS, bottom + 2 * GRID_MILLIVOLTS)
    columns = np.arange(0, STRIP_SECONDS, GRID_SECONDS)
    rows = np.arange(bottom, top + 0.1, GRID_MILLIVOLTS)
    axes.vlines(columns, bottom, top, colors=GRID_COLOUR, linewidth=0.4)
    axes.hlines(rows, 0, STRIP_SECONDS, colors=GRID_COLOUR, linewidth=0.4)
    axes.plot(seconds, signal, color="black", linewidth=0.6)
    axes.set(xlim=(0, STRIP_SECONDS), ylim=(bottom, top), ylabel="mV")
    axes.tick_params(labelbottom=False, bottom=False)
    axes.spines.bottom.set_visible(False)


def _draw_segments(axes: Axes, segments: str, seconds: float) -> None:
    """Draw a bar of the segments' answers, each run of equal ones with its letter."""
    start = 0
    for label, run in groupby(segments):
        end = start + len(list(run))
        axes.axvspan(start * seconds, end * seconds, color=CLASS_COLOURS[label], linewidth=0)
        axes.text(
            (start + 0.5) * seconds,
            0.45,
            label,
            color="white",
            fontsize=8,
            ha="center",
            va="center",
            clip_on=True,
        )
        start = end
    axes.set(ylim=(0, 1), yticks=())
    axes.tick_params(labelbottom=False, bottom=False)
    axes.spines[:].set_visible(False)


def _learning_curves(runs: Mapping[str, Mapping[str, list[float]]]) -> Figure:
    figure = Figure(figsize=(8.5, 2.6 * len(runs)), layout="constrained")
    axes = figure.subplots(len(runs), 2, squeeze=False)
    for (loss, f1), (name, run) in zip(axes, runs.items(), strict=True):
        loss.plot(run["epoch"], run["loss"], color=ORANGE, linestyle="--", label="train")
        loss.plot(run["epoch"], run["val_loss"], color=BLUE, label="dev")
        loss.set(title=name, ylabel="loss (nats per segment)")
        for key, label, dashes in (
            ("f1", "overall", "-"),
            ("f1_n", "N", "--"),
            ("f1_a", "A", "-."),
            ("f1_o", "O", ":"),
        ):
            colour = CLASS_COLOURS.get(label, "black")
            f1.plot(run["epoch"], run[key], color=colour, linestyle=dashes, label=label)
        f1.set(title=f"{name}, dev", ylabel="F1")
        for one in (loss, f1):
            one.set_xlabel("epoch")
            one.xaxis.set_major_locator(MaxNLocator(integer=True))
            one.grid(linewidth=0.4)
            one.legend(loc="upper left", bbox_to_anchor=(1, 1))  # beside, where no curve is
    return figure
