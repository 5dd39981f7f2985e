"""Times and shares as people read them."""

from __future__ import annotations

import math

from ..rhythm.timeline import Timeline


def clock(seconds: float) -> str:
    """Return a time from the start, such as ``1:02:03`` or ``0:07``."""
    whole = int(seconds + 1e-6)
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"


def length(seconds: float) -> str:
    """Return a duration, such as ``2 h 5 min`` or ``40 s``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def moment(timeline: Timeline, seconds: float) -> str:
    """Return the time of day, with the date after the first day; without it, from the start."""
    at = timeline.at(seconds)
    if at is None or timeline.start is None:
        return clock(seconds)
    day = "" if at.date() == timeline.start.date() else f"{at:%d %b} "
    return f"{day}{at:%H:%M:%S}"


def percent(share: float, digits: int = 1) -> str:
    """Return a share as a percentage; a dash where it is undefined."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%" if math.isfinite(share) else "\N{EN DASH}"
