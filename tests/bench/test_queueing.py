"""The simulation of benchmarks/queueing.py against what queueing theory says exactly."""

from __future__ import annotations

import math
import runpy
from typing import Any

import numpy as np
import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "benchmarks" / "queueing.py"))


def exponential() -> Any:
    """Times of an exponential distribution of mean 1, as its quantiles."""
    return -np.log(1 - (np.arange(20_000) + 0.5) / 20_000)


def erlang_c(workers: int, load: float) -> float:
    """How likely it is that a request waits, by Erlang's formula."""
    terms = [load**k / math.factorial(k) for k in range(workers)]
    last = load**workers / math.factorial(workers) * workers / (workers - load)
    return last / (sum(terms) + last)


@pytest.mark.parametrize(("workers", "utilisation"), [(1, 0.5), (1, 0.8), (4, 0.8)])
def test_waiting_is_as_erlang_says(
    script: dict[str, Any], workers: int, utilisation: float
) -> None:
    took = script["simulate"](exponential(), workers, utilisation, 60_000)
    waits = erlang_c(workers, workers * utilisation)
    mean = 1 + waits / (workers - workers * utilisation)
    assert took.mean() == pytest.approx(mean, rel=0.05)
    if workers == 1:  # then the time in all is exponential too
        assert np.percentile(took, 99) == pytest.approx(mean * math.log(100), rel=0.1)


def test_equal_times_wait_half_as_long(script: dict[str, Any]) -> None:
    """By Pollaczek and Khinchine."""
    took = script["simulate"](np.ones(1), 1, 0.8, 60_000)
    assert took.mean() == pytest.approx(1 + 0.8 / (2 * 0.2), rel=0.05)
    assert took.min() == pytest.approx(1)


def test_it_prints_a_table(script: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    script["main"](["--milliseconds", "2", "--requests", "200"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("An answer takes 2.00 ms")
    assert sum(line.startswith("| 32 |") for line in lines) == 6
    with pytest.raises(ValueError, match="between 0 and 1"):
        script["simulate"](np.ones(1), 1, 1.0, 10)


def test_it_measures(script: dict[str, Any]) -> None:
    times = script["measure"](None, 10, calls=3)
    assert len(times) == 3
    assert (times > 0).all()
