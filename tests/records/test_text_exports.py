"""Text as recorders, watches and programs write it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from text_files import WAVE, column, read, table, write

from ecgrt.records import read_record

APPLE = """Name,"Jane, Roe"
Date of Birth,"Jan 1, 1980"
Recorded Date,2019-05-03 21:11:30 +0200
Classification,Sinus Rhythm
Symptoms,
Software Version,1.90
Device,"Watch6,2"
Sample Rate,{rate}


Lead,Lead I
Unit,µV

"""
APPLE_GERMAN = """Name,"Jane Roe"
Geburtsdatum,"01.01.1980"
Aufzeichnungsdatum,2019-05-03 21:11:30 +0200
Softwareversion,"1,90"
Messrate,"513,625 Hertz"

Ableitung,Ableitung I
Einheit,µV

"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize(
    ("head", "decimal", "fs"),
    [
        (APPLE.format(rate="512 hertz"), ".", 512.0),
        (APPLE.format(rate='"512 hertz"'), ".", 512.0),
        (APPLE.format(rate="513.625"), ".", 513.625),
        (APPLE_GERMAN, ",", 513.625),
    ],
)
def test_apple_health(tmp_path: Path, encoding: str, head: str, decimal: str, fs: float) -> None:
    path = write(tmp_path, head + column(WAVE, decimal), encoding=encoding)
    record = read_record(path)
    assert (record.fs, record.lead, record.unit) == (fs, "I", "µV")
    moment = datetime(2019, 5, 3, 21, 11, 30, tzinfo=timezone(timedelta(hours=2)))
    assert record.start == moment
    np.testing.assert_allclose(record.signal, WAVE, rtol=1e-6)


def test_polar_sensor_logger(tmp_path: Path) -> None:
    first = datetime(2021, 3, 2, 16, 42, 3)
    number = np.arange(600)
    rows = table(
        # The telephone's clock ticks once a packet.
        [(first + timedelta(seconds=int(i) // 73 * 0.5615)).isoformat() for i in number],
        599618164814402794 + np.round(number * 1e9 / 130).astype(np.int64),
        np.round(number * 1000 / 130, 6),
        WAVE.astype(int),
        separator=";",
    )
    head = "Phone timestamp;sensor timestamp [ns];timestamp [ms];ecg [uV]\n"
    record = read(tmp_path, head + rows)
    assert (record.fs, record.lead, record.unit, record.start) == (130.0, "ecg", "uV", first)
    np.testing.assert_array_equal(record.signal, WAVE.astype(int))


@pytest.mark.parametrize(
    ("head", "cell"),
    [
        ("'Elapsed time','MLII','V5'\n'hh:mm:ss.mmm','mV','mV'\n", "'{0}:{1:06.3f}'"),
        ("'Time','MLII','V5'\n'date','mV','mV'\n", "'[10:{0:02}:{1:06.3f} 01/01/2014]'"),
    ],
)
def test_physiobank(tmp_path: Path, head: str, cell: str) -> None:
    seconds = np.arange(600) // 0.36 / 1000  # milliseconds, cut off
    times = [cell.format(int(s // 60), s % 60) for s in seconds]
    record = read(tmp_path, head + table(times, WAVE / 1000, -WAVE / 1000), lead="V5")
    assert (record.fs, record.unit) == (360.0, "mV")
    np.testing.assert_allclose(record.signal, -WAVE, rtol=1e-5)


def test_aligned_columns_of_rdsamp(tmp_path: Path) -> None:
    head = "   Elapsed time     MLII      V5\n     (seconds)     (mV)    (mV)\n"
    rows = "".join(f"{i / 360:9.3f} {v / 1000:9.6f} 0\n" for i, v in enumerate(WAVE))
    record = read(tmp_path, head + rows, lead="MLII")
    assert (record.fs, record.unit) == (360.0, "mV")
    np.testing.assert_allclose(record.signal, WAVE, rtol=1e-5)


def test_biosppy(tmp_path: Path) -> None:
    head = "# Simple Text Format\n# Sampling Rate (Hz):= 1000.00\n# Resolution:= 12\n# Labels:= "
    one = read(tmp_path, f"{head}ECG\n{column(WAVE)}", unit="mV")
    two = read(tmp_path, f"{head}ECG\tEDA\n{table(WAVE, 3 * WAVE, separator=chr(9))}", unit="mV")
    for record in (one, two):
        assert record.fs == 1000.0
        np.testing.assert_allclose(record.signal, WAVE * 1000, rtol=1e-6)
    assert two.lead == "ECG"


def test_opensignals(tmp_path: Path) -> None:
    head = (
        '# OpenSignals Text File Format\n# {"00:07": {"sensor": ["EDA", "ECG"], "column": ["nSeq", '
        '"I1", "A1", "A2"], "time": "14:51:13.2", "date": "2016-04-27", "sampling rate": 1000, '
        '"label": ["A1", "A2"]}}\n# EndOfHeader\n'
    )
    rows = "".join(f"{i % 16}\t0\t5\t{int(v) + 512}\t\n" for i, v in enumerate(WAVE))
    record = read(tmp_path, head + rows, unit="0.003 mV")
    assert (record.fs, record.lead, record.format) == (1000.0, "ECG", "OpenSignals")
    assert record.start == datetime(2016, 4, 27, 14, 51, 13, 200_000)
    np.testing.assert_allclose(record.signal, 3.0 * (WAVE.astype(int) + 512), rtol=1e-6)
    with pytest.raises(ValueError, match="unit of its samples"):
        read_record(tmp_path / "a.csv")
