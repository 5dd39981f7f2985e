"""Stretches of one rhythm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .. import _core
from .states import NO_STATE, UNREADABLE, Floats, Numbers

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
    return named(_core.find_episodes(states, probabilities, edges, gaps), names)


def named(
    spans: Iterable[tuple[float, float, int, float, str]], names: Sequence[str]
) -> tuple[Episode, ...]:
    """Return the core's spans, by the names of their states."""
    return tuple(
        Episode(start, end, UNREADABLE, probability, reason or NOISE)
        if state == NO_STATE
        else Episode(start, end, names[state], probability)
        for start, end, state, probability, reason in spans
    )
