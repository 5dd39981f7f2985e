"""How much of a record is atrial fibrillation, or any other state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import _core
from .states import NO_STATE, Floats, Numbers

#: Steps whose errors are taken to go together last as many seconds.
BLOCK = 300.0
DRAWS = 2000
#: The interval's ends: 95 % lie between them.
QUANTILES = (0.025, 0.975)


@dataclass(frozen=True)
class Burden:
    """Share of the readable time that is spent in a state, 0 to 1; NaN if none is readable.

    Attributes
    ----------
    share
        By the episodes.
    low, high
        Interval of 95 %; see :func:`burden`.
    expected
        By the probabilities: their mean.
    seconds
        Time in the state.
    """

    share: float
    low: float
    high: float
    expected: float
    seconds: float


def burden(
    states: Numbers,
    probabilities: Floats,
    lengths: Floats,
    state: int = 0,
    *,
    block: float = BLOCK,
    seed: int = 0,
) -> Burden:
    """Return the share of a state and how sure it is.

    The interval is that of a parametric bootstrap [1]_ of the model's own doubt: in each of 2,000
    draws every block of five minutes gets one threshold u, uniform from 0 to 1, and a step of it
    is in the state if its probability is above u. So each step is in the state as often as its
    probability says, and the steps of a block err together, as they do in a patient: were they
    independent, the interval would be far too narrow. It tells how well the burden of this
    recording is known if the probabilities are right, not that of another day. It is widened where
    needed to hold the share by the episodes.

    Parameters
    ----------
    states
        Number of the state of each step, (steps,); -1 is unreadable.
    probabilities
        Of the states, (steps, states); NaN where there is no answer.
    lengths
        Of the steps, in seconds, (steps,).
    state
        The state that counts.
    block
        Seconds of a block.
    seed
        Of the draws: the same record gets the same interval.

    References
    ----------
    .. [1] B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 6, 13.
    """
    share, expected, seconds = _core.find_burden(states, probabilities, lengths, state)
    if np.isnan(share):
        return Burden(share, np.nan, np.nan, expected, seconds)
    readable = states != NO_STATE
    total = float(lengths[readable].sum())
    answers = _core.answers_of(states, probabilities, state)
    blocks = (np.cumsum(lengths) // block).astype(np.intp)
    draws = np.random.default_rng(seed)
    drawn = np.zeros(DRAWS)
    for number in np.unique(blocks[readable]):
        inside = readable & (blocks == number)
        order = np.argsort(answers[inside])[::-1]
        falling = answers[inside][order]
        time = np.concatenate([[0.0], np.cumsum(lengths[inside][order])])
        drawn += time[np.searchsorted(-falling, -draws.random(DRAWS), side="right")]
    low, high = np.quantile(drawn / total, QUANTILES)
    return Burden(share, min(float(low), share), max(float(high), share), expected, seconds)
