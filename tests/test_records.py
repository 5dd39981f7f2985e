"""One record from disk: every format, and everything that can be wrong with one."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from challenge_files import write_record
from scipy.io import loadmat, savemat

from ecgrt.records import list_records, read_record

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
        ("0/mV", 5.0, 0),  # WFDB: a gain of 0 is the default of 200
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
    with pytest.raises(ValueError, match=r"2 leads \(0 = I, 1 = V 1\); pick one .* lead="):
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
        ("a 1 300 600\na.mat 16+24 1000/mmHg\n", "'mmHg'; V, mV, uV or nV is accepted"),
        ("a 1 300 600\nb.mat 16+24 1000/mV\n", "describes b.mat 16.24, not a.mat"),
        ("a 1 300 600\na.mat 16 1000/mV\n", "describes a.mat 16, not a.mat 16.24"),
        ("a 1 300 600\na.mat\n", "describes a.mat , not a.mat 16.24"),
    ],
)
def test_a_bad_header_is_refused(tmp_path: Path, header: str, message: str) -> None:
    write_record(tmp_path, "a", RAMP).write_text(header)
    with pytest.raises(ValueError, match=message):
        read_record(tmp_path / "a")


def test_a_short_header_is_filled_with_what_wfdb_assumes(tmp_path: Path) -> None:
    write_record(tmp_path, "a", RAMP).write_text("# made by hand\na 1\na.mat 16+24\n")
    record = read_record(tmp_path / "a")
    assert record.fs == 250.0
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
    with pytest.raises(FileNotFoundError, match=r"A1\.npy does not exist"):
        read_record(tmp_path / "A1.npy")
    (tmp_path / "A1.jpg").touch()
    with pytest.raises(ValueError, match=r"A1\.jpg is not a record; .*\.edf"):
        read_record(tmp_path / "A1.jpg")
    with pytest.raises(ValueError, match="is not a record"):
        read_record(tmp_path)


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "i4", "f4", "f8", ">f8", "i8", "u1", "f2"])
def test_npy_of_any_number_type_is_read(tmp_path: Path, dtype: str) -> None:
    values = np.arange(100).astype(dtype)
    np.save(tmp_path / "a.npy", values)
    record = read_record(tmp_path / "a", fs=250)
    assert (record.name, record.fs) == ("a", 250.0)
    assert record.signal.dtype in (np.int16, np.int32, np.float32, np.float64)
    assert record.signal.dtype.isnative
    np.testing.assert_array_equal(record.signal, np.arange(100))


@pytest.mark.parametrize("shape", [(100,), (1, 100), (100, 1)])
def test_npy_of_one_lead_may_be_a_row_or_a_column(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.arange(100.0).reshape(shape))
    record = read_record(tmp_path / "a.npy")
    assert record.fs is None
    np.testing.assert_array_equal(record.signal, np.arange(100.0))


def test_npy_of_several_leads(tmp_path: Path) -> None:
    columns = np.arange(300.0).reshape(100, 3)
    np.save(tmp_path / "a.npy", columns)
    signal = read_record(tmp_path / "a.npy", lead=2).signal
    np.testing.assert_array_equal(signal, columns[:, 2])
    assert signal.flags.c_contiguous
    with pytest.raises(ValueError, match="holds 3 leads"):
        read_record(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", columns.T)
    with pytest.raises(ValueError, match="a row per sample and a column per lead"):
        read_record(tmp_path / "b.npy", lead=2)


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (np.array(["a", "b"]), TypeError, "integers and floating-point are accepted"),
        (np.array([True, False]), TypeError, "holds bool"),
        (np.array([1j, 2j]), TypeError, "holds complex128"),
        (np.array([None]), ValueError, "not a whole .npy file"),
        (np.zeros(0), ValueError, "holds no samples"),
        (np.zeros((0, 2)), ValueError, "a row per sample"),
        (np.zeros(()), ValueError, "0 dimensions"),
        (np.zeros((4, 4, 4)), ValueError, "3 dimensions"),
    ],
)
def test_npy_of_anything_else_is_refused(
    tmp_path: Path, array: npt.NDArray[Any], error: type[Exception], message: str
) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(error, match=message):
        read_record(tmp_path / "a.npy")


@pytest.mark.parametrize("keep", [0, 5, 60, 200])
def test_a_truncated_npy_is_refused(tmp_path: Path, keep: int) -> None:
    np.save(tmp_path / "a.npy", np.arange(100.0))
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"not a whole \.npy file"):
        read_record(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "text",
    [
        "1\n-2.5\n3e2\n",
        "ecg\n1\n-2.5\n3e2",
        "\ufeffECG (uV)\r\n1\r\n\r\n-2.5\r\n3e2\r\n",
        "1,\n-2.5,\n3e2,\n",
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".txt"])
def test_a_column_of_text_is_read(tmp_path: Path, text: str, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_text(text, encoding="utf-8", newline="")
    np.testing.assert_array_equal(read_record(tmp_path / "a").signal, [1.0, -2.5, 300.0])


@pytest.mark.parametrize("separator", [",", ";", "\t", ", "])
def test_a_column_of_a_table_is_picked(tmp_path: Path, separator: str) -> None:
    rows = [("time s", "lead I"), ("0", "5"), ("1", "6")]
    (tmp_path / "a.csv").write_text("\n".join(separator.join(row) for row in rows))
    for lead in ("lead I", 1):
        np.testing.assert_array_equal(read_record(tmp_path / "a", lead=lead).signal, [5.0, 6.0])
    with pytest.raises(ValueError, match="0 = time s, 1 = lead I"):
        read_record(tmp_path / "a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no samples"),
        ("ecg\n", "holds no samples"),
        ("1\n2\nx\n", "line 3: 'x' is not a number"),
        ("ecg\nmV\n1\n", "line 2: 'mV' is not a number"),
        ("1\n2,3\n", "line 2 holds 2 values, the lines before 1"),
    ],
)
def test_bad_text_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_record(tmp_path / "a.csv")


def test_nan_is_left_to_the_classifier(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1\nnan\n")
    assert np.isnan(read_record(tmp_path / "a").signal[1])


@pytest.mark.parametrize("fs", [0, -300, float("nan"), float("inf")])
def test_an_impossible_sampling_rate_is_refused(tmp_path: Path, fs: float) -> None:
    np.save(tmp_path / "a.npy", RAMP)
    with pytest.raises(ValueError, match="positive number of Hz"):
        read_record(tmp_path / "a", fs=fs)


def test_a_sampling_rate_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", RAMP)
    with pytest.raises(TypeError):
        read_record(tmp_path / "a", fs="300")  # type: ignore[arg-type]


def test_a_sampling_rate_that_the_header_contradicts_is_refused(tmp_path: Path) -> None:
    write_record(tmp_path, "a", RAMP)
    assert read_record(tmp_path / "a", fs=300).fs == 300.0
    with pytest.raises(ValueError, match="says 300 Hz, the caller 360 Hz"):
        read_record(tmp_path / "a", fs=360)


@pytest.mark.parametrize(("name", "package"), [("a.edf", "edfio"), ("b.hea", "wfdb")])
def test_a_missing_package_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    (tmp_path / "a.edf").touch()
    (tmp_path / "b.hea").write_text("b 1 300 600\nb.dat 16 1000/mV\n")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "ecgrt\[formats\]"'):
        read_record(tmp_path / name)


def write_edf(path: Path, unit: str, leads: dict[str, npt.NDArray[np.float64]]) -> None:
    edfio = pytest.importorskip("edfio", reason='needs pip install "ecgrt[formats]"')
    signals = [
        edfio.EdfSignal(values, 250, label=label, physical_dimension=unit)
        for label, values in leads.items()
    ]
    edfio.Edf(signals).write(path)


@pytest.mark.parametrize(("unit", "microvolts"), [("uV", 1.0), ("mV", 1e3), ("V", 1e6)])
def test_edf_becomes_microvolts(tmp_path: Path, unit: str, microvolts: float) -> None:
    wave = np.sin(np.arange(1000) / 20)
    write_edf(tmp_path / "a.edf", unit, {"ECG": wave})
    record = read_record(tmp_path / "a", fs=250)
    assert record.fs == 250.0
    np.testing.assert_allclose(record.signal, wave * microvolts, atol=4e-5 * microvolts)


def test_a_lead_of_an_edf_is_picked(tmp_path: Path) -> None:
    wave = np.sin(np.arange(1000) / 20)
    write_edf(tmp_path / "a.edf", "uV", {"I": wave, "II": -wave})
    np.testing.assert_allclose(read_record(tmp_path / "a", lead="II").signal, -wave, atol=4e-5)
    with pytest.raises(ValueError, match=r"2 leads \(0 = I, 1 = II\)"):
        read_record(tmp_path / "a.edf")


@pytest.mark.parametrize("keep", [0, 100, 300, 1000, 2000, 2511])
def test_a_truncated_edf_is_refused(tmp_path: Path, keep: int) -> None:
    write_edf(tmp_path / "a.edf", "uV", {"ECG": np.sin(np.arange(1000) / 20)})
    (tmp_path / "a.edf").write_bytes((tmp_path / "a.edf").read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"a\.edf cannot be read, it may be damaged"):
        read_record(tmp_path / "a.edf")


def test_edf_in_a_foreign_unit_is_refused(tmp_path: Path) -> None:
    write_edf(tmp_path / "a.edf", "bpm", {"ECG": np.sin(np.arange(1000) / 20)})
    with pytest.raises(ValueError, match="'bpm'; V, mV, uV or nV is accepted"):
        read_record(tmp_path / "a.edf")


def test_other_wfdb_records_are_read(tmp_path: Path) -> None:
    pytest.importorskip("wfdb", reason='needs pip install "ecgrt[formats]"')
    (tmp_path / "a.hea").write_text(
        "a 2 360 600\na.dat 16 200/mV 16 0 0 0 0 MLII\na.dat 16 1/uV 16 0 0 0 0 V1\n"
    )
    np.stack([RAMP, 2 * RAMP], axis=1).astype("<i2").tofile(tmp_path / "a.dat")
    record = read_record(tmp_path / "a.dat", lead="MLII")
    assert record.fs == 360.0
    np.testing.assert_allclose(record.signal, RAMP * 5.0)
    np.testing.assert_allclose(read_record(tmp_path / "a", lead=1).signal, RAMP * 2.0)
    (tmp_path / "a.dat").write_bytes(b"1234")
    with pytest.raises(ValueError, match=r"a\.hea cannot be read, it may be damaged"):
        read_record(tmp_path / "a", lead=1)
    (tmp_path / "a.dat").unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.hea"):
        read_record(tmp_path / "a", lead=1)


def test_records_are_listed_in_the_order_of_their_index(tmp_path: Path) -> None:
    (tmp_path / "RECORDS").write_text("b\r\na\r\nsub/c\r\n")
    assert list_records(tmp_path) == [tmp_path / "b", tmp_path / "a", tmp_path / "sub" / "c"]


def test_without_an_index_the_headers_are_listed_by_name(tmp_path: Path) -> None:
    for name in ("b", "a", "c.1"):
        write_record(tmp_path, name, RAMP)
    assert list_records(tmp_path) == [tmp_path / "a", tmp_path / "b", tmp_path / "c.1"]
    assert read_record(tmp_path / "c.1").name == "c.1"


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
