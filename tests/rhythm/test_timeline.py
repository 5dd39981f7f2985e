"""Days whose rhythm is known."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from made_days import NIGHT, Script, ScriptedClassifier, made_record

import ecgrt
from ecgrt.records import read_record
from ecgrt.rhythm.states import Settings
from ecgrt.rhythm.timeline import Timeline, timeline

THREE = [("N", 1200), ("A", 300), ("O", 600), ("A", 1200), ("N", 300)]


def made(script: Script, **options: object) -> Timeline:
    record = {k: options.pop(k) for k in ("start", "name", "signal") if k in options}
    return timeline(ScriptedClassifier(script, **options), made_record(script, **record))


def labels(of: Timeline) -> list[str]:
    return [span.label for span in of.spans]


def test_known_episodes_are_found() -> None:
    found = made(THREE)
    times = np.array([(e.start, e.end) for e in found.episodes])
    assert times == pytest.approx(np.array([(1200, 1500), (2100, 3300)]), abs=10)
    assert found.burden.share == pytest.approx(1500 / 3600, abs=0.01)
    assert found.burden.low <= found.burden.share <= found.burden.high
    assert labels(found) == ["not AF", "AF", "not AF", "AF", "not AF"]
    assert all(0.8 < e.probability <= 1 for e in found.episodes)


def test_the_spans_cover_the_record() -> None:
    found = made([*THREE, ("~", 90), ("N", 97)])
    assert found.spans[0].start == 0
    assert found.spans[-1].end == found.duration
    assert [a.end for a in found.spans[:-1]] == [b.start for b in found.spans[1:]]
    assert found.readable == pytest.approx(1 - 90 / found.duration, abs=0.01)


def test_seconds_of_af_are_no_episode() -> None:
    assert made([("N", 300), ("A", 20), ("N", 300)]).episodes == ()


def test_an_interruption_of_seconds_does_not_end_an_episode() -> None:
    assert len(made([("N", 200), ("A", 200), ("N", 20), ("A", 200)]).episodes) == 1


def test_a_record_of_half_a_minute() -> None:
    found = made([("A", 30)])
    assert labels(found) == ["AF"]
    assert found.burden.share == 1


def test_a_record_of_seconds() -> None:
    assert labels(made([("N", 9)])) == ["not AF"]


def test_a_flat_day() -> None:
    day = 86_400
    signal = np.zeros(day * 100, np.int16)
    found = made([("N", day)], gaps=[(0.0, float(day), "flat")], signal=signal)
    assert labels(found) == ["unreadable"]
    assert found.spans[0].reason == "flat"
    assert found.readable == 0
    assert np.isnan(found.burden.share)
    assert np.isnan(found.heart_rate.mean)


def test_a_thousand_gaps_cost_only_themselves() -> None:
    gaps = [(86.4 * i, 86.4 * i + 2, "missing") for i in range(1000)]
    script = [("N", 43_200), ("A", 43_200)]
    found = made(script, gaps=gaps, signal=np.zeros(8_640_000, np.int16))
    assert labels(found) == ["not AF", "AF"]
    assert found.burden.share == pytest.approx(0.5, abs=0.001)
    assert len(found.gaps) == 1000


def test_long_gaps_are_unreadable_and_tell_why() -> None:
    found = made([("N", 600)], gaps=[(100.0, 160.0, "rail"), (300.0, 400.0, "missing")])
    assert [(s.label, s.reason) for s in found.spans] == [
        ("not AF", ""),
        ("unreadable", "rail"),
        ("not AF", ""),
        ("unreadable", "missing"),
        ("not AF", ""),
    ]


def test_noise_is_unreadable() -> None:
    found = made([("N", 200), ("~", 100), ("N", 200)])
    assert [(s.label, s.reason) for s in found.unreadable] == [("unreadable", "noise")]


def test_the_clock_goes_on_over_midnight() -> None:
    found = made(THREE, start=NIGHT)
    assert found.at(1800) == NIGHT + timedelta(minutes=30)
    assert found.at(found.episodes[1].start).day == 2
    assert made(THREE).at(0) is None


def test_a_model_of_other_classes_gives_episodes_of_each() -> None:
    found = made([("N", 100), ("VT", 60), ("N", 100)], classes=("N", "VT"))
    assert labels(found) == ["N", "VT", "N"]
    assert found.classes == ("N", "VT")
    assert found.burdens[1].share == pytest.approx(60 / 260, abs=0.05)


def test_finer_steps_find_edges_finer() -> None:
    fine = timeline(
        ScriptedClassifier(THREE), made_record(THREE), settings=Settings(hop=2, smoothing=30)
    )
    assert fine.episodes[0].start == pytest.approx(1200, abs=4)


def test_neither_name_nor_date_is_shown_in_passing() -> None:
    shown = repr(made(THREE, start=NIGHT, name="Jane Doe"))
    assert "Jane" not in shown
    assert "2026" not in shown


def test_a_classifier_makes_it_too(records: Path) -> None:
    classifier, record = ecgrt.Classifier(), read_record(records / "S0006")
    settings = Settings(hop=5)
    found = classifier.timeline(record, settings=settings)
    expected = ecgrt.timeline(classifier, record, settings=settings)
    assert isinstance(found, Timeline)
    assert found.spans == expected.spans
    assert labels(found) == ["AF"]
    with pytest.raises(AttributeError):
        classifier.timeline(record.signal)  # type: ignore[arg-type]
