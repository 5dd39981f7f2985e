"""Stretches of one rhythm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .states import NO_STATE, UNREADABLE, Floats, Numbers, runs_of

#: Seconds from the record's start to an end, and why the signal between them cannot be read.
Gap = tuple[float, float, str]
#: Why a stretch cannot be read where no gap is to blame.
NOISE = "noise"


@dataclass(frozen=True)
class Episode:
    """A stretch of one label.

    Attributes
    ----------
    start, end
        Seconds from the first sample.
    label
        Such as ``"AF"`` or ``"unreadable"``.
    probability
        Mean probability of the label over the answers in it; NaN if it is unreadable.
    reason
        Why it is unreadable: ``"missing"``, ``"flat"``, ``"rail"`` or ``"noise"``; else empty.
    """

    start: float
    end: float
    label: str
    probability: float
    reason: str = ""

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


def find_episodes(
    states: Numbers,
    probabilities: Floats,
    names: Sequence[str],
    edges: Floats,
    gaps: Sequence[Gap] = (),
) -> tuple[Episode, ...]:
    """Divide a record into stretches of one state each.

    Parameters
    ----------
    states
        Number of the state of each step, (steps,); -1 is unreadable.
    probabilities
        Of the states, (steps, states); NaN where there is no answer.
    names
        Of the states.
    edges
        Where the steps begin, and the end of the last, in seconds, (steps + 1,).
    gaps
        What is known of spans that cannot be read.

    Returns
    -------
    tuple of Episode
        In their order; each begins where the one before it ends.
    """
    found = []
    runs = runs_of(states)
    for first, end in pairwise(runs.tolist()):
        state = int(states[first])
        start, stop = float(edges[first]), float(edges[end])
        if state == NO_STATE:
            reason = _reason(start, stop, gaps)
            found.append(Episode(start, stop, UNREADABLE, float("nan"), reason))
            continue
        answers = probabilities[first:end, state]
        answers = answers[~np.isnan(answers)]
        found.append(Episode(start, stop, names[state], float(answers.mean())))
    return tuple(found)


def _reason(start: float, end: float, gaps: Sequence[Gap]) -> str:
    """Return what covers the most of a stretch; noise where gaps cover less than half of it."""
    seconds: dict[str, float] = {}
    for gap_start, gap_end, reason in gaps:
        overlap = min(end, gap_end) - max(start, gap_start)
        if overlap > 0:
            seconds[reason] = seconds.get(reason, 0.0) + overlap
    if 2 * sum(seconds.values()) < end - start:
        return NOISE
    return max(seconds, key=lambda reason: seconds[reason])
