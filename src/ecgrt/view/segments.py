"""Charts below a strip: what a record's segments say, in the strip's time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .colours import colour
from .svg import Markup, join, line_path, tag

MM_PER_SECOND = 25.0
#: Units of a path in a millimetre: 0.05 mm are 2 ms, and 5 uV at 10 mm/mV.
FINE = 20


@dataclass(frozen=True)
class Place:
    """Where a chart stands: its time in seconds, its left upper corner in millimetres.

    `segment` is how many seconds of the record have one answer.
    """

    start: float
    end: float
    left: float
    top: float
    segment: float
    height: float = 12.0

    def numbers(self, segments: int) -> tuple[int, int]:
        """Return the first segment that is seen, and the one after the last."""
        first = max(0, int(self.start / self.segment))
        return min(first, segments), min(segments, int(np.ceil(self.end / self.segment)))

    def edges(self, first: int, last: int) -> npt.NDArray[np.float64]:
        """Return where the segments begin and the last one ends, in millimetres."""
        seconds = np.clip(np.arange(first, last + 1) * self.segment, self.start, self.end)
        return np.asarray(self.left + (seconds - self.start) * MM_PER_SECOND)


def probability_chart(
    probabilities: npt.NDArray[np.floating], classes: Sequence[str], place: Place
) -> Markup:
    """Draw the probabilities of the segments (segments, classes), one upon the other.

    Where they are NaN nothing is drawn.
    """
    first, last = place.numbers(len(probabilities))
    known = np.isfinite(probabilities[first:last]).all(axis=1).astype(np.int8)
    edges = first + np.flatnonzero(np.diff(known, prepend=0, append=0))
    parts = []
    for i, label in enumerate(classes):
        d = "".join(
            _layer(probabilities, i, place, int(begin), int(end))
            for begin, end in edges.reshape(-1, 2)
        )
        shape = {"transform": f"scale({1 / FINE:g})", "fill": colour(label, classes)}
        parts.append(tag("path", tag("title", f"probability of {label}"), d=d, **shape))
    return join([*parts, *_axis(place, "1", "0")])


def _layer(
    probabilities: npt.NDArray[np.floating], number: int, place: Place, begin: int, end: int
) -> str:
    """Return the outline of a class's layer over some segments."""
    x = np.repeat(place.edges(begin, end), 2)[1:-1] * FINE
    below = probabilities[begin:end, :number].sum(axis=1)
    both = (below, below + probabilities[begin:end, number])
    low, high = (np.repeat(place.top + place.height * (1 - p), 2) * FINE for p in both)
    return line_path(np.concatenate([x, x[::-1]]), np.concatenate([low, high[::-1]]))


def added_chart(added: npt.NDArray[np.float64], label: str, fill: str, place: Place) -> Markup:
    """Draw what each segment adds to a class, as bars up, and takes from it, as bars down."""
    first, last = place.numbers(len(added))
    low, high = float(added.min(initial=0)), float(added.max(initial=0))
    scale = place.height / ((high - low) or 1.0)
    x, zero = place.edges(first, last), place.top + scale * high
    bars = "".join(
        f"M{left:.2f} {zero:.2f}H{right:.2f}v{-scale * value:.2f}H{left:.2f}z"
        for left, right, value in zip(x[:-1] + 0.3, x[1:] - 0.3, added[first:last], strict=True)
    )
    what = f"what each segment adds to {label}: {low:+.2f} to {high:+.2f}"
    line = tag("path", d=f"M{place.left:g} {zero:.2f}H{x[-1]:.2f}", class_="axis thin")
    drawn = tag("path", tag("title", what), d=bars, fill=fill)
    return join([drawn, line, *_axis(place, f"+{high:.2f}", "")])


def _axis(place: Place, above: str, below: str) -> list[Markup]:
    x, end = place.left - 0.8, place.top + place.height
    above_it = tag("text", above, x=x, y=place.top + 2.6, class_="small right")
    return [above_it, tag("text", below, x=x, y=end, class_="small right")]
