"""One record from disk in the challenge's format, and everything that can be wrong with one."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from challenge_files import write_record
from scipy.io import loadmat, savemat

from ecgrt.records.base import list_records, read_record

RAMP = np.arange(-300, 300, dtype=np.int16)


@pytest.mark.parametrize("suffix", ["", ".hea", ".mat"])
def test_a_challenge_record_is_read_as_it_is_stored(tmp_path: Path, suffix: str) -> None:
    write_record(tmp_path, "A00001", RAMP)
    record = read_record(tmp_path / f"A00001{suffix}")
    assert (record.name, record.fs) == ("A00001", 300.0)
    assert record.signal.dtype == np.int16
    assert record.signal.flags.writeable
    assert record.signal.flags.c_contiguous
    np.testing.assert_array_equal(record.signal, RAMP)


def test_the_sample_records_read_as_scipy_reads_them(records: Path) -> None:
    paths = list_records(records)
    assert len(paths) == 10
    for path in paths:
        record = read_record(path)  # which verifies length, first value and checksum
        np.testing.assert_array_equal(record.signal, loadmat(f"{path}.mat")["val"][0])
        assert record.fs == 300.0
        assert 100 < record.signal.std() < 1000  # microvolts


def test_a_matrix_that_scipy_saves_is_read(tmp_path: Path) -> None:
    write_record(tmp_path, "a", RAMP)
    savemat(tmp_path / "a.mat", {"val": RAMP[None]}, format="4")
    np.testing.assert_array_equal(read_record(tmp_path / "a").signal, RAMP)


@pytest.mark.parametrize(
    ("gain", "microvolts_per_unit", "zero"),
    [
        ("1000", 1.0, 0),
        ("200/mV", 5.0, 0),
        ("1/uV", 1.0, 0),
        ("2.5e3(-7)/V", 400.0, -7),
        ("1000(12)/mV", 1.0, 12),
    ],
)
def test_gain_baseline_and_unit_become_microvolts(
    tmp_path: Path, gain: str, microvolts_per_unit: float, zero: int
) -> None:
    write_record(tmp_path, "a", RAMP, gain=gain)
    expected = (RAMP.astype(float) - zero) * microvolts_per_unit
    np.testing.assert_allclose(read_record(tmp_path / "a").signal, expected, rtol=1e-6)


def test_a_lead_is_picked_by_name_or_number(tmp_path: Path) -> None:
    write_record(tmp_path, "a", np.stack([RAMP, 2 * RAMP], axis=1), leads=("I", "V 1"))
    np.testing.assert_array_equal(read_record(tmp_path / "a", lead="V 1").signal, 2 * RAMP)
    np.testing.assert_array_equal(read_record(tmp_path / "a", lead=0).signal, RAMP)
    with pytest.raises(ValueError, match=r"2 leads \(0 = I, 1 = V 1\); .* lead= \(--lead\)"):
        read_record(tmp_path / "a")
    for lead in ("V2", 2, -1):
        with pytest.raises(ValueError, match=f"no lead {lead!r}"):
            read_record(tmp_path / "a", lead=lead)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"length": 599}, "holds 1 x 600 samples, but its header tells of 1 x 599"),
        ({"checksum": 4711}, "checksum 4711"),
        ({"first": 5}, "first value 5"),
    ],
)
def test_a_header_that_contradicts_its_signal_is_refused(
    tmp_path: Path, change: dict[str, int], message: str
) -> None:
    write_record(tmp_path, "a", RAMP, **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        read_record(tmp_path / "a")


def test_without_a_checksum_the_first_value_is_not_trusted(tmp_path: Path) -> None:
    # So it is in 503 of the challenge's own records.
    write_record(tmp_path, "a", RAMP, checksum=0, first=5)
    np.testing.assert_array_equal(read_record(tmp_path / "a").signal, RAMP)


def test_a_negative_checksum_is_the_same_modulo_65536(tmp_path: Path) -> None:
    write_record(tmp_path, "a", RAMP, checksum=int(RAMP.sum()) % 65536 - 65536)
    np.testing.assert_array_equal(read_record(tmp_path / "a").signal, RAMP)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"", "cut short: 0 bytes"),
        (lambda data: data[:23], "cut short: 23 bytes"),
        (lambda data: data[:-1], "cut short: 1223 bytes instead of 1224"),
        (lambda data: data + b"\0\0", "tail: 1226 bytes instead of 1224"),
        (lambda data: struct.pack("<i", 1000) + data[4:], "type 1000"),
        (lambda data: struct.pack(">i", 30) + data[4:], "not the challenge's MATLAB v4"),
        (lambda data: data[:12] + struct.pack("<i", 1) + data[16:], "imaginary part 1"),
        (lambda data: data[:16] + struct.pack("<i", 9) + data[20:], "name of 8 letters"),
        (lambda data: data[:4] + struct.pack("<i", 2) + data[8:], "holds 2 x 600"),
        (lambda data: data[:8] + struct.pack("<i", -1) + data[12:], "holds 1 x -1"),
        (lambda data: b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "version 5 or later"),
    ],
)
def test_a_damaged_mat_is_refused(
    tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    write_record(tmp_path, "a", RAMP)
    mat = tmp_path / "a.mat"
    mat.write_bytes(damage(mat.read_bytes()))
    with pytest.raises(ValueError, match=message):
        read_record(tmp_path / "a")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("a\n", "not NAME LEADS RATE SAMPLES"),
        ("a one 300 600\n", "not NAME LEADS RATE SAMPLES"),
        ("a 1 0 600\n", "not NAME LEADS RATE SAMPLES"),
        ("a 1 nan 600\n", "not NAME LEADS RATE SAMPLES"),
        ("a 1 300 -600\n", "not NAME LEADS RATE SAMPLES"),
        ("a 0 300 600\n", "not NAME LEADS RATE SAMPLES"),
        ("a 1 300 600\n", "tells of 1 leads, but describes 0"),
        ("a 1 300 600\na.mat 16+24 x/mV\n", "not FILE FORMAT GAIN"),
        ("a 1 300 600\na.mat 16+24 1000/mV 16 zero\n", "not FILE FORMAT GAIN"),
        ("a 1 300 600\na.mat 16+24 1000/mmHg\n", "'mmHg', no unit of voltage: V, mV, uV or nV"),
        ("a 1 300 600\na.mat 16+24 1E999/mV\n", "line 2 is not FILE FORMAT GAIN"),
        (f"a 1 300 600\na.mat 16+24 1000({'9' * 400})/mV\n", "line 2 is not FILE FORMAT GAIN"),
        (f"a 1 300 600\na.mat 16+24 1000/mV 16 {'9' * 400}\n", "line 2 is not FILE FORMAT GAIN"),
        (f"a 1 300 {'9' * 400}\na.mat 16+24 1000/mV\n", "line 1 is not NAME LEADS RATE"),
        ("a 1 1_0 600\na.mat 16+24 1000/mV\n", "line 1 is not NAME LEADS RATE"),
        ("a 1 1e9 600\na.mat 16+24 1000/mV\n", "1e.09 Hz, which no ECG has"),
        ("a 1 300 600\nb.mat 16+24 1000/mV\n", "describes b.mat 16.24, not a.mat"),
        ("a 1 300 600\na.mat 16 1000/mV\n", "describes a.mat 16.0, not a.mat 16.24"),
        ("a 1 300 600\na.mat\n", "line 2 is not FILE FORMAT GAIN"),
    ],
)
def test_a_bad_header_is_refused(tmp_path: Path, header: str, message: str) -> None:
    write_record(tmp_path, "a", RAMP).write_text(header)
    with pytest.raises(ValueError, match=message):
        read_record(tmp_path / "a")


@pytest.mark.parametrize("gain", ["", " 0", " 0/mV"])
def test_what_a_short_header_does_not_tell_is_asked_for(tmp_path: Path, gain: str) -> None:
    # WFDB's own library assumes 250 Hz, and 200 units a millivolt.
    write_record(tmp_path, "a", RAMP).write_text(f"# made by hand\na 1\na.mat 16+24{gain}\n")
    with pytest.raises(ValueError, match=r"give fs= \(--fs\)"):
        read_record(tmp_path / "a")
    with pytest.raises(ValueError, match=r"give unit= \(--unit\)"):
        read_record(tmp_path / "a", fs=360)
    record = read_record(tmp_path / "a", fs=360, unit="5 uV")
    assert record.fs == 360.0
    np.testing.assert_array_equal(record.signal, RAMP * 5.0)


@pytest.mark.parametrize("gone", ["a.hea", "a.mat"])
def test_half_of_a_record_is_not_enough(tmp_path: Path, gone: str) -> None:
    write_record(tmp_path, "a", RAMP)
    (tmp_path / gone).unlink()
    with pytest.raises(FileNotFoundError, match=gone):
        read_record(tmp_path / ("a.mat" if gone == "a.hea" else "a.hea"))


def test_a_missing_or_foreign_record_is_told_what_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no record .*A1: .*\.hea.*\.npy"):
        read_record(tmp_path / "A1")
    for folder in (".", "/", tmp_path):
        with pytest.raises(ValueError, match=f"^{folder} is not a record; .* ends in "):
            read_record(folder)
    with pytest.raises(FileNotFoundError, match=r"A1\.npy does not exist"):
        read_record(tmp_path / "A1.npy")
    (tmp_path / "A1.jpg").touch()
    with pytest.raises(ValueError, match=r"A1\.jpg is not a record; .*\.edf"):
        read_record(tmp_path / "A1.jpg")
    with pytest.raises(ValueError, match="is not a record"):
        read_record(tmp_path)


@pytest.mark.parametrize("fs", [0, -300, 1e9, float("nan"), float("inf")])
def test_an_impossible_sampling_rate_is_refused(tmp_path: Path, fs: float) -> None:
    np.save(tmp_path / "a.npy", RAMP)
    with pytest.raises(ValueError, match="which no ECG has; from 10 to 100000 is accepted"):
        read_record(tmp_path / "a", fs=fs, unit="uV")


def test_a_sampling_rate_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", RAMP)
    with pytest.raises(TypeError):
        read_record(tmp_path / "a", fs="300")  # type: ignore[arg-type]


def test_a_sampling_rate_that_the_header_contradicts_is_refused(tmp_path: Path) -> None:
    write_record(tmp_path, "a", RAMP)
    assert read_record(tmp_path / "a", fs=300).fs == 300.0
    with pytest.raises(ValueError, match="says 300 Hz, the caller 360 Hz"):
        read_record(tmp_path / "a", fs=360)


def test_records_are_listed_in_the_order_of_their_index(tmp_path: Path) -> None:
    (tmp_path / "RECORDS").write_text("b\r\na\r\nsub/c\r\n")
    assert list_records(tmp_path) == [tmp_path / "b", tmp_path / "a", tmp_path / "sub" / "c"]


def test_without_an_index_the_headers_are_listed_by_name(tmp_path: Path) -> None:
    for name in ("b", "a", "c.1"):
        write_record(tmp_path, name, RAMP)
    assert list_records(tmp_path) == [tmp_path / "a", tmp_path / "b", tmp_path / "c.1"]
    assert read_record(tmp_path / "c.1").name == "c.1"


def test_a_hidden_file_of_macos_is_no_record(tmp_path: Path) -> None:
    header = write_record(tmp_path, "A1", RAMP)
    (tmp_path / f"._{header.name}").write_bytes(b"\x00\x05\x16\x07")
    assert list_records(tmp_path) == [tmp_path / "A1"]


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("", "names no record"),
        ("a\nb\na\n", "names a more than once"),
        ("../a\n", "outside of its folder"),
        ("/etc/a\n", "outside of its folder"),
    ],
)
def test_a_bad_index_is_refused(tmp_path: Path, index: str, message: str) -> None:
    (tmp_path / "RECORDS").write_text(index)
    with pytest.raises(ValueError, match=message):
        list_records(tmp_path)


def test_a_folder_without_records_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no records"):
        list_records(tmp_path)
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        list_records(tmp_path / "none")
