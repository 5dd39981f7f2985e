"""Long records that are not as they should be, answered by the model that ships."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_ecg import beat_times, make_ecg

import ecgrt
from ecgrt.cli.holter import main
from ecgrt.records import Record, open_record, read_record

FS = 250


@pytest.fixture(scope="module")
def classifier() -> ecgrt.Classifier:
    return ecgrt.Classifier(threads=2)


@pytest.fixture(scope="module")
def af(records: Path) -> Any:
    """Ten minutes of atrial fibrillation."""
    signal = ecgrt.read_record(records / "S0006").signal
    return np.resize(signal, 600 * FS).astype(np.float32)


def tell(classifier: ecgrt.Classifier, signal: Any) -> ecgrt.Timeline:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ecgrt.SignalWarning)
        return ecgrt.timeline(classifier, Record("made", signal, FS))


def test_hours_of_flat_line(classifier: ecgrt.Classifier) -> None:
    found = tell(classifier, np.full(3 * 3600 * FS, 120, np.int16))
    assert [(span.label, span.reason) for span in found.spans] == [("unreadable", "flat")]
    assert found.gaps == ((0.0, 10800.0, "flat"),)
    assert found.heart_rate.beats.size == 0
    assert np.isnan(found.burden.share)


def test_a_gap_every_few_seconds(classifier: ecgrt.Classifier, af: Any) -> None:
    x = af.copy()
    starts = np.arange(5, 595, 6)  # a hundred of them, a second each
    for start in starts:
        x[start * FS : (start + 1) * FS] = np.nan
    found = tell(classifier, x)
    assert np.allclose([gap[:2] for gap in found.gaps], np.stack([starts, starts + 1], axis=1))
    assert {gap[2] for gap in found.gaps} == {"missing"}
    beats = found.heart_rate.beats
    assert not any(((beats > start) & (beats < start + 1)).any() for start in starts)
    assert found.readable == 1
    assert found.heart_rate.pauses == ()


def test_a_long_gap_is_told_once(classifier: ecgrt.Classifier, af: Any) -> None:
    x = af.copy()
    x[100 * FS : 333 * FS] = af[100 * FS]
    found = tell(classifier, x)
    (gap,) = found.gaps
    assert gap[:2] == pytest.approx((100, 333), abs=0.1)
    assert gap[2] in ("flat", "rail")
    (hole,) = found.unreadable
    assert (hole.start, hole.end) == pytest.approx((100, 333), abs=15)
    assert hole.reason == gap[2]


def test_half_a_minute(classifier: ecgrt.Classifier, af: Any) -> None:
    found = tell(classifier, af[: 30 * FS])
    assert [(span.start, span.end, span.label) for span in found.spans] == [(0, 30, "AF")]


def test_less_than_a_segment_is_refused(classifier: ecgrt.Classifier, af: Any) -> None:
    with pytest.raises(ValueError, match=r"the record lasts 0\.2 s; at least 0\.\d+ s are needed"):
        tell(classifier, af[: FS // 5])


def test_an_end_in_the_middle_of_a_beat(classifier: ecgrt.Classifier) -> None:
    times = beat_times(65, 70)
    end = times[-5]
    found = tell(classifier, 1000 * make_ecg(times, 65, FS)[: round(end * FS)])
    beats = found.heart_rate.beats
    assert len(times) - 6 <= beats.size <= len(times) - 4
    assert np.allclose(beats[: len(times) - 6], times[: len(times) - 6], atol=0.012)


@pytest.mark.parametrize("side", [1, -1])
def test_the_spikes_of_a_pacemaker(side: int, classifier: ecgrt.Classifier) -> None:
    times = beat_times(120, 70, spread=0.001)
    x = 1000 * make_ecg(times, 120, FS)
    for time in times:  # of 4 ms and 5 mV, before the QRS complex
        x[round((time - 0.06) * FS)] += side * 5000
    beats = tell(classifier, x).heart_rate.beats
    assert abs(beats.size - times.size) <= 2
    near = np.abs(beats[:, None] - times).min(axis=1)
    assert np.quantile(near, 0.95) < 0.1


def test_a_clock_that_jumps(classifier: ecgrt.Classifier, af: Any, tmp_path: Path) -> None:
    """The recorder was off for half an hour; EDF+D tells."""
    edfio = pytest.importorskip("edfio", reason='needs pip install "ecgrt[formats]"')
    signal = edfio.EdfSignal(
        af[: 120 * FS], FS, label="ECG", physical_dimension="uV", physical_range=(-9000, 9000)
    )
    notes = [edfio.EdfAnnotation(0.0, None, "begin")]
    path = tmp_path / "jump.edf"
    edfio.Edf([signal], data_record_duration=1, annotations=notes).write(path)
    content = path.read_bytes().replace(b"EDF+C", b"EDF+D")
    for second in range(119, 59, -1):
        old, new = (f"+{s}\x14\x14".encode().ljust(8, b"\0") for s in (second, second + 1800))
        assert content.count(old) == 1
        content = content.replace(old, new)
    path.write_bytes(content)
    found = ecgrt.timeline(classifier, open_record(path))
    assert found.duration == 1920
    assert [(span.label, span.reason) for span in found.spans] == [
        ("AF", ""),
        ("unreadable", "missing"),
        ("AF", ""),
    ]
    assert found.gaps == ((60.0, 1860.0, "missing"),)
    beats = found.heart_rate.beats
    assert not ((beats > 60) & (beats < 1860)).any()


def test_in_pieces_and_as_a_whole(classifier: ecgrt.Classifier, af: Any, tmp_path: Path) -> None:
    x = np.concatenate([af, np.full(5 * FS, np.nan, np.float32), af, af[:4321]])
    path = tmp_path / "<script>alert(1)<.npy"
    np.save(path, x)
    asked: dict[str, Any] = {"fs": FS, "unit": "uV"}
    whole = ecgrt.timeline(classifier, read_record(path, **asked))
    pieces = ecgrt.timeline(classifier, open_record(path, **asked))
    assert pieces.provenance == whole.provenance
    assert (pieces.spans, pieces.gaps) == (whole.spans, whole.gaps)
    assert pieces.burden == whole.burden
    assert np.array_equal(pieces.heart_rate.beats, whole.heart_rate.beats)


def test_a_name_stays_text(af: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "<script>alert(1)<.npy"
    np.save(path, af[: 60 * FS])
    report = tmp_path / "report.html"
    code = main([str(path), "--fs", "250", "--unit", "uV", "--report", str(report)])
    assert code == 0
    assert capsys.readouterr().out.startswith("<script>alert(1)<\t60\t")
    assert "<script>alert" not in report.read_text(encoding="utf-8")
