"""Heart rate and pauses, from the times of the beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .states import Floats

#: Intervals whose mean is one figure of the rate: short enough for a sprint up the stairs, long
#: enough that one beat missed or found too much does not make the maximum.
INTERVALS = 16
#: Seconds without a beat that are a pause. Longer than 3 s is what guidelines ask about:
#: F. M. Kusumoto et al., "2018 ACC/AHA/HRS Guideline on bradycardia", Circulation 140(8), 2019.
PAUSE = 3.0
#: Seconds of one value of the trend.
TREND = 60.0

Span = tuple[float, float]


@dataclass(frozen=True)
class Rate:
    """A heart rate, beats a minute, and the seconds from the start at which it was."""

    value: float
    at: float


@dataclass(frozen=True)
class Pause:
    """A time without a beat: seconds from the start, seconds long."""

    start: float
    duration: float


@dataclass(frozen=True, eq=False)
class HeartRate:
    """Heart rate of a record, in beats a minute.

    Attributes
    ----------
    mean
        Intervals over their sum; NaN if there are none.
    minimum, maximum
        Lowest and highest mean over 16 intervals in a row; None if nowhere are as many.
    pauses
        Times of 3 s and more between two beats, nothing unreadable in them.
    beats
        Times of all beats in seconds from the start, (beats,).
    trend
        Mean of each minute, (minutes,); NaN where fewer than three intervals end in it.
    """

    mean: float
    minimum: Rate | None
    maximum: Rate | None
    pauses: tuple[Pause, ...]
    beats: npt.NDArray[np.float64]
    trend: npt.NDArray[np.float64]


def heart_rate(
    beats: Floats, duration: float, unreadable: Sequence[Span] = (), *, pause: float = PAUSE
) -> HeartRate:
    """Return the heart rate from the times of beats.

    The mean rate of n intervals is n over their sum (the harmonic mean of the instantaneous
    rates), in beats a second. An interval that touches something unreadable counts nowhere.

    Parameters
    ----------
    beats
        Seconds from the start, ascending, (beats,).
    duration
        Of the record, in seconds.
    unreadable
        Spans, in seconds, in which beats are neither found nor missed.
    pause
        Seconds between two beats that are a pause.
    """
    times = np.asarray(beats, np.float64)
    starts, ends = times[:-1], times[1:]
    sound = ~_touches(starts, ends, unreadable)
    intervals = ends - starts
    counted = intervals[sound]
    mean = 60 * counted.size / counted.sum() if counted.size else np.nan
    lowest, highest = _extremes(times, sound)
    return HeartRate(
        mean=float(mean),
        minimum=lowest,
        maximum=highest,
        pauses=tuple(
            Pause(float(starts[i]), float(intervals[i]))
            for i in np.flatnonzero(sound & (intervals >= pause))
        ),
        beats=times,
        trend=_trend(ends[sound], counted, duration),
    )


def _touches(starts: Floats, ends: Floats, spans: Sequence[Span]) -> npt.NDArray[np.bool_]:
    """Whether each interval has a point in common with a span."""
    ordered = sorted(spans)
    first = np.array([span[0] for span in ordered])
    # Where spans overlap, the furthest end of those that have begun counts.
    last = np.maximum.accumulate(np.array([span[1] for span in ordered])) if ordered else first
    begun = np.searchsorted(first, ends)  # spans that begin before the interval ends
    reach = np.concatenate([[-np.inf], last])[begun]
    return np.asarray(reach > starts)


def _extremes(
    beats: npt.NDArray[np.float64], sound: npt.NDArray[np.bool_]
) -> tuple[Rate | None, Rate | None]:
    if sound.size < INTERVALS:
        return None, None
    whole = np.lib.stride_tricks.sliding_window_view(sound, INTERVALS).all(axis=1)
    places = np.flatnonzero(whole)
    if not places.size:
        return None, None
    rates = 60 * INTERVALS / (beats[places + INTERVALS] - beats[places])
    lowest, highest = int(rates.argmin()), int(rates.argmax())
    return (
        Rate(float(rates[lowest]), float(beats[places[lowest]])),
        Rate(float(rates[highest]), float(beats[places[highest]])),
    )


def _trend(ends: Floats, intervals: Floats, duration: float) -> npt.NDArray[np.float64]:
    minutes = max(1, int(np.ceil(duration / TREND)))
    minute = np.minimum(ends // TREND, minutes - 1).astype(np.intp)
    count = np.bincount(minute, minlength=minutes)
    total = np.bincount(minute, weights=intervals, minlength=minutes)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count >= 3, 60 * count / total, np.nan)
