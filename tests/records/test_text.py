"""Tables and columns: times, units, decimal commas, gaps, and what is refused."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_files import WAVE, column, read, table, write

from ecgrt.records import read_record
from ecgrt.records.table import BLOCK


@pytest.mark.parametrize(
    ("head", "times", "fs"),
    [
        (",ecg_mV", np.arange(600) / 250, 250.0),
        ("time,ECG (mV)", np.arange(600) * 4, 250.0),
        ("time,ECG (mV)", np.arange(600) / 256, 256.0),
        ("timer,ECG (mV)", np.arange(600) * 8.5479, 1000 / 8.5479),
        ("time_us,ECG [mV]", np.arange(600) * 2000, 500.0),
        ("t [s],ECG/mV", np.round(np.arange(600) / 300, 3), 300.0),
        ("timestamp,lead I mV", 1614700923004 + np.arange(600) * 2, 500.0),
    ],
)
def test_a_column_of_times_tells_the_rate(tmp_path: Path, head: str, times: Any, fs: float) -> None:
    record = read(tmp_path, f"{head}\n{table(times, WAVE / 1000)}")
    assert record.fs == pytest.approx(fs, rel=1e-6)
    assert record.unit == "mV"
    np.testing.assert_allclose(record.signal, WAVE, rtol=1e-5)
    assert read_record(tmp_path / "a.csv", fs=fs).fs == fs
    with pytest.raises(ValueError, match="Hz"):
        read_record(tmp_path / "a.csv", fs=fs * 1.02)


@pytest.mark.parametrize("head", ["time,ECG (mV)", ",ECG (mV)", "sample,ECG (mV)"])
def test_a_column_that_counts_tells_no_rate(tmp_path: Path, head: str) -> None:
    path = write(tmp_path, f"{head}\n{table(range(600), WAVE / 1000)}")
    with pytest.raises(ValueError, match=r"give fs= \(--fs\)"):
        read_record(path)
    np.testing.assert_allclose(read_record(path, fs=200).signal, WAVE, rtol=1e-5)


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%S.%f", "%H:%M:%S.%f", "%Y/%m/%d %H:%M:%S.%f"])
def test_clocks_go_on_after_midnight(tmp_path: Path, form: str) -> None:
    first = datetime(2021, 3, 2, 23, 59, 58)
    clock = [(first + timedelta(seconds=i / 125)).strftime(form) for i in range(600)]
    record = read(tmp_path, "time,ecg_uV\n" + table(clock, WAVE))
    assert record.fs == 125.0
    assert record.start == (None if form.startswith("%H") else first)
    np.testing.assert_allclose(record.signal, WAVE, rtol=1e-6)


def test_times_that_leave_out_samples_are_gaps(tmp_path: Path) -> None:
    kept = np.r_[0:100, 150:400, 401:600]
    rows = table(np.round(kept / 300, 3), WAVE[kept])
    record = read(tmp_path, f"time (s),ECG (uV)\n{rows}")
    assert (record.fs, record.gaps) == (300.0, ((100, 150), (400, 401)))
    assert record.signal.size == 600
    np.testing.assert_allclose(record.signal[kept], WAVE[kept], rtol=1e-6)
    rows = table(kept, WAVE[kept])
    counted = read(tmp_path, f"index,ECG (uV)\n{rows}", fs=300)
    np.testing.assert_array_equal(counted.signal, record.signal)


def test_blanks_between_samples_are_gaps(tmp_path: Path) -> None:
    record = read(tmp_path, "ECG (uV)\n1\n\n\n4\nNaN\n6\n\n\n", fs=300)
    np.testing.assert_array_equal(record.signal, [1, np.nan, np.nan, 4, np.nan, 6])
    assert record.gaps == ((1, 3), (4, 5))
    record = read(tmp_path, "a,b\n1,2\n3,\n5,6\n", fs=300, unit="uV", lead="b")
    np.testing.assert_array_equal(record.signal, [2, np.nan, 6])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n", "\n\n"])
def test_ends_of_lines_are_no_gaps(tmp_path: Path, end: str) -> None:
    record = read(tmp_path, end.join(["ECG (uV)", *map(str, WAVE), ""]), fs=300)
    np.testing.assert_allclose(record.signal, WAVE, rtol=1e-6)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("0,1\n4,2\n4,3\n", "times stand still at sample 2"),
        ("0,1\n4,2\n0,3\n", "times go back at sample 2"),
        ("0,1\n4,2\n5,3\n9,3\n11,3\n26,3\n70,3\n71,3\n", "times are not even"),
        ("0,1\n4,2\n,3\n", "line 4 has no time"),
        ("0,1\n4,2\n1e300,3\n", "times are wrong"),
    ],
)
def test_times_that_tell_nothing_are_refused(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, f"time_ms,ECG (uV)\n{rows}")


def test_times_in_whole_seconds_may_not_contradict_the_rate(tmp_path: Path) -> None:
    clock = [f"10:00:{i // 125:02}" for i in range(600)]
    path = write(tmp_path, f"time,ecg_uV\n{table(clock, WAVE)}")
    assert read_record(path, fs=125).signal.size == 600
    with pytest.raises(ValueError, match=r"stand still .* give fs="):
        read_record(path)
    with pytest.raises(ValueError, match="times over 4 s, but 25 Hz would be 24 s"):
        read_record(path, fs=25)


def test_a_stated_rate_that_its_times_contradict_is_refused(tmp_path: Path) -> None:
    text = f"# sampling rate: 500 Hz\ntime_ms,ECG (uV)\n{table(np.arange(600) * 4, WAVE)}"
    with pytest.raises(ValueError, match="says 500 Hz, but its times are those of 250 Hz"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("head", "unit", "scale"),
    [
        ("ecg_mV", "mV", 1e3),
        ("ECG (mV)", "mV", 1e3),
        ("EKG [µV]", "µV", 1.0),
        ("ecg\nuV", "uV", 1.0),
        ("# unit: mV\necg", "mV", 1e3),
        ("ecg in V [V]", "V", 1e6),
        ("microvolts", "microvolts", 1.0),
    ],
)
def test_units_in_names_and_lines(tmp_path: Path, head: str, unit: str, scale: float) -> None:
    record = read(tmp_path, f"{head}\n{column(WAVE)}", fs=300)
    assert record.unit == unit
    np.testing.assert_allclose(record.signal, WAVE * scale, rtol=1e-6)
    with pytest.raises(ValueError, match=r"says .*, the caller nV"):
        read_record(tmp_path / "a.csv", fs=300, unit="nV")


def test_a_lead_called_v_is_not_in_volts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unit of its samples"):
        read(tmp_path, f"II,V\n{table(WAVE, WAVE)}", fs=300, lead="V")


@pytest.mark.parametrize(
    "text",
    [
        column(WAVE, ","),
        "ecg\n" + column(np.abs(WAVE[200:]) + 0.5, ","),
        "I;ecg\n" + table(WAVE, WAVE, separator=";", decimal=","),
        "I\tecg\n" + table(WAVE, WAVE, separator="\t", decimal=","),
    ],
)
def test_decimal_commas(tmp_path: Path, text: str) -> None:
    record = read(tmp_path, text, fs=300, unit="uV", lead=None if "I" not in text else "ecg")
    expected = np.abs(WAVE[200:]) + 0.5 if text.startswith("ecg\n") else WAVE
    np.testing.assert_allclose(record.signal, expected, rtol=1e-6)


def test_quoted_decimal_commas(tmp_path: Path) -> None:
    text = '"I","II"\n"1,5","2,5"\n"3,5","4,5"\n'
    assert read(tmp_path, text, fs=300, unit="uV", lead="II").signal.tolist() == [2.5, 4.5]


def test_what_is_an_ecg_by_name_needs_no_lead(tmp_path: Path) -> None:
    text = f"time_ms,resp (ohm),ecg (mV),label\n{table(range(0, 2400, 4), WAVE, WAVE, ['N'] * 600)}"
    assert read(tmp_path, text).lead == "ecg"
    with pytest.raises(ValueError, match=r"0 = I, 1 = II.*--lead"):
        read(tmp_path, f"I,II\n{table(WAVE, WAVE)}", fs=300, unit="uV")


def test_a_row_is_no_column(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds 600 leads"):
        read(tmp_path, ",".join(map(str, WAVE)) + "\n", fs=300, unit="uV")


@pytest.mark.parametrize(
    "text",
    [
        "Name: Jane Roe\nECG\n1\n2\nJane Roe 1.1.1980\n3\n",
        "Name,Jane Roe\nBorn,1980-01-01\nJane\n",
        "Name,Jane Roe\n0,1\n1,2\n2,4\n",
        "ECG\n1\nJane Roe,1\n",
        'ECG,"Jane\nRoe"\n1,2\n',
        "Patient;Jane Roe\n1;5\n2;3\n4;x\n",
    ],
)
def test_errors_print_nothing_of_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"a\.csv") as caught:
        read(tmp_path, text)
    for word in ("Jane", "Roe", "1980"):
        assert word not in str(caught.value)
        assert word not in str(caught.value.__context__)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1\n2\n\0\n")
    with pytest.raises(ValueError, match="is no text"):
        read_record(tmp_path / "a.csv", fs=300, unit="uV")
    (tmp_path / "a.csv").write_bytes(b"1" * (3 * BLOCK))
    with pytest.raises(ValueError, match="a line of more than 1 MiB"):
        read_record(tmp_path / "a.csv", fs=300, unit="uV")


def test_a_file_of_many_blocks_is_read_as_one(tmp_path: Path) -> None:
    values = np.round(np.random.default_rng(1).normal(0, 300, 300_000), 3)
    values[[5, 150_000, 299_998]] = np.nan
    times = np.arange(values.size) * 4
    kept = np.r_[0:70_000, 90_000 : values.size]
    rows = table(times[kept], values[kept])
    assert len(rows) > 3 * BLOCK
    record = read(tmp_path, f"time_ms,ECG (uV)\n{rows}")
    expected = values.copy()
    expected[70_000:90_000] = np.nan
    assert record.fs == 250.0
    np.testing.assert_allclose(record.signal, expected, rtol=1e-6)
    blanks = "".join("\n" if np.isnan(v) else f"{v}\r\n" for v in values)
    np.testing.assert_allclose(
        read(tmp_path, f"ECG (uV)\n{blanks}", fs=250).signal, values, rtol=1e-6
    )


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(
        st.one_of(st.floats(-1e5, 1e5).map(lambda v: round(v, 4)), st.just(float("nan"))),
        min_size=3,
        max_size=40,
    ).filter(lambda values: values[0] == values[0]),
    separator=st.sampled_from([";", "\t", ","]),
    comma=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    rate=st.sampled_from([125, 250, 500, 1000]),
)
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[float],
    separator: str,
    comma: bool,
    end: str,
    rate: int,
) -> None:
    text = io.StringIO()
    text.write(f"time [ms]{separator}ECG (uV){end}")
    for number, value in enumerate(values):
        cell = "" if np.isnan(value) else f"{value:.4f}"
        cell = cell.replace(".", ",") if comma and separator != "," else cell
        text.write(f"{number * 1000 // rate}{separator}{cell}{end}")
    record = read_record(write(tmp_path_factory.mktemp("text"), text.getvalue()))
    assert record.fs == rate
    np.testing.assert_allclose(record.signal, np.float32(values), rtol=1e-6)
