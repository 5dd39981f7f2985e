"""From the probabilities of windows to a state for every step of a record.

The rules are the core's, ``cpp/timeline``, which C and C++ have too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from .. import _core
from .._core import (
    AF,
    AF_CLASS,
    NO_STATE,
    NOISE_CLASS,
    NOT_AF,
    UNREADABLE,
    absorb_short,
    follow,
    runs_of,
    smooth,
    state_probabilities,
    states_of,
    step_count,
)

__all__ = [
    "AF",
    "AF_CLASS",
    "NOISE_CLASS",
    "NOT_AF",
    "NO_STATE",
    "UNREADABLE",
    "Floats",
    "Numbers",
    "Settings",
    "absorb_short",
    "follow",
    "runs_of",
    "smooth",
    "state_probabilities",
    "states_of",
    "step_count",
    "windows_of_steps",
]

Floats = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.intp]


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
        _core.check_timeline_settings(**asdict(self))


def windows_of_steps(steps: int, windows: int, settings: Settings) -> Numbers:
    """Return for each step the number of the window whose middle is nearest, (steps,)."""
    return _core.windows_of_steps(steps, windows, settings.window, settings.hop)
