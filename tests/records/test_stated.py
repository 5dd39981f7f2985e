"""What a file states beside what the caller says: which of them counts, and what samples become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgrt.records.reading import Reading
from ecgrt.records.stated import check_given, check_held, in_microvolts, rate_of, unit_of

PATH = Path("a.csv")


def reading(**stated: Any) -> Reading:
    values: dict[str, Any] = {"fs": None, "unit": None, "lead": None, "format": "CSV"}
    return Reading(np.zeros(3), **{**values, **stated})


@pytest.mark.parametrize(
    ("stated", "by_clock", "given", "rate"),
    [
        (None, False, 250, 250.0),
        (300.0, False, None, 300.0),
        (300.0, False, 300.03, 300.0),  # a ten thousandth: the file's counts
        (300.0, True, None, 300.0),
        (300.0, True, 303.0, 303.0),  # a hundredth, of a clock: the caller's counts
        (300.0, True, 297.0, 297.0),
    ],
)
def test_the_rate_that_counts(
    stated: float | None, by_clock: bool, given: float | None, rate: float
) -> None:
    assert rate_of(PATH, reading(fs=stated, by_clock=by_clock), given) == rate


@pytest.mark.parametrize(
    ("stated", "by_clock", "given", "message"),
    [
        (None, False, None, r"^a.csv does not tell its sampling rate; give fs= \(--fs\)"),
        (300.0, False, 300.04, r"^a.csv says 300 Hz, the caller 300.04 Hz; leave fs= .* is right$"),
        (300.0, False, 299.9, "says 300 Hz, the caller 299.9 Hz"),
        (300.0, True, 304.0, "^a.csv has times of 300 Hz, the caller 304 Hz"),
        (1.0, False, None, "^a.csv tells of"),
    ],
)
def test_rates_that_contradict(
    stated: float | None, by_clock: bool, given: float | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rate_of(PATH, reading(fs=stated, by_clock=by_clock), given)


@pytest.mark.parametrize(
    ("stated", "scale", "given", "unit"),
    [
        (None, None, "mV", (1e3, "mV")),
        ("adu", None, "4.88 uV", (4.88, "4.88 uV")),
        ("adu", 7.0, "mV", (1e3, "mV")),
        ("mV", None, None, (1e3, "mV")),
        ("mV", None, "millivolt", (1e3, "mV")),
        ("mV", 5.0, None, (5.0, "mV")),
    ],
)
def test_the_unit_that_counts(
    stated: str | None, scale: float | None, given: str | None, unit: tuple[float, str]
) -> None:
    assert unit_of(PATH, reading(unit=stated, scale=scale), given) == unit


@pytest.mark.parametrize(
    ("stated", "given", "message"),
    [
        (None, None, r"^a.csv does not tell the unit of its samples; give unit= .* '4.88 uV'$"),
        ("NU", None, "does not tell the unit"),
        (
            "mmHg" * 9,
            None,
            rf"^a.csv gives this signal in '{'mmHg' * 5}', .* is it an ECG\? .*-lead\)$",
        ),
        ("mV", "uV", r"^a.csv says mV, the caller uV; leave unit= \(--unit\) out if .* is right$"),
        ("V" + " " * 30, "uV", f"says V{' ' * 19}, the caller"),
    ],
)
def test_units_that_contradict(stated: str | None, given: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unit_of(PATH, reading(unit=stated), given)


def test_what_the_caller_says_is_checked_before_anything_is_read() -> None:
    check_given(None, None)
    check_given(250.0, "mV")
    with pytest.raises(ValueError, match=r"^the sampling rate given is"):
        check_given(0.0, None)
    with pytest.raises(ValueError, match="the unit 'mmHg'"):
        check_given(None, "mmHg")


def test_a_signal_that_is_none() -> None:
    check_held(1, False, PATH)
    with pytest.raises(ValueError, match=r"^a\.csv holds no samples$"):
        check_held(0, True, PATH)
    with pytest.raises(ValueError, match=r"^a\.csv holds missing samples only$"):
        check_held(2, True, PATH)


@pytest.mark.parametrize(
    ("stored", "kept", "scaled"),
    [
        ("i1", "f8", "f4"),
        ("u1", "f8", "f8"),
        ("i2", "i2", "f4"),
        (">i2", "i2", "f4"),
        ("u2", "f8", "f8"),
        ("i4", "i4", "f4"),
        ("i8", "f8", "f8"),
        ("f2", "f8", "f4"),
        (">f4", "f4", "f4"),
        ("f8", "f8", "f8"),
    ],
)
def test_the_type_that_samples_take(stored: str, kept: str, scaled: str) -> None:
    samples = np.arange(8).astype(stored)[::2]
    same, times = in_microvolts(samples, 1.0, PATH), in_microvolts(samples, 0.1, PATH)
    assert (same.dtype, times.dtype) == (np.dtype(kept), np.dtype(scaled))
    assert same.tolist() == [0, 2, 4, 6]
    assert times.tolist() == (np.array([0, 2, 4, 6]) * 0.1).astype(scaled).tolist()
    assert same.flags.c_contiguous
    assert same.flags.owndata
    assert same.flags.writeable


def test_samples_in_microvolts_are_not_copied() -> None:
    samples = np.arange(8, dtype=np.int16)
    assert np.shares_memory(in_microvolts(samples, 1.0, PATH), samples)


@pytest.mark.parametrize("samples", [np.array(["a"]), np.array([1j]), np.array([True])])
def test_samples_that_are_no_numbers(samples: Any) -> None:
    with pytest.raises(TypeError, match=f"^a.csv holds {samples.dtype}; integers and floating-"):
        in_microvolts(samples, 1.0, PATH)
