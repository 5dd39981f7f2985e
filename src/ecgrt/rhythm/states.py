"""From the probabilities of windows to a state for every step of a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.intp]

#: The class of atrial fibrillation, and of noise, in the challenge's alphabet.
AF_CLASS, NOISE_CLASS = "A", "~"
#: What a model that knows atrial fibrillation tells of a long record.
AF, NOT_AF = "AF", "not AF"
UNREADABLE = "unreadable"
#: The number of the state that is no answer.
NO_STATE = -1


@dataclass(frozen=True)
class Settings:
    """How a timeline is made; the defaults are explained in docs/timeline.md.

    Attributes
    ----------
    window
        Seconds that an answer is on: as long as the records that models are trained on.
    hop
        Seconds from one answer to the next, and so the resolution of the timeline.
    smoothing
        Seconds over which the median of the answers is taken.
    margin
        By how much, 0 to 1, the probability of another state must be above that of the present
        one to take over. Of two states, the other needs ``(1 + margin) / 2``.
    shortest
        Seconds that a state must last. Thirty are what an episode of atrial fibrillation needs to
        be called one [1]_.

    References
    ----------
    .. [1] G. Hindricks et al., "2020 ESC Guidelines for the diagnosis and management of atrial
       fibrillation", European Heart Journal 42(5), 2021, section 3.
    """

    window: float = 30.0
    hop: float = 10.0
    smoothing: float = 60.0
    margin: float = 0.2
    shortest: float = 30.0

    def __post_init__(self) -> None:
        for name in ("window", "hop", "smoothing", "shortest"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} is {getattr(self, name)}, not a number of seconds")
        if self.hop > self.window:
            raise ValueError(f"hop is {self.hop}, more than the window's {self.window} seconds")
        if not 0 <= self.margin < 1:
            raise ValueError(f"margin is {self.margin}, not from 0 to below 1")


def states_of(classes: Sequence[str]) -> tuple[str, ...]:
    """Return what a model of these classes can say of a stretch, apart from unreadable."""
    if AF_CLASS in classes:
        return AF, NOT_AF
    return tuple(name for name in classes if name != NOISE_CLASS)


def state_probabilities(classes: Sequence[str], pooled: Floats) -> Floats:
    """Return the probability of each state, given that the signal can be read.

    Parameters
    ----------
    classes
        The model's.
    pooled
        Shape (steps, classes).

    Returns
    -------
    array of shape (steps, states)
        NaN where noise is the most probable class.
    """
    names = list(classes)
    pooled = np.asarray(pooled, np.float64)
    noise: Floats = np.zeros(len(pooled))
    if NOISE_CLASS in names:
        noise = pooled[:, names.index(NOISE_CLASS)]
    if AF_CLASS in names:
        af = pooled[:, names.index(AF_CLASS)]
        kept = np.stack([af, np.maximum(1 - noise - af, 0)], axis=1)
    else:
        kept = pooled[:, [i for i, name in enumerate(names) if name != NOISE_CLASS]]
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.asarray(kept / kept.sum(axis=1, keepdims=True))
    is_noise = np.zeros(len(pooled), bool)
    if NOISE_CLASS in names:
        is_noise = pooled.argmax(axis=1) == names.index(NOISE_CLASS)
    shares[is_noise] = np.nan
    return shares


def windows_of_steps(steps: int, windows: int, settings: Settings) -> Numbers:
    """Return for each step the number of the window whose middle is nearest, (steps,)."""
    centres = (np.arange(steps) + 0.5) * settings.hop
    nearest = np.floor((centres - settings.window / 2) / settings.hop + 0.5).astype(np.intp)
    return np.asarray(np.clip(nearest, 0, windows - 1))


def step_count(duration: float, hop: float) -> int:
    """Return how many steps a record has; the last may be shorter, but not under half a step."""
    return max(1, int(duration / hop + 0.5))


def smooth(probabilities: Floats, width: int) -> Floats:
    """Return the running median over `width` (odd) answers, of those that are there.

    Where there is no answer, there is none afterwards either.
    """
    half = width // 2
    if half == 0:
        return probabilities
    padded = np.pad(probabilities, ((half, half), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0)
    smoothed = np.full_like(probabilities, np.nan)
    there = ~np.isnan(probabilities[:, 0])
    smoothed[there] = np.nanmedian(windows[there], axis=-1)
    return smoothed


def follow(probabilities: Floats, margin: float) -> Numbers:
    """Return the state of each step: one stays until another is above it by `margin`.

    After a step without an answer the most probable state is taken.
    """
    states = np.full(len(probabilities), NO_STATE, np.intp)
    best = np.argmax(np.nan_to_num(probabilities, nan=-1.0), axis=1)
    state = NO_STATE
    for step, row in enumerate(probabilities):
        if np.isnan(row[0]):
            state = NO_STATE
        elif state == NO_STATE or row[best[step]] >= row[state] + max(margin, 1e-12):
            state = int(best[step])
        states[step] = state
    return states


def runs_of(states: Numbers) -> Numbers:
    """Return where each run of equal states begins, and the end of the last, (runs + 1,)."""
    return np.concatenate([[0], np.flatnonzero(np.diff(states)) + 1, [len(states)]])


def absorb_short(states: Numbers, shortest: int) -> Numbers:
    """Give runs of less than `shortest` steps, the shortest first, to their longer neighbour.

    Stretches without an answer are runs like any other. A run that is the whole record stays.
    """
    runs = runs_of(states)
    lengths = np.diff(runs).tolist()
    labels = [int(states[start]) for start in runs[:-1]]
    while len(lengths) > 1 and (length := min(lengths)) < shortest:
        i = lengths.index(length)
        before = lengths[i - 1] if i > 0 else -1
        after = lengths[i + 1] if i + 1 < len(lengths) else -1
        labels[i] = labels[i - 1] if before >= after else labels[i + 1]
        for j in (i, i - 1):  # what is beside its like now is one run with it
            if 0 <= j < len(labels) - 1 and labels[j] == labels[j + 1]:
                lengths[j] += lengths.pop(j + 1)
                labels.pop(j + 1)
    return np.repeat(np.array(labels, np.intp), lengths)
