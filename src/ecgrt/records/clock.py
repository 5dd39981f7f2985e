"""Times beside samples: the rate that they tell, and where samples are missing."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .reading import SAME_BY_CLOCK, Signal, Spreader, join, spread

Times = npt.NDArray[np.float64]

_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "minutes"), 60.0),
}
_TIME = re.compile(
    r"((phone|sensor|elapsed|relative|recording|ecg|unix|utc|local)[ _]?)*"
    r"(t|time[ _-]?(stamp)?s?|timer|elapsed|date[ _]?(time)?|zeit(stempel)?|uhrzeit|temps|tiempo|"
    r"tempo|tijd|epoch|x)",
    re.IGNORECASE,
)
#: Rates of an ECG among which the unit of unlabelled times can be told: less than a factor of 1000.
_LIKELY = (40.0, 4000.0)
#: Steps further from the mean than this are no jitter: missing samples above, disorder below.
_LONG, _SHORT = 1.5, 0.25
#: With more steps of 0 than this, the times are too coarse to tell anything but the span.
_MANY = 0.1
#: So many steps may be long; with more, the samples were not taken at even times.
_MAX_LONG = 0.05
#: A rate known worse than this is not known.
_MAX_DOUBT = 1e-2


def named_times(name: str) -> bool:
    """Whether a column's name, its unit cut off, says that it holds times."""
    bare, unit = split_time_unit(name)
    return bool(_TIME.fullmatch(bare.strip(" '\"#"))) or (not bare and unit is not None)


def split_time_unit(name: str) -> tuple[str, float | None]:
    """Return ``time [ms]`` as ``time`` and the seconds in one of its units, None if it has none."""
    text = name.strip().strip("'\"")
    match = re.fullmatch(r"(.*?)(?:[\[(/_ ]|^)([a-zµμ]+)[\])]?", text, re.IGNORECASE)
    if match and (seconds := _SECONDS.get(match[2].lower())) is not None:
        return match[1].strip(" _[(/"), seconds
    return text, None


class Clock:
    """Follows a column of times, block by block.

    Parameters
    ----------
    name
        Of the column; it may hold the unit.
    fs
        The rate that is known otherwise, in Hz; the times must not contradict it.
    path
        For messages.
    unit
        Seconds in one of the column's units, where another line tells it.
    index
        Whether the column counts samples instead.
    """

    def __init__(
        self,
        name: str,
        fs: float | None,
        path: Path,
        *,
        unit: float | None = None,
        index: bool = False,
    ) -> None:
        self._fs = fs
        self._path = path
        self._unit = unit if unit is not None else split_time_unit(name)[1]
        self._index = index
        self._last: float | None = None
        self._step = math.nan  # between samples, in the column's unit
        self._sum = self._jitter = 0.0  # of the steps that no sample is missing in
        self._steps = self._long = 0
        self._starts: list[int] = [0]  # of runs without a missing sample, in samples
        self._rows: list[int] = [0]  # and in rows
        self._coarse = False  # many rows have one time
        self._first = math.nan
        self.rows = 0

    def add(self, times: Times) -> None:
        """Take the next times, one a row, none of them NaN.

        Raises
        ------
        ValueError
            If they stand still, go back or are not even.
        """
        if not times.size:
            return
        if self._last is None:
            self._first = float(times[0])
        joined = times if self._last is None else np.concatenate([[self._last], times])
        steps = np.diff(joined)
        first = self.rows if self._last is None else self.rows - 1
        if steps.size and math.isnan(self._step):
            self._coarse = self._fs is not None and float((steps == 0).mean()) > _MANY
            self._step = self._even_step(steps)
        self._check_order(steps, first)
        if steps.size and not self._coarse:
            self._follow(steps, first)
        self._last = float(times[-1])
        self.rows += times.size

    def _check_order(self, steps: Times, first: int) -> None:
        bad = np.flatnonzero(~(steps >= 0) if self._coarse else ~(steps > 0))
        if bad.size:
            what = "stand still" if steps[bad[0]] == 0 else "go back"
            raise ValueError(
                f"{self._path}: the times {what} at sample {first + int(bad[0]) + 1}; if they are "
                "too coarse or wrong, delete their column and give fs= (--fs)"
            )

    def _even_step(self, steps: Times) -> float:
        if self._index:
            return 1.0
        typical = float(np.median(steps))
        even = steps[steps <= _LONG * typical]
        return float(even.mean()) if even.size else typical

    def _follow(self, steps: Times, first: int) -> None:
        share = steps / self._step
        long = share >= _LONG
        if (share < _SHORT).any() or self._long + int(long.sum()) > 2 + _MAX_LONG * (
            self._steps + steps.size
        ):
            raise ValueError(
                f"{self._path}: the times are not even (near sample {first}); a recording taken at "
                "even times is accepted, with gaps"
            )
        even = steps[~long]
        if even.size:
            self._sum += float(even.sum())
            self._steps += even.size
            self._jitter = max(self._jitter, float(np.abs(even - self._step).max()))
        self._long += int(long.sum())
        for number in np.flatnonzero(long):
            row = first + int(number) + 1
            missing = round(float(share[number])) - 1
            self._starts.append(self._starts[-1] + row - self._rows[-1] + missing)
            self._rows.append(row)

    def place(self, blocks: list[Signal]) -> Signal:
        """Return the samples of all rows, NaN where some are missing; `blocks` is emptied."""
        joined = join(blocks)
        if not self.has_gaps:
            return joined
        ends = [*self._rows[1:], self.rows]
        pieces = [joined[row:end] for row, end in zip(self._rows, ends, strict=True)]
        return spread(pieces, self._starts, self._path)

    @property
    def has_gaps(self) -> bool:
        """Whether the times so far leave out samples."""
        return len(self._rows) > 1

    def place_block(self, block: Signal, spreader: Spreader) -> Iterator[Signal]:
        """Yield the samples of the rows that were added last, NaN where some are missing."""
        end, row = self.rows, self.rows - block.size
        while row < end:
            run = bisect_right(self._rows, row) - 1
            last = run + 1 == len(self._rows)
            stop = end if last else min(self._rows[run + 1], end)
            place = self._starts[run] + row - self._rows[run]
            yield from spreader.put(block[block.size - (end - row) :][: stop - row], place)
            row = stop

    def rate(self) -> float | None:
        """Return the rate in Hz that the times tell, None if they tell none.

        Raises
        ------
        ValueError
            If no unit of the times gives the rate that is known otherwise.
        """
        if self._coarse:
            self._check_span()
        if self._index or not self._steps:
            return None
        step = self._sum / self._steps
        doubt = 2 * self._jitter / self._sum + 1e-6
        seconds = self._unit if self._unit is not None else self._guess_unit(step)
        if seconds is None or doubt > _MAX_DOUBT:
            return None
        rate = 1 / (step * seconds)
        return float(round(rate)) if abs(rate - round(rate)) <= rate * doubt else rate

    def _check_span(self) -> None:
        """Refuse coarse times whose whole span contradicts the rate that is given."""
        assert self._fs is not None
        assert self._last is not None
        span = (self._last - self._first) * (self._unit or 1.0)
        expected = self.rows / self._fs
        if self._unit is not None and abs(span - expected) > SAME_BY_CLOCK * expected + 2.0:
            raise ValueError(
                f"{self._path} has times over {span:g} s, but {self._fs:g} Hz would be "
                f"{expected:g} s"
            )

    def _guess_unit(self, step: float) -> float | None:
        """Return the one unit in which this step is an ECG's; of steps of 1, there is none."""
        units = (1.0, 1e-3, 1e-6, 1e-9)
        if step == 1.0:  # it may count samples
            return None
        if self._fs is not None:
            for unit in units:
                if abs(1 / (step * unit) - self._fs) <= SAME_BY_CLOCK * self._fs:
                    return unit
            raise ValueError(
                f"{self._path} has times in steps of {step:g}, which are {self._fs:g} Hz in no unit"
            )
        low, high = _LIKELY
        return next((unit for unit in units if low <= 1 / (step * unit) <= high), None)
