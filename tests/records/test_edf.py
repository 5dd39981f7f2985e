"""EDF, EDF+ and BDF, written by the package edfio and then changed by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgrt.records import read_record

edfio = pytest.importorskip("edfio", reason='needs pip install "ecgrt[formats]"')

WAVE = 500 * np.sin(np.arange(1000) / 20)
#: Places in the header of a file with one signal and one of annotations.
SIGNALS = 2
UNIT = 256 + SIGNALS * 96
RANGE = UNIT + SIGNALS * 8


def signal(label: str = "ECG", unit: str = "uV", fs: float = 250, values: Any = WAVE) -> Any:
    return edfio.EdfSignal(
        values,
        fs,
        label=label,
        physical_dimension=unit,
        physical_range=(-1000, 1000),
    )


def write(path: Path, *signals: Any, seconds: float = 1, notes: bool = False) -> Path:
    annotations = [edfio.EdfAnnotation(0.0, None, "begin")] if notes else None
    edfio.Edf(list(signals), data_record_duration=seconds, annotations=annotations).write(path)
    return path


def change(path: Path, place: int, text: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[place : place + len(text)] = text
    path.write_bytes(content)


@pytest.mark.parametrize("suffix", [".edf", ".EDF", ".rec"])
def test_edf_by_any_name(tmp_path: Path, suffix: str) -> None:
    record = read_record(write(tmp_path / f"a{suffix}", signal()))
    assert (record.fs, record.lead, record.unit, record.gaps) == (250.0, "ECG", "uV", ())
    np.testing.assert_allclose(record.signal, WAVE, atol=0.02)


def test_the_ecg_among_other_signals_and_rates(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.edf",
        signal("EEG C3-A2", "uV", 125, WAVE[:500]),
        signal("ECG II", "mV", 500, np.repeat(WAVE, 2)),
        signal("SpO2", "%", 1, WAVE[:4]),
    )
    for lead in (None, "ECG II", "ii", "II", 1):
        record = read_record(path, lead=lead)
        assert (record.fs, record.lead) == (500.0, "ECG II")
        np.testing.assert_allclose(record.signal, np.repeat(WAVE, 2) * 1000, atol=20)


def test_bdf(tmp_path: Path) -> None:
    one = edfio.BdfSignal(
        WAVE, 250, label="ECG", physical_dimension="uV", physical_range=(-1000, 1000)
    )
    edfio.Bdf([one]).write(tmp_path / "a.bdf")
    record = read_record(tmp_path / "a.bdf")
    assert (record.fs, record.lead, record.format) == (250.0, "ECG", "BDF")
    np.testing.assert_allclose(record.signal, WAVE, atol=1e-3)


@pytest.mark.parametrize("kind", ["EDF+C", "EDF+D"])
def test_gaps_of_a_discontinuous_edf(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "a.edf", signal(), notes=True)
    content = path.read_bytes()
    for later, earlier in ((b"+3\x14\x14", b"+9\x14\x14"), (b"+2\x14\x14", b"+6\x14\x14")):
        assert content.count(later) == 1
        content = content.replace(later, earlier)
    path.write_bytes(content.replace(b"EDF+C", kind.encode()))
    record = read_record(path)
    if kind == "EDF+C":
        assert record.signal.size == 1000
        return
    assert (record.signal.size, record.format) == (2500, "EDF+D")
    assert record.gaps == ((500, 1500), (1750, 2250))
    np.testing.assert_allclose(record.signal[2250:], WAVE[750:], atol=0.02)


def test_a_discontinuous_edf_without_gaps_is_read_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.edf", signal(), notes=True)
    path.write_bytes(path.read_bytes().replace(b"EDF+C", b"EDF+D"))
    np.testing.assert_allclose(read_record(path).signal, WAVE, atol=0.02)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"+2\x14\x14", b"+1\x14\x14", "overlap in time"),
        (b"+2\x14\x14", b"x2\x14\x14", "does not tell when it begins"),
    ],
)
def test_onsets_that_make_no_sense_are_refused(
    tmp_path: Path, old: bytes, new: bytes, message: str
) -> None:
    path = write(tmp_path / "a.edf", signal(), notes=True)
    path.write_bytes(path.read_bytes().replace(b"EDF+C", b"EDF+D").replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_record(path)


@pytest.mark.parametrize(
    ("place", "text", "message"),
    [
        (RANGE, b"1000    ", "is not calibrated"),
        (RANGE, b"-1000,5 ", "no pair of numbers"),
        (RANGE, b"nan     ", "is not calibrated"),
        (RANGE + 4 * SIGNALS * 4, b"32767   ", "is not calibrated"),
    ],
)
def test_a_range_that_calibrates_nothing_is_refused(
    tmp_path: Path, place: int, text: bytes, message: str
) -> None:
    path = write(tmp_path / "a.edf", signal(), notes=True)
    change(path, place, text)
    with pytest.raises(ValueError, match=message):
        read_record(path)


@pytest.mark.parametrize("unit", ["µV".encode("latin-1"), "µV".encode(), "μV".encode()])
def test_micro_in_any_encoding(tmp_path: Path, unit: bytes) -> None:
    path = write(tmp_path / "a.edf", signal(), notes=True)
    change(path, UNIT, unit.ljust(8))
    np.testing.assert_allclose(read_record(path).signal, WAVE, atol=0.02)


def test_a_blank_unit_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.edf", signal(unit=""))
    with pytest.raises(ValueError, match=r"give unit= \(--unit\)"):
        read_record(path)
    np.testing.assert_allclose(read_record(path, unit="mV").signal, WAVE * 1000, atol=20)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: content + b"\0\0",
        lambda content: content[:236] + b"-1      " + content[244:],
        lambda content: content[:252] + b"9999" + content[256:],
    ],
)
def test_a_file_that_is_not_whole_is_refused(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = write(tmp_path / "a.edf", signal())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"a\.edf cannot be read, it may be damaged"):
        read_record(path)


def test_errors_do_not_name_the_patient(tmp_path: Path) -> None:
    path = write(tmp_path / "a.edf", signal("I"), signal("II"))
    change(path, 8, b"X F 01-JAN-1980 Jane_Roe")
    for said in ({}, {"lead": "V9"}, {"lead": "I", "unit": "mV"}, {"lead": "I", "fs": 300}):
        with pytest.raises(ValueError, match=r"a\.edf") as caught:
            read_record(path, **said)  # type: ignore[arg-type]
        assert "Roe" not in str(caught.value)
    assert "Roe" not in repr(read_record(path, lead="I"))
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(ValueError, match="may be damaged") as caught:
        read_record(path)
    assert "Roe" not in str(caught.value)
