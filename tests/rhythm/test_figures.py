"""Burden and heart rate against what is known."""

from __future__ import annotations

import numpy as np
import pytest

from ecgrt.rhythm.burden import burden
from ecgrt.rhythm.heart_rate import heart_rate


def test_burden_counts_readable_time_only() -> None:
    states = np.array([0] * 20 + [1] * 20 + [-1] * 60)
    answers = np.where(states[:, None] == 0, [1.0, 0.0], [0.0, 1.0])
    answers[40:] = np.nan
    found = burden(states, answers, np.full(100, 10.0))
    assert (found.share, found.low, found.high, found.expected) == (0.5, 0.5, 0.5, 0.5)
    assert found.seconds == 200


def test_burden_of_nothing_readable_is_undefined() -> None:
    found = burden(np.full(5, -1), np.full((5, 2), np.nan), np.full(5, 10.0))
    assert np.isnan([found.share, found.low, found.high, found.expected]).all()


def test_the_interval_is_that_of_blocks_that_err_together() -> None:
    """One block: all or nothing. Many: the binomial distribution of blocks."""
    draws = np.random.default_rng(0)
    answers = np.full((3000, 1), 0.3)
    states = np.ones(3000, int)
    one = burden(states, answers, np.full(3000, 10.0), block=1e9)
    assert (one.low, one.high) == (0.0, 1.0)
    assert one.expected == pytest.approx(0.3)
    many = burden(states, answers, np.full(3000, 10.0), block=300)
    expected = np.quantile(draws.binomial(100, 0.3, 100_000) / 100, [0.025, 0.975])
    assert many.low == 0.0  # widened: no step is in the state
    assert many.high == pytest.approx(expected[1], abs=0.011)


def test_doubt_widens_the_interval() -> None:
    states = np.zeros(600, int)
    sure = burden(states, np.full((600, 1), 0.999), np.full(600, 10.0))
    unsure = burden(states, np.full((600, 1), 0.7), np.full(600, 10.0))
    assert unsure.low < sure.low <= sure.share == 1.0


def test_a_steady_heart() -> None:
    rate = heart_rate(np.arange(0, 600, 0.8), 600)
    assert rate.mean == pytest.approx(75)
    assert rate.minimum is not None
    assert rate.maximum is not None
    assert rate.minimum.value == pytest.approx(75)
    assert rate.trend == pytest.approx(np.full(10, 75))
    assert rate.pauses == ()


def test_extremes_are_where_they_are() -> None:
    intervals = [0.8] * 100 + [0.4] * 40 + [0.8] * 100 + [1.5] * 40
    beats = np.concatenate([[0], np.cumsum(intervals)])
    rate = heart_rate(beats, beats[-1])
    assert rate.maximum is not None
    assert rate.minimum is not None
    assert rate.maximum.value == pytest.approx(150)
    assert 79.9 < rate.maximum.at < 96
    assert rate.minimum.value == pytest.approx(40)
    assert rate.minimum.at > 175.9


def test_a_pause_is_one_unless_it_cannot_be_read() -> None:
    beats = np.concatenate([np.arange(0, 60, 1.0), np.arange(64, 120, 1.0)])
    assert [(p.start, p.duration) for p in heart_rate(beats, 120).pauses] == [(59, 5)]
    hidden = heart_rate(beats, 120, [(70, 71), (60, 61), (60, 60.5)])
    assert hidden.pauses == ()
    assert hidden.mean == pytest.approx(60)


@pytest.mark.parametrize("beats", [[], [1.0], [1.0, 2.0]])
def test_few_beats(beats: list[float]) -> None:
    rate = heart_rate(np.array(beats), 30)
    assert rate.minimum is None
    assert rate.trend.shape == (1,)
    assert np.isnan(rate.mean) == (len(beats) < 2)
