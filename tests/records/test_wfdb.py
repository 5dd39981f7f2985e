"""WFDB records of all kinds, written by hand or by the package wfdb."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from challenge_files import write_record

from ecgrt.records import read_record

wfdb = pytest.importorskip("wfdb", reason='needs pip install "ecgrt[formats]"')

RAMP = np.arange(-300, 300, dtype=np.int16)


def write(folder: Path, header: str, *columns: npt.NDArray[np.int16], name: str = "a") -> Path:
    """Write NAME.hea, and NAME.dat in format 16 with the columns side by side."""
    (folder / f"{name}.hea").write_text(header)
    if columns:
        np.stack(columns, axis=1).astype("<i2").tofile(folder / f"{name}.dat")
    return folder / name


def test_signals_in_other_units_do_not_refuse_the_ecg(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a 3 125 600\na.dat 16 20(-1600)/mmHg 16 0 0 0 0 ABP\n"
        "a.dat 16 200/mV 16 0 0 0 0 II\na.dat 16 100/NU 16 0 0 0 0 PLETH\n",
        RAMP,
        RAMP + 7,
        RAMP,
    )
    for lead in (None, "II", "ii", "Lead II", 1):
        record = read_record(path, lead=lead)
        assert (record.lead, record.unit, record.fs) == ("II", "mV", 125.0)
        np.testing.assert_allclose(record.signal, (RAMP + 7) * 5.0)
    with pytest.raises(ValueError, match="'mmHg', no unit of voltage"):
        read_record(path, lead="ABP")
    with pytest.raises(ValueError, match="'mmHg', no unit of voltage"):
        read_record(path, lead="ABP", unit="mV")


def test_several_samples_a_frame_are_all_read(tmp_path: Path) -> None:
    frames = np.stack([*RAMP.reshape(-1, 4).T, RAMP[:150]], axis=1)
    (tmp_path / "a.hea").write_text(
        "a 2 62.5 150\na.dat 16x4 1000/mV 16 0 0 0 0 II\na.dat 16 1/mmHg 16 0 0 0 0 ABP\n"
    )
    frames.astype("<i2").tofile(tmp_path / "a.dat")
    record = read_record(tmp_path / "a")
    assert record.fs == 250.0
    np.testing.assert_array_equal(record.signal, RAMP)


@pytest.mark.parametrize("code", ["16+24", "16x1+24"])
def test_both_ways_to_name_the_challenges_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "wfdb", None)  # it needs no package
    header = write_record(tmp_path, "a", RAMP)
    header.write_text(header.read_text().replace("16+24", code))
    np.testing.assert_array_equal(read_record(tmp_path / "a").signal, RAMP)


@pytest.mark.parametrize(("code", "invalid"), [("16", -(2**15)), ("80", -128), ("212", -2048)])
def test_invalid_samples_are_gaps(tmp_path: Path, code: str, invalid: int) -> None:
    stored = (RAMP % 100).astype(np.int64)
    stored[[3, 4, 599]] = invalid
    wfdb.wrsamp(
        "a",
        fs=300,
        units=["mV"],
        sig_name=["II"],
        d_signal=stored[:, None],
        fmt=[code],
        adc_gain=[200.0],
        baseline=[0],
        write_dir=str(tmp_path),
    )
    record = read_record(tmp_path / "a")
    assert record.gaps == ((3, 5), (599, 600))
    np.testing.assert_allclose(record.signal[5:599], stored[5:599] * 5.0)


def test_an_invalid_sample_of_the_challenges_format_is_a_gap(tmp_path: Path) -> None:
    stored = RAMP.copy()
    stored[7] = -(2**15)
    write_record(tmp_path, "a", stored)
    record = read_record(tmp_path / "a")
    assert record.gaps == ((7, 8),)
    np.testing.assert_array_equal(record.signal[8:], RAMP[8:])


def test_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    right = int(RAMP.sum()) % 65536
    for checksum in (right, right - 65536, 0):
        write(tmp_path, f"a 1 300 600\na.dat 16 200/mV 16 0 -300 {checksum} 0 II\n", RAMP)
        assert read_record(tmp_path / "a").signal.size == 600
    write(tmp_path, f"a 1 300 600\na.dat 16 200/mV 16 0 -300 {right + 1} 0 II\n", RAMP)
    with pytest.raises(ValueError, match=r"checksum .* which a\.dat does not have"):
        read_record(tmp_path / "a")


def test_skew_is_undone(tmp_path: Path) -> None:
    path = write(tmp_path, "a 1 300 600\na.dat 16:5 200/mV 16 0 0 0 0 II\n", RAMP)
    record = read_record(path)
    assert record.gaps == ((595, 600),)
    np.testing.assert_allclose(record.signal[:595], RAMP[5:] * 5.0)


def test_an_uncalibrated_signal_needs_a_unit(tmp_path: Path) -> None:
    path = write(tmp_path, "a 1 300 600\na.dat 16 0(100) 16 0 0 0 0 II\n", RAMP)
    with pytest.raises(ValueError, match=r"give unit= \(--unit\)"):
        read_record(path)
    np.testing.assert_allclose(read_record(path, unit="5 uV").signal, (RAMP - 100) * 5.0)


def test_a_record_that_tells_no_length(tmp_path: Path) -> None:
    path = write(tmp_path, "a 1 300\na.dat 16 200/mV 16 0 0 0 0 II\n", RAMP)
    np.testing.assert_allclose(read_record(path).signal, RAMP * 5.0)


def test_start_and_names_of_files(tmp_path: Path) -> None:
    path = write(tmp_path, "a 1 300 600 8:26:04.5 26/10/1994\na.dat 16 200/mV\n", RAMP)
    assert str(read_record(path).start) == "1994-10-26 08:26:04.500000"
    for name in ("../a.dat", "/etc/passwd", "s3://bucket/a.dat"):
        (tmp_path / "a.hea").write_text(f"a 1 300 600\n{name} 16 200/mV 16 0 0 0 0 II\n")
        with pytest.raises(ValueError, match="line 2 is not FILE FORMAT"):
            read_record(path)


def write_segments(folder: Path) -> Path:
    """Write a record of variable layout: a gap, lead II, another lead, II with another gain."""
    (folder / "m.hea").write_text(
        "m/5 1 300 2000 10:00:00 01/01/2020\nlayout 0\n~ 200\ns1 600\ns2 600\ns3 600\n"
    )
    (folder / "layout.hea").write_text(
        "layout 2 300 0\n~ 0 200/mV 16 0 0 0 0 II\n~ 0 200/mV 16 0 0 0 0 V\n"
    )
    for name, lead, gain in (("s1", "II", "200/mV"), ("s2", "V", "200/mV"), ("s3", "II", "1000")):
        header = f"{name} 1 300 600\n{name}.dat 16 {gain} 16 0 0 0 0 {lead}\n"
        write(folder, header, RAMP, name=name)
    return folder / "m"


def test_segments_are_put_in_their_places(tmp_path: Path) -> None:
    record = read_record(write_segments(tmp_path), lead="ii")
    assert (record.fs, record.lead, record.signal.size) == (300.0, "II", 2000)
    assert record.gaps == ((0, 200), (800, 1400))
    np.testing.assert_allclose(record.signal[200:800], RAMP * 5.0)
    np.testing.assert_allclose(record.signal[1400:], RAMP)
    assert str(record.start) == "2020-01-01 10:00:00"
    with pytest.raises(ValueError, match=r"2 leads \(0 = II, 1 = V\)"):
        read_record(tmp_path / "m")
    (tmp_path / "s3.hea").unlink()
    with pytest.raises(FileNotFoundError, match=r"m\.hea needs s3\.hea"):
        read_record(tmp_path / "m", lead="II")


def test_a_bad_list_of_segments_is_refused(tmp_path: Path) -> None:
    path = write_segments(tmp_path)
    text = (tmp_path / "m.hea").read_text()
    for change, message in (
        (("s3 600", "s3 599"), "does not have the length"),
        (("s3 600", "../s3 600"), "line 6 is not the NAME LENGTH"),
        (("~ 200", "~ 999999999999"), "its times are wrong"),
        (("s3 600", "m 600"), "consists of segments itself"),
    ):
        (tmp_path / "m.hea").write_text(text.replace(*change))
        with pytest.raises(ValueError, match=message):
            read_record(path, lead="II")
