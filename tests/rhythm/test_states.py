"""From the probabilities of windows to states, one step at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import median_filter

from ecgrt.rhythm import states as s
from ecgrt.rhythm.episodes import find_episodes


@pytest.mark.parametrize(
    ("steps", "windows", "settings", "expected"),
    [
        (6, 4, s.Settings(), [0, 0, 1, 2, 3, 3]),
        (4, 2, s.Settings(), [0, 0, 1, 1]),  # the last window is a short one
        (3, 1, s.Settings(), [0, 0, 0]),
        (3, 3, s.Settings(window=30, hop=30), [0, 1, 2]),
        (7, 6, s.Settings(window=20, hop=10), [0, 1, 2, 3, 4, 5, 5]),
    ],
)
def test_a_step_is_answered_by_the_window_around_it(
    steps: int, windows: int, settings: s.Settings, expected: list[int]
) -> None:
    assert s.windows_of_steps(steps, windows, settings).tolist() == expected


def test_noise_is_no_state_and_does_not_dilute_the_others() -> None:
    pooled = np.array([[0.4, 0.1, 0.1, 0.4 - 1e-6], [0.2, 0.1, 0.1, 0.6]])
    shares = s.state_probabilities(("A", "N", "O", "~"), pooled)
    assert shares[0] == pytest.approx([2 / 3, 1 / 3], abs=1e-5)
    assert np.isnan(shares[1]).all()


def test_other_alphabets_keep_their_classes() -> None:
    assert s.states_of(("VT", "N", "~")) == ("VT", "N")
    shares = s.state_probabilities(("VT", "N"), np.array([[0.25, 0.75]]))
    assert shares[0] == pytest.approx([0.25, 0.75])


def test_smoothing_is_the_running_median() -> None:
    answers = np.random.default_rng(1).random((50, 2))
    smoothed = s.smooth(answers, 7)
    assert smoothed[3:-3] == pytest.approx(median_filter(answers, (7, 1))[3:-3])
    answers[20] = np.nan
    assert np.isnan(s.smooth(answers, 7)).any(axis=1).nonzero()[0].tolist() == [20]


def test_a_state_stays_until_another_is_clearly_above_it() -> None:
    af = np.array([0.1, 0.55, 0.61, 0.45, 0.39, np.nan, 0.55])
    states = s.follow(np.stack([af, 1 - af], axis=1), 0.2)
    assert states.tolist() == [1, 1, 0, 0, 1, -1, 0]


def test_short_runs_go_to_their_longer_neighbour() -> None:
    states = np.array([0] * 5 + [1] * 2 + [0] * 4 + [-1] + [1] * 3)
    assert s.absorb_short(states, 3).tolist() == [0] * 12 + [1] * 3
    assert s.absorb_short(np.array([1, 1]), 3).tolist() == [1, 1]  # nothing else is known


def test_a_lone_answer_in_an_unreadable_stretch_is_none() -> None:
    states = np.array([-1] * 9 + [0] + [-1] * 9)
    assert s.absorb_short(states, 3).tolist() == [-1] * 19


def test_absorbing_leaves_no_short_run() -> None:
    draws = np.random.default_rng(2)
    for _ in range(50):
        states = s.absorb_short(draws.integers(-1, 2, 60), 3)
        assert states.size == 60
        assert np.diff(s.runs_of(states)).min() >= 3


@pytest.mark.parametrize(
    "wrong", [{"window": 0}, {"hop": 40}, {"margin": 1}, {"smoothing": float("nan")}]
)
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        s.Settings(**wrong)


def test_an_unreadable_span_tells_what_covers_most_of_it() -> None:
    states = np.array([-1, -1, 0])
    edges = np.array([0.0, 10, 20, 30])
    answers = np.full((3, 2), 0.5)
    gaps = [(0.0, 4.0, "flat"), (4.0, 15.0, "missing")]
    assert find_episodes(states, answers, "ab", edges, gaps)[0].reason == "missing"
    assert find_episodes(states, answers, "ab", edges, gaps[:1])[0].reason == "noise"
