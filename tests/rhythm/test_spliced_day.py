"""Hours spliced from sample records, answered by the model that ships."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import ecgrt
from ecgrt.records import Record

FS = 300


@pytest.fixture(scope="module")
def spliced(records: Path) -> Record:
    """10 minutes of normal rhythm, 8 of atrial fibrillation, 2 lost, 10 of normal rhythm."""
    normal, af = (
        np.asarray(ecgrt.read_record(records / name).signal, np.float32)
        for name in ("S0004", "S0006")
    )
    parts = [
        np.resize(normal, 600 * FS),
        np.resize(af, 480 * FS),
        np.full(120 * FS, np.nan, np.float32),
        np.resize(normal, 600 * FS),
    ]
    return Record("spliced", np.concatenate(parts), FS)


@pytest.fixture(scope="module")
def found(plan: Path, spliced: Record) -> ecgrt.Timeline:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # that it is long is nothing to be warned of
        return ecgrt.timeline(ecgrt.Classifier(plan), spliced)


def test_the_episode_is_found_and_the_gap_told(found: ecgrt.Timeline) -> None:
    assert [(s.label, s.reason) for s in found.spans] == [
        ("not AF", ""),
        ("AF", ""),
        ("unreadable", "missing"),
        ("not AF", ""),
    ]
    edges = np.array([span.start for span in found.spans])
    assert edges == pytest.approx(np.array([0, 600, 1080, 1200]), abs=15)
    assert found.burden.low <= 480 / 1680 <= found.burden.high


def test_beats_are_counted_where_there_are_any(found: ecgrt.Timeline) -> None:
    beats = found.heart_rate.beats
    assert not ((beats > 1080.5) & (beats < 1199.5)).any()
    assert 40 < found.heart_rate.mean < 150
    assert all(not 1000 < pause.start < 1200 for pause in found.heart_rate.pauses)


def test_a_day_of_flat_line(plan: Path) -> None:
    hours = 2
    record = Record("flat", np.full(hours * 3600 * FS, np.nan, np.float32), FS)
    with pytest.warns(ecgrt.SignalWarning):
        found = ecgrt.timeline(ecgrt.Classifier(plan), record)
    assert [(s.label, s.reason) for s in found.spans] == [("unreadable", "missing")]
    assert found.readable == 0


def test_a_wrong_unit_is_warned_of_or_answered(plan: Path, spliced: Record) -> None:
    """Half a minute in millivolts instead of microvolts costs no exception."""
    record = Record("small", spliced.signal[: 30 * FS] / 1000, FS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ecgrt.SignalWarning)
        assert len(ecgrt.timeline(ecgrt.Classifier(plan), record).states) == 3
