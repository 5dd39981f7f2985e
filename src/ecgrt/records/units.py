"""Units of voltage: the one place that knows their spellings."""

from __future__ import annotations

import math
import re

_PREFIXES = {"n": 1e-3, "nano": 1e-3, "u": 1.0, "micro": 1.0, "m": 1e3, "milli": 1e3, "": 1e6}
_VOLTS = re.compile(r"(nano|micro|milli|n|u|m|)[ -]?(v|volts?)", re.IGNORECASE)
# The micro sign, the Greek letter mu, and UTF-8 bytes read as Latin-1.
_MICRO = str.maketrans({"µ": "u", "μ": "u", "Â": "", "Î": "", "¼": "u"})
_STEP = re.compile(r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)[ *]*(\D.*)")
#: What files write where they do not know: no statement that a caller could contradict.
_NO_UNIT = {
    "",
    "-",
    "?",
    "1",
    "a.u.",
    "adc",
    "adu",
    "au",
    "bit",
    "bits",
    "count",
    "counts",
    "digit",
    "digits",
    "dimensionless",
    "lsb",
    "n/a",
    "none",
    "nu",
    "raw",
    "unitless",
    "unknown",
}

ACCEPTED = "V, mV, uV or nV"


def volts(unit: str) -> float | None:
    """Return the microvolts in one `unit`, or None if it is no unit of voltage."""
    match = _VOLTS.fullmatch(unit.translate(_MICRO).strip(" '\"[]()"))
    return None if match is None else _PREFIXES[match[1].lower()]


def microvolts_per(unit: str) -> float:
    """Return the microvolts in one `unit`.

    Parameters
    ----------
    unit
        V, mV, uV (or µV) or nV in any usual spelling; or the size of one step of a converter, such
        as ``"4.88 uV"``.

    Raises
    ------
    TypeError
        If it is no string.
    ValueError
        If it is none of these.
    """
    if not isinstance(unit, str):
        raise TypeError(f"a unit is a string such as 'mV', not {type(unit).__name__}")
    if (plain := volts(unit)) is not None:
        return plain
    step = _STEP.fullmatch(unit.strip())
    scale = None if step is None else volts(step[2])
    if step is None or scale is None or not 0 < (size := float(step[1]) * scale) < math.inf:
        raise ValueError(
            f"the unit {unit!r} is none of voltage; {ACCEPTED} is accepted, or the size of a step "
            "such as '4.88 uV'"
        )
    return size


def is_stated(unit: str | None) -> bool:
    """Whether what a file gives as a unit says anything."""
    return unit is not None and unit.strip().lower() not in _NO_UNIT
